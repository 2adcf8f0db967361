#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What mkimage makes of recipes, apart from what recipes.py proves.

load helpers

# refuses TEXT: the recipe named a, whatever it includes.
refuses()
{
	run "$mkimage" a image
	assert_failure 1
	assert_output "mkimage: $1"
}

@test "pages past the end of a block are refused" {
	run "$mkimage" image <<-'END'
		stream
		configuration
		ram start
			block pc.ram 64K
		ram part
			page pc.ram 0x11000 count=all
	END
	assert_failure
	assert_output --partial 'no pages behind the end of the block'
}

@test "an included recipe is followed where it is included, in a section too" {
	mkdir -p there/deeper
	printf '%s\n' stream configuration 'ram start' 'block pc.ram 64K' \
		'include there/pages' 'eof' >a
	printf '%s\n' 'ram part' 'include deeper/page' 'zero pc.ram 0x1000' \
		'ram end' >there/pages
	echo 'page pc.ram 0' >there/deeper/page
	printf '%s\n' stream configuration 'ram start' 'block pc.ram 64K' \
		'ram part' 'page pc.ram 0' 'zero pc.ram 0x1000' 'ram end' eof >b
	"$mkimage" --labels a image >labels
	"$mkimage" --labels b wanted >wanted.labels
	cmp image wanted
	cmp labels wanted.labels
	# On standard input, a path is one from here.
	"$mkimage" image <a
	cmp image wanted
}

@test "a path to include may be absolute" {
	echo 'bytes 11' >part
	echo "include $PWD/part" >a
	"$mkimage" a image
	assert_equal "$(od -A n -t x1 image)" ' 11'
}

@test "recipes that include each other are refused" {
	mkdir there
	echo 'include a' >a
	refuses "a:1: 'a' includes itself"
	printf '\ninclude there/b\n' >a
	echo 'include ../a' >there/b
	refuses "there/b:1: 'there/../a' includes itself"
}

@test "includes nested more than eight deep are refused" {
	local n

	for n in {1..8}; do
		echo "include $((n + 1))" >$n
	done
	echo 'bytes 11' >./9
	echo 'include 2' >a
	"$mkimage" a image
	echo 'include 1' >a
	refuses '8:1: includes are nested too deeply'
}

@test "a mistake is reported with the included file that has it" {
	echo 'include b' >a
	refuses "cannot open 'b': No such file or directory"
	printf '# here\nnonsense\n' >b
	refuses "b:2: not a statement 'nonsense'"
	echo 'include b twice' >a
	refuses "a:1: not understood 'twice'"
	echo include >a
	refuses 'a:1: a word is missing'
}

@test "no two recipes have the same name" {
	run bash -c "find '$top/tests/recipes' -name '*.recipe' -printf '%f\n' |
		sort | uniq -d"
	assert_output ''
}
