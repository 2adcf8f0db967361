#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Guests of other processors, saved, converted, and loaded by their QEMU.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

# both_ways NAME [OPTION]...: both layouts to the other one, one by way of zstd,
# and what QEMU calls NAME is still in it.  What the stream does not tell of its
# host stands in $order.
both_ways()
{
	local name=$1
	shift

	rm -f image*
	saves image "$@"
	loads image
	lab check-inspect image truth
	convert sparse image image.sparse "${order[@]}"
	grep -aq "$name" image.sparse
	loads image.sparse --cap mapped-ram
	rm -f image*
	saves image --cap mapped-ram "$@"
	lab check-inspect image truth
	convert zstd image image.zstd
	convert raw image.zstd image.raw
	grep -aq "$name" image.raw
	loads image.raw
}

@test "aarch64: the stream says how large a page is" {
	machine=(--program qemu-system-aarch64 --ram ram=40 --
		-m 40 -M virt,memory-backend=ram)
	both_ways configuration/target-page-bits
}

@test "s390x: storage attributes among the parts of memory" {
	machine=(--program qemu-system-s390x --ram ram=40 --
		-m 40 -M s390-ccw-virtio,memory-backend=ram)
	saves image
	fails_with 'use --byte-order' convert sparse image image.sparse
	# It is emulated, on a little-endian host.
	order=(--byte-order little)
	both_ways s390-storage_attributes
	# Its pages show the same for what it saved as mapped-ram.
	convert sparse image image.sparse
	loads image.sparse --cap mapped-ram
	fails_with 'use --byte-order=little' convert sparse image image.big \
		--byte-order big
}

@test "ppc64: a hash table among the parts of memory" {
	# It refuses less memory, so it is the firmware's that has to do.
	machine=(--program qemu-system-ppc64 -- -m 256 -M pseries)
	both_ways spapr/htab --run 2
}

@test "riscv64: a machine type without a version" {
	machine=(--program qemu-system-riscv64 --ram ram=40 --
		-m 40 -M virt,memory-backend=ram -bios none)
	both_ways riscv_virt_board
	[ "$("$SAVETOOL" inspect --json image.raw | jq -r .stream.machine)" = \
		virt ]
}
