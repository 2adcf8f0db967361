#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What sparsify frees, keeps and refuses, and what remains when it is killed.

load helpers

# dense FROM TO: a copy without a single hole, on the disk.
dense()
{
	copy_dense "$1" "$2"
	chmod u+w "$2"
	sync "$2"
}

# fact FILTER: of the output.
fact()
{
	jq -r "$1" <<<"$output"
}

# refused_unchanged IMAGE STATUS TEXT
refused_unchanged()
{
	local image=$1

	cp "$image" before
	savetool sparsify "$image"
	assert_failure "$2"
	[[ $stderr == "savetool: $image: "*"$3"* ]] || fail "$stderr"
	cmp before "$image"
}

@test "if the host's byte order is unknown, bits are not changed" {
	local machine

	# All bits are set: they read the same in both orders.
	for machine in s390-ccw-virtio-10.0 pc-i440fx-10.0; do
		mapped_recipe "machine=$machine" <<-END | "$mkimage" "$machine"
			block ram 4M
			page ram 0 count=16 seed=1
			page ram 0x10000 count=4 data=0
			page ram 0x14000 count=all seed=2
		END
	done
	cp s390-ccw-virtio-10.0 before
	savetool sparsify s390-ccw-virtio-10.0
	assert_error 8 "s390-ccw-virtio-10.0: the byte order of the host is \
unknown; use --byte-order, or --zero-only to free only ranges that are already \
zero"
	savetool compact s390-ccw-virtio-10.0
	assert_error 8 "s390-ccw-virtio-10.0: the byte order of the host is \
unknown; use --byte-order"
	cmp s390-ccw-virtio-10.0 before
	savetool sparsify --zero-only s390-ccw-virtio-10.0
	assert_success
	cmp s390-ccw-virtio-10.0 before
	savetool sparsify pc-i440fx-10.0
	assert_success
	savetool inspect --json pc-i440fx-10.0
	assert_json '.blocks[0]."pages-present" == 1020'
}

@test "a dense copy of a real image is back at its first allocation" {
	local image guest

	for image in bare-mapped.mig libvirt-sparse.save; do
		real_image $image
		cp --reflink=never --sparse=always "$(readlink $image)" sparse
		guest=$(digest $image)
		dense $image copy
		[ "$(allocated copy)" -gt $((4 * $(allocated sparse))) ]
		savetool sparsify copy
		assert_success
		[[ $output == "copy: "*" freed, "*" allocated" ]]
		# A page of zeros more or less, at the edges.
		[ "$(allocated copy)" -le $(($(allocated sparse) + 65536)) ]
		assert_equal "$(digest copy)" "$guest"
		cmp copy $image
	done
}

@test "the freed bytes are those that the file system reports" {
	real_image bare-mapped.mig
	dense bare-mapped.mig copy
	local before

	before=$(allocated copy)
	savetool sparsify --json copy
	assert_success
	assert_json '.path == "copy" and .format == "sparse"'
	assert_json '."dry-run" == false and ."lost-extents" == 0'
	assert_equal "$(fact '."allocated-before"')" "$before"
	assert_equal "$(fact .allocated)" "$(allocated copy)"
	assert_equal "$(fact .freed)" $((before - $(allocated copy)))
	assert_equal "$(fact .logical)" "$(stat -c %s copy)"
}

@test "-n says what would be freed, and changes nothing" {
	real_image bare-mapped.mig
	dense bare-mapped.mig copy
	chmod 400 copy
	local before

	before=$(allocated copy)
	savetool sparsify -n --json copy
	assert_failure 1
	local promised

	promised=$(fact .freed)
	assert_json '."dry-run"'
	assert_equal "$(allocated copy)" "$before"
	cmp copy bare-mapped.mig
	chmod 600 copy
	savetool sparsify --json copy
	assert_success
	local difference=$((promised - $(fact .freed)))

	# What a file system needs to know of its extents is storage as well.
	[ "${difference#-}" -le 65536 ] || fail "$promised: $output"
	savetool sparsify -n copy
	assert_success
	assert_output --partial "copy: nothing to free, "
	savetool sparsify -n -q copy
	assert_success
	assert_silent
}

@test "--verbose shows where storage was freed, and only if it was" {
	make_image v3-all-bits a
	savetool sparsify -q a
	assert_silent
	savetool sparsify -v a
	assert_success
	assert_output --regexp '^a: nothing to free, [0-9.]+ KiB allocated$'
	make_image v3-all-bits b
	savetool sparsify -v -n b
	assert_failure 1
	assert_equal "${lines[*]:1}" "56 KiB in zero pages"
}

