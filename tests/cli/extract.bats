#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Parts of an image as files of their own.

load helpers

@test "one memory block is written at its offsets, sparse, from every layout" {
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
	assert_error 2 "a: no memory block 'pcram'"
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
		[[ $stderr == *"the image does not confirm the addresses"* ]]
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
	assert_error 2 "a: no memory block 'memdimm1'"
	savetool extract memory --map memdimm0@1 a c
	assert_error 2 "a: address 0x1 is out of range or not aligned to the page size: block 'memdimm0'"
	[ ! -e c ]
}

@test "a DIMM is where the domain XML has it" {
	pc_recipe virt-10.0 <<-END >bare.recipe
		block mach-virt.ram 2M
		block memdimm1 1M
		block memnvdimm0 1M
		block memdimm2 1M
	END
	{
		cat <<-'END'
			libvirt xml="<domain><name>a</name><devices>\
			<memory model='dimm'><address type='dimm' slot='1' base='0x140000000'/></memory>\
			<memory model='nvdimm'><address type='dimm' slot='0' base='0x150000000'/></memory>\
			<memory model='dimm'><address type='dimm' slot='2' base='zero'/></memory>\
			</devices></domain>"
		END
		cat bare.recipe
	} | sed -z 's/\\\n//g' >recipe
	"$mkimage" recipe a
	savetool extract memory --json a b
	assert_success
	assert_equal "$(ranges)" "1073741824 2097152 mach-virt.ram 0
5368709120 1048576 memdimm1 0
5637144576 1048576 memnvdimm0 0"
	[[ $stderr == *"block 'memdimm2' was left out"* ]]
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

# fields IMAGE: the device state as JSON.
fields()
{
	"$SAVETOOL" extract devices "$1" -
}

@test "devices are written as JSON, the same from every format" {
	local format

	real_image libvirt-raw.save
	savetool extract devices libvirt-raw.save raw.json
	assert_success
	assert_silent
	jq -e '.vmdesc and (.devices | map(.name) | index("cpu") > 0)' raw.json
	for format in sparse zstd; do
		"$SAVETOOL" convert -O $format libvirt-raw.save $format
		fields $format | jq 'del(.devices[].offset)' >$format.json
		diff <(jq 'del(.devices[].offset)' raw.json) $format.json
	done
	run bash -c '"$SAVETOOL" extract devices - - <zstd |
		jq "del(.devices[].offset)" | diff zstd.json -'
	assert_success
}

@test "numbers have their sign, buffers are digits, structs are objects" {
	real_image bare-sequential.mig
	fields bare-sequential.mig >out.json
	jq -e '.machine | startswith("pc-i440fx")' out.json
	jq -e '.devices[] | select(.name == "cpu").fields |
		(.["env.regs"] | length == 16) and
		(.["env.segs"][0].selector | type == "number")' out.json
	jq -e '.devices[] | select(.name == "mc146818rtc").fields |
		.cmos_data | test("^[0-9a-f]{256}$")' out.json
	jq -e '.devices[] | select(.name | endswith("/I440FX")).fields |
		.parent_obj["config[0]"] | test("^86803712")' out.json
	jq -e '[.devices[] | has("fields")] | all' out.json
	jq -e '[.. | numbers | select(. < 0)] | length > 0' out.json
}

@test "state that nothing describes is written as digits" {
	real_image no-configuration.mig
	fields no-configuration.mig >out.json
	jq -e '(.vmdesc | not) and .devices == [] and
		(.undescribed | startswith("04"))' out.json
	make_image v2-no-vmdesc image
	fields image >out.json
	jq -e '.devices | map(.name) == ["timer"] and
		(.[0].undescribed | length == 48)' out.json
}

@test "a device that is saved before memory is among them" {
	for name in v2-early-device packed-early-device; do
		make_image $name image
		fields image >out.json
		jq -e '.devices[0] | (.name | endswith("virtio-mem-device-early"))
			and (has("fields") or has("undescribed"))' out.json
		rm image
	done
}

@test "the domain XML is written as it is" {
	make_image v2-small a
	savetool extract xml a a.xml
	assert_success
	assert_silent
	[ "$(cat a.xml)" = "$("$SAVETOOL" inspect --json --xml a | jq -r .xml)" ]
	savetool extract xml a a.xml
	assert_error 8 "a: 'a.xml' exists; use --force to replace it"
	make_image v2-bare bare
	savetool extract xml bare b.xml
	assert_error 7 'bare: a bare stream has no libvirt header, and so no domain XML'
	[ ! -e b.xml ]
}

@test "half of a domain XML is none" {
	make_image bad-xml-cut a
	savetool extract xml a a.xml
	assert_equal "$status" 5
	[[ $stderr == *'image ends within its XML'* ]]
	[ ! -e a.xml ]
	# What is missing is not the XML, but the zeros after it.
	make_image bad-padding-cut b
	savetool extract xml b b.xml
	assert_success
	savetool xml b
	assert_success
	assert_equal "$output" "$(cat b.xml)"
}

@test "without its list of blocks, no part of memory is there" {
	make_image bad-ram-no-list a
	savetool extract memory --partial a out
	assert_error 6 'a: RAM section without a list of blocks (at byte 44)'
	[ ! -e out ]
}

@test "the stream is a bare image in the layout of the source" {
	local source layout

	real_image libvirt-live.save
	ln -s libvirt-live.save raw
	for layout in sparse zstd; do
		"$SAVETOOL" convert -O $layout raw $layout
	done
	for source in raw:sequential sparse:mapped-ram zstd:sequential; do
		savetool extract stream "${source%:*}" out
		assert_success
		[ "$("$SAVETOOL" inspect --json out | jq -r \
			'"\(.container) \(.layout) \(.compression)"')" \
			= "bare ${source#*:} none" ]
		assert_equal "$(digest out)" "$(digest raw)"
		rm out
	done
	"$SAVETOOL" extract stream - - <zstd >piped
	assert_equal "$(digest piped)" "$(digest raw)"
	savetool extract stream -v raw out
	assert_success
	savetool extract stream --json -f raw out
	assert_json '.what == "stream" and .format == "raw" and .lost == 0'
	savetool extract stream --block pc.ram -f raw out
	assert_error 2 "'--block' is an option of 'extract memory' and not of \
'extract stream'; see 'savetool extract --help'"
}

# loads FILE: address, file offset and length of each segment of a core.
loads()
{
	readelf -lW "$1" | awk '$1 == "LOAD" { print $4, $2, $5 }'
}

# same_bytes FLAT FILE: what a core or a LiME file has of each range, whose
# address, offset and length come from standard input, is that of a flat file.
same_bytes()
{
	local address offset length

	while read -r address offset length; do
		cmp -n $((length)) "$1" "$2" $((address)) $((offset)) || return
	done
}

@test "a core and a LiME file have the ranges of a flat file" {
	make_image v2-live-superseded a
	savetool extract memory -q a flat
	assert_success
	savetool extract memory -q --format elf a core
	assert_success
	[ "$(loads core | wc -l)" -ge 1 ]
	loads core | same_bytes flat core
	savetool extract memory -q --format lime a lime
	assert_success
	python3 - lime >ranges <<-'END'
		import struct, sys

		data = open(sys.argv[1], "rb").read()
		at = 0
		while at < len(data):
		    magic, version, first, last, rest = struct.unpack_from(
		        "<IIQQQ", data, at)
		    assert (magic, version, rest) == (0x4c694d45, 1, 0)
		    print(first, at + 32, last + 1 - first)
		    at += 32 + last + 1 - first
		assert at == len(data)
	END
	same_bytes flat lime <ranges
	[ "$(wc -l <ranges)" = "$(loads core | wc -l)" ]
}

@test "a core whose processors nobody knows here has a warning, and no notes" {
	make_image v3-small a
	savetool extract memory --format elf --json a core
	assert_success
	[[ $stderr == *"the core has no registers"* ]]
	assert_json '.cpus == 0'
}

# linux_guest PLACE:SEED...: a guest with a VMCOREINFO note at each place, after
# its CONTENT; the recipe of an image.
linux_guest()
{
	local place

	printf '%s\n' stream 'configuration machine=virt-10.0' 'ram start' \
		'block mach-virt.ram 1M' 'ram part'
	for place; do
		printf 'page mach-virt.ram %s poke=0:%s\n' "${place%:*}" \
			"$(note "${place#*:}")"
	done
	printf '%s\n' 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof vmdesc
}

# note WORD: the bytes of the note, as digits.
note()
{
	local content

	content=$(printf 'OSRELEASE=%s\n' "$1" | basenc --base16 -w 0)
	printf '0B000000%02X00000000000000' $((${#content} / 2))
	printf 'VMCOREINFO\0\0' | basenc --base16 -w 0
	echo "$content"
}

# core_note: the content of the VMCOREINFO note of the file 'core'.
core_note()
{
	readelf -n core | awk '
		found && /description data:/ { print toupper($0); exit }
		/VMCOREINFO/ { found = 1 }' |
		sed 's/.*DATA: //; s/ //g' | basenc --base16 -d
}

@test "the VMCOREINFO note of a Linux guest is found in its memory" {
	linux_guest 0x3000:6.1 0x8000:6.1 | "$mkimage" a
	savetool extract memory -q --format elf --json a core
	assert_success
	assert_json '.vmcoreinfo == "memory"'
	assert_equal "$(core_note)" OSRELEASE=6.1
	# Of a page that comes again, the last content counts.
	linux_guest 0x3000:6.1 0x3000:6.2 | "$mkimage" a
	savetool extract memory -q --format elf -f a core
	assert_success
	assert_equal "$(core_note)" OSRELEASE=6.2
	savetool extract memory -q --format elf -f -v a core
	assert_output --partial "VMCOREINFO found in memory"
}

@test "of two kernels in one memory, neither is taken for the one that runs" {
	linux_guest 0x3000:6.1 0x8000:6.2 | "$mkimage" a
	savetool extract memory --format elf --json a core
	assert_success
	assert_json '.vmcoreinfo == "several"'
	[[ $stderr == *"core has no VMCOREINFO"* ]]
	[ -z "$(core_note)" ]
}

@test "what only starts like a VMCOREINFO note is none" {
	local bytes

	# Longer than any, longer than memory, of another type, without a text.
	for bytes in \
		0B000000FFFFFF7F00000000564D434F5245494E464F0000 \
		0B000000F0FF000000000000564D434F5245494E464F00004F5352454C454153453D \
		0B0000000A00000001000000564D434F5245494E464F00004F5352454C454153453D \
		0B0000000000000000000000564D434F5245494E464F0000; do
		linux_guest | sed "/ram part/a page mach-virt.ram 0xff000\
 poke=0:$bytes" | "$mkimage" a
		savetool extract memory -q --format elf --json -f a core
		assert_success
		assert_json '.vmcoreinfo == "none"'
	done
}

@test "memory for which there is no disk space is not begun" {
	local image left results=()

	[ "$(id -u)" = 0 ] || skip "mounting takes root"
	real_image libvirt-raw.save
	real_image libvirt-sparse.save
	mkdir small
	mount -t tmpfs -o size=1M none small || skip "cannot mount here"
	for image in raw sparse; do
		savetool extract memory libvirt-$image.save small/memory
		results+=("$status ${stderr#*save: }")
	done
	# One block alone takes less.
	savetool extract memory --block pc.bios libvirt-raw.save small/bios
	results+=("$status")
	left=$(ls -A small)
	umount small
	[[ ${results[0]} == "8 not enough space: "*" missing" ]]
	[[ ${results[1]} == "8 not enough space: "*" missing" ]]
	assert_equal "${results[2]}" 0
	assert_equal "$left" bios
}

@test "an image that breaks off is taken as far as it goes with --partial" {
	make_image v2-bare a
	savetool extract memory --block pc.ram a whole
	assert_success
	truncate -s $(($(stat -c %s a) * 6 / 10)) a
	savetool extract memory --block pc.ram a b
	assert_failure 5
	[ ! -e b ]
	savetool extract memory --block pc.ram --partial --json a b
	assert_failure 5
	[[ $stderr == *"image ends (block 'pc.ram', page 2"* ]]
	assert_json '(.complete | not) and .reason == "image ends"'
	[ "$(stat -c %s b)" = "$(stat -c %s whole)" ]
	cmp -n 8192 b whole
	[ -z "$(tail -c +8193 b | tr -d '\0' | head -c 1)" ]
}

@test "so is a mapped-ram image that ends in its pages" {
	local end page

	make_image v3-small a
	savetool extract memory --block pc.ram a whole
	assert_success
	while read -r end page; do
		head -c "$end" a >short
		savetool extract memory --block pc.ram short b
		assert_failure 5
		[ ! -e b ]
		savetool extract memory --block pc.ram --partial short b
		assert_error 5 \
			"short: image ends (block 'pc.ram', page $page, at byte $end)"
		assert_equal "$(stat -c %s b)" "$(stat -c %s whole)"
		cmp -n $((page * 4096)) b whole
		[ -z "$(tail -c +$((page * 4096 + 1)) b | tr -d '\0' |
			head -c 1)" ]
		rm b
	done <<-END
		2093056 255
		1060000 2
		1048576 0
		66150 0
	END
	# Nothing is known of the block.
	head -c 66100 a >short
	savetool extract memory --block pc.ram --partial short b
	assert_error 5 "short: image ends (at byte 66100)"
	[ ! -e b ]
}

@test "of several blocks, a cut mapped-ram image has the first ones" {
	pc_recipe pc-i440fx-10.0 <<-END | sed '/ram part/i\
page pc.ram 0x1000 count=3\npage more.ram 0 count=256' | "$mkimage" a
		block pc.ram 1M
		block more.ram 1M
	END
	savetool extract memory --map more.ram@0x100000 -q a whole
	assert_success
	# In the slots of the second block, and before its header.
	head -c 3M a >short
	savetool extract memory --partial --map more.ram@0x100000 -q short b
	assert_failure 5
	[[ $stderr == *"image ends (block 'more.ram', page 0, "* ]]
	cmp -n $((0x100000)) b whole
	head -c 2M a >short
	savetool extract memory -q --partial --format elf --json short core
	assert_error 5 "short: image ends (at byte 2097152)"
	assert_json '[.ranges[].block] | unique == ["pc.ram"]'
}
