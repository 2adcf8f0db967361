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

# counts IMAGE BLOCK KEY: what lab.py finds in the image itself.
counts()
{
	lab facts "$1" | jq --arg block "$2" --arg key "$3" '.blocks[$block][$key]'
}