@test "-n does not count what lies in a hole already" {
	local promised

	"$mkimage" a <<-END
		stream
		configuration page-bits=16 capability=mapped-ram
		ram start
			block pc.ram 8M page-size=64K
			page pc.ram 0 count=16
			page pc.ram 1M count=16 data=0
			stale pc.ram 2M count=16
		ram part
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc page-size=64K
	END
	dense a copy
	# Of every other zero page, and of every other old one, all but 4 KiB.
	for offset in {2..3}{0..14..2}; do
		fallocate -p -o $(((${offset:0:1} << 20) + 4096 + \
			${offset:1} * 65536)) -l 61440 copy
	done
	savetool sparsify -n --json copy
	assert_failure 1
	promised=$(fact .freed)
	savetool sparsify --json copy
	assert_success
	local difference=$((promised - $(fact .freed)))

	[ "${difference#-}" -le 65536 ] || fail "$promised: $output"
}

@test "a live save loses its stale pages, and keeps its guest" {
	make_image v3-stale a
	dense a copy
	savetool inspect --json copy
	assert_json '[.findings[].code] | contains(["stale"])'
	savetool sparsify --json -v copy
	assert_success
	[ "$(fact .stale)" -ge 20480 ]
	assert_equal "$(digest copy)" "$(digest a)"
	run cmp -s copy a
	assert_failure
	savetool inspect --json copy
	assert_json '[.findings[].code] == []'
	savetool convert -O raw copy raw
	assert_equal "$(digest raw)" "$(digest a)"
}

@test "--zero-only leaves every byte as it reads" {
	local image

	for image in v3-stale v3-small v3-rom-zero v3-all-bits v2-zero-fill \
			v3-background-empty-bitmaps v3-trailing; do
		make_image $image a
		dense a copy
		savetool sparsify --zero-only copy
		assert_success
		cmp a copy
		rm a copy
	done
	real_image live-mapped.mig
	dense live-mapped.mig copy
	savetool sparsify --zero-only --json copy
	assert_success
	[ "$(fact .freed)" -gt $((32 << 20)) ]
	cmp copy live-mapped.mig
}

# A guest of 64 zero pages, one that is not, and a ROM with zero pages.
zero_recipe=$(mapped_recipe <<-END
	block pc.ram 1M
	block /rom@etc/acpi/tables 128K
	page pc.ram 0
	page pc.ram 0x10000 count=64 data=0
	page pc.ram 0x60000 count=2
	page /rom@etc/acpi/tables 0 count=3 seed=2
	page /rom@etc/acpi/tables 0x3000 count=all data=0
END
)

@test "zero pages become absent in RAM, and stay present in ROM" {
	"$mkimage" a <<<"$zero_recipe"
	dense a copy
	savetool sparsify --json copy
	assert_success
	assert_equal "$(fact '."zero-pages"')" $((64 * 4096))
	assert_equal "$(digest copy)" "$(digest a)"
	savetool inspect --json copy
	assert_json '.blocks[0]."pages-present" == 3'
	assert_json '.blocks[1]."pages-present" == 32'
	# And so nothing looks lost.
	assert_json '[.findings[].code] == []'
}

@test "bitmaps of a big-endian host are read and written as such" {
	sed 's/page s390.ram 0x40000/page s390.ram 0x40000 count=16 data=0/' \
		"$(recipe v3-big-endian)" >recipe
	"$mkimage" recipe a
	dense a copy
	savetool sparsify --json copy
	assert_success
	assert_equal "$(fact '."zero-pages"')" 65536
	assert_equal "$(digest copy)" "$(digest a)"
	savetool inspect --json copy
	assert_json '.blocks[0]."pages-present" == 6'
	assert_json '[.findings[].code] == []'
}

@test "raw: zeros become holes, and every byte stays" {
	make_image v2-small a
	dense a copy
	savetool sparsify -v copy
	assert_success
	assert_output --partial "other zeros"
	assert_output --partial "savetool compact"
	cmp a copy
	[ "$(allocated copy)" -lt "$(allocated a)" ] ||
		[ "$(allocated copy)" -le $(($(stat -c %s a) - 49152)) ]
}

@test "compressed images are not changed" {
	make_image packed-zstd a
	cp a copy
	savetool sparsify copy
	assert_success
	assert_output "copy: compressed (zstd): nothing to free"
	cmp a copy
	savetool sparsify -n --json copy
	assert_success
	assert_json '.freed == 0 and .format == "zstd"'
	savetool sparsify copy --copy other
	assert_success
	cmp a other
}

