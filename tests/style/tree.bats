#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What holds for every file of the tree.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}

# The files of the project: git's in a checkout, all of them in a release.
tree()
{
	cd "$top" || return
	if [ -e .git ]; then
		git -c safe.directory='*' ls-files
	else
		find . -type f -printf '%P\n' |
			grep -vE '^(build[^/]*|autom4te\.cache|_build|_inst)/|~$' |
			grep -vxE 'configure|aclocal\.m4|Makefile\.in|config\.h\.in'
	fi
}

# Those that people write.
text()
{
	tree | grep -vE '^tests/(data|fuzz/corpus)/|\.(zst|bin|save)$|^COPYING$'
}

none()
{
	local found

	found=$(cat)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "there are files" {
	[ "$(text | grep -c .)" -gt 20 ]
}

@test "no file names a machine it was written on" {
	# In pieces, so that this file need not be an exception.
	local work=/wo home=/ho root=/roo

	text | (cd "$top" && xargs -d '\n' grep -nIE \
		"(^|[^a-z.\$}])(${work}rk/|${home}me/[a-z]|${root}t/)" \
		-- || true) | none
}

@test "no file names a host of packages" {
	local deb=deb

	text | (cd "$top" && xargs -d '\n' grep -nIiE \
		"https?://[a-z0-9.]*($deb.${deb}ian|snapshot|mirror|ubuntu|npmjs|pypi)[a-z0-9.]*" \
		-- || true) | none
}

@test "every C file starts with its licence and its purpose" {
	local file

	text | grep -E '\.[ch]$' | while IFS= read -r file; do
		head -n 1 "$top/$file" | grep -qxF \
			'/* SPDX-License-Identifier: LGPL-2.1-or-later */' &&
			sed -n 2p "$top/$file" | grep -q '^/\*' ||
			echo "$file"
	done | none
}

@test "every script starts with its licence" {
	local file

	text | grep -E '\.(sh|bats|py|mk|ac|am|bash)$|^bootstrap$|^\.ci/' |
	while IFS= read -r file; do
		head -n 3 "$top/$file" | grep -q \
			'SPDX-License-Identifier: LGPL-2.1-or-later' ||
			echo "$file"
	done | none
}

@test "no line of C is wider than 80 columns" {
	local file

	text | grep -E '\.[ch]$' | while IFS= read -r file; do
		expand "$top/$file" | awk -v file="$file" \
			'length > 80 { print file ":" NR ": " length }'
	done | none
}

@test "no file has a mark of unfinished work" {
	local to=TO fix=FIX xx=XX hac=HAC

	text | (cd "$top" && xargs -d '\n' grep -nIwE \
		"${to}DO|${fix}ME|${xx}X|${hac}K" -- || true) | none
}

@test "every source file is in a list of the build" {
	local file

	text | grep -E '^(lib|cmd|tests/unit|tests/differential|tests/mkimage)/.*\.[ch]$' |
	while IFS= read -r file; do
		name=${file#*/}
		name=${name%_test.c}
		grep -qE "%D%/$name(_test)?([[:space:]]|\$)" \
			"$top/${file%%/*}/local.mk" ||
			echo "$file"
	done | none
}

@test "every bats file is run" {
	local file

	text | sed -n 's|^tests/interop/\(.*\)\.bats$|\1|p' |
	while IFS= read -r file; do
		sed -n '/^files=(/,/)/p' "$top/tests/interop/run" |
			grep -qw "$file" || echo "$file"
	done | none

	text | grep -E '^tests/(cli|fuzz|style)/.*\.bats$' |
	while IFS= read -r file; do
		grep -qF "%D%/${file#tests/}" "$top/tests/local.mk" ||
			grep -qsF "%D%/${file##*/}" "$top/${file%/*}/local.mk" ||
			echo "$file"
	done | none
}
