#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What follows compressed data: the verdict is that of the program which libvirt
# runs, and the image can always be converted.

load helpers

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	make_image v2-small plain
	expected=$(digest plain)
}

teardown()
{
	[ -z "${device:-}" ] || losetup -d "$device"
}

# packs NAME: standard input, as libvirt has it packed.
packs()
{
	case $1 in
	lzma) xz --format=lzma -c ;;
	*) "$1" -c ;;
	esac
}

# passes NAME: the file image, past its header, as libvirt has it unpacked.
passes()
{
	case $1 in
	lzma) xz -dc ;;
	lzop) lzop -dc --ignore-warn ;;
	*) "$1" -dc ;;
	esac <image >unpacked 2>errors
}

# checks_as PASSES NAME: a file, or - for a pipe.
checks_as()
{
	local finding

	savetool check --deep --json "$2" <image
	finding=$(jq -c '[.findings[] | select(.code == "compressed-trailing")
		| [.severity, .offset, has("hint")]]' <<<"$output")
	if [ "$rest" = nothing ]; then
		assert_equal "$finding" "[]"
		assert_success
	elif "$1"; then
		assert_equal "$finding" "[[\"note\",$end,false]]"
		assert_success
	else
		assert_equal "$finding" "[[\"error\",$end,true]]"
		assert_failure 1
	fi
}

# reads_as PASSES NAME: every command reads all of the guest, and no more.
reads_as()
{
	local copy=copy-of-it

	checks_as "$@"
	assert_equal "$(digest "$2" <image)" "$expected"
	"$SAVETOOL" convert -q -f --verify -O raw "$2" "$copy" <image
	assert_equal "$(digest "$copy")" "$expected"
}

# rests PROGRAM: what follows, in files named by what it is.
rests()
{
	: >nothing
	head -c 4096 /dev/zero >zeros
	head -c 4097 /dev/zero >zeros-no-multiple-of-four
	head -c 5000 /dev/urandom >random
	# An image that was longer was there before.
	{ head -c 400000 /dev/urandom; cat plain; } | packs "$1" >older
	tail -c 30000 older >older-tail
	{ cat zeros packed; } >zeros-and-member
	{ cat random packed; } >random-and-member
	{ head -c 14 packed; cat random; } >damaged-member
}

# each_rest PROGRAM COMMAND: with image, $end and $rest.
each_rest()
{
	packs "$1" <plain >packed
	end=$(stat -c %s packed)
	rests "$1"
	for rest in nothing zeros zeros-no-multiple-of-four random older-tail \
		zeros-and-member random-and-member damaged-member; do
		echo "$1, $rest"
		cat packed "$rest" >image
		if passes "$1"; then
			"$2" true
		else
			"$2" false
		fi
	done
}

# What xz joins is another member: all of it is data.
file_and_pipe()
{
	if [ "$program $rest" = "xz zeros-and-member" ]; then
		return
	fi
	reads_as "$1" image
	reads_as "$1" -
}

on_device()
{
	if [ "$program $rest" = "xz zeros-and-member" ]; then
		return
	fi
	# Of whole sectors, so what follows is not of the same length.
	head -c $((-$(stat -c %s image) % 512 + 512)) "$rest" >>image
	truncate -s "$(($(stat -c %s image) / 512 * 512))" image
	if passes "$program"; then
		set -- true
	else
		set -- false
	fi
	if [ "$rest" = nothing ]; then
		return
	fi
	device=$(losetup -f --show image)
	reads_as "$1" "$device"
	losetup -d "$device"
	device=
}

@test "a file and a pipe with trailing bytes get the program's verdict" {
	for program in gzip bzip2 lzop xz zstd lzma; do
		each_rest "$program" file_and_pipe
	done
}

@test "a block device with trailing bytes gets the program's verdict" {
	[ "$(id -u)" = 0 ] || skip "a loop device is for root"
	[ -e /dev/loop-control ] || skip "no loop devices"
	for program in gzip bzip2 lzop xz zstd; do
		each_rest "$program" on_device
	done
}

@test "trailing bytes are judged after a header, too, and compact drops them" {
	local program passes

	while read -r program passes; do
		"$SAVETOOL" convert -q -f -O "$program" plain image
		end=$(stat -c %s image)
		rest=random
		head -c 3000 /dev/urandom >>image
		checks_as "$passes" image
		savetool inspect --json --scan image
		assert_json '[.findings[].code] == ["compressed-trailing"]'
		"$SAVETOOL" compact -q image
		rest=nothing
		checks_as true image
		assert_equal "$(digest image)" "$expected"
		[ "$(stat -c %s image)" -le "$end" ]
	done <<-END
		gzip false
		bzip2 true
		lzop true
		xz false
		zstd false
	END
}

@test "trailing bytes after a file compressed as a whole are judged, too" {
	make_image v3-bare mapped
	expected=$(digest mapped)
	gzip -c <mapped >image
	end=$(stat -c %s image)
	rest=random
	head -c 3000 /dev/urandom >>image
	checks_as false image
	assert_equal "$(digest image)" "$expected"
	# By chance, they start like a member.
	{ gzip -c <mapped; printf '\x1f\x8b\x08\0\0\0\0\0\0\3'; } >image
	head -c 3000 /dev/urandom >>image
	checks_as false image
	assert_equal "$(digest image)" "$expected"
}

@test "damaged or incomplete data is not taken for trailing bytes" {
	local size

	head -c 3000000 /dev/urandom >noise
	for program in gzip bzip2 xz zstd lzop; do
		# Members that only together are the image.
		size=$(($(stat -c %s plain) / 2))
		head -c "$size" plain | packs "$program" >first
		tail -c "+$((size + 1))" plain | packs "$program" >second
		cat first second >image
		assert_equal "$(digest image)" "$expected"
		{ cat first; head -c 14 second; head -c 2000 noise; } >image
		savetool check --deep image
		[ "$status" -ge 5 ]
		head -c -20 second | cat first - >image
		savetool check --deep image
		assert_failure 5
	done
}