@test "trailing bytes stay, and keep their storage" {
	make_image v3-small a
	truncate -s %4096 a
	head -c 65536 /dev/zero >>a
	dense a copy
	savetool sparsify copy
	assert_success
	[ "$(digest copy)" = "$(digest a)" ]
	cmp a copy
	# All zero, and yet not touched.
	[ "$(tail -c 65536 copy | tr -d '\0' | wc -c)" = 0 ]
	python3 -c 'import os, sys
f = os.open("copy", os.O_RDONLY)
sys.exit(os.lseek(f, os.fstat(f).st_size - 65536, os.SEEK_HOLE) !=
         os.fstat(f).st_size)'
}

@test "a copy is sparse, and the source stays" {
	real_image bare-mapped.mig
	dense bare-mapped.mig source
	chmod 640 source
	touch -d 2001-02-03 source
	local before

	before=$(allocated source)
	savetool sparsify source --copy copy
	assert_success
	[[ $output == "copy: "*" freed, "*" allocated" ]]
	assert_equal "$(allocated source)" "$before"
	cmp source bare-mapped.mig
	[ "$(allocated copy)" -lt $((before / 3)) ]
	cmp copy bare-mapped.mig
	assert_equal "$(stat -c '%a %Y' copy)" "$(stat -c '%a %Y' source)"
	assert_equal "$(find . -name '.*savetool*')" ''
}

@test "a copy drops stale and zero pages as well" {
	"$mkimage" a <<<"$zero_recipe"
	savetool sparsify a --copy copy
	assert_success
	assert_equal "$(digest copy)" "$(digest a)"
	savetool inspect --json copy
	assert_json '.blocks[0]."pages-present" == 3'
	assert_json '[.findings[].code] == []'
	dense a in-place
	"$SAVETOOL" sparsify -q in-place
	cmp copy in-place
	make_image v3-stale b
	savetool sparsify b --copy other
	assert_equal "$(digest other)" "$(digest b)"
	savetool sparsify -n other
	assert_success
}

@test "an existing destination is replaced only with --force" {
	make_image v3-small a
	echo precious >b
	savetool sparsify a --copy b
	assert_error 8 "a: 'b' exists; use --force to replace it"
	assert_equal "$(cat b)" precious
	savetool sparsify -f a --copy b
	assert_success
	assert_equal "$(digest b)" "$(digest a)"
	savetool sparsify -f a --copy a
	assert_failure 8
	mkfifo fifo
	savetool sparsify a --copy fifo
	assert_error 8 "a: 'fifo' is not a regular file"
	savetool sparsify -f a --copy fifo
	assert_error 8 "a: 'fifo' is not a regular file"
}

@test "contradictory options are usage errors" {
	make_image v3-small a
	savetool sparsify -n a --copy b
	assert_failure 2
	savetool sparsify -f a
	assert_failure 2
	savetool sparsify -
	assert_failure 2
	savetool sparsify a -
	assert_failure 2
	savetool sparsify a --copy -
	assert_failure 2
	savetool sparsify a a --copy b
	assert_failure 2
	assert_equal "$(ls)" a
	savetool sparsify
	assert_failure 2
}

@test "an image that another process has open is refused" {
	make_image v3-stale a
	dense a copy
	local before

	before=$(allocated copy)
	exec 7<copy
	savetool sparsify copy
	assert_error 8 "copy: in use by another process"
	savetool sparsify -n copy
	assert_failure 1
	exec 7<&-
	assert_equal "$(allocated copy)" "$before"
	cmp a copy
	savetool sparsify copy
	assert_success
}

@test "an image that another process has mapped is refused" {
	local pid

	make_image v3-stale a
	dense a copy
	python3 -c 'import mmap, os, time
f = os.open("copy", os.O_RDONLY)
m = mmap.mmap(f, 0, prot=mmap.PROT_READ)
os.close(f)
open("ready", "w").close()
time.sleep(600)' 3>&- &
	pid=$!
	awaits test -e ready
	savetool sparsify copy
	kill $pid
	wait $pid || :
	assert_error 8 "copy: in use by another process"
	cmp a copy
}

@test "a process that opens the image meanwhile can read it" {
	real_image bare-mapped.mig
	dense bare-mapped.mig copy
	gives_way sparsify copy bare-mapped.mig fallocate 2
	assert_equal "$(digest copy)" "$(digest bare-mapped.mig)"
}

