#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The library says what helps, and only cmd/ knows how it is typed.

setup()
{
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "${top_srcdir:-$BATS_TEST_DIRNAME/../..}" || exit
}

# Strings in C files with an option in them; comments are left out.
options_in()
{
	find "$1" -name '*.[ch]' -exec grep -HnE '"[^"]*--[a-z][^"]*"' {} + ||
		true
}

@test "no message of the library names an option" {
	run options_in lib
	assert_success
	assert_output ''
	# The search itself finds what it looks for.
	run options_in cmd
	assert_output --partial 'cmd/hint.c'
}

@test "every hint of the library has words, and no word lacks its hint" {
	local listed words

	listed=$(grep -oE 'SAVETOOL_HINT_[A-Z_]+' lib/savetool/hint.h |
		grep -vE '_NONE$|_HINT_H$' | sort -u)
	words=$(grep -oE 'HINT\([A-Z_]+\) =' cmd/hint.c |
		sed -E 's/HINT\((.*)\) =/SAVETOOL_HINT_\1/' | sort)
	[ -n "$listed" ]
	assert_equal "$words" "$listed"
}
