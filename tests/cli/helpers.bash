# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of the commands share.  A missing tool fails them all.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}
mkimage=${MKIMAGE:-${top_builddir:-$top/build}/tests/mkimage/mkimage}

# savetool ARGUMENT...: the program, its two outputs kept apart.
savetool()
{
	run --separate-stderr "$SAVETOOL" "$@"
}

# unprivileged ARGUMENT...: the same as a user like any other, which root is
# without capabilities.
unprivileged()
{
	if [ "$(id -u)" = 0 ]; then
		run --separate-stderr setpriv --bounding-set=-all \
			"$SAVETOOL" "$@"
	else
		savetool "$@"
	fi
}

# make_image RECIPE [NAME]: builds an image here from a recipe that is kept.
make_image()
{
	"$mkimage" "$top/tests/recipes/$1.recipe" "${2:-$1}"
}

# mapped_recipe [WORD...]: of a mapped-ram stream with one device, around the
# blocks and pages on standard input; the words are of its configuration.
mapped_recipe()
{
	printf '%s\n' stream "configuration $* capability=mapped-ram" 'ram start'
	cat
	printf '%s\n' 'ram part' 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof vmdesc
}

# sequential_memory: the part of a recipe up to the end of memory, which is a
# block of 64 KiB, with what standard input says of its pages.
sequential_memory()
{
	printf '%s\n' stream configuration 'ram start' 'block pc.ram 64K' \
		'ram part'
	cat
	echo 'ram end'
}

# gives_way COMMAND IMAGE KEPT COUNT CALL DELAY: while such calls take long, as
# strace's injection says, who opens the image behind so many of them gets it
# soon, and as it was kept.
gives_way()
{
	local command=$1 image=$2 kept=$3 count=$4 call=$5 pid status=0

	: >trace
	strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace -e trace="$call" \
		-e inject="$call:$6" "$SAVETOOL" "$command" "$image" 2>err &
	pid=$!
	until [ "$(wc -l <trace)" -ge "$count" ]; do sleep 0.05; done
	cmp "$image" "$kept"
	wait $pid || status=$?
	assert_equal "$status" 8
	assert_equal "$(cat err)" \
		"savetool: $image: another process opens it, and is given way"
}

# real_image NAME: an image that QEMU or libvirt saved, read-only, unpacked
# once for all tests of a file.
real_image()
{
	local folder=$BATS_FILE_TMPDIR/real

	[ -e "$folder/$1" ] || "$top/tests/data/unpack" "$folder" "$1" >&2
	ln -s "$folder/$1" "$1"
}

# assert_json FILTER: jq finds it true of the standard output.
assert_json()
{
	jq -e "$1" <<<"$output" >/dev/null ||
		fail "not so: $1"$'\n'"$output"
}

# assert_error STATUS TEXT: the only line on standard error, and the status.
assert_error()
{
	assert_equal "$status" "$1"
	assert_equal "$stderr" "savetool: $2"
}

assert_silent()
{
	assert_equal "$output$stderr" ''
}

# Every test works in an empty folder of its own.
setup()
{
	command -v jq >/dev/null || fail "jq is missing"
	[ -x "$SAVETOOL" ] || fail "SAVETOOL is no program"
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
}
