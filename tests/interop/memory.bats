#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Extracted memory is where a real QEMU shows it to its guest.

load helpers

# check PROGRAM [WORD...] -- ARGUMENT...
check()
{
	local folder

	folder=$(mktemp -d -p "$BATS_TEST_TMPDIR")
	run python3 "$BATS_TEST_DIRNAME/extracted.py" "$SAVETOOL" "$folder" "$@"
	rm -r "$folder"
	[ "$status" = 0 ] || { echo "$*: $output"; return 1; }
}

pc=qemu-system-x86_64
low=fill=0x1000000
high=fill=0x100000000

@test "a PC is divided as QEMU divides it" {
	check $pc $low -- -M pc -m 1G -vga std
	check $pc $low $high -- -M pc -m 4G -vga cirrus
	check $pc $low $high -- -M q35 -m 6G -vga std
	check $pc $low -- -M q35 -m 2600M
	check $pc $low $high -- -M microvm -m 4G
}

@test "max-ram-below-4g is respected" {
	check $pc $low $high -- -M pc,max-ram-below-4g=1G -m 4G
	check $pc $low $high -- -M q35,max-ram-below-4g=1G -m 2G
}

@test "NUMA nodes and virtio-mem have their addresses" {
	check $pc $low $high -- -M pc -m 4G \
		-object memory-backend-ram,id=ram-node0,size=1G \
		-object memory-backend-ram,id=ram-node1,size=3G \
		-numa node,memdev=ram-node0 -numa node,memdev=ram-node1
	check $pc $low -- -M q35 -m 128M,maxmem=8G \
		-object memory-backend-ram,id=vmem0,size=1G \
		-device virtio-mem-pci,memdev=vmem0
}

@test "other machines have their memory where QEMU has it" {
	check qemu-system-aarch64 fill=0x40100000 -- -M virt -m 64M
	check qemu-system-riscv64 fill=0x80100000 -- -M virt -m 64M
}

@test "a core is what dump-guest-memory writes, notes included" {
	check $pc $low dump -- -M q35 -m 64M -smp 2 -vga std
	check qemu-system-aarch64 fill=0x40100000 dump -- -M virt \
		-cpu cortex-a57 -m 64M -smp 2
}

@test "VMCOREINFO is a note where the guest told its device, or in its memory" {
	check $pc told=0x1000104 dump -- -M q35 -m 64M
	check $pc note=0x1000000 dump -- -M pc -m 64M
	check $pc note=0x1000000 told=0x2000000 dump -- -M pc -m 64M
	check qemu-system-aarch64 told=0x41000104 dump -- -M virt \
		-cpu cortex-a57 -m 64M
	check qemu-system-aarch64 note=0x41000000 dump -- -M virt \
		-cpu cortex-a57 -m 64M
}
