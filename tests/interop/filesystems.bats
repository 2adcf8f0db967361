#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Real file systems: memory that was lost to a hole, holes that survive, and
# disks that become full at the worst moment.

load helpers

setup_file()
{
	need_program
	cd "$BATS_FILE_TMPDIR" || return
	"$BATS_TEST_DIRNAME/../data/unpack" . bare-mapped.mig \
		libvirt-raw.save libvirt-sparse.save libvirt-zstd.save \
		live-mapped.mig live-sequential.mig
	# Every page is present, so 1 MiB of them lies in one piece.
	lab save-bare all-pages.mig truth --cap mapped-ram \
		--param zero-page-detection=none --guest --ram pc.ram=40 -- \
		-m 40 -M pc,memory-backend=pc.ram
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	data=$BATS_FILE_TMPDIR
}

teardown()
{
	leave_disk
}

clear_disk()
{
	find mnt -type f -delete
	sync -f mnt
}

# lost COMMAND IMAGE: what it reports as lost memory; $status is the command's.
lost()
{
	status=0
	"$SAVETOOL" "$1" --json "$2" >facts || status=$?
	jq -c '[.findings[] | select(.code == "lost-extent") |
		[.block, .offset, .length]]' facts
}

# is_whole IMAGE: neither command says that it lost something.
is_whole()
{
	local command

	for command in inspect check; do
		[ "$(lost $command "$1")" = '[]' ]
		"$SAVETOOL" $command "$1" >/dev/null
	done
}

