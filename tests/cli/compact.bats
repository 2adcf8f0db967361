#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What compact drops, what it keeps, and what it never loses.

load helpers

# writable NAME: a real image that may be changed.
writable()
{
	real_image "$1"
	cp --reflink=never --sparse=always "$1" own
	rm "$1"
	mv own "$1"
}

size()
{
	stat -c %s "$1"
}

@test "a live sequential image keeps one version of each page" {
	local before after

	writable live-sequential.mig
	before=$(digest live-sequential.mig)
	cp live-sequential.mig source
	savetool compact live-sequential.mig
	assert_success
	assert_output --regexp '^live-sequential\.mig: .*, verified$'
	assert_equal "$(digest live-sequential.mig)" "$before"
	[ "$(size live-sequential.mig)" -lt "$(($(size source) * 6 / 10))" ]
	savetool inspect --scan --json live-sequential.mig
	assert_json 'all(.blocks[]; ."pages-superseded" == 0)'
	# Done once, done for good.
	after=$(sha256sum <live-sequential.mig)
	savetool compact live-sequential.mig
	assert_success
	assert_output --partial 'compact already'
	assert_equal "$(sha256sum <live-sequential.mig)" "$after"
	assert_equal "$(ls -A)" "$(printf 'live-sequential.mig\nsource')"
}

@test "a live mapped-ram image loses its old pages" {
	local before

	writable live-mapped.mig
	before=$(digest live-mapped.mig)
	savetool inspect --json live-mapped.mig
	assert_json '.sizes."reclaimable-stale" > 100000'
	savetool compact live-mapped.mig
	assert_success
	assert_equal "$(digest live-mapped.mig)" "$before"
	savetool inspect --json live-mapped.mig
	assert_json '.sizes."reclaimable-stale" == 0'
}

@test "XBZRLE and single compressed pages become plain pages" {
	make_image v2-xbzrle a
	make_image v2-compress c
	savetool compact a --copy b
	assert_success
	savetool convert -O raw b again
	cmp b again
	savetool compact c --copy d
	assert_success
	assert_equal "$(digest a) $(digest c)" "$(digest b) $(digest d)"
}

# becomes_plain COUNT: the image a, whose pages take more so, in a copy and in
# place; as many of them were resolved.
becomes_plain()
{
	local before

	before=$(digest a)
	savetool compact -q a --copy b
	assert_success
	[ "$(size b)" -gt "$(size a)" ]
	savetool compact -n --json a
	assert_failure 1
	assert_json ".rewritten and (.smaller | not) and .resolved == $1"
	savetool compact a
	assert_success
	assert_output --partial ", $1 pages resolved, verified"
	cmp a b
	assert_equal "$(digest a)" "$before"
	savetool compact -n a
	assert_success
	assert_output --partial 'compact already'
}

@test "single compressed pages become plain pages in place, too" {
	# A page of 0x11 as zlib makes it, four times.
	cat >a.recipe <<-EOF
	stream
	configuration machine=pc-i440fx-7.2
	ram start
		block pc.ram 64K
	ram part
		compressed pc.ram 0 count=4 data=0x11 bytes=789cedc1010d000000c2a00cef5fd61e0e28000000e0dd00178f1010
	ram end
	section full name=timer id=3 version=2 length=24
	eof
	vmdesc configuration=no
	EOF
	"$MKIMAGE" a.recipe a
	becomes_plain 4
}

@test "XBZRLE deltas become plain pages in place, too" {
	# That takes less than the page, of which nothing else was ever sent.
	printf '%s\n' stream configuration "ram start" "	block pc.ram 1M" \
		"ram part" "	zero pc.ram 0 count=all" \
		"	xbzrle pc.ram 0 count=5 poke=7:11" \
		"	xbzrle pc.ram 0 poke=8:22" "ram end" \
		"section full name=timer id=3 version=2 length=24" eof vmdesc |
		"$mkimage" a
	becomes_plain 6
}

@test "only trailing bytes are dropped" {
	make_image v2-trailing a
	savetool compact a --copy b
	assert_success
	cmp -n "$(size b)" a b
	[ "$(size b)" -lt "$(size a)" ]
}

