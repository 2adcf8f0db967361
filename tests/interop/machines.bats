#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What savetool says about a machine type, compared with each real QEMU here.

load helpers

setup_file()
{
	need_program
}

# binaries: every QEMU that may be here, one a line; BINARIES has others.
binaries()
{
	local processor

	if [ -n "${BINARIES-}" ]; then
		tr ' ' '\n' <<<"$BINARIES"
		return
	fi
	for processor in x86_64 aarch64 ppc64 s390x m68k; do
		command -v "qemu-system-$processor" || true
	done
	for processor in "$SAVETOOL_LAB/qemu-7.2/usr/bin/qemu-system-x86_64" \
			"$SAVETOOL_LAB/qemu-newer/qemu-system-x86_64"; do
		[ ! -x "$processor" ] || echo "$processor"
	done
}

# has BINARY: its versioned machine types.
has()
{
	"$1" -machine help | awk '$1 ~ /-[0-9]+\.[0-9.]+$/ { print $1 }' |
		sort
}

# release BINARY: "10.0".
release()
{
	"$1" --version | sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p'
}

# begins TYPE: the file 'image', a stream up to and with its machine type.
begins()
{
	{
		printf 'QEVM\0\0\0\3\7\0\0\0'
		# shellcheck disable=SC2059  # it is a byte
		printf "\\x$(printf %02x ${#1})"
		printf '%s\0' "$1"
	} >image
}

# said TYPE: first and last release, as savetool says; it is cut off after it.
said()
{
	begins "$1"
	{ "$SAVETOOL" inspect --json image || true; } | jq -r \
		'.["restores-with"] | [.qemu, .["qemu-last"]] | @tsv'
}

# is_between RELEASE FIRST LAST; 4.0.1 counts as 4.0.
is_between()
{
	[ "$(printf '%s\n' "${2%.[0-9].*}" "$1" "$3" | sort -V)" = \
		"$(printf '%s\n' "${2%.[0-9].*}" "$1" "$3")" ]
}

# asks: every program's release and machine types into files 1, 2, ...
asks()
{
	local binary count=0

	while read -r binary; do
		count=$((count + 1))
		release "$binary" >$count.release
		has "$binary" >$count.types
		echo "$binary" >$count.name
	done < <(binaries)
	[ $count -gt 0 ]
}

# agrees TYPE FIRST LAST: does each program have it if and only if it should?
agrees()
{
	local file here there

	for file in *.types; do
		# A program of another processor has nothing of this family.
		grep -q "^${1%-*}-[0-9]" "$file" || continue
		# The board of m68k took arm's name when that was at 6.0.
		[[ $(<"${file%.types}.name") != *m68k ]] ||
			is_between 6.0 0.0 "$2" || continue
		here=no there=no
		! grep -qxF "$1" "$file" || here=yes
		! is_between "$(<"${file%.types}.release")" "$2" "$3" ||
			there=yes
		echo "$1 $2 to $3: $(<"${file%.types}.name"): $here"
		[ $here = $there ] || return 1
	done
}

@test "a QEMU has a machine type if and only if savetool says so" {
	local type first last

	cd "$BATS_TEST_TMPDIR"
	asks
	while read -r type; do
		IFS=$'\t' read -r first last <<<"$(said "$type")"
		echo "$type: $first to $last"
		[ -n "$first" ] && [ -n "$last" ]
		agrees "$type" "$first" "$last"
	done < <(sort -u ./*.types)
}

# missing BINARY TYPE: does check --against say that it has none such?
missing()
{
	begins "$2"
	"$SAVETOOL" check --json --against "$1" image >found 2>/dev/null || true
	jq -e '[.findings[].code] | index("machine-missing")' found
}

@test "check --against has the verdict of the real program" {
	local binary type

	cd "$BATS_TEST_TMPDIR"
	while read -r binary; do
		type=$(has "$binary" | tail -n 1)
		[ -n "$type" ]
		run missing "$binary" "$type"
		[ "$status" = 1 ]
		missing "$binary" "${type%-*}-99.0"
	done < <(binaries)
}