@test "a process that opens an image with nothing to free can read it" {
	real_image bare-mapped.mig
	cp --reflink=never --sparse=always bare-mapped.mig copy
	savetool sparsify copy
	assert_success
	# What starts the program reads as well.
	gives_way sparsify copy bare-mapped.mig pread64 20
}

@test "a file system that cannot make holes is refused at once" {
	"$mkimage" a <<<"$zero_recipe"
	dense a copy
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace -e trace=fallocate,pwritev \
		-e inject=fallocate:error=EOPNOTSUPP "$SAVETOOL" sparsify copy
	assert_failure 8
	assert_output "savetool: copy: this file system does not support holes"
	assert_equal "$(grep -c pwritev trace)" 0
	cmp a copy
}

# without_holes WORD...: savetool, where no hole can be made; $fails is another
# call that fails.
without_holes()
{
	run --separate-stderr strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq \
		-o trace -e trace=fallocate,openat \
		-e inject=fallocate:error=EOPNOTSUPP \
		${fails:+-e inject="$fails"} "$SAVETOOL" "$@"
}

@test "-n does not promise holes where none can be made" {
	local before image

	"$mkimage" a <<<"$zero_recipe"
	mkdir folder
	dense a folder/copy
	ln -s folder/copy link
	before=$(stat -c %y.%z folder/copy)
	for image in folder/copy link; do
		without_holes sparsify -n "$image"
		assert_error 8 "$image: this file system does not support holes"
	done
	assert_equal "$(stat -c %y.%z folder/copy)" "$before"
	assert_equal "$(ls -A folder)" copy
	# A compressed image has none.
	make_image packed-zstd packed
	without_holes sparsify -n packed
	assert_success
}

@test "if holes cannot be tried, -n says nothing about them" {
	local n said

	"$mkimage" a <<<"$zero_recipe"
	dense a copy
	savetool sparsify -n copy
	assert_failure 1
	cp copy before
	said=$output
	# A folder that cannot be written to.
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace -e trace=openat \
		"$SAVETOOL" sparsify -n copy || :
	n=$(grep -n TMPFILE trace | cut -d : -f 1)
	[ "$n" -gt 0 ]
	fails=openat:error=EACCES:when=$n without_holes sparsify -n copy
	assert_failure 1
	assert_equal "$output$stderr" "$said"
	cmp before copy
	# One that knows no files without a name.
	fails=openat:error=EOPNOTSUPP:when=$n without_holes sparsify -n copy
	assert_error 8 "copy: this file system does not support holes"
	assert_equal "$(find . -name '.savetool*')" ''
}

@test "anything but a regular file or block device is refused" {
	mkfifo pipe
	savetool sparsify pipe
	assert_error 8 "pipe: not a regular file"
	mkdir folder
	savetool sparsify folder
	assert_failure 3
	savetool sparsify missing
	assert_failure 3
}

@test "bitmaps that cannot be trusted are refused" {
	make_image v3-background-empty-bitmaps a
	dense a copy
	refused_unchanged copy 8 "--zero-only"
	make_image v3-no-end b
	dense b copy
	refused_unchanged copy 8 "not terminated"
	# With an end, but as empty.
	sed 's/^ram end.*/ram end bitmaps=no/' \
		"$(recipe v3-small)" >recipe
	"$mkimage" recipe c
	dense c copy
	refused_unchanged copy 8 "marks all pages as absent"
	# One of several.
	sed 's/^\tblock .*/&\n\tblock pc.bios 64K\n\tpage pc.bios 0/
		/page pc.ram/s/page/stale/' \
		"$(recipe v3-small)" >recipe
	"$mkimage" recipe d
	savetool inspect --json d
	assert_json '[.blocks[]."pages-present"] == [0, 1]'
	refused_unchanged d 8 "marks all pages as absent"
}

# large LINE: a guest of 256 MiB, with a bitmap of 8 KiB.
large()
{
	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 256M
		page pc.ram 0 count=4
		$1
	END
}

@test "a hole in a bitmap does not make its pages absent" {
	large "	page pc.ram 128M count=64"
	fallocate -p -o 4096 -l 4096 a
	refused_unchanged a 8 "part of a bitmap lies in a hole"
	savetool sparsify a --copy b
	assert_failure 8
	savetool sparsify --zero-only a --copy b
	assert_success
	cmp a b
}

