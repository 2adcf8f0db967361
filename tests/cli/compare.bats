#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# compare: the same guest in every format, and what of another one differs.

load helpers

# flip FILE OFFSET: changes one bit of a byte.
flip()
{
	python3 - "$1" "$2" <<-'END'
		import sys
		with open(sys.argv[1], "r+b") as file:
		    file.seek(int(sys.argv[2]))
		    byte = file.read(1)[0]
		    file.seek(int(sys.argv[2]))
		    file.write(bytes([byte ^ 16]))
	END
}

# place IMAGE FILTER: an offset that map shows.
place()
{
	"$SAVETOOL" map --json "$1" | jq -r "$2"
}

# assert_same IMAGE IMAGE
assert_same()
{
	savetool compare "$1" "$2"
	assert_success
	assert_output "$1 and $2 hold the same guest"
}

# small_memory PAGE...: a recipe of a sequential stream with a ROM.
small_memory()
{
	printf '%s\n' stream configuration 'ram start' 'block pc.ram 64K' \
		'block pc.rom 16K' 'ram part' "$@" 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof vmdesc
}

@test "one real guest is the same in seven formats" {
	local format

	real_image libvirt-live.save
	for format in sparse raw gzip bzip2 xz lzop zstd; do
		"$SAVETOOL" convert -O $format libvirt-live.save $format
		assert_same libvirt-live.save $format
		assert_same sparse $format
	done
	"$SAVETOOL" convert --bare zstd bare
	savetool compare -q bare sparse
	assert_success
	assert_silent
}

@test "only one image can be standard input, on either side" {
	real_image libvirt-zstd.save
	"$SAVETOOL" convert -O sparse libvirt-zstd.save sparse
	run --separate-stderr "$SAVETOOL" compare - sparse <libvirt-zstd.save
	assert_success
	run --separate-stderr "$SAVETOOL" compare libvirt-zstd.save - <sparse
	assert_success
	savetool compare - -
	assert_error 2 "only one IMAGE can be standard input; see \
'savetool compare --help'"
}

@test "one flipped bit of memory is named by block and page" {
	local at page format

	real_image libvirt-raw.save
	"$SAVETOOL" convert -O sparse libvirt-raw.save a
	"$SAVETOOL" convert -O sparse libvirt-raw.save b
	read -r at page < <(place a 'map(select(.type == "page-data" and
		.block == "pc.ram")) | last | "\(.start + 4099) \(.page + 1)"')
	flip b "$at"
	"$SAVETOOL" convert -O zstd b b.zstd
	for format in b b.zstd; do
		savetool compare --json a $format
		assert_failure 1
		assert_json '.same == false and .sections == [] and
			([.blocks[] | select(.differing > 0)] | length) == 1'
		assert_json ".ranges == [{block: \"pc.ram\", page: $page,
			pages: 1, difference: \"differs\"}]"
		savetool compare -v $format a
		assert_failure 1
		assert_line --regexp "pc.ram +$page +1 +differs"
	done
	savetool compare a b
	assert_line --index 0 'a and b differ'
	refute_output --partial pc.bios
	savetool compare -q a b
	assert_failure 1
	assert_silent
}

@test "every flipped bit of device state is named by section and field" {
	local at

	real_image bare-sequential.mig
	at=$(place bare-sequential.mig 'map(select(.section == "cpu"))[0].start')
	# Header: type, id, length byte, name, instance, version.
	at=$((at + 1 + 4 + 1 + 3 + 4 + 4))
	cp bare-sequential.mig changed
	flip changed $((at + 3 * 8 + 7))
	savetool compare --json bare-sequential.mig changed
	assert_failure 1
	assert_json '.ranges == [] and .blocks[0].same == .blocks[0].pages'
	assert_json '.sections | length == 1 and .[0].name == "cpu"'
	assert_json '.fields | length == 1 and .[0].path == "env.regs[3]" and
		.[0].type == "uint64" and .[0].offset == 24 and
		.[0].bytes == 1 and .[0].first != .[0].second'
	"$SAVETOOL" convert -O zstd changed changed.zstd
	savetool compare bare-sequential.mig changed.zstd
	assert_failure 1
	assert_line --regexp 'cpu +0 +env\.regs\[3\] +[0-9]+ +[0-9]+ +differs'
}

