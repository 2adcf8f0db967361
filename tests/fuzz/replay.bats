#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the fuzz targets start from goes through them.

top=${top_srcdir:-$BATS_TEST_DIRNAME/../..}
built=${top_builddir:-$top/build}

setup_file()
{
	MKIMAGE=${MKIMAGE:-$built/tests/mkimage/mkimage} \
		"$top/tests/fuzz/seed" "$BATS_FILE_TMPDIR"
}

# replays TARGET LEAST [SEEDS]: it likes all its seeds, and there are some.
replays()
{
	local seeds=$BATS_FILE_TMPDIR/${3:-$1}

	[ "$(find "$seeds" -type f | wc -l)" -ge "$2" ]
	# A lone -runs=0 keeps libFuzzer from going on by itself.
	"$built/tests/fuzz/$1_fuzz" -runs=0 "$seeds"
}

@test "archive: two images in each kind of archive" {
	replays archive 15
}

@test "codec: what is packed, and what is to be packed" {
	replays codec 10
}

@test "convert: every recipe's image, in both layouts" {
	replays convert 200
}

@test "early: streams" {
	replays early 150
}

@test "extract: guests whose memory has addresses" {
	replays extract 5
}

@test "fields: devices with each kind of field" {
	replays fields 7
}

@test "forwards: every recipe's image, through a pipe" {
	replays forwards 200 image
}

@test "image: every recipe's image, described" {
	replays image 200
}

@test "libvirt: headers" {
	replays libvirt 50
}

@test "lzop: members" {
	replays lzop 2
}

@test "nbd: servers that are good, late, broken, or gone" {
	replays nbd 40
}

@test "qcow2: files with snapshots" {
	replays qcow2 8
}

@test "stranger: files that are no images" {
	replays stranger 10
}

@test "vmdesc: vmdescriptions" {
	replays vmdesc 100
}

@test "xml: domains" {
	replays xml 50
}