@test "bitmaps keep their storage, because a hole there means that it was lost" {
	local option image

	for option in --zero-only ''; do
		large "	stale pc.ram 128M count=64"
		cp a before
		# shellcheck disable=SC2086
		savetool sparsify $option a --copy b
		assert_success
		# shellcheck disable=SC2086
		savetool sparsify $option a
		assert_success
		cmp a b
		for image in a b; do
			savetool map --json $image
			assert_json 'map(select(.type == "bitmap")) |
				length > 0 and all(.allocated)'
			savetool check $image
			assert_success
			assert_equal "$(digest $image)" "$(digest before)"
		done
		rm b
	done
}

@test "a bitmap of the wrong byte order is noticed" {
	sed '/^libvirt/d; s/page s390.ram 0 /page s390.ram 0 bitmap-order=big /' \
		"$(recipe v3-big-endian)" |
		sed 's/^\tblock .*/& bitmap-order=big/; s/ bitmap-order=big count/ count/' \
		>recipe
	"$mkimage" recipe a
	dense a copy
	refused_unchanged copy 8 "look byte-swapped"
	savetool sparsify --zero-only copy
	assert_success
	cmp a copy
}

@test "if a header states the byte order, pages are not read for it" {
	local guest

	# Pages and old ones that would fit the other order better.
	{
		echo libvirt format=sparse
		mapped_recipe <<-END
			block pc.ram 4M
			page pc.ram 0 count=16
			page pc.ram 0x10000 count=4 data=0
			stale pc.ram 0x28000 count=24 seed=5
		END
	} | "$mkimage" a
	dense a copy
	guest=$(digest a)
	savetool sparsify --json copy
	assert_success
	[ "$(fact '."stale"')" -gt 0 ]
	assert_equal "$(digest copy)" "$guest"
}

@test "an interrupted save is refused" {
	make_image v2-part a
	savetool sparsify a
	assert_failure 5
}

# bytes_read WORD...: by savetool.
bytes_read()
{
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace -e trace=pread64 \
		"$SAVETOOL" "$@" >/dev/null || :
	awk -F '= ' '/pread64/ { sum += $NF } END { print sum }' trace
}

# make_unused: an image without holes, a second block of memory of which the
# guest never used anything.
make_unused()
{
	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 1M
		block dimm1 16M
		page pc.ram 0 count=16
	END
	dense a unused
}

@test "slots of absent pages are read only once" {
	make_unused
	# Beside the block, only what lies around the pages is looked at.
	[ "$(bytes_read inspect unused)" -le $((18 << 20)) ]
	[ "$(bytes_read inspect --scan unused)" -le $((18 << 20)) ]
	[ "$(bytes_read map unused)" -le $((18 << 20)) ]
	[ "$(bytes_read sparsify -n unused)" -le $((20 << 20)) ]
}

@test "a signal ends the search for data in absent pages" {
	local command

	make_unused
	for command in sparsify compact; do
		copy_dense unused copy
		status=0
		strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace \
			-e trace=pread64 -e inject=pread64:signal=TERM:when=40 \
			"$SAVETOOL" "$command" copy 2>err || status=$?
		assert_equal "$command $status" "$command 143"
		# Of 256 times that it reads 64 KiB of the block.
		[ "$(grep -c pread64 trace)" -lt 140 ]
		cmp unused copy
		rm copy
		assert_equal "$(ls -A)" "$(printf '%s\n' a err trace unused)"
	done
}

@test "a process can open the image also while absent pages are searched" {
	make_unused
	cp unused copy
	gives_way sparsify copy unused pread64 40
	# It would be 512 times, and the digging.
	[ "$(grep -c pread64 trace)" -lt 256 ]
}

@test "searching absent pages and punching holes report one progress" {
	local last

	make_unused
	"$SAVETOOL" sparsify -q -n --progress-fd 3 unused 3>told || :
	# The look is at most half of it.
	run grep -c . told
	[ "$output" -gt 5 ]
	run sort -n -c told
	assert_success
	last=$(tail -n 1 told)
	assert_equal "$last" 100/100
	"$SAVETOOL" inspect --progress-fd 3 unused 3>told >/dev/null
	run sort -n -c told
	assert_success
	run grep -c . told
	[ "$output" -gt 3 ]
}

@test "a file in many pieces takes no longer for the size of its guest" {
	# A save without zero-page detection that something else made sparse.
	{
		mapped_recipe <<-END
			block pc.ram 256G
			page pc.ram 0 count=8192 step=2
		END
		printf '%s\n' "seek pc.ram.bitmap" "fill 255 8M"
	} | "$mkimage" a
	run in_seconds 5 inspect a
	assert_success
	assert_output --partial lost-extent
	run in_seconds 5 sparsify a
	assert_success
}

