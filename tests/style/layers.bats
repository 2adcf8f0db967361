#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may include whom: base, io, codec, ram, format; image and the rest; cmd.

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

# Each layer may include its own folder and those to its left.
may_include()
{
	local layer allowed='config|savetool'

	for layer in base io codec ram format; do
		allowed+="|$layer/[a-z_0-9]+"
		[ "$layer" != "$1" ] || break
	done
	no_strangers "$top/lib/$1" "$allowed"
}

@test "base includes nothing but base" {
	may_include base
}

@test "io includes base and io" {
	may_include io
}

@test "codec includes base to codec" {
	may_include codec
}

@test "ram includes base to ram" {
	may_include ram
}

@test "format includes base to format" {
	may_include format
}

@test "lib has no layers beyond these five, under the public headers" {
	local found

	found=$(cd "$top/lib" && for d in */; do echo "${d%/}"; done |
		grep -vxE 'savetool|base|io|codec|ram|format' || true)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "cmd sees the library through savetool.h alone" {
	no_strangers "$top/cmd" \
		'config|savetool|base/cleanup|base/text|(cmd/)?[a-z_0-9]+'
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

@test "libraries for people stay in cmd" {
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