# loses IMAGE BLOCK OFFSET LENGTH: a hole there is reported as lost memory.
# Beyond eight, pieces are only counted.
loses()
{
	local command runs expected

	runs=$(lab present "$@")
	[ "$(jq length <<<"$runs")" -gt 0 ]
	expected=$(jq -c --arg block "$2" '(.[:8] | map([$block] + .)) +
		if length > 8 then [[$block, null, (map(.[1]) | add)]]
		else [] end' <<<"$runs")
	fallocate -p -o "$3" -l "$4" "$1"
	for command in inspect check; do
		lost $command "$1" >told
		diff told <(echo "$expected")
		# Only check gives an answer by its status.
		[ "$command$status" = inspect0 ] ||
			[ "$command$status" = check1 ]
	done
}

# Also what the file system has not found a place for yet is there.
intact_images_are_not_called_out()
{
	local name

	for name in bare-mapped.mig libvirt-sparse.save; do
		cp --sparse=always "$data/$name" mnt/copy
		is_whole mnt/copy
		cat "$data/$name" >mnt/dense
		is_whole mnt/dense
		# Over storage that was allocated, and never written.
		fallocate -l "$(stat -c %s "$data/$name")" mnt/allocated
		dd if="$data/$name" of=mnt/allocated bs=1M conv=notrunc,sparse \
			status=none
		is_whole mnt/allocated
		sync -f mnt
		is_whole mnt/copy
		is_whole mnt/dense
		is_whole mnt/allocated
		clear_disk
	done
	cat "$data/all-pages.mig" >mnt/dense
	is_whole mnt/dense
}

lost_memory_is_called_out()
{
	local name mib=1048576 base=17825792

	for name in bare-mapped.mig libvirt-sparse.save; do
		cp --sparse=always "$data/$name" mnt/copy
		# Memory that the guest keeps, every fourth page of it zero.
		loses mnt/copy pc.ram $base $mib
		[ "$(jq length told)" = 9 ]
		# Written again, it is there, wherever it is by now.
		dd if="$data/$name" of=mnt/copy bs=$mib skip=17 seek=17 count=1 \
			conv=notrunc status=none
		is_whole mnt/copy
		sync -f mnt
		is_whole mnt/copy
		# One piece, of another block.
		loses mnt/copy pc.bios $((67 * mib)) $((mib / 4))
		rm mnt/copy
	done
	cp --sparse=never "$data/all-pages.mig" mnt/copy
	loses mnt/copy pc.ram $base $mib
	[ "$(cat told)" = "[[\"pc.ram\",$base,$mib]]" ]
}

holes_survive()
{
	local needed allocated

	"$SAVETOOL" convert -O sparse "$data/libvirt-raw.save" mnt/sparse
	sync -f mnt
	needed=$("$SAVETOOL" size --json mnt/sparse | jq .sizes.needed)
	allocated=$(allocated mnt/sparse)
	echo "$allocated allocated, $needed needed"
	[ "$allocated" -ge "$needed" ]
	[ "$allocated" -le $((needed * 103 / 100)) ]
	"$SAVETOOL" size --fail-if-dense mnt/sparse
	# Through a pipe, for cat itself shares what it can.
	# shellcheck disable=SC2002
	cat mnt/sparse | cat >mnt/dense
	sync mnt/dense
	run "$SAVETOOL" size --fail-if-dense mnt/dense
	[ "$status" = 1 ]
	clear_disk
}

# room JSON-FILTER: what 'size --for' says of mnt for this image.
room()
{
	"$SAVETOOL" size --json --for mnt "$data/libvirt-sparse.save" |
		jq -r ".for | $1"
}

# says WORD COMMAND...: "true" if the command can do it, "false" if not.
says()
{
	local word=$1
	shift

	if "$@"; then
		[ "$word" = true ]
	else
		[ "$word" = false ]
	fi
}

makes_a_hole()
{
	truncate -s 8M mnt/hole
	[ "$(allocated mnt/hole)" -lt $((1 << 20)) ]
}

copies_holes()
{
	cp --sparse=always "$data/libvirt-sparse.save" mnt/copy
}

copies_all()
{
	cat "$data/libvirt-sparse.save" >mnt/copy
}

fits_as_told()
{
	says "$(room '."fits-with-holes"')" copies_holes
	rm -f mnt/copy
	sync -f mnt
	says "$(room '."fits-without-holes"')" copies_all
	rm -f mnt/copy
	sync -f mnt
}

what_size_says_of_a_folder_is_true()
{
	[ "$(room .writable)" = true ]
	says "$(room .holes)" makes_a_hole
	echo text >mnt/text
	says "$(room '."shares-extents"')" \
		cp --reflink=always mnt/text mnt/shared
	clear_disk
	fits_as_told
	[ "$(room '."fits-without-holes"')" = true ]
	leave_room 40
	fits_as_told
	[ "$(room '."fits-with-holes"')" = true ]
	[ "$(room '."fits-without-holes"')" = false ]
	fill
	fits_as_told
	[ "$(room '."fits-with-holes"')" = false ]
	clear_disk
}

# leave_room MIB: fills the disk up to that.
leave_room()
{
	local kib

	sync -f mnt
	kib=$(df --output=avail -k mnt | tail -n 1)
	fallocate -l $((kib - $1 * 1024))K mnt/ballast
	sync -f mnt
}

fill()
{
	fallocate -l "$(df --output=avail -k mnt | tail -n 1)K" mnt/fill || true
	! dd if=/dev/zero of=mnt/rest bs=4K status=none || return 1
}

empty()
{
	rm -f mnt/fill mnt/rest
	sync -f mnt
}

# What is there beside what fills the disk, temporary files and all.
contents()
{
	(cd mnt && find . -type f ! -name ballast ! -name fill ! -name rest \
		-exec sha256sum {} +) | sort -k 2
}

# stopped_after CALL:N WORD...: savetool, while the disk is filled up behind
# its N-th such call; $output is what it says, $status how it ends.
stopped_after()
{
	local call=${1%:*} n=${1#*:} pid
	shift

	rm -f trace
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace \
		-e trace="$call" -e inject="$call:signal=STOP:when=$n" \
		"$SAVETOOL" "$@" <&0 >said 2>&1 3>&- &
	pid=$!
	for _ in {1..6000}; do
		! grep -q 'stopped by SIGSTOP' trace 2>/dev/null || break
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	fill
	# Each of its threads stops there.
	while kill -0 $pid 2>/dev/null; do
		awk '/stopped by SIGSTOP/ { print $1 }' trace | sort -u |
			xargs -r kill -CONT 2>/dev/null || :
		sleep 0.05
	done
	status=0
	wait $pid || status=$?
	output=$(cat said)
	echo "$* ($status): $output"
}

# is_refused TEXT: with it, and with nothing left of what was begun.
is_refused()
{
	[ "$status" = 8 ]
	[[ $output =~ $1 ]] || return 1
	diff before <(contents)
	empty
}

# fails_in_the_middle MISSING CALL:N WORD...
fails_in_the_middle()
{
	local missing=$1
	shift

	stopped_after "$@"
	is_refused "not enough space after [0-9]+ bytes, $missing: cannot .*\
No space left on device"
}

# What was written and what was missing are enough for what it takes, but for
# what is neither data nor records.
was_enough()
{
	local written missing

	read -r written missing < <(sed -E \
		's/.* after ([0-9]+) bytes, at most about ([0-9]+) more.*/\1 \2/' \
		said)
	"$SAVETOOL" "$@" mnt/whole
	[ "$(allocated mnt/whole)" -le $(((written + missing) * 105 / 100)) ]
	rm mnt/whole
}

a_disk_that_becomes_full_harms_nothing()
{
	local known='at most about [0-9]+ more are needed'
	local unknown='and it is unknown how many more are needed'

	cp "$data/libvirt-raw.save" mnt/raw
	cp --sparse=always "$data/libvirt-sparse.save" mnt/sparse
	cp "$data/live-sequential.mig" mnt/live
	cp "$data/libvirt-raw.save" mnt/old
	leave_room 32
	contents >before

	fails_in_the_middle "$known" pwritev:3 \
		convert -O sparse mnt/raw mnt/new
	was_enough convert -O sparse mnt/raw
	fails_in_the_middle "$known" pwritev:3 \
		convert -f -O raw mnt/sparse mnt/old
	was_enough convert -O raw mnt/sparse
	fails_in_the_middle "$known" pwritev:1 \
		convert -O zstd mnt/raw mnt/new
	fails_in_the_middle "$unknown" pwritev:3 \
		convert -f -O sparse "$data/libvirt-zstd.save" mnt/old
	fails_in_the_middle "$unknown" pwritev:3 \
		convert -O sparse - mnt/new < <(cat mnt/raw)
	# What has to be kept meanwhile lies there too.
	fails_in_the_middle "$unknown" pwritev:3 \
		convert -f -O raw - mnt/old < <(cat mnt/sparse)
	# From elsewhere, so that no storage can be shared.
	fails_in_the_middle "$known" pwritev:3 \
		sparsify -f "$data/libvirt-sparse.save" --copy mnt/old
	fails_in_the_middle "$known" pwritev:1 \
		sparsify "$data/libvirt-zstd.save" --copy mnt/new
	fails_in_the_middle "$known" pwritev:3 compact mnt/live --copy mnt/new
	fails_in_the_middle "$known" pwritev:3 compact mnt/live
}

# A full disk from the start: as few bytes as they are, they are named.
a_full_disk_is_told_first()
{
	local words needed free missing

	fill
	for words in 'convert -O sparse mnt/raw mnt/new' \
		'convert -f -O raw mnt/sparse mnt/old' \
		"sparsify $data/libvirt-sparse.save --copy mnt/new" \
		'compact -f mnt/live --copy mnt/old' 'compact mnt/live'; do
		# shellcheck disable=SC2086
		run "$SAVETOOL" $words
		echo "$words ($status): $output"
		# Some have no space even for another name.
		[[ $output =~ 'No space left' ]] || {
			read -r needed free missing < <(tr -cd '0-9 \n' \
				<<<"${output#*not enough space: }")
			[ "$missing" -gt 0 ]
			[ $((needed - free)) = "$missing" ]
		}
		[ "$status" = 8 ]
		diff before <(contents)
	done
	empty
}

# An image that libvirt all but finished, in a file of its own.
unfinished()
{
	cp "$data/libvirt-raw.save" mnt/part
	printf LibvirtQemudPart | dd of=mnt/part conv=notrunc status=none
	printf '\6' | dd of=mnt/part conv=notrunc bs=1 seek=28 status=none
}

# If nothing is ever overwritten, even a repair takes space.
a_repair_goes_on_when_there_is_room()
{
	unfinished
	stopped_after pwritev:1 check --repair mnt/part
	case $status in
	0) ;;
	8) [[ $output == *"cannot write "*" bytes: No space left"* ]] ;;
	*) return 1 ;;
	esac
	cmp -i 32 mnt/part "$data/libvirt-raw.save"
	diff before <(contents | grep -v part)
	empty
	"$SAVETOOL" check --repair mnt/part
	cmp mnt/part "$data/libvirt-raw.save"
	rm mnt/part
}

