#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sections that the QEMU at the destination does not know, and streams without
# memory.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	machine=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
}

teardown()
{
	[ -z "${device:-}" ] || losetup --detach "$device"
}

# memory_digest IMAGE: the part of the digest that stands for memory.
memory_digest()
{
	"$SAVETOOL" digest --json "$1" | jq -r .memory
}

# drops SECTION IMAGE: it loads without the section in every kind of format.
drops()
{
	local section=$1 image=$2 format memory
	memory=$(memory_digest "$image")

	for format in raw sparse zstd; do
		rm -f dropped dropped.raw
		convert "$format" "$image" dropped --drop "$section" --verify
		[ "$(memory_digest dropped)" = "$memory" ]
		if [ "$format" = sparse ]; then
			loads dropped --cap mapped-ram
		else
			convert raw dropped dropped.raw
			loads dropped.raw
		fi
	done
}

is_proxmox()
{
	"$SAVETOOL" check "$1"
	"$SAVETOOL" inspect --json "$1" |
		jq -e '.stream."saved-by" == "Proxmox VE" and .complete'
}

@test "Proxmox VE, sequential: QEMU loads it without the section only" {
	saves image --live 200
	lab add-proxmox image state
	is_proxmox state
	fails_with "pbs-state" loads state
	loads image
	drops pbs-state state
	convert zstd state state.zst
	fails_with "pbs-state" "$SAVETOOL" convert -q -O raw --drop pbs-sate \
		state.zst no
	[ ! -e no ]
	drops pbs-state state.zst
}

@test "Proxmox VE, mapped-ram: QEMU loads it without the section only" {
	saves image --cap mapped-ram
	lab add-proxmox image state
	is_proxmox state
	fails_with "pbs-state" loads state --cap mapped-ram
	loads image --cap mapped-ram
	drops pbs-state state
}

@test "Proxmox VE: on a volume that is longer and was used before" {
	saves image --live 200
	loads image
	lab add-proxmox image state
	head -c $((96 << 20)) /dev/urandom >disk
	device=$(losetup --show --find disk)
	dd if=state of="$device" bs=1M conv=notrunc status=none
	is_proxmox "$device"
	[ "$(digest "$device")" = "$(digest state)" ]
	drops pbs-state "$device"
}

@test "a device that the destination does not have" {
	local name with without
	with=("${machine[@]}" -device piix3-usb-uhci -device usb-tablet)
	without=("${machine[@]}" -device piix3-usb-uhci)

	machine=("${with[@]}")
	saves image
	loads image
	machine=("${without[@]}")
	fails_with "usb-ptr" loads image
	name=$("$SAVETOOL" inspect --json image |
		jq -r '.devices[].name | select(endswith("usb-ptr"))')
	# This machine has other blocks besides its memory.
	rm -f truth/blocks
	drops "$name" image
	"$SAVETOOL" convert --bare --drop "$name" image dropped.again
	"$SAVETOOL" inspect --json dropped.again | jq -e --arg name "$name" \
		'.complete and ([.devices[].name] | index($name) | not)'
}

@test "devices without memory, as Xen's toolstack has them saved" {
	local command

	lab save-devices image -- -m 40 -M pc
	"$SAVETOOL" inspect --json image | jq -e '.stream."devices-only" and
		(has("complete") | not) and (.devices | length) > 10'
	for command in 'digest image' 'check image' 'compact image --copy out' \
		'convert -O raw image out' 'convert -O sparse image out'; do
		# shellcheck disable=SC2086  # words
		run "$SAVETOOL" $command
		echo "$output"
		[ "$status" = 7 ]
		[[ $output == *Xen* ]]
		[[ $output != *corrupt* ]]
		[ ! -e out ]
	done
}

@test "x-ignore-shared, sequential: described, and never called complete" {
	machine=(--ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
	saves image --cap x-ignore-shared
	"$SAVETOOL" inspect --json --scan image | jq -e '.complete == false and
		.stream."memory-elsewhere" and
		([.findings[].code] == ["memory-elsewhere"])'
	run "$SAVETOOL" check image
	[ "$status" = 1 ]
	run "$SAVETOOL" digest image
	[ "$status" = 7 ]
	[[ $output == *x-ignore-shared* ]]
}
