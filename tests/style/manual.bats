#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The program, its manual pages and its completions know the same commands
# and the same options.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}

commands()
{
	"$SAVETOOL" --commands
}

# Long options that a page explains: list items and sentences alike.
manual_options()
{
	grep -E '^\.(It|Op|Oo|Fl|Cm|Nm|Ar|Sm)?.*\bFl ' "$1" |
		grep -oE 'Fl +-[a-z][a-z0-9-]*' | sed -E 's/^Fl +-/--/' |
		sort -u
}

# Long options that a page lists: its promise.
listed_options()
{
	grep -E '^\.It .*Fl ' "$1" | grep -oE 'Fl +-[a-z][a-z0-9-]*' |
		sed -E 's/^Fl +-/--/' | sort -u
}

program_options()
{
	"$SAVETOOL" "$@" --long-options | sort -u
}

@test "there are commands" {
	[ "$(commands | grep -c .)" -ge 2 ]
}

@test "every command has a manual page, and every page a command" {
	diff <(commands | sort) \
		<(cd "$top/man" && for page in savetool-*.1; do
			page=${page#savetool-}
			echo "${page%.1}"
		done | sort)
}

@test "savetool(1) names every command" {
	local command found=

	for command in $(commands); do
		grep -qE "(^\.Xr savetool-$command 1|\bCm $command\b)" \
			"$top/man/savetool.1" || found+="$command "
	done
	[ -z "$found" ] || { echo "$found"; return 1; }
}

@test "README and savetool(1) have the commands in the program's order" {
	diff <(commands) <(sed -n '/^\.It Cm inspect/,/^\.El/{
		/It Cm help/d; s/^\.It Cm //p; }' "$top/man/savetool.1")
	diff <(commands) \
		<(sed -n 's/^| `savetool \([a-z]*\) .*/\1/p' "$top/README.md")
}

@test "savetool(1) leads to the pages of all commands" {
	diff <(commands | sed 's/^/.Xr savetool-/; s/$/ 1/' | sort) \
		<(sed -n '/^\.Sh SEE ALSO/,/^\.Sh [^S]/p' \
			"$top/man/savetool.1" | sed 's/ ,$//' |
			grep '^\.Xr savetool-.* 1$' | sort)
}

# mdoc takes a word as "In" for one of its macros there.
@test "no heading has a word that is a macro" {
	run grep -nE '^\.S[hs] (.* )?(An|At|Do|In|No|So)( |$)' \
		"$top"/man/*.[157]
	[ "$status" -eq 1 ] || { echo "$output"; return 1; }
}

@test "a page lists the options of its command, no more, no less" {
	local command status=0

	for command in $(commands); do
		diff --label "savetool $command --long-options" \
			--label "man/savetool-$command.1" -u \
			<(program_options "$command") \
			<(listed_options "$top/man/savetool-$command.1") ||
			status=1
	done
	return $status
}

@test "a page mentions no option that its command lacks" {
	local command option status=0

	for command in $(commands); do
		for option in $(manual_options \
				"$top/man/savetool-$command.1"); do
			program_options "$command" | grep -qxe "$option" || {
				echo "savetool-$command.1: $option"
				status=1
			}
		done
	done
	return $status
}

@test "-h and --help of every command exit 0 and name its options" {
	local command option help status=0

	for command in $(commands); do
		"$SAVETOOL" "$command" -h >/dev/null
		help=$("$SAVETOOL" "$command" --help)
		for option in $(program_options "$command"); do
			grep -qFe "$option" <<<"$help" ||
				{ echo "$command: $option"; status=1; }
		done
	done
	return $status
}

@test "savetool --help names every command" {
	local command help

	help=$("$SAVETOOL" --help)
	for command in $(commands); do
		grep -qw "$command" <<<"$help"
	done
}

@test "completions ask the program for commands and options" {
	local file

	for file in savetool.bash _savetool savetool.fish; do
		grep -qe '--commands' "$top/completions/$file"
		grep -qe '--long-options' "$top/completions/$file"
	done
}
