#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Which room may include which, and what no file of a room may do.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}

# strangers FOLDER ALLOWED: includes in quotes that ALLOWED does not match.
strangers()
{
	local line

	[ -d "$1" ] || { echo "no folder '$1'"; return; }
	while IFS= read -r line; do
		[[ ${line##*:} =~ ^\#\ *include\ +\"($2)\.h\" ]] ||
			echo "${line#"$top"/}"
	done < <(grep -rE '^#[[:space:]]*include[[:space:]]+"' \
		--include='*.[ch]' "$1")
}

no_strangers()
{
	local found

	found=$(strangers "$@")
	[ -z "$found" ] || { echo "$found"; return 1; }
}

# Each room may include itself and the rooms to its left.
rooms=(base io codec outer ram format image walk inspect)

# A task knows all of these rooms, and no other task.
tasks=(check size map rewrite edit sparsify extract compare)

# allowed_in ROOM: the headers that its files may include, as a pattern.
allowed_in()
{
	local room allowed='config|savetool'

	for room in "${rooms[@]}"; do
		allowed+="|$room/[a-z_0-9]+"
		[ "$room" != "$1" ] || break
	done
	[ "$room" = "$1" ] || allowed+="|$1/[a-z_0-9]+"
	echo "$allowed"
}

@test "a room includes itself and the rooms to its left" {
	local room

	for room in "${rooms[@]}"; do
		no_strangers "$top/lib/$room" "$(allowed_in "$room")"
	done
}

@test "a task includes the rooms and no other task" {
	local task

	for task in "${tasks[@]}"; do
		no_strangers "$top/lib/$task" "$(allowed_in "$task")"
	done
}

@test "every folder of lib is a room, a task or the public headers" {
	local found

	found=$(cd "$top/lib" && for d in */; do echo "${d%/}"; done |
		grep -vxF "$(printf '%s\n' savetool "${rooms[@]}" "${tasks[@]}")" ||
		true)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "no source file lies flat in lib" {
	run find "$top/lib" -maxdepth 1 -name '*.c'
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "unit tests stand in the room of what they test" {
	local file name found=

	while IFS= read -r file; do
		name=${file#"$top"/tests/unit/}
		name=${name%_test.c}
		case $name in
		cmd/*) set -- "$top/$name".[ch] ;;
		*) set -- "$top/lib/$name".[ch] ;;
		esac
		[ -e "$1" ] || [ -e "${2-}" ] || found+="$name "
	done < <(find "$top/tests/unit" -name '*_test.c')
	[ -z "$found" ] || { echo "nothing is called so: $found"; return 1; }
}

# undefined_and_defined OBJECT: its names, as 'U name' and 'T name'.
undefined_and_defined()
{
	nm "$1" | awk 'NF == 2 && $1 == "U" { print "U", $2 }
		NF == 3 && $2 ~ /^[TDBRC]$/ { print "T", $3 }'
}

@test "no two source files need each other, however many are between" {
	local object name build=${top_builddir:-$top/build}

	command -v nm tsort >/dev/null
	while IFS= read -r object; do
		name=${object#"$build"/lib/}
		undefined_and_defined "$object" |
			awk -v file="${name/.libs\/}" '{ print file, $0 }'
	done < <(find "$build/lib" -name '*.o') \
		>"$BATS_TEST_TMPDIR/names"
	[ -s "$BATS_TEST_TMPDIR/names" ]
	awk 'FNR == NR { if ($2 == "T") home[$3] = $1; next }
		$2 == "U" && $3 in home && home[$3] != $1 {
			print $1, home[$3] }' \
		"$BATS_TEST_TMPDIR/names" "$BATS_TEST_TMPDIR/names" |
		sort -u >"$BATS_TEST_TMPDIR/needs"
	[ -s "$BATS_TEST_TMPDIR/needs" ]
	run tsort "$BATS_TEST_TMPDIR/needs"
	[ "$status" = 0 ] ||
		{ grep '^tsort:' <<<"$output"; return 1; }
}

@test "cmd sees the library through savetool.h alone" {
	no_strangers "$top/cmd" \
		'config|savetool|base/cleanup|base/nearest|base/text|(cmd/)?[a-z_0-9]+'
	# A header without folder must be cmd's own.
	local header found=

	while read -r header; do
		[ -e "$top/cmd/$header" ] || found+="$header "
	done < <(grep -rhoE '^#include "[a-z_0-9]+\.h"' \
		--include='*.[ch]' "$top/cmd" | cut -d '"' -f 2 |
		grep -vxE 'config\.h|savetool\.h')
	[ -z "$found" ] || { echo "not cmd's: $found"; return 1; }
}

@test "mkimage shares no code with what it tests" {
	no_strangers "$top/tests/mkimage" 'config|[a-z_0-9]+'
}

@test "every header names what it is guarded by after itself" {
	local file guard found=

	while IFS= read -r file; do
		guard=${file#"$top"/lib/}
		guard=${guard//[\/.]/_}
		guard=${guard^^}
		grep -qx "#ifndef $guard" "$file" || found+="${file#"$top"/} "
	done < <(find "$top/lib" -name '*.h')
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "lib does not use popt or libsmartcols" {
	local found

	found=$(grep -rnE '^#include <(popt|libsmartcols[^>]*)\.h>' \
		"$top/lib" || true)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "the library neither prints nor exits nor reads the environment" {
	local found

	found=$(grep -rnE --include='*.c' \
		'(^|[^a-z_0-9.>])(printf|puts|putchar|perror|exit|_exit|abort|getenv|secure_getenv)[[:space:]]*\(' \
		"$top/lib" | grep -vE '^[^:]*:[0-9]*:[[:space:]]*(/?\*|//)' ||
		true)
	[ -z "$found" ] || { echo "$found"; return 1; }
}
