#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Guests that QEMU and libvirt saved in a qcow2 file, converted, and loaded by
# QEMU and libvirt from what came out.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare
load libvirt

# teardown_file() and teardown() are those of libvirt.bash.
setup_file()
{
	start_libvirt
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	# What teardown() removes.
	image=$HOST/image
	result=$HOST/result
}

disk=(-drive file=disk.qcow2,format=qcow2,if=virtio)
pc=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram "${disk[@]}")

# disk OPTION...: an empty one, of 200 MiB.
disk()
{
	qemu-img create -q -f qcow2 "$@" disk.qcow2 200M
}

# savevm NAME [OPTION]...: QEMU does, of $machine; 'truth' is what it held.
savevm()
{
	local name=$1
	shift

	rm -rf truth
	lab save-bare image truth --qmp '{"execute": "human-monitor-command",
		"arguments": {"command-line": "savevm '"$name"'"}}' \
		"$@" "${machine[@]}"
	rm image
}

# comes_out IMAGE: of it comes what QEMU loads, in both layouts.
comes_out()
{
	rm -f out*
	convert raw "$1" out
	loads out
	convert sparse "$1" out.sparse
	loads out.sparse --cap mapped-ram
	[ "$(digest "$1")" = "$(digest out.sparse)" ]
	"$SAVETOOL" check --deep "$1"
}

@test "savevm: clusters of the usual size, in a disk that was resized later" {
	machine=("${pc[@]}")
	disk
	savevm one
	qemu-img snapshot -l disk.qcow2
	comes_out disk.qcow2
	# A bit that differs is noticed.
	lab flip out pc.ram 0x1001000
	fails_with "memory differs" loads out
	qemu-img resize -q disk.qcow2 9G
	convert raw disk.qcow2::one again
	lab flip out pc.ram 0x1001000
	cmp out again
}

@test "savevm: the smallest and the largest clusters" {
	machine=("${pc[@]}")
	disk -o cluster_size=512,compat=0.10
	savevm one
	comes_out disk.qcow2
	disk -o cluster_size=2M
	savevm one
	comes_out disk.qcow2
}

@test "savevm: subclusters, and zstd" {
	machine=("${pc[@]}")
	disk -o extended_l2=on,compression_type=zstd
	savevm one
	comes_out disk.qcow2
}

@test "savevm: several snapshots, one of them of QEMU 7.2" {
	machine=("${pc[@]}")
	disk
	savevm new
	mv truth new
	type="pc-i440fx-7.2"
	machine=(--program "$SAVETOOL_LAB/qemu-7.2/usr/bin/qemu-system-x86_64"
		--uri 'exec:cat >image' --ram pc.ram=40 --
		-m 40 -M "$type,memory-backend=pc.ram" "${disk[@]}"
		-L "$SAVETOOL_LAB/qemu-7.2/usr/share/qemu"
		-L /usr/share/seabios)
	savevm old
	fails_with "2 saved guests: 'new', 'old'" "$SAVETOOL" digest disk.qcow2
	machine=(--ram pc.ram=40 -- -m 40 -M "$type,memory-backend=pc.ram"
		"${disk[@]}")
	comes_out disk.qcow2::old
	rm -r truth
	mv new truth
	machine=("${pc[@]}")
	comes_out disk.qcow2::new
	# What QEMU lists is what is shown.
	"$SAVETOOL" inspect --json disk.qcow2::new |
		jq -S '.snapshots[] | [.name, .id, ."vm-state-size"]' >shown
	qemu-img info --output=json disk.qcow2 |
		jq -S '.snapshots[] | [.name, .id, ."vm-state-size"]' >listed
	diff shown listed
}

@test "savevm of a newer QEMU" {
	machine=(--program "$SAVETOOL_LAB/qemu-newer/qemu-system-x86_64"
		"${pc[@]}")
	disk
	savevm one
	comes_out disk.qcow2
}

@test "libvirt's internal snapshot of a running guest is restored by libvirt" {
	cd "$HOST"
	disk
	chmod 666 disk.qcow2
	lab create "$HOST" g
	virsh attach-disk g "$HOST/disk.qcow2" vda --driver qemu \
		--subdriver qcow2
	virsh snapshot-create-as g one
	ticks
	virsh dumpxml g >g.dumped
	"$SAVETOOL" inspect --json disk.qcow2 | jq -e '.snapshot == "one"'
	# The guest runs on meanwhile.
	convert raw disk.qcow2::one image --libvirt=g.dumped
	# Whoever libvirt runs as must be able to read it.
	chmod 644 image
	virsh snapshot-delete g one --metadata
	virsh destroy g
	restores "$HOST/image"
	virsh destroy g
	convert sparse image image.sparse
	chmod 644 image.sparse
	restores "$HOST/image.sparse"
}