a_full_disk_is_given_room()
{
	cat "$data/bare-mapped.mig" >mnt/dense
	sync -f mnt
	fill
	"$SAVETOOL" sparsify mnt/dense
	[ "$(digest mnt/dense)" = "$(digest "$data/bare-mapped.mig")" ]
	sync -f mnt
	[ "$(allocated mnt/dense)" -lt $((16 << 20)) ]
}

holds_memory()
{
	intact_images_are_not_called_out
	clear_disk
	lost_memory_is_called_out
}

keeps_holes()
{
	holes_survive
	what_size_says_of_a_folder_is_true
}

becomes_full()
{
	a_disk_that_becomes_full_harms_nothing
	a_full_disk_is_told_first
	a_repair_goes_on_when_there_is_room
	rm -f mnt/ballast mnt/live mnt/old
	a_full_disk_is_given_room
}

@test "ext4: lost memory is reported, and nothing else" {
	on ext4 -q
	holds_memory
}

@test "xfs: lost memory is reported, and nothing else" {
	on xfs -q
	holds_memory
}

@test "btrfs: lost memory is reported, and nothing else" {
	on btrfs -q
	holds_memory
}

# Nothing but whole blocks is freed, and nothing else is promised: not again.
@test "xfs: the promised bytes of blocks of 64 KiB are freed, once" {
	local promised freed

	[ "$(printf '6.12\n%s\n' "$(uname -r)" | sort -V | head -n 1)" = 6.12 ] ||
		skip "a kernel whose blocks are no larger than pages"
	on xfs -q -b size=65536
	cat "$data/bare-mapped.mig" >mnt/dense
	sync -f mnt
	promised=$("$SAVETOOL" sparsify -n --json mnt/dense | jq .freed)
	freed=$("$SAVETOOL" sparsify --json mnt/dense | jq .freed)
	echo "$promised promised, $freed freed"
	[ "$promised" -gt $((16 << 20)) ]
	# But for a block that says where the others are.
	[ "$promised" -ge "$freed" ]
	[ $((promised - freed)) -le 65536 ]
	run "$SAVETOOL" sparsify -n mnt/dense
	echo "$output"
	[ "$status" = 0 ]
	[ "$(digest mnt/dense)" = "$(digest "$data/bare-mapped.mig")" ]
}

