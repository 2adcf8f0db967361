#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that come through a pipe, go into one, or are compressed as a whole.

load helpers

# assert_same FILE...: all hold the same guest.
assert_same()
{
	local file first

	first=$(digest "$1")
	[ -n "$first" ]
	for file; do
		assert_equal "$file $(digest "$file")" "$file $first"
	done
}

@test "any image is read from a pipe, and written to a file" {
	local image

	for image in libvirt-raw.save libvirt-sparse.save libvirt-zstd.save \
		live-sequential.mig; do
		real_image $image
		savetool convert --verify -O sparse - $image.v3 <$image
		assert_success
		# shellcheck disable=SC2002
		cat $image | "$SAVETOOL" convert -O raw - $image.v2
		# shellcheck disable=SC2002
		cat $image | "$SAVETOOL" convert --verify -O zstd - $image.z
		assert_same $image $image.v3 $image.v2 $image.z
	done
}

@test "a streamed image is complete at once, and can be streamed again" {
	real_image libvirt-sparse.save
	"$SAVETOOL" convert -O raw libvirt-sparse.save - | cat >raw
	"$SAVETOOL" convert -O zstd libvirt-sparse.save - |
		"$SAVETOOL" convert -O gzip - - |
		"$SAVETOOL" convert -O sparse - sparse
	assert_equal "$(head -c 16 raw)" LibvirtQemudSave
	assert_same libvirt-sparse.save raw sparse
	"$SAVETOOL" convert -O raw libvirt-sparse.save file
	cmp raw file
}

@test "without -O a stream keeps its format" {
	real_image libvirt-raw.save
	# shellcheck disable=SC2002
	cat libvirt-raw.save | "$SAVETOOL" convert - - | cat >copy
	cmp libvirt-raw.save copy
}

@test "a device before memory is read wherever the end of the image is" {
	local program expected

	make_image v2-early-device plain
	expected=$(digest plain)
	assert_equal "$(digest - <plain)" "$expected"
	for program in gzip bzip2 xz lzop zstd; do
		"$program" -c <plain >packed
		"$SAVETOOL" convert -q -f -O "$program" plain again
		for image in packed again; do
			savetool inspect --json --scan $image
			assert_success
			assert_json '.complete and .findings == []'
			savetool check --deep $image
			assert_success
			# shellcheck disable=SC2002
			cat $image | "$SAVETOOL" check -q --deep -
			assert_equal "$(digest $image)" "$expected"
			# shellcheck disable=SC2002
			assert_equal "$(cat $image | digest -)" "$expected"
		done
		"$SAVETOOL" convert -f --verify -O sparse packed mapped
		"$program" -c <mapped >packed
		# shellcheck disable=SC2002
		cat packed | "$SAVETOOL" convert -f --verify -O raw - raw
		assert_same plain mapped raw again
	done
	cmp plain raw
	# Without a description, nobody can know its length.
	"$mkimage" none <<-END
		stream
		configuration
		section full name=0000:00:04.0/virtio-mem-device-early id=9 length=37
		ram start
		block pc.ram 64K
		ram part
		zero pc.ram 0 count=all
		ram end
		section full name=timer id=3 version=2 length=24
		eof
	END
	gzip -c none >none.gz
	for image in none none.gz; do
		savetool digest $image
		assert_failure 7
		[[ $stderr == *"only known from the vmdesc, which was not found"* ]]
	done
}

@test "the page size is found without the end of the image" {
	local page

	for page in 1K 8K 64K; do
		"$mkimage" /dev/stdin a <<-END
			stream
			configuration machine=clipper
			ram start
			block ram 1M page-size=$page
			ram part
			zero ram 0 count=4
			page ram 256K count=all
			ram end
			section full name=timer id=3 version=2 length=24
			eof
			vmdesc page-size=$page
		END
		gzip -c a >b
		assert_same a b
		[ "$(cat a | "$SAVETOOL" digest -)" = "$(digest a)  -" ]
		savetool convert -O sparse b c
		assert_success
		savetool convert -O raw b d
		assert_success
		cmp a d
		assert_same a c
		cat a | "$SAVETOOL" inspect --json - >json
		jq -e --argjson size $((${page%K} * 1024)) \
			'.stream["page-size"] == $size and
			.blocks[0]["page-size"] == $size' json
		rm c d
	done
}