# killed_everywhere IMAGE CALL: by the kernel, at each call of this kind.
killed_everywhere()
{
	local image=$1 call=$2 guest n=1 ended

	guest=$(digest "$image")
	while [ $n -lt 200 ]; do
		dense "$image" copy
		ended=0
		strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o /dev/null \
			-e trace="$call" \
			-e inject="$call":signal=KILL:when=$n \
			"$SAVETOOL" sparsify -q copy || ended=$?
		assert_equal "$(digest copy)" "$guest"
		"$SAVETOOL" inspect --json copy >facts
		run jq -c '[.findings[].code] - ["stale"]' facts
		assert_output '[]'
		[ $ended != 0 ] || break
		# What is left is done the next time.
		"$SAVETOOL" sparsify -q copy
		assert_equal "$(digest copy)" "$guest"
		n=$((n + 1))
	done
	[ $n -gt 2 ] || fail "never killed"
	[ $ended = 0 ] || fail "still killed at call $n"
}

@test "killed at any hole or write, it leaves the same guest" {
	local i

	"$mkimage" a <<<"$zero_recipe"
	for i in {1..12}; do
		printf '\tpage pc.ram 0x%x\n\tpage pc.ram 0x%x data=0\n' \
			$((0x70000 + i * 0x2000)) $((0x71000 + i * 0x2000))
	done >pages
	sed '/0x60000/r pages' <<<"$zero_recipe" >recipe
	"$mkimage" recipe b
	killed_everywhere b fallocate
	killed_everywhere b pwritev
}

@test "killed at any time, it leaves the same guest" {
	real_image live-mapped.mig
	local guest delay i status

	guest=$(digest live-mapped.mig)
	# Wherever that is: a slow machine is killed earlier in its work, a fast
	# one later.  The tests above leave no place to chance.
	for i in {0..14}; do
		dense live-mapped.mig copy
		status=0
		"$SAVETOOL" sparsify -q copy &
		delay=$(printf '0.%03d' $((i * 7)))
		sleep "$delay"
		kill -KILL $! 2>/dev/null || true
		wait $! || status=$?
		assert_equal "$(digest copy)" "$guest"
	done
}

@test "stopped by a signal, it says so, and leaves the same guest" {
	real_image bare-mapped.mig
	dense bare-mapped.mig copy
	strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace -e trace=fallocate \
		-e inject=fallocate:signal=TERM:when=3 \
		"$SAVETOOL" sparsify copy && status=0 || status=$?
	assert_equal "$status" 143
	assert_equal "$(digest copy)" "$(digest bare-mapped.mig)"
}

@test "a failed hole or write is reported, and leaves the same guest" {
	"$mkimage" a <<<"$zero_recipe"
	dense a copy
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace -e trace=fallocate \
		-e inject=fallocate:error=EIO:when=3 "$SAVETOOL" sparsify copy
	assert_failure 3
	assert_equal "$(digest copy)" "$(digest a)"
	dense a copy
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace -e trace=pwritev \
		-e inject=pwritev:error=EIO "$SAVETOOL" sparsify copy
	assert_failure 3
	assert_equal "$(digest copy)" "$(digest a)"
	# A full disk gets its holes first, and then the bits.
	dense a copy
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace -e trace=pwritev \
		-e inject=pwritev:error=ENOSPC:when=1 "$SAVETOOL" sparsify copy
	assert_success
	assert_equal "$(digest copy)" "$(digest a)"
	savetool inspect --json copy
	assert_json '[.findings[].code] == []'
}

@test "a copy has its length before its bytes" {
	make_image v3-small a
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace \
		-e trace=ftruncate,pwritev,ioctl \
		-e inject=ioctl:error=EOPNOTSUPP "$SAVETOOL" sparsify a --copy b
	run grep -m 1 -E 'ftruncate|pwritev' trace
	assert_output --regexp "ftruncate\([0-9]+, $(stat -c %s a)\)"
}

@test "a full disk leaves no copy" {
	make_image v3-small a
	# Where extents are shared, less is written, and in another order.
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace \
		-e trace=pwritev,ioctl -e inject=ioctl:error=EOPNOTSUPP \
		-e inject=pwritev:error=ENOSPC:when=2 "$SAVETOOL" sparsify a --copy b
	assert_failure 8
	assert_output --regexp '^savetool: a: not enough space after [0-9]+ bytes,'\
' at most about [0-9]+ more are needed: cannot write '
	assert_equal "$(find . -name '*b*')" ''
}