@test "tmpfs: lost memory is reported, and nothing else" {
	on tmpfs 300M
	holds_memory
}

# XFS allocates space past the end of a growing file.
@test "xfs: compact and sparsify report the allocation that remains" {
	local name told

	on xfs -q
	for name in live-sequential.mig live-mapped.mig; do
		cat "$data/$name" >mnt/image
		told=$("$SAVETOOL" compact --json mnt/image --copy mnt/copy |
			jq .allocated)
		echo "$name: $told told, $(allocated mnt/copy) remain"
		[ "$told" = "$(allocated mnt/copy)" ]
		told=$("$SAVETOOL" compact --json mnt/image | jq .allocated)
		[ "$told" = "$(allocated mnt/image)" ]
		# Once is enough.
		[ "$("$SAVETOOL" compact --json mnt/image | jq .rewritten)" = \
			false ]
		told=$("$SAVETOOL" sparsify --json "$data/$name" --copy mnt/sparse |
			jq .allocated)
		[ "$told" = "$(allocated mnt/sparse)" ]
		clear_disk
	done
}

@test "ramfs: no hole can be made, and none is promised" {
	local words

	on ramfs
	cat "$data/bare-mapped.mig" >mnt/dense
	for words in '' -n --zero-only '-n --zero-only'; do
		# shellcheck disable=SC2086
		run "$SAVETOOL" sparsify $words mnt/dense
		echo "$words: $output"
		[ "$status" = 8 ]
		[ "$output" = \
			"savetool: mnt/dense: this file system does not support holes" ]
	done
	cmp "$data/bare-mapped.mig" mnt/dense
	[ "$(ls -A mnt)" = dense ]
	# Where nobody can write, nothing speaks against it.
	mount -o remount,ro mnt
	run "$SAVETOOL" sparsify -n mnt/dense
	echo "$output"
	[ "$status" = 0 ] || [ "$status" = 1 ]
}

