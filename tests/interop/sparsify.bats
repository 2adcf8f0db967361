#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that lost their holes and got them back: on real file systems, and
# loaded by QEMU over other memory.

# shellcheck disable=SC2054  # the commas are QEMU's

load helpers

setup_file()
{
	need_program
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	machine=(--guest --ram pc.ram=40 -- -m 40
		-M pc,memory-backend=pc.ram)
}

teardown()
{
	leave_disk
}

# restores SAVE-OPTION...: saved, made dense, sparsified, loaded.
restores()
{
	lab save-bare image truth --cap mapped-ram "$@" "${machine[@]}"
	cat image >dense
	sync dense
	"$SAVETOOL" sparsify dense
	[ "$(allocated dense)" -le $(($(allocated image) + 65536)) ]
	lab load-bare dense truth --cap mapped-ram "${machine[@]}"
	"$SAVETOOL" sparsify image --copy copy
	lab load-bare copy truth --cap mapped-ram "${machine[@]}"
}

@test "QEMU loads what was sparsified" {
	restores
}

@test "QEMU loads a live save that lost its stale pages" {
	restores --live 4000
	[ "$(counts image pc.ram stale)" -gt 10 ]
	[ "$(counts dense pc.ram stale)" = 0 ]
	[ "$(counts copy pc.ram stale)" = 0 ]
}

@test "QEMU loads a save of every zero page that lost them" {
	restores --param zero-page-detection=none
	[ "$(counts image pc.ram present)" = 10240 ]
	[ "$(counts dense pc.ram present)" -lt 10240 ]
	[ "$(counts copy pc.ram present)" -lt 10240 ]
}

# keeps_promises: what holds on each file system.
keeps_promises()
{
	local guest before

	"$BATS_TEST_DIRNAME/../data/unpack" . live-mapped.mig
	guest=$(digest live-mapped.mig)
	cat live-mapped.mig >mnt/dense
	cp mnt/dense mnt/zero
	sync mnt/dense mnt/zero
	before=$(allocated mnt/dense)
	run "$SAVETOOL" sparsify -n mnt/dense
	[ "$status" = 1 ]
	# In use: the lease works here.
	exec 7<mnt/dense
	run "$SAVETOOL" sparsify mnt/dense
	[ "$status" = 8 ]
	exec 7<&-
	"$SAVETOOL" sparsify mnt/dense
	"$SAVETOOL" sparsify --zero-only mnt/zero
	sync
	[ "$(allocated mnt/dense)" -lt $((before / 3)) ]
	[ "$(allocated mnt/zero)" -lt $((before / 3)) ]
	cmp mnt/zero live-mapped.mig
	[ "$(digest mnt/dense)" = "$guest" ]
	"$SAVETOOL" sparsify -n mnt/dense
	"$SAVETOOL" sparsify mnt/zero --copy mnt/copy
	[ "$(digest mnt/copy)" = "$guest" ]
	"$SAVETOOL" inspect --json mnt/dense >facts
	[ "$(jq -c '[.findings[].code]' facts)" = '[]' ]
	"$SAVETOOL" convert -O sparse mnt/dense mnt/new
	sync mnt/new
	"$SAVETOOL" size --json mnt/new >facts
	cat facts
	[ "$(jq '.sizes | .allocated - .needed < 131072' facts)" = true ]
	"$SAVETOOL" compact -n mnt/new
}

@test "ext4" {
	on ext4 -q
	keeps_promises
}

@test "ext4 with blocks of 1 KiB" {
	on ext4 -q -b 1024
	keeps_promises
}

@test "xfs, whose copies share their storage" {
	on xfs -q
	keeps_promises
	shares_storage
}

@test "btrfs, whose copies share their storage" {
	on btrfs -q
	keeps_promises
	shares_storage
}

# There is no space for two of them.
shares_storage()
{
	local room n

	rm mnt/*
	"$BATS_TEST_DIRNAME/../data/unpack" . libvirt-raw.save
	cp libvirt-raw.save mnt/raw
	sync mnt/raw
	room=$(df --output=avail -k mnt | tail -n 1)
	for n in {1..8}; do
		"$SAVETOOL" sparsify -f mnt/raw --copy "mnt/copy$n"
	done
	sync -f mnt
	[ $((room - $(df --output=avail -k mnt | tail -n 1))) -lt 30000 ]
	[ "$(digest mnt/copy8)" = "$(digest mnt/raw)" ]
}

@test "sparsify frees space on a full btrfs" {
	on btrfs -q
	"$BATS_TEST_DIRNAME/../data/unpack" . bare-mapped.mig
	cat bare-mapped.mig >mnt/dense
	sync mnt/dense
	! dd if=/dev/urandom of=mnt/fill bs=1M status=none || return 1
	sync -f mnt || true
	"$SAVETOOL" sparsify mnt/dense
	[ "$(digest mnt/dense)" = "$(digest bare-mapped.mig)" ]
}

@test "a copy that does not fit is refused" {
	on ext4 -q
	"$BATS_TEST_DIRNAME/../data/unpack" . bare-mapped.mig
	cat bare-mapped.mig >mnt/dense
	! dd if=/dev/zero of=mnt/fill bs=1M status=none || return 1
	run "$SAVETOOL" sparsify mnt/dense --copy mnt/copy
	echo "$output"
	[ "$status" = 8 ]
	[[ $output == *"not enough space"* ]]
	[ "$(find mnt -name '*copy*')" = "" ]
	cmp mnt/dense bare-mapped.mig
}