@test "a dry run changes nothing, and its status says what would change" {
	local sum

	writable live-sequential.mig
	sum=$(sha256sum <live-sequential.mig)
	savetool compact -n live-sequential.mig
	assert_failure 1
	assert_output --partial 'would take'
	assert_equal "$(sha256sum <live-sequential.mig)" "$sum"
	savetool compact -n --json live-sequential.mig
	assert_failure 1
	assert_json '."dry-run" and .smaller and .freed > 1000000'
	savetool compact live-sequential.mig --copy there
	assert_success
	savetool compact -n there
	assert_success
	assert_equal "$(sha256sum <live-sequential.mig)" "$sum"
}

@test "a dry run knows the size to the byte" {
	local said

	for image in live-sequential.mig libvirt-zstd.save; do
		real_image $image
		said=$("$SAVETOOL" compact -n --json $image | jq .logical) || true
		"$SAVETOOL" compact -q $image --copy there
		assert_equal "$said" "$(size there)"
		rm there
	done
}

@test "a dry run knows whether a mapped-ram image would be rewritten" {
	# A page is all there is to give back, and each block has a header and
	# a bitmap in the midst of others.
	{
		printf '%s\n' "libvirt format=sparse" stream \
			"configuration capability=mapped-ram" "ram start"
		printf '\tblock b%d 1M\n\tpage b%d 0\n' {1..8}{,}
		printf '%s\n' "	stale b2 64K" "ram end" \
			"section full name=timer id=3 version=2 length=24" \
			eof vmdesc
	} | "$mkimage" a
	"$SAVETOOL" compact -q a --copy copy
	savetool compact -n --json a
	assert_failure 1
	assert_json .smaller
	savetool compact --json a
	assert_json .smaller
	cmp a copy
	savetool compact -n a
	assert_success
}

@test "pages smaller than a block of the file system are compact as well" {
	printf '%s\n' stream \
		"configuration machine=virt capability=mapped-ram" "ram start" \
		"	block ram 4M page-size=1024" \
		"	page ram 0 count=20 step=100" "ram end" \
		"section full name=timer id=3 version=2 length=24" eof \
		"vmdesc page-size=1024" | "$mkimage" a
	# On ext4, what it needs for extents counts from then on.
	sync a
	savetool compact -n a
	assert_success
	savetool compact a
	assert_output --partial 'compact already'
}

# spools_in FOLDER ARGUMENT...: compact does, and leaves nothing there.
spools_in()
{
	local folder=$1
	shift

	strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace -e trace=openat \
		"$SAVETOOL" compact -q "$@" || [ $? = 1 ]
	grep -qF "openat(AT_FDCWD, \"$folder\", O_RDWR|O_TMPFILE" \
		<(sed 's/O_CLOEXEC|//' trace) ||
		fail "$folder: $(grep TMPFILE trace)"
}

@test "pages that change are kept beside the destination" {
	local here=$PWD

	command -v strace >/dev/null || fail "strace is missing"
	make_image v2-xbzrle image
	mkdir there store
	spools_in /var/tmp -n image
	spools_in . image --copy copy
	spools_in there image --copy there/copy
	spools_in "$here/there" -f image --copy there/copy
	mv image store
	ln -s store/image link
	spools_in "$here/store" link
	assert_equal "$(ls -A store)" image
	assert_equal "$(ls -A there)" copy
}

@test "mode, owner and a name that is a link are kept" {
	writable live-sequential.mig
	chmod 640 live-sequential.mig
	mkdir store
	mv live-sequential.mig store/image
	ln -s store/image link
	savetool compact link
	assert_success
	[ -L link ]
	assert_equal "$(stat -c %a store/image)" 640
	assert_equal "$(ls -A store)" image
}

@test "an image in use is refused" {
	local sum

	writable live-sequential.mig
	sum=$(sha256sum <live-sequential.mig)
	exec 7<live-sequential.mig
	savetool compact live-sequential.mig 7<&-
	assert_error 8 "live-sequential.mig: in use by another process"
	exec 7<&-
	assert_equal "$(sha256sum <live-sequential.mig)" "$sum"
	assert_equal "$(ls -A)" live-sequential.mig
}

