#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that libvirt saved, converted, and restored by libvirt: a Linux guest
# goes on, and finds the checksum of its memory unchanged.

load helpers
load libvirt

# One guest boots, for all: booting is what takes time.  It rewrites memory all
# the while, and every test starts from a save of it.
setup_file()
{
	start_libvirt
	lab create "$HOST" g --guest linux --memory 192 \
		--cmdline "fill=16 churn"
	virsh save g "$HOST/raw" --image-format raw
	virsh restore "$HOST/raw"
	ticks
	virsh save g "$HOST/sparse" --image-format sparse
}

@test "a bit that differs in an image is noticed by the guest" {
	# The small one, because where it keeps its memory is known.
	lab create "$HOST" small
	virsh save small "$image" --image-format raw
	lab flip "$image" pc.ram 0x1001000
	virsh restore "$image"
	fails_with "BAD" lab ticks "$HOST" small
	virsh destroy small
}

@test "raw to sparse" {
	convert sparse raw "$result"
	restores "$result"
}

@test "raw to sparse, restored by several channels" {
	convert sparse raw "$result"
	restores "$result" --parallel-channels 4
}

@test "sparse to raw" {
	convert raw sparse "$result"
	restores "$result"
}

@test "saved sparse by several channels, to raw and back to sparse" {
	restores raw
	virsh save g "$image" --image-format sparse --parallel-channels 4
	convert raw "$image" "$result"
	restores "$result"
	virsh destroy g
	convert sparse "$result" "$image" -f
	restores "$image"
}

@test "raw to sparse to raw" {
	convert sparse raw "$image"
	convert raw "$image" "$result"
	restores "$result"
}

@test "a guest saved paused stays paused" {
	virsh restore raw --paused
	virsh save g "$image" --image-format raw
	convert sparse "$image" "$result"
	virsh restore "$result"
	[ "$(virsh domstate g | head -n 1)" = paused ]
	virsh resume g
	ticks
}

@test "--running and --paused of a restore" {
	convert sparse raw "$result"
	virsh restore "$result" --paused
	[ "$(virsh domstate g | head -n 1)" = paused ]
	virsh resume g
	ticks
}

@test "managed save" {
	virsh define "$HOST/g.xml"
	restores raw
	virsh managedsave g
	managed=$HOST/config/libvirt/qemu/save/g.save
	convert sparse "$managed" "$result"
	mv "$result" "$managed"
	virsh start g
	ticks
}

@test "live memory snapshot with superseded records" {
	saves_live "$image"
	[ "$(counts "$image" pc.ram superseded)" -gt 50 ]
	convert sparse "$image" "$result"
	restores "$result"
	virsh destroy g
	convert raw "$result" "$image" -f
	restores "$image"
}

@test "the kernel is found in a core, where KASLR has put it" {
	local name

	for name in raw sparse; do
		"$SAVETOOL" extract memory --format elf $name "$result"
		python3 "$BATS_TEST_DIRNAME/kernel.py" "$result"
		rm "$result"
	done
}

@test "save-image-define on what was converted" {
	convert sparse raw "$result"
	virsh save-image-dumpxml "$result" >edited.xml
	virsh save-image-define "$result" edited.xml --paused
	virsh restore "$result"
	[ "$(virsh domstate g | head -n 1)" = paused ]
	virsh resume g
	ticks
}

@test "libvirt reads the same XML before and after" {
	convert sparse raw "$result"
	diff <(virsh save-image-dumpxml "$HOST/raw") \
		<(virsh save-image-dumpxml "$result")
	convert raw sparse "$image"
	diff <(virsh save-image-dumpxml "$HOST/sparse") \
		<(virsh save-image-dumpxml "$image")
}

@test "a version 3 header is refused by libvirt, and converted away" {
	convert sparse raw "$image" --header-version=3
	fails_with "not supported" virsh restore "$image"
	convert sparse "$image" "$result"
	restores "$result"
}

@test "zeros that zstd refuses are found, and converted away" {
	convert zstd raw "$image"
	truncate -s +3001 "$image"
	fails_with "zstd -dc" virsh restore "$image"
	fails_with "compressed-trailing" "$SAVETOOL" check --deep --json "$image"
	convert zstd "$image" "$result"
	restores "$result"
}

# with_old_bytes FORMAT: an image with bytes after it, as on a device that was
# used before.
with_old_bytes()
{
	convert "$1" raw "$image"
	head -c 1M /dev/urandom >>"$image"
}

@test "gzip fails on old bytes after an image, which is converted away" {
	with_old_bytes gzip
	fails_with "gzip -dc" virsh restore "$image"
	fails_with "compressed-trailing" "$SAVETOOL" check --deep --json "$image"
	convert gzip "$image" "$result"
	restores "$result"
}

@test "lzop passes over old bytes after an image, and check notes it" {
	with_old_bytes lzop
	restores "$image"
	"$SAVETOOL" check --deep --json "$image" >said
	jq -e '.findings[] | select(.code == "compressed-trailing") |
		.severity == "note"' said
}

@test "inspect says what libvirt and the image say" {
	convert sparse raw "$result"
	convert raw sparse "$image"
	for file in raw sparse result image; do
		lab check-inspect "$HOST/$file" --libvirt "$HOST"
	done
}

# spoil FORMAT: an image as of a host that went down, with a lying format.
spoil()
{
	printf Part | dd of="$image" bs=1 seek=12 conv=notrunc status=none
	printf "\\x$1" | dd of="$image" bs=1 seek=28 conv=notrunc status=none
	echo rubbish >>"$image"
	fails_with "incomplete" virsh restore "$image"
	fails_with "part-complete" "$SAVETOOL" check "$image"
}

@test "wrong headers are repaired by check" {
	cp -a --sparse=always "$HOST/sparse" "$image"
	spoil 00
	"$SAVETOOL" check --repair "$image"
	cmp "$HOST/sparse" "$image"
	restores "$image"
	virsh destroy g
	cp -a "$HOST/raw" "$image"
	spoil 06
	"$SAVETOOL" check --repair "$image"
	cmp "$HOST/raw" "$image"
	restores "$image"
}