# Four bytes twice: the size of pages is still a guess where that is noticed.
@test "damage is not blamed on the page size" {
	local size

	make_image packed-gzip a
	size=$(stat -c %s a)
	for at in $((size - 9000)) $((size - 5000)) $((size - 1000)); do
		{ head -c "$at" a; tail -c +$((at - 3)) a; } >b
		savetool digest b
		assert_failure 6
		refute_regex "$stderr" 'assuming pages|uncompressed'
	done
	[[ $stderr == *': gzip member that starts here is damaged before byte '*' (at byte '*')' ]] ||
		fail "$stderr"
}

# A checksum shows that data is damaged, but not where in it.
@test "damaged compressed data is reported with the offset of its member" {
	local codec first

	make_image v2-bare a
	for codec in gzip bzip2 xz; do
		head -c 9000 a | "$codec" -c >b
		first=$(stat -c %s b)
		tail -c +9001 a | "$codec" -c >>b
		savetool check --deep b
		assert_success
		printf '\x5a\xa5\x5a' | dd of=b bs=1 conv=notrunc \
			seek=$((first + 2000)) status=none
		savetool check --deep --json b
		assert_failure 6
		assert_json ".findings[0] | .code == \"corrupt\" and
			.offset == $first and (.message | startswith(
			\"$codec member that starts here is damaged before \"))"
	done
}

# What is large comes ahead of the first record.
@test "a guessed page size is not shown, and makes no image corrupt" {
	local recipe="stream
		configuration machine=sun4u
		ram start
		block ram 1M page-size=8K
		section start name=spapr/htab id=5
		bytes be32:18
		section part id=5
		bytes be32:0
		bytes be32:0 be16:0x4000 be16:0
		fill random 256K
		bytes be64:0
		ram part
		page ram 0 count=all
		ram end
		section end id=5
		bytes be32:0 be64:0
		eof
		vmdesc page-size=8192"

	"$mkimage" /dev/stdin a <<<"$recipe"
	gzip -c a >b
	savetool inspect --json b
	assert_success
	assert_json '.stream | has("page-size") | not'
	assert_json '.blocks[0] | has("page-size") or has("pages") | not'
	savetool inspect b
	assert_success
	refute_line --partial 'page size'
	savetool digest b
	assert_failure 7
	[[ $stderr == *'b: unexpected flags 0x'*' in page record, assuming pages of 4096 bytes; the real page size is only known from the end of the image, which cannot be read in advance (at byte '*'); use an uncompressed file' ]]
	savetool inspect --scan b
	assert_failure 7
	savetool convert -O sparse a c
	assert_success
	# The header's XML states it.
	"$mkimage" /dev/stdin d <<<"libvirt arch=sparc64 format=gzip
		pack gzip
		$recipe"
	savetool inspect --json d
	assert_json '.stream["page-size"] == 8192'
	assert_same a d
}

@test "a pipe takes no storage, and has no holes of its own" {
	make_image v3-all-bits a	# zero pages that are present
	cat a | "$SAVETOOL" inspect --json - >json
	jq -e '.sizes | has("logical") or has("allocated") or
		has("reclaimable-stale") | not' json
	jq -e '.findings == []' json
	"$SAVETOOL" inspect --json - <a >json
	jq -e '.sizes | has("logical") and has("allocated")' json
	cat a | "$SAVETOOL" convert -O raw - b 2>stderr
	assert_equal "$(<stderr)" ''
	run --separate-stderr bash -c "cat a | '$SAVETOOL' size --json\
		--fail-if-dense=0 -"
	assert_success
	make_image v2-small c
	cat c | "$SAVETOOL" inspect --json - >json
	jq -e '.sizes | has("logical") or has("allocated") | not' json
	cat c | "$SAVETOOL" inspect - >text
	run grep -c 'logical\|allocated' text
	assert_output 0
}

@test "a compressed image has no stale or lost pages" {
	make_image v3-all-bits a
	gzip a
	savetool inspect --json a.gz
	assert_success
	assert_json '.findings == []'
	assert_json '.sizes | has("logical") and has("allocated")'
	assert_json '.sizes | has("reclaimable-stale") | not'
	savetool convert -O raw a.gz b
	assert_success
	assert_silent
	make_image v3-stale c
	gzip c
	savetool inspect --json c.gz
	assert_json '.findings == []'
	assert_json '.sizes | has("reclaimable-stale") | not'
	# But there is memory that no bit says is there.
	make_image v3-background-empty-bitmaps d
	gzip d
	savetool inspect --json d.gz
	assert_json '.findings[0].code == "empty-bitmaps"'
}

@test "an image that was compressed as a whole is read" {
	local each pack image

	# What unpacks does not know what is inside, nor the other way round:
	# every program with one image, and every kind of image with one.
	for each in gzip:libvirt-raw xz:libvirt-raw bzip2:libvirt-raw \
		lzop:libvirt-raw zstd:libvirt-raw zstd:libvirt-sparse \
		zstd:libvirt-zstd; do
		pack=${each%:*}
		image=${each#*:}.save
		[ -e "$image" ] || real_image "$image"
		$pack -c <"$image" >packed
		savetool convert --verify -O sparse packed there
		assert_success
		assert_same "$image" packed there
		savetool inspect --json packed
		assert_success
		assert_json ".container == \"libvirt\" and
			.compression == \"$pack\""
		rm packed there
	done
}

@test "inspect and digest read a pipe" {
	local image

	for image in libvirt-sparse.save libvirt-raw.save; do
		real_image $image
		# shellcheck disable=SC2002
		run --separate-stderr bash -c \
			"cat $image | '$SAVETOOL' inspect --json -"
		assert_success
		assert_json '.path == "-" and .container == "libvirt" and
			(.blocks | length) == 6'
		# shellcheck disable=SC2002
		assert_equal "$(cat $image | "$SAVETOOL" digest - |
			cut -d ' ' -f 1)" "$(digest $image)"
	done
}

@test "a pipe takes no holes, and nothing is read back from it" {
	real_image libvirt-raw.save
	run --separate-stderr bash -c \
		"'$SAVETOOL' convert -O sparse libvirt-raw.save - | cat >out
		exit \${PIPESTATUS[0]}"
	assert_error 2 "libvirt-raw.save: format 'sparse' cannot be written\
 to a pipe"
	[ ! -s out ]
	run --separate-stderr bash -c \
		"'$SAVETOOL' convert --verify libvirt-raw.save - | cat >out
		exit \${PIPESTATUS[0]}"
	assert_error 2 "libvirt-raw.save: output to a pipe cannot be verified"
	[ ! -s out ]
}

@test "with an image on standard output, nothing else is written there" {
	make_image v2-small
	savetool convert --json v2-small -
	assert_failure 2
	savetool convert -v v2-small -
	assert_failure 2
}

@test "an image is not written to a terminal" {
	make_image v2-small
	run script -qec "'$SAVETOOL' convert v2-small -" /dev/null
	assert_failure 2
	assert_output --partial "refusing to write an image to a terminal"
}

@test "a new file behind '>' is written like any file" {
	make_image v2-small
	"$SAVETOOL" convert -O sparse v2-small - >there
	assert_same v2-small there
}

@test "a pipe that breaks off leaves no destination" {
	real_image libvirt-raw.save
	run --separate-stderr bash -c \
		"head -c 5000000 libvirt-raw.save |
		'$SAVETOOL' convert -O sparse - there"
	assert_failure 5
	assert_equal "$(ls -A)" libvirt-raw.save
	run --separate-stderr bash -c "'$SAVETOOL' convert -O raw \
		libvirt-raw.save - | head -c 10000 >/dev/null
		exit \${PIPESTATUS[0]}"
	assert_failure
}

@test "the temporary file for a mapped-ram pipe has no name" {
	real_image libvirt-sparse.save
	mkdir there
	# shellcheck disable=SC2002
	cat libvirt-sparse.save | "$SAVETOOL" convert -O raw - there/raw
	assert_equal "$(ls -A there)" raw
}

# keeps_nothing FILE ARGUMENT...: with that as standard input, savetool makes
# no temporary file.
keeps_nothing()
{
	local file=$1
	shift

	command -v strace >/dev/null || fail "strace is missing"
	# shellcheck disable=SC2002
	cat "$file" | strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace \
		-e trace=openat "$SAVETOOL" "$@" >output ||
		fail "$file: $*"
	! grep TMPFILE trace
}

@test "a mapped-ram image from a pipe is read as it comes" {
	local image

	real_image libvirt-sparse.save
	real_image bare-mapped.mig
	make_image v3-two-blocks
	make_image v3-stale
	for image in libvirt-sparse.save bare-mapped.mig v3-two-blocks \
		v3-stale; do
		"$SAVETOOL" convert -O sparse $image plain
		keeps_nothing $image digest -
		assert_equal "$(cut -d ' ' -f 1 output)" "$(digest $image)"
		keeps_nothing $image convert -O sparse --verify - piped
		cmp plain piped
		zstd -q <$image >packed
		keeps_nothing /dev/null convert -f -O sparse packed piped
		cmp plain piped
		rm plain piped packed
	done
}

@test "what is not in the order of a pipe is kept, and only that" {
	make_image v3-bitmap-at-end
	# shellcheck disable=SC2002
	cat v3-bitmap-at-end | strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f \
		-o trace -e trace=openat "$SAVETOOL" digest - >output
	assert_equal "$(cut -d ' ' -f 1 output)" "$(digest v3-bitmap-at-end)"
	grep -q TMPFILE trace
	"$SAVETOOL" convert -O sparse v3-bitmap-at-end plain
	# shellcheck disable=SC2002
	cat v3-bitmap-at-end | "$SAVETOOL" convert -O sparse - piped
	cmp plain piped
}

@test "a mapped-ram pipe that breaks off is incomplete, and the place is said" {
	local size

	make_image v3-two-blocks
	for size in 120 4096 1048600 1055000; do
		head -c $size v3-two-blocks >part
		run --separate-stderr bash -c "cat part | '$SAVETOOL' digest -"
		assert_failure 5
		# shellcheck disable=SC2154 # bats' own
		[[ $stderr == "savetool: -: "*"at byte $size)"* ]] ||
			fail "$stderr"
		run --separate-stderr bash -c \
			"cat part | '$SAVETOOL' convert -O sparse - there"
		assert_failure 5
		[ ! -e there ]
	done
}

@test "doubts about the bitmaps do not need a file" {
	make_image v3-order-doubtful
	make_image v3-background-empty-bitmaps
	for image in v3-order-doubtful v3-background-empty-bitmaps; do
		savetool convert -O sparse $image there
		local wanted=$stderr
		assert_failure
		# shellcheck disable=SC2154
		run --separate-stderr bash -c \
			"cat $image | '$SAVETOOL' convert -O sparse - there"
		assert_failure
		assert_equal "${stderr/ -: / $image: }" "$wanted"
		[ ! -e there ]
	done
}

@test "if a pipe's temporary file does not fit, the error names its folder" {
	command -v strace >/dev/null || fail "strace is missing"
	real_image libvirt-sparse.save
	mkdir there
	# shellcheck disable=SC2002
	cat libvirt-sparse.save | strace -E ASAN_OPTIONS=detect_leaks=0 -qq \
		-o trace -e trace=pwritev \
		-e inject=pwritev:error=ENOSPC:when=3 "$SAVETOOL" \
		convert -O raw - there/raw 2>stderr && status=0 || status=$?
	assert_equal "$status" 8
	run cat stderr
	assert_output --regexp "^savetool: -: not enough space after [0-9]+ bytes, \
and it is unknown how many more are needed: cannot write a temporary file in \
'there': No space left on device \(at byte [0-9]+\)\$"
	assert_equal "$(ls -A there)" ''
}

@test "an image is not appended to itself" {
	local sum

	make_image v2-small a
	sum=$(sha256sum <a)
	run --separate-stderr bash -c "'$SAVETOOL' convert a - >>a"
	assert_error 8 "a: source and destination are the same file"
	run --separate-stderr bash -c "'$SAVETOOL' convert a - 1<>a"
	assert_error 8 "a: source and destination are the same file"
	assert_equal "$(sha256sum <a)" "$sum"
}

# stalls COMMAND...: feeds the pipe with what the command writes, and then with
# nothing: its end is held open here.
stalls()
{
	exec 8<>pipe
	"$@" >&8 2>/dev/null 3>&- 8>&- &
	writer=$!
}

# waits PID: its signals are as it wants them, all that was written has been
# read, and each of its threads waits for something.
waits()
{
	grep -q '^SigCgt:.*[2367abef]..$' "/proc/$1/status" || return
	[ -z "$writer" ] || is_drained || return
	! grep -hq '^State:[[:space:]][^S]' "/proc/$1/task/"*/status
}

is_drained()
{
	! kill -0 "$writer" 2>/dev/null && python3 -c 'import array, fcntl, sys
left = array.array("i", [0])
fcntl.ioctl(8, 0x541b, left)  # FIONREAD
sys.exit(left[0] != 0)'
}

# ends_by_one_signal ARGUMENT...: of savetool, which waits on the pipe.
ends_by_one_signal()
{
	local pid

	env --default-signal "$SAVETOOL" "$@" <&0 2>stderr 3>&- 8>&- &
	pid=$!
	# What it waits for by then, it waits for for ever.
	awaits waits $pid
	kill -TERM $pid
	run timeout 300 tail --pid=$pid -f /dev/null
	kill -KILL $pid 2>/dev/null && fail "still waiting: savetool $*"
	status=0
	wait $pid || status=$?
	exec 8>&-
	writer=
	assert_equal "$status" 143
	assert_equal "$(<stderr)" ''
	assert_equal "$(find . -type f ! -name '*.save*' ! -name stderr)" ''
}

@test "a command that only reads is ended by a signal, wherever it waits" {
	local writer=

	mkfifo pipe
	stalls true
	ends_by_one_signal inspect - <pipe
	ends_by_one_signal inspect pipe
}

@test "a command that writes is ended by a signal, wherever it waits" {
	local packed writer=

	real_image libvirt-raw.save
	real_image libvirt-sparse.save
	mkfifo pipe
	for packed in zstd gzip bzip2 xz lzop; do
		$packed -c <libvirt-raw.save >raw.save.$packed
	done
	stalls true
	ends_by_one_signal convert pipe out
	stalls head -c 50 libvirt-raw.save
	ends_by_one_signal convert pipe out
	stalls head -c 9000000 libvirt-raw.save
	ends_by_one_signal convert -O sparse pipe out
	stalls head -c 9000000 libvirt-raw.save
	ends_by_one_signal convert -O zstd - out <pipe
	stalls head -c 3000000 libvirt-sparse.save
	ends_by_one_signal convert -O raw pipe out
	for packed in zstd gzip bzip2 xz lzop; do
		stalls head -c 500000 raw.save.$packed
		ends_by_one_signal convert -O sparse pipe out
	done
	stalls head -c 9000000 libvirt-raw.save
	ends_by_one_signal check --deep pipe
	# There is nobody at the other end of it.
	ends_by_one_signal convert pipe out
	ends_by_one_signal check pipe
}

@test "a named pipe is waited for, and read to its end" {
	make_image v2-small a
	mkfifo pipe
	{ sleep 0.5; cat a >pipe; } 3>&- &
	savetool convert pipe b
	assert_success
	cmp a b
	{ sleep 0.5; : >pipe; } 3>&- &
	savetool digest pipe
	assert_error 4 "pipe: file is empty"
}

@test "an image that must be read twice is not verified from a pipe" {
	local options

	make_image v2-xbzrle a
	gzip -k a
	for options in 'sparse a' 'raw a' 'zstd a.gz'; do
		run --separate-stderr bash -c "cat ${options#* } |
			'$SAVETOOL' convert --verify -O ${options% *} - b"
		assert_error 7 "-: memory saved with XBZRLE cannot be verified\
 when reading from a pipe; read it from a file, or leave out --verify"
		[ ! -e b ]
	done
	cat a | "$SAVETOOL" convert -O sparse - b
	assert_same a b
}
