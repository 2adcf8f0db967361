# SPDX-License-Identifier: LGPL-2.1-or-later
# What the interop tests have in common; $SAVETOOL names the program.
# shellcheck shell=bash disable=SC2154

lab()
{
	"$BATS_TEST_DIRNAME/lab.py" "$@"
}

need_program()
{
	[ -x "${SAVETOOL:?names the program under test}" ] || {
		echo "cannot run '$SAVETOOL'" >&2
		return 1
	}
}

# convert FORMAT SOURCE DEST [OPTION]...
convert()
{
	local format=$1 source=$2 dest=$3
	shift 3

	"$SAVETOOL" convert -O "$format" "$@" "$source" "$dest"
}

# fails_with TEXT COMMAND...: it fails, and says so.
fails_with()
{
	local text=$1
	shift

	run "$@"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"$text"* ]]
}

allocated()
{
	echo $(($(stat -c %b "$1") * 512))
}

digest()
{
	"$SAVETOOL" digest "$1" | cut -d ' ' -f 1
}

# on FILESYSTEM MKFS-WORD...: an empty one in mnt; that of a tmpfs is its size,
# and a ramfs has none.
on()
{
	local type=$1
	shift

	mkdir -p mnt
	if [ "$type" = tmpfs ] || [ "$type" = ramfs ]; then
		mount -t "$type" ${1:+-o "size=$1"} "$type" mnt
		return
	fi
	truncate -s 600M disk
	"mkfs.$type" "$@" disk >/dev/null
	mount -o loop disk mnt
}

# What is mounted there goes with the test that mounted it.
leave_disk()
{
	! mountpoint -q "$BATS_TEST_TMPDIR/mnt" || umount "$BATS_TEST_TMPDIR/mnt"
}

# counts IMAGE BLOCK KEY: what lab.py finds in the image itself.
counts()
{
	lab facts "$1" | jq --arg block "$2" --arg key "$3" '.blocks[$block][$key]'
}
