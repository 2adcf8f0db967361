#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What map shows: every byte of a file, and none twice.

load helpers

# assert_whole FILE: the map in $output has each byte of the file once, and
# says of each what SEEK_DATA and SEEK_HOLE say.
assert_whole()
{
	python3 - "$1" 3<<<"$output" <<-'END' || fail "$1"
		import json, os, sys

		size = os.path.getsize(sys.argv[1])
		file = os.open(sys.argv[1], os.O_RDONLY)
		at = 0
		before = None

		def end_of_storage(offset):
		    try:
		        data = os.lseek(file, offset, os.SEEK_DATA)
		    except OSError:
		        return size, False
		    if data > offset:
		        return data, False
		    return os.lseek(file, offset, os.SEEK_HOLE), True

		for extent in json.load(os.fdopen(3)):
		    assert extent['start'] == at, extent
		    assert extent['length'] > 0, extent
		    end, stored = end_of_storage(at)
		    assert extent['allocated'] == stored, (extent, stored)
		    at += extent['length']
		    assert at <= end, (extent, end)
		    rest = {k: v for k, v in extent.items()
		            if k not in ('start', 'length', 'page', 'pages')}
		    if 'page' in extent and before:
		        assert before != (rest, extent['page']), extent
		    before = None
		    if 'page' in extent:
		        before = (rest, extent['page'] + extent['pages'])
		assert at == size, (at, size)
	END
}

# sum TYPE: the bytes of this type in the map in $output.
sum()
{
	jq "[.[] | select(.type == \"$1\") | .length] | add // 0" \
		<<<"$output"
}

@test "every real image is mapped to its last byte" {
	local name

	for name in libvirt-sparse.save libvirt-live.save libvirt-zstd.save \
			live-mapped.mig no-configuration.mig \
			bare-sequential.mig; do
		real_image $name
		savetool map --json $name
		assert_success
		assert_whole $name
	done
}

@test "a small mapped-ram image, extent by extent" {
	local size

	make_image v3-small a
	size=$(stat -c %s a)
	savetool map a
	assert_success
	assert_equal "$stderr" ''
	assert_line --index 0 \
		"         start         length  type       present  stored  what"
	assert_line --index 1 \
		"             0             92  header     -        yes"
	assert_line --regexp '^ +92 +[0-9]+  xml        -        yes$'
	assert_line --regexp '^ +[0-9]+ +32  bitmap     -        yes     pc.ram$'
	assert_line --regexp \
		'^ +1048576 +[0-9]+  page-data  yes      yes     pc.ram page 0$'
	assert_line --regexp '^ +[0-9]+ +[0-9]+  hole       no       no      pc'
	assert_line --regexp \
		'^ +[0-9]+ +[0-9]+  device     -        yes     timer$'
	assert_line --regexp '^ +[0-9]+ +[0-9]+  vmdesc     -        yes$'
	savetool map --json a
	assert_equal "$(jq '[.[].length] | add' <<<"$output")" "$size"
	assert_json '[.[] | select(.type == "page-data") | .pages] | add == 8'
	assert_json 'all(.[]; has("page") == has("present"))'
	assert_json '.[-1].type == "vmdesc"'
	# One line an element, as qemu-img has it.
	assert_equal "${#lines[@]}" "$(jq length <<<"$output")"
}

@test "extents say whether bitmap and storage agree" {
	make_image v3-lost-extent a
	savetool map --json a
	assert_whole a
	assert_equal "$(sum lost)" $((32 * 4096))
	assert_json '.[] | select(.type == "lost") | .block == "pc.ram" and
		.page == 16 and .pages == 32 and .present and
		(.allocated | not)'
	make_image v3-stale b
	savetool map --json b
	assert_whole b
	[ "$(sum stale)" -gt 0 ]
	assert_json 'all(.[] | select(.type == "stale");
		.allocated and (.present | not))'
	# A copy that knows no holes has all of it, and nothing is lost.
	copy_dense a dense
	savetool map --json dense
	assert_whole dense
	assert_equal "$(sum lost)" 0
	assert_equal "$(sum hole)" 0
}

