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
	keep_json "$@"
}

# keep_json ARGUMENT...: keeps the output, if it is JSON, to check it against
# the schema.
keep_json()
{
	local asked='(^| )--(json|output[= ]json)( |$)' json='^[[{]'

	# shellcheck disable=SC2154 # of run
	[[ $* =~ $asked && $output =~ $json ]] || return 0
	printf '%s\0' "$BATS_TEST_DESCRIPTION" "$*" "$output" \
		>>"$BATS_FILE_TMPDIR/json.$BATS_TEST_NUMBER"
}

# unprivileged ARGUMENT...: the same as an ordinary user; root drops its
# capabilities for it.
unprivileged()
{
	if [ "$(id -u)" = 0 ]; then
		run --separate-stderr setpriv --bounding-set=-all \
			"$SAVETOOL" "$@"
		keep_json "$@"
	else
		savetool "$@"
	fi
}

# recipe NAME: prints the path of a recipe of tests/recipes, in any folder.
recipe()
{
	local path

	for path in "$top"/tests/recipes/{*,*/*}/"$1".recipe; do
		[ ! -e "$path" ] || { echo "$path"; return; }
	done
	fail "no recipe $1"
}

# make_image RECIPE [NAME]: builds an image here from such a recipe.
make_image()
{
	local path

	path=$(recipe "$1") && "$mkimage" "$path" "${2:-$1}"
}

# digest ARGUMENT...: prints the guest's digest.
digest()
{
	"$SAVETOOL" digest "$@" | cut -d ' ' -f 1
}

# allocated FILE: prints how many bytes of disk space it takes.
allocated()
{
	echo $(($(stat -c %b "$1") * 512))
}

# copy_dense FROM TO: a copy in which every byte takes disk space.
copy_dense()
{
	cp --reflink=never --sparse=never "$1" "$2"
}

# mapped_recipe [WORD...]: prints the recipe of a mapped-ram stream with one
# device.  Blocks and pages come from standard input, and the words are for its
# configuration.
mapped_recipe()
{
	printf '%s\n' stream "configuration $* capability=mapped-ram" 'ram start'
	cat
	printf '%s\n' 'ram part' 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof vmdesc
}

# sequential_memory: prints a recipe up to the end of memory, which is a block
# of 64 KiB.  Its pages come from standard input.
sequential_memory()
{
	printf '%s\n' stream configuration 'ram start' 'block pc.ram 64K' \
		'ram part'
	cat
	echo 'ram end'
}

# real_image NAME: an image that QEMU or libvirt saved, read-only.  It is
# decompressed once for all tests of a file.
real_image()
{
	local folder=$BATS_FILE_TMPDIR/real

	[ -e "$folder/$1" ] || "$top/tests/data/unpack" "$folder" "$1" >&2
	ln -s "$folder/$1" "$1"
}

# assert_json FILTER: the filter of jq is true for the standard output.
assert_json()
{
	jq -e "$1" <<<"$output" >/dev/null ||
		fail "not so: $1"$'\n'"$output"
}

# assert_error STATUS TEXT: this is the exit status, and the text is the only
# line on standard error.
assert_error()
{
	assert_equal "$status" "$1"
	assert_equal "$stderr" "savetool: $2"
}

assert_silent()
{
	assert_equal "$output$stderr" ''
}

# in_seconds N WORD...: savetool, with at most N seconds of processor time; the
# machine may be busy with other things.
in_seconds()
(
	ulimit -t "$1"
	shift
	exec "$SAVETOOL" "$@"
)

# give_back FILE: frees the blocks that XFS allocates ahead of a growing file
# and that were never written to.  tar and rsync, for example, leave them.
give_back()
{
	local PATH=$PATH:/usr/sbin extents first last

	command -v filefrag >/dev/null || fail "filefrag is missing"
	truncate -s +0 "$1"
	sync "$1"
	# A file system that cannot list them, such as tmpfs, has none.
	extents=$(filefrag -v -b4096 "$1" 2>/dev/null) || return 0
	sed -n '/unwritten/s/^ *[0-9]*: *\([0-9]*\)\.\. *\([0-9]*\):.*/\1 \2/p' \
		<<<"$extents" | while read -r first last; do
		fallocate -p -o $((first * 4096)) \
			-l $(((last - first + 1) * 4096)) "$1"
	done
}

# awaits COMMAND...: waits until the command succeeds.  The limit is longer than
# any machine needs.
awaits()
{
	local end=$((SECONDS + 300))

	until "$@"; do
		[ $SECONDS -lt $end ] || fail "waited in vain: $*"
		sleep 0.05
	done
}

# held CALL N ARGUMENT...: starts savetool, and stops it after the Nth such call
# of one of its threads, because no delay is long enough everywhere.  Then $held
# is its process id, its output is in 'said' and 'err', and its calls are in
# 'trace'.  Signals act on it as at a prompt, unless $signals says otherwise.
held()
{
	local call=$1 number=$2
	shift 2

	command -v strace >/dev/null || fail "strace is missing"
	: >trace
	env "${signals---default-signal}" strace \
		-E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace \
		-e trace="$call" -e inject="$call:signal=STOP:when=$number" \
		"$SAVETOOL" "$@" >said 2>err 3>&- &
	tracer=$!
	awaits is_held_or_gone
	held=$(sed -n '/--- stopped by SIGSTOP ---/{ s/ .*//p; q; }' trace)
	[ -n "$held" ] || fail "never came to that: $(cat err)"
}

is_held_or_gone()
{
	grep -q -e '--- stopped by SIGSTOP ---' trace || ! kill -0 $tracer
}

# let_go: lets the held process go on, and stores its exit status in $status.
let_go()
{
	status=0
	awaits has_gone_on
	wait $tracer || status=$?
}

# Another thread may stop the process once more.
has_gone_on()
{
	kill -CONT "$held" 2>/dev/null
	! kill -0 $tracer 2>/dev/null
}

# ask_for FILE: opens the file, for which another process has a lease.  That
# process is asked to give it up, and the open does not wait for it.
ask_for()
{
	run dd if="$1" iflag=nonblock count=0
	assert_output --partial 'Resource temporarily unavailable'
}

# gives_way COMMAND IMAGE KEPT CALL N: a process that opens the image after the
# Nth such call can read it, and it equals KEPT.
gives_way()
{
	# shellcheck disable=SC2086 # a command's words
	held "$4" "$5" $1 "$2"
	ask_for "$2"
	cat "$2" >got 3>&- &
	let_go
	assert_equal "$status" 8
	assert_equal "$(cat err)" \
		"savetool: $2: stopped because another process opened the\
 file"
	wait $!
	cmp got "$3"
}

# Every test works in an empty folder of its own.
setup()
{
	command -v jq >/dev/null || fail "jq is missing"
	[ -x "$SAVETOOL" ] || fail "SAVETOOL is not a program"
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here" || return
}

# One run of Python for each file of tests.
teardown_file()
{
	local kept

	kept=$(find "$BATS_FILE_TMPDIR" -maxdepth 1 -name 'json.*' | sort -V)
	# shellcheck disable=SC2086 # one word each
	[ -z "$kept" ] || python3 -B "$top/tests/cli/schema.py" $kept
}
