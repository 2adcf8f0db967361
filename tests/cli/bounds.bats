#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bounds: memory is some MiB and some bytes per page, whatever an image holds.

load helpers

# A sanitizer's own memory would be counted: then only the rest holds.
is_sanitized()
{
	grep -qE '__[at]san_init' "$SAVETOOL"
}

# peaks_below MIB COMMAND...: it succeeds, and takes no more memory than that.
peaks_below()
{
	local most=$(($1 << 10)) status peak time

	shift
	read -r status peak time < <(python3 "$top/tests/cli/peak.py" "$@")
	[ "$status" = 0 ] || fail "$*: exit status $status"
	[ "$peak" -le "$most" ] || is_sanitized ||
		fail "$*: $peak KiB, in $time ms"
}

# device_image NAME LAYOUT: one with far more device state than memory may be.
device_image()
{
	local capability=capability=mapped-ram

	[ "$2" = mapped ] || capability=
	"$mkimage" /dev/stdin "$1" <<-END
		stream
		configuration $capability
		ram start
			block pc.ram 64K
			page pc.ram 0 count=8
		ram end
		section full name=timer id=3 version=2 length=24
		section full name=gpu id=4 length=80M
		eof
		${3-vmdesc}
	END
}

# Every command, for an image that is not compressed.
commands_peak_below_64()
{
	local command

	for command in inspect "inspect --scan" "check --deep" digest map \
		"sparsify -n" "size --estimate" "compact -n"; do
		# shellcheck disable=SC2086
		peaks_below 64 "$SAVETOOL" $command "$1"
	done
	peaks_below 64 "$SAVETOOL" convert -fO raw --verify "$1" raw
	peaks_below 64 "$SAVETOOL" convert -fO sparse --verify "$1" sparse
	peaks_below 64 "$SAVETOOL" convert -fO lzop "$1" lzop
	peaks_below 64 "$SAVETOOL" compact -f --verify "$1" --copy compact
}

@test "device state is never held in memory: described" {
	local layout

	for layout in sequential mapped; do
		device_image $layout $layout
		commands_peak_below_64 $layout
		savetool inspect --json $layout
		assert_json '.devices[1].length == 83886080 and .complete'
		"$SAVETOOL" digest $layout raw sparse lzop compact >>digests
	done
	assert_equal "$(cut -d' ' -f1 digests | sort -u | wc -l)" 1
}

@test "device state is never held in memory: found by its footers" {
	device_image a sequential ''
	commands_peak_below_64 a
	cmp a raw
}

@test "device state is never held in memory: through a pipe, or compressed" {
	local layout

	for layout in sequential mapped; do
		device_image a $layout
		zstd -q1 a -o a.zst
		peaks_below 64 "$SAVETOOL" digest a.zst
		peaks_below 64 "$SAVETOOL" check --deep a.zst
		peaks_below 64 "$SAVETOOL" convert -fO raw a.zst b
		peaks_below 64 "$SAVETOOL" convert -fO raw - c < <(cat a)
		cmp b c
		assert_equal "$("$SAVETOOL" digest a.zst | cut -d' ' -f1)" \
			"$("$SAVETOOL" digest a | cut -d' ' -f1)"
		rm a.zst
	done
}

@test "described device state may have any length" {
	# A length of zeros, more than is looked through without a description.
	local length=$(((1 << 30) + 4096))

	"$mkimage" /dev/stdin a <<-END
		stream
		configuration capability=mapped-ram
		ram start
			block pc.ram 64K
			page pc.ram 0 count=8
		ram end
		section full name=gpu id=4 length=0 described=$length
		seek +$length
		eof
		vmdesc
	END
	savetool inspect --json a
	assert_success
	assert_json ".devices[0].length == $length"
	savetool map a
	assert_success
	savetool check a
	assert_success
}

@test "an index takes eight bytes per page, with and without --verify" {
	# All of its 2097152 pages come, and no 16 MiB are without data.
	"$mkimage" /dev/stdin a <<-END
		stream
		configuration
		ram start
			block pc.ram 8G
			zero pc.ram 0 count=all memory=no
			page pc.ram 0 count=512 step=4096 memory=no
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc
	END
	# 24 MiB are enough for the rest here.
	peaks_below $((16 + 24)) "$SAVETOOL" compact --verify a --copy b
	peaks_below $((16 + 24)) "$SAVETOOL" digest a
}

@test "an estimate takes little memory, and is the same on one processor" {
	"$mkimage" /dev/stdin a <<-END
		stream
		configuration capability=mapped-ram
		ram start
			block pc.ram 8G
			page pc.ram 0 count=16384 step=128
		ram end
		section full name=timer id=3 version=2 length=24
		section full name=gpu id=4 length=128M
		eof
		vmdesc
	END
	peaks_below 64 "$SAVETOOL" size --estimate a
	# What its extents take is counted once they are on the disk.
	sync a
	savetool size --json --estimate a
	assert_equal "$(taskset -c 0 "$SAVETOOL" size --json --estimate a)" \
		"$output"
}

# Each of them would be parsed, or walked to: for minutes, and longer.
@test "a tail that looks like a million vmdescs is searched in bounded time" {
	local look

	"$mkimage" /dev/stdin a <<-END
		stream
		configuration
		ram start
			block pc.ram 64K
			page pc.ram 0 count=8
		ram end
	END
	printf '\4\0\0\0\3\3gpu\0\0\0\0\0\0\0\2' >>a
	# The first one's length, of 8 MiB, leads to a closing brace.
	for look in '\0\6\0\177\377\372{}' '\0\6\0\0\0\016{"devices":[]}'; do
		# shellcheck disable=SC2059
		printf "$look" >many
		for _ in {1..20}; do
			cat many many >twice
			mv twice many
		done
		cat a many >b
		run --separate-stderr in_seconds 60 check b
		[[ $status = [56] ]] || fail "status $status: $stderr"
	done
}
