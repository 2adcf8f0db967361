#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams that QEMU saved, converted, and loaded by QEMU over other memory.

# shellcheck disable=SC2054  # the commas are QEMU's

load helpers
load bare

pc=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)

@test "a bit that differs in an image is noticed by the lab" {
	machine=("${pc[@]}")
	lab save-bare image truth "${machine[@]}"
	loads image
	lab flip image pc.ram 0x1001000
	fails_with "memory differs" loads image
	rm -r truth
	lab save-bare image truth --cap mapped-ram "${machine[@]}"
	loads image --cap mapped-ram
	lab flip image pc.ram 0x1001000
	fails_with "memory differs" loads image --cap mapped-ram
}

@test "pc, sequential" {
	machine=("${pc[@]}")
	survives sequential
}

@test "pc, mapped-ram" {
	machine=("${pc[@]}")
	survives mapped-ram
}

@test "q35 with VGA" {
	machine=(--guest --ram pc.ram=40 -- -m 40
		-M q35,memory-backend=pc.ram -device VGA)
	survives sequential
	survives mapped-ram
}

@test "DIMM" {
	machine=(--guest --ram pc.ram=40 --ram dimm=32 --
		-m 40,slots=2,maxmem=256M -M pc,memory-backend=pc.ram
		-device pc-dimm,memdev=dimm)
	survives sequential
	survives mapped-ram
}

@test "NUMA with two backends" {
	machine=(--guest --ram low=20 --ram high=20 -- -m 40 -M q35
		-numa node,memdev=low -numa node,memdev=high)
	survives sequential
	survives mapped-ram
}

@test "live, sequential, with superseded records" {
	machine=("${pc[@]}")
	survives sequential --live 4000
	[ "$(counts image pc.ram superseded)" -gt 500 ]
	[ "$(counts image.raw pc.ram superseded)" = 0 ]
}

@test "live, mapped-ram, with stale slots" {
	machine=("${pc[@]}")
	survives mapped-ram --live 4000
	[ "$(counts image pc.ram stale)" -gt 10 ]
	[ "$(counts image.sparse pc.ram stale)" = 0 ]
}

@test "mapped-ram written and read by multifd" {
	machine=("${pc[@]}")
	survives mapped-ram --cap multifd --param multifd-channels=4
	loads image.sparse --cap mapped-ram --cap multifd \
		--param multifd-channels=3
}

@test "mapped-ram with every zero page written" {
	machine=("${pc[@]}")
	survives mapped-ram --param zero-page-detection=none
	[ "$(counts image pc.ram present)" = 10240 ]
	[ "$(counts image.sparse pc.ram present)" -lt 10240 ]
}

@test "suppress-vmdesc" {
	machine=(--guest --ram pc.ram=40 -- -m 40
		-M pc,memory-backend=pc.ram,suppress-vmdesc=on)
	survives sequential
	survives mapped-ram
}

@test "no section footers" {
	machine=("${pc[@]}" -global migration.send-section-footer=off)
	survives sequential
	survives mapped-ram
}

@test "validate-uuid" {
	machine=(--cap validate-uuid "${pc[@]}"
		-uuid 6b1b2d5a-31a1-4e4e-9d53-1f2d7a2b9c60)
	survives sequential
	survives mapped-ram
}

@test "saved by QEMU 7.2, loaded by this one" {
	old=$SAVETOOL_LAB/qemu-7.2
	[ -e "$old" ] || skip "this distribution has no QEMU 7.2"
	machine=(--ram pc.ram=40 -- -m 40
		-M pc-i440fx-7.2,memory-backend=pc.ram)
	lab save-bare image truth --program "$old/usr/bin/qemu-system-x86_64" \
		--uri "exec:cat > image" "${machine[@]}" \
		-L "$old/usr/share/qemu" -L /usr/share/seabios
	loads image
	convert sparse image image.sparse
	loads image.sparse --cap mapped-ram
	convert raw image.sparse image.raw
	loads image.raw
	lab check-inspect image.sparse truth
}

@test "a stream without configuration section cannot become sparse" {
	"$BATS_TEST_DIRNAME/../data/unpack" . no-configuration.mig
	run "$SAVETOOL" convert -O sparse no-configuration.mig out
	echo "$output"
	[ "$status" = 7 ]
	[ ! -e out ]
}
