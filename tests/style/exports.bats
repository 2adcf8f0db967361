#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library exports exactly what savetool.h declares.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}
build=${top_builddir:-$top/build}

exported()
{
	# Sanitizers put names of theirs beside; the version node is absolute.
	nm -D --defined-only "$build/.libs/libsavetool.so" |
		awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort -u
}

declared()
{
	# Declarations start in the first column and are not inside a struct.
	sed 's:/\*.*\*/::' "$top/lib/savetool.h" "$top"/lib/savetool/*.h |
		grep -oE '^[a-z].*\bsavetool_[a-z_0-9]+\(' |
		grep -oE 'savetool_[a-z_0-9]+\($' | tr -d '(' | sort -u
}

@test "the shared library is there" {
	[ -e "$build/.libs/libsavetool.so" ]
}

@test "the library exports only savetool_ names" {
	local names found

	names=$(exported)
	[ -n "$names" ]
	found=$(grep -vE '^(savetool_|__asan_|__odr_asan)' <<<"$names" || true)
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "what savetool.h declares is exported, and the reverse" {
	local names

	names=$(declared)
	[ -n "$names" ]
	diff <(echo "$names") <(exported | grep '^savetool_')
}

@test "a program of C99 and one of C++ compile with savetool.h alone" {
	local cc=${CC:-cc} folder=$BATS_TEST_TMPDIR

	cat >"$folder/use.c" <<-END
		#include <savetool.h>
		#include <string.h>

		int main(void)
		{
			return strcmp(savetool_version(), "$("$SAVETOOL" --version |
				sed -n '1s/.* //p')") != 0;
		}
	END
	# CC may be several words.
	$cc -std=c99 -Wall -Wextra -Werror -pedantic ${CFLAGS-} \
		-I"$top/lib" -o "$folder/use" "$folder/use.c" \
		-L"$build/.libs" -lsavetool -Wl,-rpath,"$build/.libs"
	"$folder/use"
	cp "$folder/use.c" "$folder/use.cc"
	${CXX:-c++} -Wall -Wextra -Werror -fsyntax-only -I"$top/lib" \
		"$folder/use.cc"
}