@test "without a vmdesc, bytes of a section are named by their offset" {
	local at

	make_image v2-no-vmdesc image
	cp image changed
	at=$(place image 'map(select(.section == "timer"))[0].start')
	flip changed $((at + 1 + 4 + 1 + 5 + 4 + 4 + 7))
	savetool compare --json image changed
	assert_failure 1
	assert_json '.sections | map(.name) == ["timer"]'
	assert_json '.fields | length == 1 and .[0].offset == 7 and
		.[0].bytes == 1 and (.[0] | has("path") | not)'
	savetool compare image changed
	assert_line --partial 'byte 7'
}

@test "device state without any structure is compared as a whole" {
	real_image no-configuration.mig
	cp no-configuration.mig changed
	flip changed $(($(stat -Lc %s changed) - 100))
	assert_same no-configuration.mig no-configuration.mig
	savetool compare --json no-configuration.mig changed
	assert_failure 1
	assert_json '.sections | map(.name) == ["devices"]'
	assert_json '.fields | length == 1 and .[0].bytes == 1'
}

@test "a page that only one has: zero is none" {
	small_memory 'page pc.ram 0 seed=1' 'zero pc.ram 0x1000' \
		'page pc.rom 0 seed=3' 'zero pc.rom 0x1000' >a.recipe
	small_memory 'page pc.ram 0x2000 seed=2' 'page pc.rom 0 seed=3' \
		>b.recipe
	"$MKIMAGE" a.recipe a
	"$MKIMAGE" b.recipe b
	"$SAVETOOL" convert -O sparse a a.sparse
	"$SAVETOOL" convert -O sparse b b.sparse
	for pair in 'a b' 'a.sparse b' 'a b.sparse' 'a.sparse b.sparse'; do
		# shellcheck disable=SC2086 # two words
		savetool compare --json $pair
		assert_failure 1
		assert_json '.blocks | map([.same, .differing, .["only-first"],
			.["only-second"]]) == [[14, 0, 1, 1], [4, 0, 0, 0]]'
		assert_json '.ranges | map([.block, .page, .difference]) ==
			[["pc.ram", 0, "only-first"],
			["pc.ram", 2, "only-second"]]'
	done
	savetool compare --json a.sparse b.sparse
	assert_json '.exact'
	savetool compare --json a b.sparse
	assert_json '.exact | not'
}

@test "blocks, sections and lengths that only one has" {
	small_memory 'page pc.ram 0 seed=1' >a.recipe
	sed 's/^block pc.rom 16K/block pc.vga 8K/; s/64K/68K/
		s/name=timer/name=other/' a.recipe >b.recipe
	"$MKIMAGE" a.recipe a
	"$MKIMAGE" b.recipe b
	"$SAVETOOL" convert -O sparse a a.sparse
	"$SAVETOOL" convert -O sparse b b.sparse
	for pair in 'a b' 'a.sparse b.sparse'; do
		# shellcheck disable=SC2086 # two words
		savetool compare --json $pair
		assert_failure 1
		assert_json '.blocks | map([.name, .pages, .same]) ==
			[["pc.ram", 17, 17], ["pc.rom", 4, 4],
			["pc.vga", 2, 2]]'
		assert_json '.blocks[2] | has("first-length") | not'
		assert_json '.sections | map([.name, .difference]) ==
			[["timer", "only-first"], ["other", "only-second"]]'
	done
	savetool compare a b
	assert_line --regexp 'other .*only in the second'
}

@test "XML and header are shown, and count with --strict" {
	make_image v2-small a
	"$SAVETOOL" convert a b
	sed -i 's/<name>./<name>X/' b
	savetool compare a b
	assert_success
	assert_line --regexp 'name .*X'
	savetool compare --strict --json a b
	assert_failure 1
	assert_json '.same and (.["same-facts"] | not) and
		(.facts | map(.name) | index("name") != null and
		index("xml") != null)'
	"$SAVETOOL" convert --bare a bare
	savetool compare --json --strict a bare
	assert_failure 1
	assert_json '.facts == [{name: "header", first: "libvirt"}]'
	savetool compare --strict a a
	assert_success
	assert_output 'a and a hold the same guest'
}

@test "an image that fails is named, and nothing is claimed" {
	make_image v2-small a
	head -c $(($(stat -c %s a) / 2)) a >cut.save
	savetool compare a cut.save
	assert_failure 5
	assert_output ''
	# shellcheck disable=SC2154 # of run
	[[ $stderr == 'savetool: cut.save: '* ]]
	savetool compare cut.save a
	assert_failure 5
	[[ $stderr == 'savetool: cut.save: '* ]]
	savetool compare --json a missing
	assert_failure 3
	assert_json '.path == "missing" and .error.code == "system"'
}