# killed_everywhere CALLS ARGUMENT...: compact is, by the kernel, at each of
# these calls in turn; after each kill, is_whole.
killed_everywhere()
{
	local calls=$1 n=0 ended=137
	shift

	while [ $ended = 137 ]; do
		n=$((n + 1))
		[ $n -lt 200 ] || fail "$calls: no end of it"
		cp image work
		run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o /dev/null \
			-e trace="$calls" -e inject="$calls:signal=KILL:when=$n" \
			"$SAVETOOL" compact -q "$@"
		ended=$status
		is_whole "$calls $n" "$ended" "$@"
		rm -f dest
		find . -name '.*.savetool-*' -delete
		assert_equal "$(ls -A)" "$(printf 'image\nnew\nwork')"
	done
	assert_equal "$calls $ended" "$calls 0"
	[ $n -gt 1 ] || fail "$calls: there is none"
}

# is_whole MOMENT STATUS SOURCE [--copy DEST]: in place, the old image or the
# new one; of a destination, the new one or nothing, and the source as it was.
is_whole()
{
	if [ $# = 3 ]; then
		cmp -s work image && [ "$2" != 0 ] || cmp work new ||
			fail "$1: neither the old nor the new image"
	else
		cmp work image
		[ ! -e dest ] && [ "$2" != 0 ] || cmp dest new ||
			fail "$1: half an image"
	fi
}

@test "killed at any call that writes, it leaves the old image or the new" {
	local recipe call

	command -v strace >/dev/null || fail "strace is missing"
	for recipe in v2-live-superseded v3-stale; do
		make_image $recipe image
		"$SAVETOOL" compact -q image --copy new
		for call in pwritev fchmod fchown utimensat fsync /^rename; do
			killed_everywhere $call work
			killed_everywhere $call work --copy dest
		done
		rm image new
	done
}

@test "killed at any time, it leaves the old image or the new" {
	local i delay

	real_image live-sequential.mig
	mv live-sequential.mig image
	"$SAVETOOL" compact -q image --copy new
	# Wherever that is: a slow machine is killed earlier in its work, a fast
	# one later.  The test above leaves no place to chance.
	for i in {1..16}; do
		delay=$(printf '0.%03d' $((i * 8)))
		for dest in '' '--copy dest'; do
			cp image work
			rm -f dest
			# shellcheck disable=SC2086  # two words, or none
			run timeout -s KILL "$delay" \
				"$SAVETOOL" compact -q work $dest
			# shellcheck disable=SC2086
			is_whole "after $delay s" $status work $dest
			find . -name '.*.savetool-*' -delete
		done
	done
}

@test "a few old pages or trailing bytes are dropped in place" {
	local recipe

	for recipe in v3-stale v3-trailing; do
		make_image $recipe a
		savetool compact -n a
		assert_failure 1
		savetool compact a --copy b
		assert_output --regexp "^b: .*, of "
		savetool compact a
		assert_output --partial ', verified'
		cmp a b
		savetool compact -n a
		assert_success
		savetool compact a
		assert_output --partial 'compact already'
		# Of a copy, what it is counts.
		savetool compact a --copy c
		assert_output --regexp '^c: [^,]*, of [^,]*$'
		rm a b c
	done
}

@test "an image of a paused guest is already compact" {
	local image

	for image in libvirt-raw.save libvirt-sparse.save bare-mapped.mig; do
		real_image $image
		savetool compact -n $image
		assert_success
		assert_output --partial "$image: compact already"
	done
}

@test "a full disk leaves the image unchanged, and no temporary file" {
	local before

	[ "$(id -u)" = 0 ] || skip "mounting takes root"
	real_image live-sequential.mig
	mkdir small
	mount -t tmpfs -o size=40M none small || skip "cannot mount here"
	cp live-sequential.mig small/image
	before=$(digest small/image)
	savetool compact small/image
	result=$status
	assert_equal "$before" "$(digest small/image)"
	assert_equal "$(ls -A small)" image
	umount small
	assert_equal "$result" 8
	[[ $stderr == *"not enough space: "*" missing"* ]]
}

# gives_way_at CALL: opening the image after some of these calls succeeds soon,
# and it is the old one.
gives_way_at()
{
	local all

	cp image work
	strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace -e trace="$1" \
		"$SAVETOOL" compact -q work
	all=$(wc -l <trace)
	cp image work
	gives_way compact work image "$1" 20
	[ "$(grep -c "$1" trace)" -lt $((all - 10)) ] ||
		fail "$1: $(grep -c "$1" trace) of $all"
	assert_equal "$(find . -name '.*.savetool-*')" ""
}

@test "a process that opens the image meanwhile reads the old image" {
	real_image libvirt-live.save
	cp libvirt-live.save image
	chmod u+w image
	gives_way_at pread64
	gives_way_at pwritev
}

@test "a process that opens it during the final sync reads the old image, too" {
	real_image live-sequential.mig
	cp live-sequential.mig image
	cp image work
	held fsync 1 compact work
	ask_for work
	{ cat <&7 >got && echo more >&7; } 7<>work 3>&- &
	let_go
	assert_equal "$status" 8
	assert_equal "$(cat err)" \
		"savetool: work: stopped because another process opened the\
 file"
	wait $!
	cmp got image
	# What is written there is not lost.
	assert_equal "$(tail -c 5 work)" more
	assert_equal "$(find . -name '.*.savetool-*')" ""
}

# changing IMAGE STATEMENT: pages, and maybe more of them in the last section.
changing()
{
	printf '%s\n' stream configuration "ram start" "	block pc.ram 4M" \
		"ram part" "	page pc.ram 0 count=200" "ram end" "	$2" \
		"section full name=timer id=3 version=2 length=24" eof vmdesc |
		"$mkimage" "$1"
}

@test "an image that loses pages while it is read is refused" {
	changing image "page pc.ram 0 count=200 seed=2"
	changing other ""
	# Each walk has a thread that reads: this is the second walk's.
	held /^clone 2 compact image --copy copy
	cat other >image
	let_go
	assert_equal "$status" 3
	assert_equal "$(cat err)" \
		"savetool: image: the image changed while it was read;\
 try again when nothing writes to the file"
	[ ! -e copy ]
}

@test "a file that is not an image, or is incomplete, is not changed" {
	echo text >text
	savetool compact text
	assert_failure 4
	make_image v2-part part
	savetool compact part
	assert_failure 5
	make_image bad-footer-id bad
	savetool compact bad
	assert_failure 6
	make_image v2-small a
	echo something >b
	savetool compact a --copy b
	assert_failure 8
	assert_equal "$(cat b)" something
	savetool compact -f a --copy b
	assert_success
	assert_equal "$(ls -A)" "$(printf 'a\nb\nbad\npart\ntext')"
}

@test "bitmaps that cannot be trusted are refused" {
	local sum option

	make_image v3-order-doubtful a
	copy_dense a copy
	sum=$(sha256sum <copy)
	savetool compact copy
	assert_error 8 "copy: the bitmaps look byte-swapped;\
 use --byte-order"
	savetool compact -n copy
	assert_failure 8
	savetool compact copy --copy b
	assert_failure 8
	# Of what is only read, nothing is lost.
	savetool digest copy
	assert_success
	assert_equal "$(sha256sum <copy)" "$sum"
	make_image v3-no-end c
	savetool compact --verify c --copy d
	assert_success
	# With storage, the pages might be there.
	copy_dense c dense
	savetool compact dense
	assert_failure 8
	[[ $stderr == *"not terminated"* ]]
	sed 's/^ram end.*/ram end bitmaps=no/' \
		"$(recipe v3-small)" >recipe
	"$mkimage" recipe e
	savetool compact e
	assert_failure 8
	[[ $stderr == *"marks all pages as absent"* ]]
	savetool convert -O raw e f
	assert_failure 8
	# One of several.
	sed 's/^\tblock .*/&\n\tblock pc.bios 64K\n\tpage pc.bios 0/
		/page pc.ram/s/page/stale/' \
		"$(recipe v3-small)" >recipe
	"$mkimage" recipe g
	for option in '' -n '--copy b'; do
		# shellcheck disable=SC2086  # words
		savetool compact g $option
		assert_failure 8
		[[ $stderr == *"marks all pages as absent"* ]]
	done
	savetool convert -O raw g f
	assert_failure 8
	[ ! -e b ]
	[ ! -e f ]
}

@test "pages whose bits lie in a hole are not dropped" {
	local sum

	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 256M
		page pc.ram 0
		page pc.ram 128M count=64
	END
	fallocate -p -o 4096 -l 4096 a
	sum=$(sha256sum <a)
	savetool compact a
	assert_failure 8
	[[ $stderr == *"part of a bitmap lies in a hole"* ]]
	savetool compact -n a
	assert_failure 8
	savetool compact a --copy b
	assert_failure 8
	savetool convert -O raw a b
	assert_failure 8
	[ ! -e b ]
	assert_equal "$(sha256sum <a)" "$sum"
}

@test "if present pages lie in a hole, compacting in place is refused" {
	local sum

	make_image v3-lost-extent a
	sum=$(sha256sum <a)
	savetool compact a
	assert_failure 8
	[[ $stderr == *"bytes of memory lie in holes of the file"*\
"; use --copy=DEST to compact it to another file" ]]
	assert_equal "$(sha256sum <a)" "$sum"
	savetool compact -n a
	assert_failure 8
	assert_equal "$(ls)" a
	savetool compact --json a --copy b
	assert_success
	[[ $stderr == *"warning: "*" bytes of memory lie in holes of the file"* ]]
	assert_json '.lost > 0'
}

@test "an existing destination is replaced only with --force" {
	make_image v2-small a
	echo precious >b
	savetool compact a --copy b
	assert_error 8 "a: 'b' exists; use --force to replace it"
	assert_equal "$(cat b)" precious
	savetool compact -f a --copy b
	assert_success
	assert_equal "$(digest b)" "$(digest a)"
}

@test "a file that takes the name meanwhile is not replaced" {
	local other

	real_image live-sequential.mig
	real_image bare-sequential.mig
	for other in bare-sequential.mig ''; do
		rm -f work
		cp -L live-sequential.mig work
		held fsync 1 compact work
		rm work
		[ -z "$other" ] || cp -L $other work
		let_go
		assert_equal "$status" 8
		[[ $(<err) == *"is no longer the same file"* ]]
		[ -z "$other" ] || cmp work $other
		[ -n "$other" ] || [ ! -e work ]
		assert_equal "$(find . -name '.work*')" ''
	done
}

@test "another guest's image after the image is not dropped" {
	real_image bare-sequential.mig
	cat bare-sequential.mig bare-sequential.mig >two
	cp two before
	savetool compact two
	assert_error 8 "two: another image follows and would be lost\
 (at byte 14372948); use --copy=DEST to\
 compact it to another file"
	cmp two before
	savetool compact -n two
	assert_failure 8
	savetool compact two --copy one
	assert_success
	assert_equal "$(digest one)" "$(digest bare-sequential.mig)"
	# Zeros that fill up a block are not all there is.
	{
		cat bare-sequential.mig
		head -c 1000 /dev/zero
		cat bare-sequential.mig
	} >two
	cp two before
	savetool compact two
	assert_error 8 "two: another image follows and would be lost\
 (at byte 14373948); use --copy=DEST to\
 compact it to another file"
	savetool check --repair two
	assert_success
	cmp two before
}

@test "bytes after an end that nothing proves are not dropped" {
	local behind words

	make_image v2-no-vmdesc a
	behind=$(stat -c %s a)
	{
		cat a
		head -c 5000 /dev/zero
		echo more
	} >b
	cp b before
	for words in '' -n; do
		savetool compact $words b
		assert_error 8 "b: cannot confirm that the image ends before this\
 byte; data that follows would be lost (at byte $((behind + 5000))); use\
 --copy=DEST to compact it to another file"
		cmp b before
	done
	savetool compact b --copy copy
	assert_success
	cmp copy a
}

# far_behind: two is an image, 40 MiB of standard input, and another image.
far_behind()
{
	make_image v2-bare
	{
		cat v2-bare
		head -c 40M
		cat v2-bare
	} >two
	copy_dense two before
}

@test "another guest's image is not dropped, however far away it is" {
	far_behind </dev/zero
	savetool compact two
	assert_failure 8
	savetool check --repair two
	assert_success
	cmp two before
	fallocate -d two
	savetool compact two
	assert_failure 8
	savetool check --repair two
	assert_success
	cmp two before
	savetool check --json two
	assert_json '[.findings[] | select(.code == "second-image")] | length == 1'
}

@test "a compressed mapped-ram image does not become sequential" {
	local words

	real_image bare-mapped.mig
	gzip -1 <bare-mapped.mig >packed
	cp packed before
	for words in packed "-n packed" "packed --copy copy"; do
		# shellcheck disable=SC2086  # words
		savetool compact $words
		assert_error 7 \
			"packed: compressed mapped-ram image; convert it with\
 'savetool convert -O sparse'"
	done
	cmp packed before
	[ ! -e copy ]
}

@test "a file with two names frees nothing" {
	real_image live-sequential.mig
	cp -L live-sequential.mig work
	ln work other
	savetool compact --json work
	assert_success
	assert_json '.smaller and .freed == 0'
	cmp other live-sequential.mig
	assert_equal "$(digest work)" "$(digest other)"
}

@test "anything but a regular file is refused before it is written to" {
	make_image v3-small a
	mkfifo fifo
	savetool compact a --copy fifo
	assert_error 8 "a: 'fifo' is not a regular file"
	savetool compact -f a --copy fifo
	assert_failure 8
	savetool compact -f a --copy /dev/null
	assert_error 8 "a: '/dev/null' is not a regular file"
	savetool compact /dev/null
	assert_error 8 "/dev/null: not a regular file"
	savetool compact -n /dev/stdin < <(cat a)
	assert_error 8 "/dev/stdin: not a regular file"
}

@test "in a read-only folder, an image is not changed" {
	mkdir folder
	make_image v2-live-superseded folder/a
	chmod 555 folder
	unprivileged compact folder/a
	assert_error 3 "folder/a: cannot create a file beside 'folder/a':\
 Permission denied"
}

@test "contradictory options are usage errors" {
	make_image v3-small a
	savetool compact -n a --copy b
	assert_failure 2
	savetool compact -f a
	assert_failure 2
	savetool compact - a
	assert_failure 2
	savetool compact a -
	assert_failure 2
	savetool compact a --copy -
	assert_failure 2
	savetool compact a a --copy b
	assert_failure 2
	savetool compact
	assert_failure 2
	assert_equal "$(ls)" a
}

@test "each of several images is compacted in place" {
	local before

	make_image v2-live-superseded a
	make_image v3-stale b
	make_image v2-small c
	cp c before
	before="$(digest a) $(digest b)"
	savetool compact --json -n a b c
	assert_failure 1
	assert_json 'map([.path, .rewritten]) ==
		[["a", true], ["b", true], ["c", false]]'
	savetool compact a b c
	assert_success
	assert_equal "${#lines[@]}" 3
	assert_equal "$(digest a) $(digest b)" "$before"
	cmp c before
	savetool compact -n a b c
	assert_success
	# One that fails stops none of the others; the worst status counts.
	echo text >text
	make_image v2-live-superseded a
	savetool compact --json text a
	assert_failure 4
	assert_json '.[0].error.code == "not-an-image" and .[1].rewritten'
}

@test "a second name is never a destination, and -f does not make it one" {
	make_image v2-live-superseded a
	make_image v2-small b
	cp a a.before
	cp b b.before
	savetool compact -f a b
	assert_failure 2
	savetool compact -f a b --copy c
	assert_failure 2
	cmp a a.before
	cmp b b.before
	[ ! -e c ]
	savetool compact a missing
	assert_failure 3
	[ ! -e missing ]
}

@test "bytes before a bare stream are kept in place" {
	"$mkimage" bare <<-END
		stream
		configuration
		ram start
			block pc.ram 64K
		ram part
			page pc.ram 0 count=4
			page pc.ram 0 count=4 seed=2
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc
	END
	{
		head -c 4096 /dev/urandom
		cat bare
	} >a
	cp a before
	savetool compact --offset 4K a
	assert_error 8 "a: 4096 bytes before the image would be lost"
	cmp a before
	savetool compact --offset 4K --copy b a
	assert_success
	savetool compact --copy c bare
	cmp b c
}