# nights_share: five images of a guest that changes, each with the last one as
# its base, take little more than the first one and what has changed.
nights_share()
{
	local night first whole changed=131072

	cat "$data/all-pages.mig" >guest
	"$SAVETOOL" convert -O sparse guest mnt/0
	sync -f mnt
	first=$(used)
	for night in 1 2 3 4 5; do
		dd if=/dev/urandom of=guest bs=$changed count=1 status=none \
			seek=$((80 + night * 9)) conv=notrunc
		"$SAVETOOL" convert -O sparse --base mnt/$((night - 1)) guest \
			mnt/$night 2>told
		[ ! -s told ]
		"$SAVETOOL" convert -O sparse guest whole
		cmp whole mnt/$night
		"$SAVETOOL" check mnt/$night
		rm whole
		sync -f mnt
		whole=$(($(used) - first))
		echo "night $night: $first at first, $whole since"
		# A header, bitmaps, devices and the file system's own.
		[ $whole -le $((night * (changed + 1048576))) ]
	done
	# What is shared stays, whatever becomes of the others.
	whole=$(digest mnt/5)
	rm mnt/[0-3]
	"$SAVETOOL" convert -f --base mnt/4 mnt/5 mnt/4
	[ "$(digest mnt/4)" = "$whole" ]
	dd if=/dev/zero of=mnt/4 bs=1M seek=8 count=8 conv=notrunc status=none
	[ "$(digest mnt/5)" = "$whole" ]
}

used()
{
	df --output=used -B 1 mnt | tail -n 1
}

# A kill while storage is shared leaves both images whole.
a_kill_leaves_the_base()
{
	local expected

	"$SAVETOOL" convert -O sparse "$data/all-pages.mig" mnt/old
	expected=$(digest mnt/old)
	# By then, storage is shared piece by piece.
	! strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace -e trace=ioctl \
		-e inject=ioctl:signal=KILL:when=20 \
		"$SAVETOOL" convert --base mnt/old mnt/old mnt/new || return 1
	grep -q FICLONERANGE trace
	[ "$(digest mnt/old)" = "$expected" ]
	[ ! -e mnt/new ]
	"$SAVETOOL" convert --base mnt/old mnt/old mnt/new
	[ "$(digest mnt/new)" = "$expected" ]
}

@test "xfs: a guest that is saved every night takes what has changed" {
	on xfs -q
	nights_share
	a_kill_leaves_the_base
}

@test "btrfs: a guest that is saved every night takes what has changed" {
	on btrfs -q
	nights_share
	a_kill_leaves_the_base
}

@test "ext4: what cannot be shared with a base is written, with a warning" {
	on ext4 -q
	"$SAVETOOL" convert -O sparse "$data/all-pages.mig" mnt/0
	"$SAVETOOL" convert --base mnt/0 "$data/all-pages.mig" mnt/1 2>told
	[ "$(cat told)" = "savetool: mnt/1: warning: this file system cannot \
share disk space with 'mnt/0'; the whole image was written" ]
	cmp mnt/0 mnt/1
}

@test "ext4: holes survive, and a folder has the reported size" {
	# Else the superuser has more than the 40 MiB that are left.
	on ext4 -q -m 0
	keeps_holes
	[ "$(room '[.holes, ."shares-extents"] | join(" ")')" = "true false" ]
}

@test "xfs: holes survive, and a folder has the reported size" {
	on xfs -q
	keeps_holes
	[ "$(room '[.holes, ."shares-extents"] | join(" ")')" = "true true" ]
}

@test "btrfs: holes survive, and a folder has the reported size" {
	on btrfs -q
	keeps_holes
	[ "$(room '[.holes, ."shares-extents"] | join(" ")')" = "true true" ]
}