# in_room SIZE ARGUMENT...: sparsify into a file system of that size, as small/x.
# Leaves it as x, what is said in $result and $said, and what was written.
in_room()
{
	local size=$1
	shift

	mkdir -p small
	rm -f x trace
	mount -t tmpfs -o size="$size" none small || skip "cannot mount here"
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace -e trace=pwritev \
		"$SAVETOOL" sparsify "$@" --copy small/x >said 2>&1 || :
	cp --reflink=never --sparse=always small/x x 2>/dev/null || :
	umount small
	said=$(cat said)
	written=$(wc -l <trace)
}

@test "a copy that does not fit is refused before it is written" {
	local image

	[ "$(id -u)" = 0 ] || skip "mounting is for root"
	# Superseded records are copied as well.
	real_image libvirt-live.save
	in_room 17m libvirt-live.save
	[[ $said == *"not enough space: "*" missing" ]] || fail "$said"
	assert_equal "$written" 0
	# So are old pages, if bits are not believed.
	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 8M
		page pc.ram 0 count=16
		page pc.ram 64K count=1024 data=0
		stale pc.ram 5M count=512 seed=5
	END
	dense a copy
	in_room 2m --zero-only copy
	[[ $said == *"not enough space: "*" missing" ]] || fail "$said"
	assert_equal "$written" 0
	# A copy that needs no space needs no check, and is written as usual.
	for image in a copy; do
		in_room 2m $image
		savetool check x
		assert_success
		assert_equal "$(digest x)" "$(digest a)"
		savetool sparsify a --copy y
		cmp x y
		rm y
	done
}

@test "progress is reported as for every command" {
	real_image bare-mapped.mig
	dense bare-mapped.mig copy
	savetool sparsify --progress-fd 7 copy 7>lines
	assert_success
	[ "$(tail -n 1 lines)" = 100/100 ]
}

@test "each of several images is changed in place" {
	local before

	"$mkimage" from <<<"$zero_recipe"
	dense from a
	dense from b
	before=$(digest from)
	savetool sparsify --json -n a b
	assert_failure 1
	assert_json 'length == 2 and all(.freed > 0)'
	savetool sparsify a b
	assert_success
	assert_equal "${#lines[@]}" 2
	assert_equal "$(digest a) $(digest b)" "$before $before"
	savetool sparsify -n a b
	assert_success
	# One that fails stops none of the others; the worst status counts.
	dense from b
	savetool sparsify --json missing b
	assert_failure 3
	assert_json '.[0].error.code == "system" and .[1].freed > 0'
}

@test "a second name is never a destination, and -f does not make it one" {
	"$mkimage" from <<<"$zero_recipe"
	dense from a
	make_image v3-small b
	cp b b.before
	savetool sparsify -f a b
	assert_failure 2
	savetool sparsify -f a b --copy c
	assert_failure 2
	cmp a from
	cmp b b.before
	[ ! -e c ]
	savetool sparsify a missing
	assert_failure 3
	[ ! -e missing ]
}

# on_device FILE: $device is a loop device of this file.
on_device()
{
	[ "$(id -u)" = 0 ] || skip "a loop device is for root"
	device=$(losetup -f --show "$1") || skip "no loop device"
}

teardown()
{
	[ -z "${device:-}" ] || losetup -d "$device"
}

@test "a block device is punched, and its guest stays" {
	local before

	"$mkimage" from <<<"$zero_recipe"
	before=$(digest from)
	# What follows the image on the device is none of ours.
	dense from file
	head -c 1M /dev/urandom >>file
	give_back file
	tail -c 1M file >rest
	on_device file
	savetool sparsify -n "$device"
	assert_failure 1
	cmp -n "$(stat -c %s from)" from file
	savetool sparsify --json "$device"
	assert_success
	assert_json '.freed >= 262144 and ."zero-pages" == 262144'
	assert_json 'has("allocated") or has("allocated-before") | not'
	assert_equal "$(digest "$device")" "$before"
	[ "$(allocated file)" -lt $(($(stat -c %s file) - 262144)) ]
	tail -c 1M file | cmp - rest
	savetool sparsify "$device"
	assert_output --regexp "^$device: [0-9.]+ [KM]iB freed\$"
	savetool compact "$device"
	assert_error 8 "$device: a block device cannot be replaced by a\
 smaller file"
	savetool compact -n "$device"
	assert_failure 8
}

