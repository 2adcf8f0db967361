#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams of a QEMU that is newer than the one that this machine runs.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

setup_file()
{
	need_program
	export NEWER=$SAVETOOL_LAB/qemu-newer/qemu-system-x86_64
	"$NEWER" --version
}

@test "its newest pc" {
	machine=(--program "$NEWER" --guest --ram pc.ram=40 --
		-m 40 -M pc,memory-backend=pc.ram)
	survives sequential
	survives mapped-ram --cap multifd
}

@test "its newest q35, live, through zstd" {
	machine=(--program "$NEWER" --guest --ram pc.ram=40 --
		-m 40 -M q35,memory-backend=pc.ram -device VGA)
	saves image --live 4000
	loads image
	convert zstd image image.zstd
	convert sparse image.zstd image.sparse
	loads image.sparse --cap mapped-ram
	convert raw image.sparse image.raw
	loads image.raw
}

@test "from this QEMU to that, and back" {
	type=$(qemu-system-x86_64 -M help |
		awk '/^pc-i440fx-/ { print $1; exit }')
	guest=(--guest --ram pc.ram=40 -- -m 40 -M "$type,memory-backend=pc.ram")
	machine=("${guest[@]}")
	saves image
	loads image
	convert sparse image image.sparse
	machine=(--program "$NEWER" "${guest[@]}")
	loads image.sparse --cap mapped-ram
	convert raw image.sparse image.raw
	loads image.raw
	rm -f image*
	saves image --cap mapped-ram
	machine=("${guest[@]}")
	loads image --cap mapped-ram
	convert raw image image.raw
	loads image.raw
}

# guest TYPE: of this machine type.
guest()
{
	guest=(--guest --ram pc.ram=40 -- -m 40 -M "$1,memory-backend=pc.ram")
}

# renamed OLD NEW: files image.raw and image.sparse, of a guest of type OLD.
renamed()
{
	guest "$1"
	machine=("${guest[@]}")
	saves image
	loads image
	for format in raw sparse; do
		convert $format image image.$format --machine "$2" --verify
	done
	guest "$2"
}

@test "a machine type of 2022, renamed, loads as one of 2025 in both QEMUs" {
	for family in pc-i440fx pc-q35; do
		rm -rf truth image*
		renamed $family-7.2 $family-10.0
		for program in qemu-system-x86_64 "$NEWER"; do
			machine=(--program "$program" "${guest[@]}")
			loads image.raw
			loads image.sparse --cap mapped-ram
		done
	done
}

@test "a machine type of 2019, renamed, is refused by QEMU for a device" {
	renamed pc-i440fx-4.2 pc-i440fx-9.2
	machine=(--program "$NEWER" "${guest[@]}")
	fails_with "piix4_pm" loads image.raw
	fails_with "piix4_pm" loads image.sparse --cap mapped-ram
}

@test "x-ignore-shared in mapped-ram is described, and refused" {
	machine=(--program "$NEWER" --ram pc.ram=40 --
		-m 40 -M pc,memory-backend=pc.ram)
	saves image --cap x-ignore-shared --cap mapped-ram
	"$SAVETOOL" inspect --json image >said
	jq . said
	[ "$(jq -c .stream.capabilities said)" = \
		'["x-ignore-shared","mapped-ram"]' ]
	[ "$(jq '.blocks[] | select(.name == "pc.ram").length' said)" = \
		$((40 << 20)) ]
	jq -e '.complete == false and .stream."memory-elsewhere" and
		.sizes."reclaimable-stale" == 0 and
		([.findings[] | select(.code == "memory-elsewhere").block] ==
			["pc.ram"])' said
	run "$SAVETOOL" check image
	[ "$status" = 1 ]
	run "$SAVETOOL" digest image
	[ "$status" = 7 ]
	cp image sparsified
	"$SAVETOOL" sparsify sparsified
	cmp image sparsified
	for format in raw sparse; do
		run "$SAVETOOL" convert -O $format image out
		echo "$output"
		[ "$status" = 7 ]
		[[ $output == *"x-ignore-shared"* ]]
		[ ! -e out ]
	done
}