@test "tmpfs: holes survive, and a folder has the reported size" {
	on tmpfs 200M
	keeps_holes
	[ "$(room '[.holes, ."shares-extents"] | join(" ")')" = "true false" ]
}

@test "ext4: a disk that becomes full harms nothing" {
	on ext4 -q
	becomes_full
}

@test "xfs: a disk that becomes full harms nothing" {
	on xfs -q
	becomes_full
}

@test "btrfs: a disk that becomes full harms nothing" {
	on btrfs -q
	becomes_full
}

@test "tmpfs: a disk that becomes full harms nothing" {
	on tmpfs 200M
	becomes_full
}

# A file that grows is given more than it needs, in between and at its end.
@test "xfs: what is allocated ahead of a file is not stale, and can be freed" {
	local allocated needed ahead

	on xfs -q
	cp --sparse=always "$data/bare-mapped.mig" image
	tar -cSf image.tar image
	tar -C mnt -xSf image.tar
	sync -f mnt
	"$SAVETOOL" size --json mnt/image >facts
	needed=$(jq .sizes.needed facts)
	ahead=$(jq '.sizes."reclaimable-unwritten"' facts)
	echo "$(allocated mnt/image) allocated, $needed needed, $ahead ahead"
	[ "$ahead" -gt 0 ]
	[ "$(jq '.sizes."reclaimable-stale"' facts)" = 0 ]
	is_whole mnt/image
	"$SAVETOOL" sparsify mnt/image
	sync -f mnt
	allocated=$(allocated mnt/image)
	[ "$allocated" -le $((needed * 103 / 100)) ]
	[ "$(digest mnt/image)" = "$(digest "$data/bare-mapped.mig")" ]
	is_whole mnt/image
}

# SEEK_DATA calls it data once it is in the page cache.
reads_ahead()
{
	cp --sparse=always "$data/bare-mapped.mig" image
	cp image mnt/image
	fallocate -l "$(stat -c %s image)" mnt/image
	sync -f mnt
	"$SAVETOOL" map --json mnt/image >before
	"$SAVETOOL" size --json mnt/image >size-before
	jq -e '.sizes | ."reclaimable-unwritten" > 0
		and ."reclaimable-stale" == 0' size-before
	cat mnt/image >/dev/null
	"$SAVETOOL" map --json mnt/image >after
	"$SAVETOOL" size --json mnt/image >size-after
	# Only since Linux 6.5 does it say what nobody has written to.
	if printf '6.5\n%s\n' "$(uname -r)" | sort -CV; then
		cmp before after
		cmp size-before size-after
	fi
	is_whole mnt/image
}

@test "xfs: what is allocated ahead and was only read is no data" {
	on xfs -q
	reads_ahead
}

@test "ext4: what is allocated ahead and was only read is no data" {
	on ext4 -q
	reads_ahead
}

# sparse_copy COMMAND...: a copy of mnt/made that is as good as that.
sparse_copy()
{
	rm -f mnt/copy
	"$@" mnt/made mnt/copy
	sync mnt/copy
	[ "$("$SAVETOOL" check --json mnt/copy | jq -c \
		'[.clean, ([.findings[].code] | unique)]')" = \
		'[true,["sparse-copy"]]' ]
	[ "$(digest mnt/copy)" = "$(digest mnt/made)" ]
}

@test "ext4: a sparse copy of zero pages is told from lost memory" {
	on ext4 -q
	# QEMU stores none, so there is nothing for it to leave out.
	cp --sparse=always "$data/bare-mapped.mig" mnt/copy
	is_whole mnt/copy
	"$SAVETOOL" convert -O raw "$data/bare-mapped.mig" mnt/raw
	"$SAVETOOL" convert -O sparse mnt/raw mnt/made
	is_whole mnt/made
	sparse_copy cp --sparse=always
	if command -v rsync >/dev/null; then
		sparse_copy rsync -S
	fi
	# Of pages that are all present, nobody knows.
	rm mnt/copy
	cp --sparse=always "$data/all-pages.mig" mnt/copy
	run "$SAVETOOL" check mnt/copy
	[ "$status" = 1 ]
	[[ $output == *'they may have been zero'* ]]
	[ "$(digest mnt/copy)" = "$(digest "$data/all-pages.mig")" ]
}
