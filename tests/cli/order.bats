#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The byte order of a bare stream's host: said, contradicted, or untold.

load helpers

commands='inspect size map check digest convert compact sparsify'

# digest ARGUMENT...: of the guest, as the program says.
digest()
{
	"$SAVETOOL" digest "$@" | cut -d ' ' -f 1
}

# make_big NAME: a bare mapped-ram stream of a big-endian host, and what it was
# made of, NAME.libvirt.
make_big()
{
	make_image v3-big-endian "$1.libvirt"
	"$SAVETOOL" convert -f --bare -O sparse "$1.libvirt" "$1"
}

# try COMMAND [OPTION]...: of the image named a.
try()
{
	local command=$1
	shift

	if [ "$command" = convert ]; then
		rm -f out
		savetool "$command" -O raw "$@" a out
	else
		savetool "$command" "$@" a
	fi
}

@test "every command reads what the host's byte order is said of" {
	local command

	for command in $commands; do
		make_big a
		try "$command" --byte-order big
		[ "$status" -eq 0 ] || fail "$command: $stderr"
		assert_equal "$(digest --byte-order=big a)" \
			"$(digest a.libvirt)"
	done
}

@test "inspect finds the same as with a header" {
	make_big a
	savetool inspect --json --byte-order big a
	assert_json '.blocks[0]."pages-present" == 7'
	assert_json '[.findings[].code] == []'
	assert_json '.stream."byte-order" == "big"'
	assert_json 'has("header") | not'
	savetool inspect --byte-order little a
	assert_line --regexp 'byte order +little'
	savetool inspect --json a
	assert_json '.stream | has("byte-order") | not'
	savetool inspect --json a.libvirt
	assert_json '.stream | has("byte-order") | not'
	assert_json '.header."byte-order" == "big"'
}

@test "big-endian bitmaps, a sequential stream, and the same bytes again" {
	local order sum

	make_big a
	sum=$(digest a.libvirt)
	for order in little big; do
		savetool convert --verify --byte-order big -O raw a b
		assert_success
		savetool convert --verify --byte-order $order -O sparse b c.$order
		assert_success
		assert_equal "$(digest --byte-order $order c.$order)" "$sum"
		rm b
	done
	cmp a c.big
	run cmp -s a c.little
	assert_failure 1
	# A pipe, and one that was packed, are told as well.
	zstd -q a -o a.zst
	savetool convert --byte-order big -O sparse a.zst d
	assert_success
	cmp a d
	savetool convert --byte-order big -O sparse - e <a
	assert_success
	cmp a e
}

@test "a new libvirt header has the byte order of the bitmaps behind it" {
	local format

	make_big a
	"$SAVETOOL" inspect --json --xml a.libvirt | jq -r .xml >xml
	for format in raw zstd sparse; do
		savetool convert --byte-order big --libvirt=xml -O $format \
			--verify a b
		assert_success
		savetool inspect --json b
		assert_json '.header."byte-order" == "big"'
		assert_json '.header.version == 2'
		assert_equal "$(digest b)" "$(digest a.libvirt)"
		rm b
	done
	# Nor does another XML change that of an image with a header.
	savetool convert --libvirt=xml a.libvirt b
	assert_success
	savetool inspect --json b
	assert_json '.header."byte-order" == "big"'
}

@test "a libvirt header is not contradicted" {
	local command

	make_image v3-big-endian a
	cp a before
	for command in $commands; do
		try "$command" --byte-order little
		assert_error 2 "a: libvirt header of a big-endian host, which\
 the byte order 'little' contradicts"
		[ ! -e out ]
		cmp before a
	done
	# Nor one inside of what was packed as a whole.
	zstd -q --rm a -o b
	mv b a
	try digest --byte-order little
	assert_failure 2
	for command in inspect digest; do
		try "$command" --byte-order big
		assert_success
	done
	make_image v2-small a
	try digest --byte-order big
	assert_error 2 "a: libvirt header of a little-endian host, which the\
 byte order 'big' contradicts"
	try digest --byte-order little
	assert_success
}

@test "a wrong word is noticed by the pages" {
	local command

	make_big a
	cp a before
	for command in digest convert; do
		try "$command" --byte-order little
		assert_error 7 "a: bare stream whose bitmaps are those of a\
 big-endian host, it seems; say --byte-order big"
		[ ! -e out ]
	done
	for command in sparsify compact; do
		try "$command" --byte-order little
		[ "$status" -ge 7 ] || fail "$command"
		cmp before a
	done
	"$SAVETOOL" convert --byte-order big -O raw a b
	"$SAVETOOL" convert --byte-order little -O sparse b little
	savetool digest --byte-order big little
	assert_error 7 "little: bare stream whose bitmaps are those of a\
 little-endian host, it seems; say --byte-order little"
}

@test "where old pages leave a doubt, the word counts" {
	local order

	make_image v3-order-doubtful a
	for order in little big; do
		savetool convert --verify --byte-order $order -O raw a b.$order
		assert_success
		assert_equal "$(digest b.$order)" \
			"$(digest --byte-order $order a)"
	done
	run cmp -s b.little b.big
	assert_failure 1
	try compact --byte-order big
	assert_success
	assert_equal "$(digest --byte-order big a)" "$(digest b.big)"
}

@test "bits of a big-endian host are cleared where they are" {
	local image sum

	sed 's/page s390.ram 0x40000/& count=16 data=0/; /^libvirt/d;
		s/\tblock .*/& bitmap-order=big/' \
		"$top/tests/recipes/v3-big-endian.recipe" >recipe
	"$mkimage" recipe sparse
	sum=$(digest --byte-order big sparse)
	cp --sparse=never sparse a
	savetool compact --byte-order big a b
	assert_success
	savetool sparsify --byte-order big a c
	assert_success
	savetool sparsify --byte-order big a
	assert_success
	for image in a b c; do
		savetool inspect --json --byte-order big $image
		assert_json '.blocks[0]."pages-present" == 6'
		assert_json '[.findings[].code] == []'
		assert_equal "$(digest --byte-order big $image)" "$sum"
	done
}

@test "check mends bits in the order that was said" {
	local order

	for order in little big; do
		"$mkimage" a <<-END
			stream
			configuration machine=s390-ccw-virtio-10.0 \
				capability=mapped-ram
			ram start
			block s390.ram 160K bitmap-order=$order
			page s390.ram 0 count=9
			page s390.ram 0x26000
			page s390.ram 0x29000
			ram part
			ram end
			section full name=timer id=3 version=2 length=24
			eof
			vmdesc
		END
		savetool check --repair --byte-order $order a
		assert_success
		assert_line --partial "padding-bits"
		savetool inspect --json --byte-order $order a
		assert_json '.blocks[0]."pages-present" == 10'
		assert_json '[.findings[].code] == []'
	done
}

@test "there are two byte orders" {
	make_big a
	savetool inspect --byte-order middle a
	assert_error 2 "option '--byte-order': neither 'little' nor 'big':\
 'middle'; see 'savetool inspect --help'"
}
