#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Parts of an image as files of their own.

load helpers

@test "one RAM block is written at its offsets, sparse, from every layout" {
	local name

	for name in v3-small v2-bare v2-live-superseded; do
		mkdir right
		"$mkimage" --memory-all right "$(recipe $name)" $name
		savetool extract memory --block pc.ram $name ram
		assert_success
		[ -z "$output$stderr" ]
		cmp ram right/pc.ram
		[ "$(allocated ram)" -le "$(allocated right/pc.ram)" ]
		rm -r ram right
	done
}

@test "an existing file is replaced only with --force, and never the source" {
	make_image v3-small a
	touch ram
	savetool extract memory --block pc.ram a ram
	assert_error 8 "a: 'ram' exists; use --force to replace it"
	savetool extract memory --block pc.ram -f a ram
	assert_success
	[ -s ram ]
	savetool extract memory --block pc.ram -f a a
	assert_error 8 "a: source and destination are the same file"
}

@test "what cannot be extracted is a usage error" {
	make_image v3-small a
	savetool extract mmory a b
	assert_error 2 "no part 'mmory'; did you mean 'memory'?"
	savetool extract memory --block pcram a b
	assert_error 2 "a: no RAM block 'pcram'"
	savetool extract memory --format rw a b
	assert_error 2 \
		"option '--format': no memory format 'rw'; did you mean 'raw'?"
	savetool extract memory --block pc.ram --json a -
	assert_failure 2
	[ ! -e b ]
}

# ranges: the ranges in $output, one a line: address length block offset.
ranges()
{
	jq -r '.ranges[] | "\(.address) \(.length) \(.block) \(.offset)"' \
		<<<"$output"
}

# pc_recipe MACHINE: a mapped-ram stream of such a PC; its blocks come from
# standard input.
pc_recipe()
{
	printf '%s\n' stream "configuration machine=$1 capability=mapped-ram" \
		'ram start'
	cat
	printf '%s\n' 'ram part' 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof vmdesc
}

@test "without devices, memory is where the machine type has it, with a warning" {
	local machine memory below

	while read -r machine memory below; do
		pc_recipe "$machine" <<<"block pc.ram $memory" |
			"$mkimage" a
		savetool extract memory --json -f a b
		assert_success
		[[ $stderr == *"nothing in the image confirms"* ]]
		assert_json ".assumed and
			([.ranges[] | select(.address < 4294967296) |
				.address + .length] | max == $below)"
	done <<-END
		pc-i440fx-10.0 3583M $((3583 << 20))
		pc-i440fx-10.0 3584M $((3072 << 20))
		pc-i440fx-1.7 4G $((3584 << 20))
		pc-q35-9.0 2815M $((2815 << 20))
		pc-q35-9.0 2816M $((2048 << 20))
		pc-q35-rhel9.4.0 6G $((2048 << 20))
	END
}

@test "NUMA nodes follow one another by their numbers, not by their sizes" {
	pc_recipe virt-10.0 <<-END | "$mkimage" a
		block ram-node10 3M
		block ram-node2 1M
		block ram-node0 2M
		block virt.flash0 64M
	END
	savetool extract memory --json a b
	assert_success
	assert_equal "$(ranges)" "0 67108864 virt.flash0 0
1073741824 2097152 ram-node0 0
1075838976 1048576 ram-node2 0
1076887552 3145728 ram-node10 0"
}

@test "a block without an address is left out, unless --map has one" {
	pc_recipe virt-10.0 <<-END | "$mkimage" a
		block mach-virt.ram 2M
		block memdimm0 1M
	END
	savetool extract memory --json a b
	assert_success
	[[ $stderr == *"block 'memdimm0' was left out"*"--map"* ]]
	assert_json '.unplaced == [{block: "memdimm0", length: 1048576,
		hidden: false}]'
	savetool extract memory --json -f --map memdimm0@0x40100000 a b
	assert_success
	[ -z "$stderr" ]
	assert_equal "$(ranges)" "1073741824 1048576 mach-virt.ram 0
1074790400 1048576 memdimm0 0"
	savetool extract memory --map memdimm1@0 a c
	assert_error 2 "a: no RAM block 'memdimm1'"
	savetool extract memory --map memdimm0@1 a c
	assert_error 2 "a: address 0x1 is no place for block 'memdimm0'"
	[ ! -e c ]
}

@test "a machine that nobody knows here needs --map" {
	pc_recipe toaster-1.0 <<<'block toaster.ram 1M' | "$mkimage" a
	savetool extract memory a b
	assert_error 7 "a: the addresses of machine type 'toaster-1.0' are not \
known; use --map=BLOCK@ADDRESS to place it"
	savetool extract memory --map toaster.ram@4K a b
	assert_success
	assert_equal "$(stat -c %s b)" $((4096 + (1 << 20)))
}

@test "what comes through a pipe is extracted like a file" {
	make_image v2-live-superseded a
	savetool extract memory --map pc.ram@0 a b
	assert_success
	for packed in 'cat' 'gzip' 'zstd -q'; do
		# shellcheck disable=SC2086 # a command of several words
		run bash -c "$packed <a | \"$SAVETOOL\" extract memory \
			-f --map pc.ram@0 - c"
		assert_success
		cmp b c
	done
}
