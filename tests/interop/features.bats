#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams that QEMU saved with a capability that changes what is in them.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

pc=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)

# refuses TEXT: neither layout can be had, status 7, and it says so.
refuses()
{
	local format

	for format in raw sparse zstd; do
		run "$SAVETOOL" convert -O "$format" image out
		echo "$output"
		[ "$status" = 7 ]
		[[ $output == *"$1"* ]]
		[ ! -e out ]
	done
}

@test "XBZRLE: deltas stay in raw, and are resolved in sparse or by compact" {
	machine=(--changed 512 "${pc[@]}")
	saves image --cap xbzrle --live 5000
	deltas=$(counts image pc.ram deltas)
	[ "$deltas" -gt 100 ]
	loads image
	convert raw image image.raw
	[ "$(counts image.raw pc.ram deltas)" = "$deltas" ]
	loads image.raw
	"$SAVETOOL" compact image.raw
	[ "$(counts image.raw pc.ram deltas)" = 0 ]
	[ "$(counts image.raw pc.ram superseded)" = 0 ]
	loads image.raw
	convert zstd image image.zstd
	convert sparse image.zstd image.sparse
	loads image.sparse --cap mapped-ram
	convert raw image.sparse image.plain
	[ "$(counts image.plain pc.ram deltas)" = 0 ]
	loads image.plain
}

@test "virtio-mem: the state before memory, compressed and from a pipe" {
	machine=(--ram m0=64 -- -m 64,maxmem=512M -M pc,memory-backend=m0
		-object memory-backend-ram,id=vm0,size=128M,reserve=off
		-device virtio-mem-pci,memdev=vm0,requested-size=32M)
	saves image
	loads image
	grep -aq virtio-mem-device-early image
	expected=$(digest image)
	for program in gzip bzip2 xz lzop zstd; do
		convert "$program" image packed -f
		"$SAVETOOL" check --deep packed
		[ "$(digest packed)" = "$expected" ]
		# shellcheck disable=SC2002
		[ "$(cat packed | digest -)" = "$expected" ]
	done
	convert sparse packed image.sparse
	loads image.sparse --cap mapped-ram
	# shellcheck disable=SC2002
	cat packed | convert raw - image.raw
	loads image.raw
	saves image --cap mapped-ram
	expected=$(digest image)
	zstd -qc image >packed
	[ "$(digest packed)" = "$expected" ]
	"$SAVETOOL" convert packed again
	loads again --cap mapped-ram
}

@test "dirty bitmaps of a disk among the parts of memory" {
	machine=(--ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram
		-blockdev null-co,node-name=d0,size=1048576)
	bitmap='{"execute": "block-dirty-bitmap-add",
		"arguments": {"node": "d0", "name": "b0"}}'
	saves image --cap dirty-bitmaps --qmp "$bitmap"
	loads image --cap dirty-bitmaps
	grep -aq dirty-bitmap image
	convert sparse image image.sparse
	grep -aq dirty-bitmap image.sparse
	loads image.sparse --cap dirty-bitmaps --cap mapped-ram
	convert raw image.sparse image.raw
	loads image.raw --cap dirty-bitmaps
	saves image --cap dirty-bitmaps --cap mapped-ram --qmp "$bitmap"
	loads image --cap dirty-bitmaps --cap mapped-ram
	convert raw image image.raw -f
	loads image.raw --cap dirty-bitmaps
}

@test "postcopy-ram: what announces it is dropped" {
	machine=(--ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
	# QEMU waits for an answer, and learns at once that none will follow.
	saves image --cap postcopy-ram --uri \
		"exec:printf '\\0\\1\\0\\4\\0\\0\\0\\0'; cat > image"
	fails_with "migration" loads image
	convert raw image image.raw
	loads image.raw
	convert sparse image image.sparse
	loads image.sparse --cap mapped-ram
}

@test "background snapshot: memory never ends" {
	# Its memory cannot be a file's: the kernel protects no such pages.
	machine=(--guest -- -m 40 -M pc)
	saves image --cap background-snapshot
	loads image
	convert sparse image image.sparse
	loads image.sparse --cap mapped-ram
	convert raw image.sparse image.raw
	loads image.raw
	convert raw image image.same
	loads image.same
	cmp image image.same
}

@test "background snapshot in mapped-ram is refused: QEMU left bitmaps empty" {
	machine=(--guest -- -m 40 -M pc)
	saves image --cap background-snapshot --cap mapped-ram
	refuses "background"
}

@test "x-ignore-shared is refused" {
	machine=(--ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
	saves image --cap x-ignore-shared
	[ "$("$SAVETOOL" inspect --json image |
		jq -c .stream.capabilities)" = '["x-ignore-shared"]' ]
	refuses "x-ignore-shared"
}

@test "validate-uuid: another machine still refuses what was converted" {
	machine=("${pc[@]}" -uuid 6b1b2d5a-31a1-4e4e-9d53-1f2d7a2b9c60)
	saves image --cap validate-uuid
	loads image --cap validate-uuid
	convert sparse image image.sparse
	loads image.sparse --cap validate-uuid --cap mapped-ram
	machine=("${pc[@]}" -uuid 00000000-31a1-4e4e-9d53-1f2d7a2b9c60)
	fails_with "UUID" loads image.sparse --cap validate-uuid --cap mapped-ram
}

# describe IMAGE MIB VCPUS: in front of the image, an XML that says so.
describe()
{
	cat >xml <<-END
		<domain><name>g</name>
		<memory unit='MiB'>$2</memory><vcpu>$3</vcpu>
		<os><type arch='x86_64'>hvm</type></os></domain>
	END
	"$SAVETOOL" convert -f --libvirt=xml --allow-mismatch "$1" described
}

# finds CODE: the only error of check.
finds()
{
	run "$SAVETOOL" check --json described
	echo "$output"
	[ "$status" = 1 ]
	[ "$(jq -r '.findings[].code' <<<"$output")" = "$1" ]
}

# loads_into IMAGE MIB VCPUS: what QEMU says of it goes to $output.
loads_into()
{
	local image=$1 machine=(-- -m "$2" -M pc -smp "$3") cap=()

	[ "$image" = seq ] || cap=(--cap mapped-ram)
	mkdir -p nothing
	# There is no truth to compare with: only the load counts.
	run lab load-bare "$image" nothing "${cap[@]}" "${machine[@]}"
	echo "$output"
}

is_refused()
{
	loads_into "$@"
	[[ $output == *"load of migration failed"* ]]
}

is_taken()
{
	loads_into "$@"
	[[ $output == *"nothing/memory"* ]]
}

@test "an XML that contradicts the stream: what QEMU does with it" {
	machine=(-- -m 64 -M pc -smp 2)
	saves seq
	saves mapped --cap mapped-ram
	for image in seq mapped; do
		describe $image 64 2
		"$SAVETOOL" check described
		is_taken $image 64 2
		describe $image 64 1
		finds vcpus-mismatch
		is_refused $image 64 1
		# The third one is reset, and nobody says a word.
		describe $image 64 3
		finds vcpus-mismatch
		is_taken $image 64 3
		describe $image 128 2
		finds memory-mismatch
		describe $image 32 2
		finds memory-mismatch
	done
	is_refused seq 128 2
	[[ $output == *"Size mismatch"* ]]
	is_refused seq 32 2
	[[ $output == *"Size mismatch"* ]]
	# Half of this guest's memory is made up, and nobody says a word.
	is_taken mapped 128 2
}
