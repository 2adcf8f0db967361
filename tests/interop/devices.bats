#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams that do not begin where their file begins, and on block devices,
# which do not end where the stream ends.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	machine=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
	offset=70001
}

teardown()
{
	[ -z "${device:-}" ] || losetup --detach "$device"
}

# A device that was used before: nothing on it is zero.
make_device()
{
	head -c $((96 << 20)) /dev/urandom >disk
	device=$(losetup --show --find disk)
}

# finds_trailing LENGTH: inspect finds trailing data after this many bytes.
finds_trailing()
{
	local said

	said=$("$SAVETOOL" inspect --json "$device" |
		jq -c '.findings[] | select(.code == "trailing") |
			[.offset, .length]')
	echo "$said"
	[ "$said" = "[$1,$(((96 << 20) - $1))]" ]
}

# converts_from IMAGE [OPTION]...: to both layouts.
converts_from()
{
	local image=$1
	shift

	convert raw "$image" image.raw "$@"
	loads image.raw
	convert sparse "$image" image.sparse "$@"
	loads image.sparse --cap mapped-ram
}

@test "--offset: sequential, after something else" {
	head -c "$offset" /dev/urandom >image
	saves image --offset "$offset"
	loads image --offset "$offset"
	fails_with "not a save image" "$SAVETOOL" inspect image
	"$SAVETOOL" inspect --offset="$offset" image
	converts_from image --offset="$offset"
}

@test "--offset: mapped-ram, after something else" {
	head -c "$offset" /dev/urandom >image
	saves image --offset "$offset" --cap mapped-ram
	loads image --offset "$offset" --cap mapped-ram
	fails_with "not a save image" "$SAVETOOL" inspect image
	"$SAVETOOL" inspect --offset="$offset" image
	converts_from image --offset="$offset"
}

@test "a block device as source: bytes after the stream stay there" {
	make_device
	# QEMU wants to truncate what it is to write as 'file:'.
	saves image --uri "exec:tee image > $device"
	loads "$device"
	finds_trailing "$(stat -c %s image)"
	converts_from "$device"
	[ "$(stat -c %s image.raw)" = "$(stat -c %s image)" ]
}

@test "a block device as source, with an offset" {
	make_device
	saves image --uri "exec:dd of=$device bs=1M seek=3 conv=notrunc \
		iflag=fullblock status=none"
	loads "$device" --offset $((3 << 20))
	converts_from "$device" --offset=3M
}

@test "a block device as destination, of both layouts" {
	make_device
	saves image
	loads image
	fails_with "exists" convert raw image "$device"
	for try in 1 2; do
		convert sparse image "$device" -f
		loads "$device" --cap mapped-ram
		convert raw image "$device" -f
		loads "$device"
		finds_trailing "$(stat -c %s image)"
	done
}

@test "a compressed image on a device that was used before is read back" {
	make_device
	saves image
	"$SAVETOOL" convert -f -O zstd image "$device"
	converts_from "$device"
}

@test "a device that is too small is refused, and keeps what it holds" {
	local before format

	saves image
	head -c $((4 << 20)) /dev/urandom >disk
	device=$(losetup --show --find disk)
	before=$(sha256sum <"$device")
	for format in raw sparse; do
		fails_with "not enough space" \
			"$SAVETOOL" convert -f -O "$format" image "$device"
		[ "$(sha256sum <"$device")" = "$before" ]
	done
}

@test "a device is not converted into itself" {
	local before

	make_device
	saves image --uri "exec:tee image > $device"
	before=$(sha256sum <"$device")
	for format in raw sparse; do
		fails_with "the same file" \
			"$SAVETOOL" convert -f -O "$format" "$device" "$device"
	done
	[ "$(sha256sum <"$device")" = "$before" ]
}