@test "an old page on a device can no longer be read" {
	mapped_recipe <<-END | "$mkimage" from
		block pc.ram 8M
		page pc.ram 0 count=16
		stale pc.ram 5M count=512 seed=5
	END
	dense from file
	on_device file
	savetool sparsify "$device"
	assert_success
	assert_equal "$(digest "$device")" "$(digest from)"
	savetool check "$device"
	assert_success
	savetool map --json from
	# shellcheck disable=SC2016 # of jq
	jq -r '.[] | select(.type == "stale") | "\(.start) \(.length)"' \
		<<<"$output" >old
	[ -s old ]
	while read -r start length; do
		cmp -n "$length" -i "$start:0" file /dev/zero
	done <old
}

@test "a device that cannot make holes is refused, and not changed" {
	"$mkimage" from <<<"$zero_recipe"
	dense from file
	on_device file
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -o trace \
		-e trace=fallocate -e inject=fallocate:error=EOPNOTSUPP \
		"$SAVETOOL" sparsify "$device"
	assert_failure 8
	assert_output "savetool: $device: this device cannot punch holes"
	cmp from file
}

@test "a device that is mounted is refused" {
	local status=0

	truncate -s 16M file
	mkfs.ext4 -q -F file
	on_device file
	mkdir mnt
	mount "$device" mnt || skip "cannot mount here"
	savetool sparsify "$device"
	umount mnt
	assert_error 8 "$device: in use by another process"
}

# filled IMAGE: an image whose holes are allocated, though nobody wrote there.
filled()
{
	real_image bare-mapped.mig
	cp --sparse=always bare-mapped.mig "$1"
	sync "$1"
	"$SAVETOOL" size --json "$1" >before
	fallocate -l "$(stat -c %s "$1")" "$1" ||
		skip "a file system that allocates nothing ahead"
	"$SAVETOOL" size --json "$1" >facts
	[ "$(jq '.sizes | has("reclaimable-unwritten")' facts)" = true ] ||
		skip "a file system that does not show what was never written"
}

# total FILE JQ-CONDITION: the length of these extents.
total()
{
	jq "[.[] | select($2) | .length] | add // 0" "$1"
}

@test "what is allocated ahead is not stale, and is freed" {
	local ahead digest

	filled a
	digest=$("$SAVETOOL" digest bare-mapped.mig | cut -d ' ' -f 1)
	ahead=$(jq '.sizes."reclaimable-unwritten"' facts)
	[ "$ahead" -gt $((32 << 20)) ]
	# But for what was just read, and is still in the page cache.
	run jq -n 'input.sizes as $a | input.sizes as $b |
		($b.allocated - $a.allocated - $b."reclaimable-unwritten") as
		$rest | $rest > -65536 and $rest < 8388608 and
		$b."reclaimable-stale" < 8388608 and $b.needed == $a.needed' \
		before facts
	assert_output true
	checks_clean a
	"$SAVETOOL" map --json a >map
	[ "$(total map '.type == "unwritten" and .allocated')" -gt $((32 << 20)) ]
	assert_equal "$(total map 'true')" "$(stat -c %s a)"
	savetool size a
	assert_output --partial 'allocated ahead'
	savetool size --fail-if-dense a
	assert_failure 1
	savetool sparsify -n --json a
	assert_failure 1
	assert_json '.unwritten > 33554432 and .freed >= .unwritten'
	savetool sparsify --json a
	assert_success
	assert_json '.unwritten > 33554432 and .freed >= .unwritten - 65536'
	"$SAVETOOL" size --json a >facts
	assert_equal "$(jq '.sizes."reclaimable-unwritten"' facts)" 0
	savetool size --fail-if-dense a
	assert_success
	checks_clean a
	assert_equal "$("$SAVETOOL" digest a | cut -d ' ' -f 1)" "$digest"
}

checks_clean()
{
	savetool check --json "$1"
	assert_success
	assert_json '.clean and ([.findings[].code] - ["stale"]) == []'
}

@test "a copy gets nothing of what was allocated ahead" {
	filled a
	savetool sparsify --json a --copy b
	assert_success
	"$SAVETOOL" size --json b >facts
	assert_equal "$(jq '.sizes."reclaimable-unwritten"' facts)" 0
	assert_equal "$("$SAVETOOL" digest - <b)" "$("$SAVETOOL" digest - <a)"
}

@test "zero-only frees what was allocated ahead, and changes no byte" {
	local sum

	filled a
	sum=$(sha256sum <a)
	savetool sparsify --zero-only --json a
	assert_success
	# What was just read is in the page cache, and so counts as other zeros.
	assert_json '.unwritten + ."zero-elsewhere" > 33554432'
	assert_equal "$(sha256sum <a)" "$sum"
	"$SAVETOOL" size --json a >facts
	assert_equal "$(jq '.sizes."reclaimable-unwritten"' facts)" 0
}
