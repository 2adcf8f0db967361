#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every format of libvirt's, written by libvirt and read by savetool, and the
# other way round; and what libvirt writes without saying what it is.

load helpers
load libvirt

# The small guest: what packs its memory packs little.  Every test starts from
# the same save of it.
setup_file()
{
	start_libvirt --config 'dump_image_format = "gzip"' \
		--config 'snapshot_image_format = "sparse"'
	lab create "$HOST" g
	virsh save g "$HOST/raw" --image-format raw
}

# says FILTER VALUE: inspect does, of the image.
says()
{
	local said

	said=$("$SAVETOOL" inspect --json "$image" | jq -r "$1")
	echo "$1: $said"
	[ "$said" = "$2" ]
}

# passes_on FORMAT NEXT: libvirt saves the guest as FORMAT, savetool makes NEXT
# of it, and libvirt restores that.  Both layouts hold the same guest, too.
passes_on()
{
	restores raw
	virsh save g "$image" --image-format "$1"
	says .format "$1"
	convert "$2" "$image" "$result"
	restores "$result"
	sum=$("$SAVETOOL" digest - <"$image")
	for format in raw sparse "$2"; do
		convert "$format" "$image" "$result" -f
		[ "$("$SAVETOOL" digest - <"$result")" = "$sum" ]
	done
}

@test "libvirt's raw to gzip" {
	passes_on raw gzip
}

@test "libvirt's gzip to bzip2" {
	passes_on gzip bzip2
}

@test "libvirt's bzip2 to xz" {
	passes_on bzip2 xz
}

@test "libvirt's xz to lzop" {
	passes_on xz lzop
}

@test "libvirt's lzop to zstd" {
	passes_on lzop zstd
}

@test "libvirt's zstd to sparse" {
	passes_on zstd sparse
}

@test "libvirt's sparse to raw" {
	passes_on sparse raw
}

# restores_dump: a dump has no header; with the XML it becomes a save image.
restores_dump()
{
	restores raw
	virsh dumpxml g >"$image.xml"
	virsh dump g "$image" --crash
	says .container bare
	says .compression "$1"
	for format in raw sparse; do
		convert "$format" "$image" "$result" -f --libvirt="$image.xml"
		restores "$result"
		virsh destroy g
	done
}

@test "virsh dump, which dump_image_format compresses with gzip" {
	restores_dump gzip
}

@test "a snapshot labelled sparse that is sequential" {
	saves_live "$image"
	says '.header["format-number"]' 6
	says .layout sequential
	says '.findings[].code' mislabelled
	fails_with "" virsh restore "$image"
	convert raw "$image" "$result"
	restores "$result"
	virsh destroy g
	convert sparse "$image" "$result" -f
	restores "$result"
}

@test "virsh dump, which dump_image_format compresses with zstd" {
	lab libvirt-stop "$HOST"
	lab libvirt-start "$HOST" --config 'dump_image_format = "zstd"'
	restores_dump zstd
}

@test "sparse, sent as a tar archive with its holes" {
	local sent

	"$SAVETOOL" convert -O sparse --tar=result raw - | tee "$image" |
		tar -xC "$HOST"
	sent=$(stat -c %s "$image")
	echo "$sent sent, $(allocated "$result") allocated"
	[ $((sent * 100)) -le $(($(allocated "$result") * 102)) ]
	chmod 644 "$result"
	restores "$result"
	virsh destroy g
	# And back, straight out of the archive.
	[ "$(digest "$image")" = "$(digest raw)" ]
}
