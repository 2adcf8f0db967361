#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# digest --check, as sha256sum -c does it; and the digests of blocks.

load helpers

# Two images, and the list of their digests.
setup_list()
{
	make_image v2-small a
	make_image v3-two-blocks b
	"$SAVETOOL" digest a b >list
}

@test "all digests are right: OK for each" {
	setup_list
	savetool digest --check list
	assert_success
	assert_output 'a: OK'$'\n''b: OK'
	# shellcheck disable=SC2154 # of run
	assert_equal "$stderr" ''
	savetool digest -q --check list
	assert_success
	assert_silent
	run bash -c '"$SAVETOOL" digest --check - <list'
	assert_success
	# As other programs write them.
	sed 's/  / */; s/^[0-9a-f]*/\U&/' list >binary
	printf '# made today\r\n\n' >>binary
	savetool digest --check binary
	assert_success
}

@test "a digest that differs is FAILED, and status 1" {
	setup_list
	"$SAVETOOL" convert -f a b
	savetool digest --check list
	assert_failure 1
	assert_output 'a: OK'$'\n''b: FAILED'
	assert_equal "$stderr" 'savetool: list: warning: digests that differ: 1'
	savetool digest -q --check list
	assert_failure 1
	assert_output 'b: FAILED'
	assert_equal "$stderr" ''
	savetool digest --json --check list
	assert_failure 1
	assert_json 'map([.path, .same]) == [["a", true], ["b", false]] and
		.[1].expected != .[1].digest and .[0].expected == .[0].digest'
}

@test "a missing image is FAILED, the others are checked" {
	setup_list
	rm a
	savetool digest --check list
	assert_failure 3
	assert_output 'a: FAILED open or read'$'\n''b: OK'
	assert_equal "$stderr" "savetool: a: cannot open: No such file or directory
savetool: list: warning: images that could not be read: 1"
	savetool digest --json --check list
	assert_failure 3
	assert_json '.[0].error.code == "system" and .[1].same'
}

@test "malformed lines are counted, and nothing else is a usage error" {
	setup_list
	{
		echo 'abc  a'
		head -n 1 list | cut -c 2-
		head -n 1 list | cut -c -66
		head -n 1 list | sed 's/  / /'
	} >bad
	cat bad list >mixed
	savetool digest --check mixed
	assert_success
	assert_equal "$stderr" \
"savetool: mixed: warning: lines without a digest and a name: 4"
	savetool digest --check bad
	assert_error 2 "'bad' has no line with a digest; see \
'savetool digest --help'"
	savetool digest --check none
	assert_error 3 "cannot open 'none': No such file or directory"
	savetool digest --check list a
	assert_failure 2
}

@test "each block has a digest, which changes with its pages alone" {
	printf '%s\n' stream configuration 'ram start' 'block pc.ram 64K' \
		'block pc.vga 16K' 'ram part' 'page pc.ram 0 seed=1' \
		'page pc.vga 0 seed=2' 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof \
		vmdesc >a.recipe
	sed 's/seed=2/seed=3/' a.recipe >b.recipe
	"$MKIMAGE" a.recipe a
	"$MKIMAGE" b.recipe b
	"$SAVETOOL" convert -O sparse a c
	savetool digest --json a b c
	assert_success
	assert_json '.[0].blocks | map([.name, .length]) ==
		[["pc.ram", 65536], ["pc.vga", 16384]]'
	assert_json '.[0].blocks == .[2].blocks and
		.[0].blocks[0] == .[1].blocks[0] and
		.[0].blocks[1].digest != .[1].blocks[1].digest'
}
