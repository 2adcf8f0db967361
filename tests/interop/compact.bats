#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Compacted images, loaded by QEMU over other memory and restored by libvirt.
# Pages compressed one by one, and XBZRLE, are where such images are made: in
# old.bats and features.bats.

# shellcheck disable=SC2034,SC2054  # what the helpers use; the commas are QEMU's

load helpers
load bare
load libvirt

setup_file()
{
	start_libvirt --config 'snapshot_image_format = "zstd"'
	lab create "$HOST" g
	virsh save g "$HOST/raw" --image-format raw
}

setup()
{
	# Of libvirt's images in its own folder, of all others here.
	cd "$BATS_TEST_TMPDIR" || return
	image=$HOST/image
	result=$HOST/result
	machine=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
}

size()
{
	stat -c %s "$1"
}

# within_1_percent IMAGE OTHER: of its size.
within_1_percent()
{
	local one other difference

	one=$(size "$1")
	other=$(size "$2")
	difference=$((one - other))
	echo "$1: $one bytes, $2: $other bytes"
	[ $((${difference#-} * 100)) -le "$other" ]
}

# compacts IMAGE [LOAD-OPTION]...: to a copy, which QEMU loads, and then in
# place, which is the same.
compacts()
{
	local image=$1
	shift

	rm -f copy
	"$SAVETOOL" compact "$image" --copy copy
	loads copy "$@"
	"$SAVETOOL" compact "$image"
	cmp "$image" copy
}

# litters IMAGE: appends something to it.
litters()
{
	head -c 300000 /dev/urandom >>"$1"
	sync "$1"
}

@test "a bit that differs in a compacted image is noticed by the lab" {
	saves image --live 4000
	"$SAVETOOL" compact image
	lab flip image pc.ram 0x1001000
	fails_with "memory differs" loads image
}

@test "a live save is as small as one of the same memory standing still" {
	saves image --live 5000
	# QEMU saves no second time once it has saved.  Another that has loaded
	# it, and was seen to have the same memory, does.
	loads image
	paused=truth/blocks
	[ "$(counts image pc.ram superseded)" -gt 2000 ]
	fails_with "" within_1_percent image "$paused"
	compacts image
	within_1_percent image "$paused"
	[ "$(counts image pc.ram superseded)" = 0 ]
}

@test "a compact image is not changed, but trailing bytes are dropped" {
	saves image
	cp image littered
	litters littered
	loads littered
	compacts littered
	within_1_percent littered image
	# Not the image: QEMU may have saved one of its pages twice.
	cp littered again
	"$SAVETOOL" compact again
	cmp again littered
	litters again
	compacts again
	cmp again littered
}

@test "mapped-ram, live: stale slots go, from a dense copy as well" {
	saves image --cap mapped-ram --live 4000
	loads image --cap mapped-ram
	[ "$(counts image pc.ram stale)" -gt 10 ]
	cat image >dense
	litters dense
	compacts image --cap mapped-ram
	[ "$(counts image pc.ram stale)" = 0 ]
	"$SAVETOOL" compact dense
	cmp dense image
	[ "$(allocated dense)" -le $(($(allocated image) + 65536)) ]
	loads dense --cap mapped-ram --cap multifd --param multifd-channels=3
}

@test "mapped-ram with every zero page: they go" {
	saves image --cap mapped-ram --param zero-page-detection=none
	loads image --cap mapped-ram
	[ "$(counts image pc.ram present)" = 10240 ]
	before=$(allocated image)
	compacts image --cap mapped-ram
	[ "$(counts image pc.ram present)" -lt 7000 ]
	[ "$(counts image pc.ram zero)" = 0 ]
	[ "$(allocated image)" -lt $((before * 3 / 4)) ]
}

# killed CALL:NUMBER OPTION...: at this system call, by the kernel.
killed()
{
	local call=${1%:*} number=${1#*:}
	shift

	run strace -qq -f -o trace -e trace="$call" \
		-e inject="$call:signal=KILL:when=$number" \
		"$SAVETOOL" compact "$@"
	[ "$status" = 137 ]
}

@test "killed, the image is the old one or the new one, and QEMU loads it" {
	saves image --live 4000
	"$SAVETOOL" compact image --copy new
	for call in pwritev:1 pwritev:9 pwritev:60 fsync:1 /^rename:1; do
		cp image work
		killed "$call" work
		cmp work image
		killed "$call" work --copy dest
		[ ! -e dest ]
	done
	loads work
	# The last one is of the folder.
	killed fsync:2 work
	cmp work new
	loads work
	killed fsync:2 image --copy dest
	cmp dest new
}

@test "libvirt's zstd, live" {
	saves_live "$image"
	[ "$("$SAVETOOL" inspect --json "$image" | jq -r .format)" = zstd ]
	before=$(size "$image")
	"$SAVETOOL" compact "$image"
	[ "$(size "$image")" -lt "$before" ]
	restores "$image"
}

@test "libvirt's xz, and its sparse from a dense copy" {
	restores raw
	virsh save g "$image" --image-format xz
	"$SAVETOOL" compact --verify "$image" --copy "$result"
	restores "$result"
	rm "$result"
	virsh save g "$image" --image-format sparse
	cat "$image" >"$result"
	litters "$result"
	"$SAVETOOL" compact "$result"
	[ "$(allocated "$result")" -le $(($(allocated "$image") + 65536)) ]
	restores "$result"
}

@test "libvirt's raw, live, is as small as the same guest saved paused" {
	lab libvirt-stop "$HOST"
	lab libvirt-start "$HOST"
	saves_live "$image"
	virsh restore "$image" --paused
	virsh save g "$result" --image-format raw
	fails_with "" within_1_percent "$image" "$result"
	[ "$(counts "$image" pc.ram superseded)" -ge 300 ]
	"$SAVETOOL" compact "$image"
	within_1_percent "$image" "$result"
	restores "$image"
}