@test "only a scan shows which of the present pages are zero" {
	make_image v3-all-bits a
	savetool map --json a
	assert_equal "$(sum zero)" 0
	savetool map --json --scan a
	assert_whole a
	[ "$(sum zero)" -gt 0 ]
	assert_json 'all(.[] | select(.type == "zero");
		.present and .allocated)'
	make_image v2-small b
	savetool map --json b
	# A record that says zero has no page.
	assert_json 'any(.[]; .type == "zero" and (.present | not))'
}

@test "records are at the byte where they are" {
	local start page

	make_image v2-two-blocks-rom a
	savetool map --json a
	read -r start page < <(jq -r '[.[] |
		select(.type == "page-data")][-1] | "\(.start) \(.page)"' \
		<<<"$output")
	# The record's first word: the page's offset, PAGE, CONTINUE.
	assert_equal "$(od -A n -t u8 --endian=big -j "$start" -N 8 a |
		tr -d ' ')" $((page * 4096 + 0x28))
}

@test "a bitmap after the end of the stream is shown as a bitmap" {
	make_image v3-bitmap-at-end a
	savetool map --json a
	assert_success
	assert_whole a
	assert_json 'map(.type) | index("bitmap") > index("vmdesc")'
}

@test "bytes before a bare stream and after an image are extents, too" {
	make_image v3-bare-offset a
	savetool map --json --offset 69949 a
	assert_success
	assert_whole a
	assert_json '.[0].type == "leading"'
	make_image v2-trailing b
	savetool map --json b
	assert_whole b
	assert_json '.[-1].type == "trailing"'
}

@test "a compressed stream is one extent" {
	make_image packed-zstd a
	savetool map --json a
	assert_success
	assert_json '.[-1].type == "compressed"'
	zstd -q a -o b
	savetool map --json b
	assert_success
	assert_whole b
	assert_json 'length == 1 and .[0].type == "compressed"'
}

@test "if the image cannot be mapped, no line is printed" {
	echo nonsense >a
	savetool map a
	assert_error 4 "a: not a save image"
	assert_equal "$output" ''
	savetool map --json a
	assert_equal "$status" 4
	assert_json '.path == "a" and .error.code == "not-an-image"'
	make_image bad-mapped-cut-tail b
	savetool map b
	assert_failure 5
	assert_equal "$output" ''
	# Neither does a header that is whole.
	make_image v3-two-blocks c
	truncate -s 1100K c
	savetool map c
	assert_failure 5
	assert_equal "$output" ''
	savetool map - < <(cat b)
	assert_error 2 "-: map needs a file, not a pipe"
}

@test "a broken stream is mapped up to the damage" {
	make_image bad-cut-page a
	savetool map a
	assert_failure 5
	assert_line --regexp '  page-data  '
	assert_equal "$(wc -l <<<"$stderr")" 1
	savetool map --json a
	assert_failure 5
	assert_json '.[0].type == "header" or .[0].type == "stream"'
	assert_json '.[-1].error.code == "incomplete"'
	assert_json '.[-1].path == "a" and .[-1].savetool.schema == 1'
}

@test "names from an image cannot steer a terminal" {
	make_image v2-name-controls a
	savetool map a
	run grep -c $'\e' <<<"$output"
	assert_equal "$output" 0
}

@test "a reader that stops ends the output, and a full disk is an error" {
	make_image v3-interleaved a
	run bash -c '"$SAVETOOL" map a | head -n 1'
	assert_success
	assert_equal "${#lines[@]}" 1
	savetool map a >/dev/null
	run bash -c '"$SAVETOOL" map a 2>&1 >/dev/full'
	assert_failure 3
	assert_output --partial "cannot write to standard output"
}

@test "an image of 8 GiB is mapped without reading its pages" {
	truncate -s 8G a
	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 8G
		page pc.ram 0 count=64 step=4096
	END
	run --separate-stderr in_seconds 1 map --json a
	assert_success
	assert_whole a
}
