#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What inspect shows, in text and in JSON.

load helpers

# word FILE OFFSET: the little-endian number of four bytes there.
word()
{
	od -A n -t u4 --endian=little -j "$2" -N 4 "$1" | tr -d ' '
}

# headline IMAGE: the first line, without the name.
headline()
{
	"$SAVETOOL" inspect -q "$1" 2>/dev/null | sed 's/^[^:]*: //'
}

@test "the first line says what the file is" {
	local name

	for name in v2-small v3-small v2-bare v3-bare packed-zstd v2-part; do
		make_image $name
	done
	assert_equal "$(headline v2-small)" \
		"libvirt save image, v2 sequential (raw), complete"
	assert_equal "$(headline v3-small)" \
		"libvirt save image, v3 mapped-ram (sparse), complete"
	assert_equal "$(headline v2-bare)" \
		"bare QEMU stream, v2 sequential, complete"
	assert_equal "$(headline v3-bare)" \
		"bare QEMU stream, v3 mapped-ram, complete"
	[[ $(headline packed-zstd) == \
		"libvirt save image, v2 sequential (zstd)"* ]]
	assert_equal "$(headline v2-part)" \
		"libvirt save image, v2 sequential (raw), incomplete"
}

@test "a small image, word by word" {
	make_image v3-small g1.save
	savetool inspect g1.save
	assert_success
	assert_equal "$stderr" ''
	assert_line --index 0 \
		"g1.save: libvirt save image, v3 mapped-ram (sparse), complete"
	assert_line "guest          name          g1"
	assert_line "               hardware      1 MiB, 1 vCPU, x86_64"
	assert_line "               on restore    runs"
	assert_line "saved by QEMU  machine       pc-i440fx-10.0"
	assert_line "               capabilities  mapped-ram"
	assert_line "memory         block   length  present"
	assert_line "               pc.ram   1 MiB   32 KiB"
	assert_line "devices        1 section, 24 B"
	assert_line --regexp '^size           logical       2\.0 MiB$'
	assert_line --regexp \
		'^restores with  libvirt 11\.2\.0 or newer, QEMU 10\.0 to 15\.2$'
	refute_line --regexp '^findings'
	refute_line --regexp 'timer'
}

@test "--verbose lists devices, places and exact sizes" {
	make_image v3-small a
	savetool inspect -v a
	assert_success
	assert_line --regexp '^header         version       2$'
	assert_line --regexp \
		'^memory         block   length  present  bitmap at  pages at$'
	assert_line --regexp '^ +pc\.ram +1 MiB +32 KiB +[0-9]+ +1048576$'
	assert_line --regexp '^devices        section  instance  version '
	assert_line --regexp '^ +timer +0 +2 +[0-9]+ +24$'
	assert_line --regexp \
		"^size           logical       2\.0 MiB  +$(stat -c %s a) bytes$"
}

@test "--quiet leaves one line an image, and JSON as it is" {
	make_image v2-small a
	make_image v3-small b
	sync a b
	savetool inspect -q a b
	assert_success
	assert_equal "${#lines[@]}" 2
	savetool inspect --json a
	local all=$output
	savetool inspect --json -q a
	assert_output "$all"
}

@test "JSON of a small image, key by key" {
	make_image v3-small a
	# Where its bytes go, and what that takes, is settled by then.
	sync a
	savetool inspect --json a
	assert_success
	assert_json '.savetool.schema == 1'
	assert_json '"savetool " + .savetool.version
		== "'"$("$SAVETOOL" --version)"'"'
	assert_json '.path == "a"'
	assert_json '.container == "libvirt"'
	assert_json '.generation == "v3" and .layout == "mapped-ram"'
	assert_json '.format == "sparse" and .compression == "none"'
	assert_json '.complete == true'
	assert_json '.header["version"] == 2'
	assert_json '.header["format-number"] == 6'
	assert_json '.header["byte-order"] == "little"'
	assert_json '.header["data-length"] == '"$(word a 20)"
	assert_json '.header.cookie == true'
	assert_json '.header["was-running"] == true'
	assert_json '.guest.name == "g1" and .guest.vcpus == 1'
	assert_json '.guest.memory == 1048576 and .guest.arch == "x86_64"'
	assert_json '.stream.offset == 92 + .header["data-length"]'
	assert_json '.stream.machine == "pc-i440fx-10.0"'
	assert_json '.stream["page-size"] == 4096'
	assert_json '.stream.capabilities == ["mapped-ram"]'
	assert_json '.stream.footers == true and .stream.vmdesc == true'
	assert_json '.blocks | length == 1'
	assert_json '.blocks[0].name == "pc.ram"'
	assert_json '.blocks[0].length == 1048576'
	assert_json '.blocks[0]["page-size"] == 4096'
	assert_json '.blocks[0].pages == 256'
	assert_json '.blocks[0]["pages-present"] == 8'
	assert_json '.blocks[0]["pages-offset"] == 1048576'
	assert_json '.blocks[0]["bitmap-offset"] > .stream.offset'
	assert_json '.devices | length == 1'
	assert_json '.devices[0] | .name == "timer" and .instance == 0
		and .version == 2 and .length == 24'
	assert_json '.sizes.logical == '"$(stat -c %s a)"
	assert_json '.sizes.allocated == '"$(($(stat -c '%b * %B' a)))"
	assert_json '.sizes["reclaimable-stale"] == 0'
	assert_json '.["restores-with"].libvirt == "11.2.0"'
	assert_json '.findings == []'
	assert_json 'has("error") or has("xml") | not'
}

@test "the first key of JSON is savetool, as people look there" {
	make_image v3-small a
	savetool inspect --json a
	assert_json 'keys_unsorted[:2] == ["savetool", "path"]'
}

@test "all keys of JSON are kebab-case" {
	make_image v3-header-version-3 a
	savetool inspect --json --scan --xml a
	assert_success
	assert_json '[.. | objects | keys[]]
		| all(test("^[a-z]+(-[a-z]+)*$"))'
}

@test "a fact that is unknown has no key" {
	make_image v2-bare a
	savetool inspect --json a
	assert_success
	assert_json '.container == "bare"'
	assert_json 'has("header") or has("guest") or has("xml") | not'
	assert_json '.stream.offset == 0'
	assert_json '.blocks[0] | has("bitmap-offset") or has("pages-offset")
		| not'
	assert_json '[.. | numbers] | max < 9007199254740992'
}

@test "the image of libvirt, as libvirt wrote it" {
	real_image libvirt-sparse.save
	savetool inspect --json --xml libvirt-sparse.save
	assert_success
	assert_json '.generation == "v3" and .complete'
	assert_json '.header["data-length"] == '"$(word libvirt-sparse.save 20)"
	assert_json '.header["was-running"] == ('"$(
		word libvirt-sparse.save 24)"' != 0)'
	assert_json '.guest.name == "demo" and .guest.memory == 67108864'
	assert_json '[.blocks[].name] == ["pc.ram", "/rom@etc/acpi/tables",
		"pc.bios", "pc.rom", "/rom@etc/table-loader",
		"/rom@etc/acpi/rsdp"]'
	assert_json '.devices | length == 31'
	assert_json '[.devices[].name] | .[0] == "timer"
		and .[30] == "globalstate"'
	assert_json '[.blocks[] | .["pages-present"] * .["page-size"]] | add
		as $memory | $memory > 13000000'
	assert_json '([.blocks[] | .["pages-present"] * .["page-size"]] | add)
		as $memory | .sizes.needed > $memory
		and .sizes.needed < $memory + 1048576'
	jq -j .xml <<<"$output" >xml
	head -c "$(stat -c %s xml)" <(tail -c +93 libvirt-sparse.save) |
		cmp - xml
}

@test "--xml puts the XML after the text" {
	real_image libvirt-raw.save
	savetool inspect --xml libvirt-raw.save
	assert_success
	assert_line "<domain type='qemu'>"
	assert_line "</domain>"
	savetool inspect libvirt-raw.save
	refute_output --partial '<domain'
}

@test "text of real images fits into 80 columns" {
	local image

	for image in libvirt-live.save libvirt-sparse.save libvirt-zstd.save \
			live-mapped.mig no-configuration.mig; do
		real_image $image
		"$SAVETOOL" inspect $image >text
		"$SAVETOOL" inspect -v --scan $image >>text
	done
	run awk 'length > 80' text
	assert_output ''
}

@test "--scan counts what is present, zero and superseded" {
	real_image live-sequential.mig
	savetool inspect --json --scan live-sequential.mig
	assert_success
	assert_json '.blocks[0].name == "pc.ram"'
	assert_json '.blocks[0]["pages-superseded"] > 1000'
	assert_json '.blocks[0]["pages-present"] > 3000'
	assert_json '.blocks | all(has("pages-zero"))'
	savetool inspect --scan live-sequential.mig
	assert_line --regexp \
		'^memory +block +length +present +zero +superseded$'
}

@test "a pipe has the same zero pages as the file" {
	local pages='[.blocks[]["pages-zero"]], .sizes.needed' code

	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 4M
		page pc.ram 0 count=16 seed=1
		page pc.ram 0x20000 count=40 data=0
	END
	savetool inspect --scan --json a
	assert_json '.blocks[0]["pages-zero"] == 40'
	jq -c "$pages" <<<"$output" >file
	"$SAVETOOL" inspect --scan --json - < <(cat a) | jq -c "$pages" >pipe
	cmp file pipe
	for code in a "- < <(cat a)"; do
		run bash -c "'$SAVETOOL' check --deep --json $code"
		assert_json '.findings | any(.code == "zero-pages")'
	done
}

# restores RECIPE-LINE...: what inspect says that restores it.
restores()
{
	printf '%s\n' "$@" 'ram start' 'block pc.ram 64K' 'ram part' \
		'ram end' eof vmdesc | "$mkimage" a
	savetool inspect --json a
	jq -c '.["restores-with"]' <<<"$output"
}

@test "restores-with is an interval, or says whose QEMU it takes" {
	local bare=(stream)

	assert_equal "$(restores "${bare[@]}" \
		'configuration machine=pc-q35-5.1')" \
		'{"qemu":"5.1","qemu-last":"11.0"}'
	assert_equal "$(restores "${bare[@]}" \
		'configuration machine=pc-i440fx-2.4')" \
		'{"qemu":"2.4","qemu-last":"10.0"}'
	assert_equal "$(restores "${bare[@]}" \
		'configuration machine=pc-q35-rhel9.4.0')" \
		'{"vendor":"Red Hat"}'
	assert_equal "$(restores "${bare[@]}" \
		'configuration machine=microvm')" null
	assert_equal "$(restores "${bare[@]}" \
		'configuration machine=pc-q35-5.1')" \
		'{"qemu":"5.1","qemu-last":"11.0"}'
	savetool inspect a
	assert_line "restores with  QEMU 5.1 to 11.0"
	restores "${bare[@]}" 'configuration machine=virt-noble'
	savetool inspect a
	assert_line "restores with  QEMU of Ubuntu"
}

@test "libvirt passes raw images to QEMU 11 since 12.1" {
	local new='"newer":{"qemu":"11.0","libvirt":"12.1.0"}'

	assert_equal "$(restores libvirt stream \
		'configuration machine=pc-q35-10.0')" \
		'{"qemu":"10.0","qemu-last":"15.2",'"$new}"
	savetool inspect a
	assert_line --regexp \
		'^ +libvirt 12\.1\.0 or newer with QEMU 11\.0 or newer$'
	assert_equal "$(restores libvirt stream \
		'configuration machine=pc-q35-11.0')" \
		'{"libvirt":"12.1.0","qemu":"11.0","qemu-last":"16.2"}'
	# No QEMU that has it is that new.
	assert_equal "$(restores libvirt stream \
		'configuration machine=pc-q35-5.0')" \
		'{"qemu":"5.0","qemu-last":"10.2"}'
	assert_equal "$(restores libvirt stream \
		'configuration machine=pc-q35-10.0 capability=mapped-ram')" \
		'{"libvirt":"11.2.0","qemu":"10.0","qemu-last":"15.2"}'
}

@test "an image of any size is described without reading its pages" {
	{
		echo libvirt format=sparse name=big memory=256G
		mapped_recipe <<-END
			block pc.ram 256G
			page pc.ram 0 count=3
			page pc.ram 0x3ffffff000
		END
	} | "$mkimage" big
	[ "$(stat -c %s big)" -gt $((256 << 30)) ]
	# Reading all of it takes more than a second of processor time.
	run --separate-stderr in_seconds 1 inspect --json big
	assert_success
	assert_json '.blocks[0]["pages-present"] == 4'
	assert_json '.complete == true and .guest.name == "big"'
}

@test "the header's byte order is that of the host that saved" {
	make_image v2-big-endian-header a
	savetool inspect --json a
	assert_success
	assert_json '.header["byte-order"] == "big"'
	assert_json '.header.version == 2 and .guest.arch == "s390x"'
}

@test "a version 3 header shows its features" {
	make_image v3-header-version-3 a
	savetool inspect --json a
	assert_success
	assert_json '.header.version == 3 and .header.features == 1'
	assert_json '[.findings[].code] == ["header-version-3"]'
}

@test "the uuid of the stream is written as people write it" {
	make_image v2-uuid a
	savetool inspect --json a
	assert_success
	assert_json '.stream.uuid
		| test("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")'
}

@test "names from an image cannot steer the terminal" {
	local text

	make_image v2-name-controls a
	savetool inspect -v a
	assert_success
	assert_line --partial '\x1b[31mred\x7f\xff'
	savetool inspect --json a
	assert_json '.blocks[0].name == "\u001b[31mred\u007f\ufffd"'
	for text in '' --json --xml '--json --xml'; do
		# shellcheck disable=SC2086
		"$SAVETOOL" inspect -v $text a >text
		run grep -aP '[\x00-\x08\x0b-\x1f\x7f]' text
		assert_failure 1
		iconv -f UTF-8 -t UTF-8 text >/dev/null
	done
}

@test "neither can file names and messages" {
	local name=$'a\e[31m\xff'

	make_image bad-elf "$name"
	savetool inspect "$name"
	assert_failure 4
	[[ $stderr == 'savetool: a\x1b[31m\xff: not a save image'* ]]
	savetool inspect --json "$name"
	assert_json '.path == "a\u001b[31m\ufffd"'
}

@test "files whose names look the same in JSON keep their order" {
	make_image v3-small $'a\xff'
	make_image v2-small $'a\xfe'
	"$SAVETOOL" inspect --json $'a\xff' $'a\xfd' $'a\xfe' >json || true
	iconv -f UTF-8 -t UTF-8 json >/dev/null
	run cat json
	assert_json 'map(.path) == ["a\ufffd", "a\ufffd", "a\ufffd"]'
	assert_json 'map(.generation // .error.code) == ["v3", "system", "v2"]'
}

@test "findings have a code, a severity and a place" {
	make_image v3-lost-extent a
	savetool inspect --json a
	assert_success
	assert_json '.findings[0] | .code == "lost-extent"
		and .severity == "error" and .block == "pc.ram"
		and .offset >= 1048576 and .length > 0'
	savetool inspect a
	assert_line --regexp '^findings       error: '
	assert_output --partial "(lost-extent, block 'pc.ram', "
}

@test "several images are an array, in their order" {
	make_image v2-small a
	make_image v3-small b
	savetool inspect --json b a
	assert_success
	assert_json 'length == 2 and .[0].path == "b" and .[1].path == "a"'
	assert_json 'map(.generation) == ["v3", "v2"]'
	savetool inspect b a
	assert_line --index 0 --partial 'b: libvirt save image'
	[[ $output == *$'\n\na: libvirt save image'* ]]
}

@test "of several images, the worst status counts, and all are described" {
	make_image v2-small good
	make_image bad-elf elf
	make_image bad-cut-device cut
	savetool inspect --json elf good missing cut
	assert_failure 5
	assert_equal "${#stderr_lines[@]}" 3
	assert_json 'map(.path) == ["elf", "good", "missing", "cut"]'
	assert_json '.[0].error.code == "not-an-image"'
	assert_json '.[1] | has("error") | not'
	assert_json '.[2].error == {"code": "system",
		"message": "cannot open: No such file or directory"}'
	assert_json '.[3].error.code == "incomplete"'
	savetool inspect missing good elf
	assert_failure 4
	assert_output --partial 'good: libvirt save image'
	refute_output --partial 'elf'
}

@test "for a file that is not an image, one line says what it is" {
	make_image bad-elf elf
	: >empty
	mkdir folder
	savetool inspect elf
	assert_failure 4
	[[ $stderr == "savetool: elf: not a save image, but an ELF file"* ]]
	assert_output ''
	savetool inspect empty
	assert_error 4 "empty: file is empty"
	assert_output ''
	savetool inspect folder
	assert_error 3 "folder: cannot read: Is a directory"
	assert_output ''
	savetool inspect missing
	assert_error 3 "missing: cannot open: No such file or directory"
	assert_output ''
}

# packs CODEC: standard input to standard output, by the program of a format.
packs()
{
	"$1" -c
}

@test "compressed content is identified, with every codec, in every place" {
	local codec said at

	make_image bad-elf elf
	echo 'some text' >text
	for codec in gzip bzip2 xz lzop zstd; do
		packs $codec <elf >packed
		packs $codec <text >words
		head -c 4096 /dev/urandom >later
		cat packed >>later
		said="an? $codec-compressed ELF file"
		for at in "packed" "- <packed" "- < <(cat packed)" \
				"--offset=4096 later" \
				"--offset=4096 - < <(cat later)"; do
			run bash -c "'$SAVETOOL' inspect $at"
			assert_failure 4
			assert_line --regexp "not a save image, but $said\$"
			refute_output --partial stream
		done
		savetool inspect words
		assert_error 4 "words: not a save image, but $codec-compressed\
 data of another kind"
	done
}

@test "every command refuses a compressed stranger, and makes nothing" {
	local command

	make_image bad-elf elf
	gzip elf
	for command in inspect size map check digest 'check --deep' sparsify \
			compact; do
		# shellcheck disable=SC2086
		savetool $command elf.gz
		assert_error 4 "elf.gz: not a save image, but a\
 gzip-compressed ELF file"
	done
	savetool convert -O raw elf.gz new
	assert_failure 4
	[ ! -e new ]
}

@test "JSON has no container for a file that is not an image" {
	echo 'some text' | gzip >a
	savetool inspect --json a
	assert_failure 4
	assert_json '.error.code == "not-an-image"'
	assert_json 'has("container") or has("format") | not'
}

@test "a compressed stranger after a libvirt header is damage, and named" {
	make_image bad-elf elf
	make_image packed-zstd a
	head -c $((92 + $(word a 20))) a >b
	zstd -qc elf >>b
	savetool inspect b
	assert_failure 6
	assert_line --index 0 "b: libvirt save image, zstd"
	[[ $stderr == "savetool: b: no QEMU stream after the libvirt header, but\
 a zstd-compressed ELF file (at byte "*")" ]]
	savetool check b
	assert_failure 6
	refute_output --partial clean
}

@test "an image without permission is not called missing" {
	make_image v2-small a
	chmod 0 a
	unprivileged inspect a
	assert_error 3 "a: cannot open: Permission denied"
}

@test "an unfinished image is shown as far as it goes" {
	make_image v2-part a
	savetool inspect --json a
	assert_failure 5
	assert_json '.complete == false'
	assert_json '.guest.name == "g1"'
	assert_json '.error.code == "incomplete"'
	assert_json '.error.message as $m | ($m | length) > 10'
	savetool inspect a
	assert_failure 5
	assert_line --index 0 --partial ', incomplete'
	assert_line --regexp '^guest +name +g1$'
	[[ $stderr == "savetool: a: libvirt never finished this image"* ]]
}

@test "a bitmap after the vmdesc is not trailing data" {
	make_image v3-bitmap-at-end a
	savetool inspect --json a
	assert_json '.stream.trailing == 0 and .findings == []'
	printf 'more' >>a
	savetool inspect --json a
	assert_json '.stream.trailing == 4'
}

@test "the rest of an older, longer image is trailing data and gives no facts" {
	local first second facts

	facts='[.complete, .devices, .blocks[0].length, .stream["page-size"]]'
	for first in v2-bare v2-page-8k; do
		second=v2-page-8k
		[ $first = v2-bare ] || second=v2-bare
		make_image $first a
		make_image $second b
		cat a b >c
		savetool inspect --json a
		jq -S "$facts" <<<"$output" >expected
		savetool inspect --json c
		assert_success
		jq -S "$facts" <<<"$output" | diff expected -
		assert_json ".stream.trailing == $(stat -c %s b)"
		assert_equal "$("$SAVETOOL" digest - <a)" \
			"$("$SAVETOOL" digest c | sed 's/ c$/ -/')"
		savetool check c
		assert_success
	done
}

@test "a tail whose pages are not the image's is not its own" {
	make_image v2-bare a
	"$mkimage" /dev/stdin b <<-END
		stream
		configuration
		ram start
			block ram 16M page-size=8K
		ram part
			page ram 0 count=all
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc page-size=8192
	END
	cat a b >c
	savetool inspect --json c
	assert_success
	assert_json '(has("complete") | not) and .devices == []'
	assert_json '.stream["page-size"] == 4096'
	savetool inspect --scan --json c
	assert_json ".complete and .stream.trailing == $(stat -c %s b)"
	assert_equal "$("$SAVETOOL" digest - <a)" "$("$SAVETOOL" digest - <c)"
	savetool digest c
	assert_success
}

@test "a truncated image is shown as far as it goes" {
	make_image bad-cut-device a
	savetool inspect --json a
	assert_failure 5
	assert_json '.blocks[0].name == "pc.ram"'
	assert_json '.complete == false'
	assert_json '.error.code == "incomplete"'
}

@test "a corrupt image says where, and is shown as far as it goes" {
	make_image bad-overlap-pages a
	savetool inspect --json a
	assert_failure 6
	assert_json '.error.code == "corrupt"'
	[[ $stderr == "savetool: a: "* ]]
	assert_equal "${#stderr_lines[@]}" 1
}

@test "a stream inside a file is found by its offset" {
	make_image v3-bare-offset a
	savetool inspect a
	assert_failure 4
	savetool inspect --offset=69949 a
	assert_success
	assert_line --index 0 --partial 'bare QEMU stream, v3 mapped-ram'
}

@test "--progress-fd writes hundredths, from none to all" {
	real_image live-sequential.mig
	savetool inspect -q --scan --progress-fd=7 live-sequential.mig 7>lines
	assert_success
	assert_equal "$(head -n 1 lines)" 0/100
	assert_equal "$(tail -n 1 lines)" 100/100
	[ "$(grep -c . lines)" -gt 2 ]
	grep -vxE '[0-9]+/100' lines && return 1
	sort -n -u lines | cmp - lines
}

@test "--progress-fd counts all images as one task" {
	make_image v2-small a
	savetool inspect --progress-fd=7 a a a a 7>lines
	assert_success
	sort -n -u lines | cmp - lines
	grep -qx 25/100 lines
	assert_equal "$(tail -n 1 lines)" 100/100
}

@test "a failed task does not claim to be done" {
	make_image bad-cut-device a
	savetool inspect --progress-fd=7 a 7>lines
	assert_failure 5
	run cat lines
	refute_line 100/100
}

@test "--progress draws nothing where there is no terminal" {
	make_image v2-small a
	savetool inspect -p a
	assert_success
	assert_equal "$stderr" ''
}

@test "the image is not changed, not even its times" {
	real_image libvirt-sparse.save
	local before

	before=$(stat -L -c '%y %z %b %s' libvirt-sparse.save)
	savetool inspect --scan libvirt-sparse.save
	assert_success
	assert_equal "$(stat -L -c '%y %z %b %s' libvirt-sparse.save)" \
		"$before"
}

@test "files that the guest needs are listed, and missing ones are marked" {
	echo "<domain type='qemu'><name>g</name><memory>1024</memory>
		<cpu><model>Skylake-Server</model></cpu><devices>
		<disk><source file='$PWD/disk.img'/></disk>
		<disk><source file='$PWD/gone.img'/></disk>
		</devices></domain>" | tr -d '\n' >xml
	: >disk.img
	{
		echo libvirt xmlfile=xml
		sequential_memory <<<'zero pc.ram 0 count=16'
		printf '%s\n' eof vmdesc
	} | "$mkimage" a
	savetool inspect --json a
	assert_success
	assert_json ".guest.files == [\"$PWD/disk.img\", \"$PWD/gone.img\"] and
		.guest.\"missing-files\" == [\"$PWD/gone.img\"] and
		.guest.cpu == \"Skylake-Server\""
	savetool inspect a
	assert_output --partial "$PWD/gone.img (not here)"
	refute_output --partial "$PWD/disk.img (not here)"
	assert_output --regexp 'cpu +Skylake-Server'
}

@test "stale bytes are counted where storage is finer than pages" {
	"$mkimage" /dev/stdin dense <<-END
		stream
		configuration page-bits=16 capability=mapped-ram
		ram start
		block pc.ram 4M page-size=64K
		page pc.ram 0 count=8 data=0 poke=61440:ff
		ram end
		eof
		vmdesc page-size=65536
	END
	cp --reflink=never --sparse=always dense a
	savetool inspect --json a
	assert_success
	assert_json '.sizes."reclaimable-stale" == 0'
}

@test "an image that ends before its blocks has no page size" {
	make_image bad-mapped-cut-header a
	savetool inspect --json a
	assert_failure 5
	assert_json '.stream | has("page-size") | not'
	savetool inspect a
	refute_line --partial 'page size'
}

@test "an offset past the end and a malformed offset give different errors" {
	local offset size

	make_image v2-bare a
	size=$(stat -c %s a)
	for offset in $((size + 1)) 0x7fffffffffffffff; do
		savetool inspect --offset $offset a
		assert_error 5 "a: file ends where the stream should start (at\
 byte $size)"
		run --separate-stderr bash -c \
			"cat a | '$SAVETOOL' inspect --offset $offset -"
		assert_error 5 "-: file ends where the stream should start (at\
 byte $size)"
	done
	for offset in 0x8000000000000000 0xfffffffffffffffe; do
		savetool inspect --offset $offset a
		assert_error 2 "a: offset $(printf %u $offset) is out of\
 range"
	done
	savetool inspect --offset 0xffffffffffffffff a
	assert_failure 2
	savetool inspect --offset 16777216T a
	assert_failure 2
}

@test "each file that the guest needs is present, missing or remote" {
	: >disk
	printf '%s\n' "libvirt xml=\"<domain><os><varstore path='$PWD/vars'/></os>\
<devices><disk><source file='$PWD/disk'/><backingStore><source\
 file='$PWD/base'/></backingStore></disk><disk><source protocol='rbd'\
 name='pool/image'/></disk></devices></domain>\"" \
		stream configuration 'ram start' 'block pc.ram 64K' \
		'ram part' 'ram end' eof vmdesc | "$mkimage" a
	savetool inspect --json a
	assert_json '[.needed[] | [.kind, .path // .name, .exists]] == [
		["varstore", "'"$PWD"'/vars", false],
		["disk", "'"$PWD"'/disk", true],
		["backing-store", "'"$PWD"'/base", false],
		["disk", "rbd pool/image", null]]'
	assert_json '.needed[3] | has("exists") or has("path") | not'
	assert_json '.guest.files == ["'"$PWD"'/vars", "'"$PWD"'/disk",
		"'"$PWD"'/base"]'
	assert_json '.guest["missing-files"] == ["'"$PWD"'/vars",
		"'"$PWD"'/base"]'
	savetool inspect a
	assert_line --partial "/base (backing-store, not here)"
	assert_line --regexp 'rbd pool/image$'
}

@test "memory that is elsewhere is named, with the file if the XML has it" {
	local xml='<domain xmlns:qemu="x"><name>t</name><qemu:commandline>'
	xml+='<qemu:arg value="memory-backend-file,id=m,mem-path=/dev/shm/m,'
	xml+='share=on"/></qemu:commandline></domain>'

	{ echo "libvirt format=sparse xml=\"${xml//\"/\\\"}\""
		grep -v '^#' "$(recipe v3-ignore-shared)"; } |
		(cd "$top/tests/recipes/mapped" && "$mkimage" "$OLDPWD/a")
	savetool inspect --json a
	assert_success
	assert_json '.complete == false and .stream."memory-elsewhere"'
	assert_json '.findings[0] | .code == "memory-elsewhere" and
		.block == "shared" and (.message | endswith("\u0027/dev/shm/m\u0027"))'
	savetool inspect -q a
	assert_output --partial ", not complete by itself"
}

@test "devices without memory are described as such" {
	make_image devices-only a
	savetool inspect --json a
	assert_success
	assert_json 'has("complete") | not'
	assert_json '[.devices[].name] == ["timer", "cpu_common"]'
	savetool inspect -q a
	assert_output --partial "without memory"
}

@test "a file that ends within its XML, or right after it, is shown so far" {
	local size

	make_image v2-small a
	# Within the XML there is no guest yet.
	head -c 300 a >short
	savetool inspect --json --xml short
	assert_failure 5
	assert_json '.header."data-length" > 0 and .complete == false and
		(.guest | not) and (.xml | startswith("<domain"))'
	assert_json '.error.code == "incomplete"'
	size=$(jq '.header."data-length" + 92' <<<"$output")
	[[ $stderr == *"image ends within its XML of $((size - 92)) bytes:\
 $((size - 300)) are missing (at byte 300)"* ]]
	# In the padding, and where the stream should start.
	for end in 1500 "$size"; do
		head -c "$end" a >short
		savetool inspect --json short
		assert_failure 5
		assert_json '.guest.name == "g1" and .complete == false'
		savetool inspect short
		assert_failure 5
		assert_output --partial g1
		for command in check digest size map; do
			savetool "$command" short
			assert_failure 5
		done
		savetool convert short b
		assert_failure 5
	done
}

@test "what libvirt never finished says what starting the guest does to it" {
	make_image bad-part-no-stream a
	savetool inspect --json a
	assert_failure 5
	assert_json '.guest.name == "g1"'
	assert_json '[.findings[].code] == ["part", "managed-save"]'
	assert_json '.findings[1].hint | test("copy the image")'
	savetool inspect a
	assert_output --partial "(managed-save"
	# A header that is too short, just so.
	head -c 50 a >short
	savetool inspect short
	assert_failure 5
	[[ $stderr == *"libvirt deletes such a managed save"* ]]
}

# zero_from NAME BYTE hole|data: with this size, but zero from there on.
zero_from()
{
	local size
	size=$(stat -L -c %s "$1")

	cp "$1" "$1.cut"
	chmod u+w "$1.cut"
	truncate -s "$2" "$1.cut"
	if [ "$3" = hole ]; then
		truncate -s "$size" "$1.cut"
	else
		head -c $((size - $2)) /dev/zero >>"$1.cut"
	fi
}

@test "a copy that broke off into zeros says where they begin" {
	local name kind command

	for name in raw sparse zstd; do
		real_image libvirt-$name.save
	done
	for name in raw sparse zstd; do
		name=libvirt-$name.save
		for kind in hole data; do
			zero_from $name 100001 $kind
			for command in inspect "check --deep" digest; do
				# shellcheck disable=SC2086
				run "$SAVETOOL" $command $name.cut
				[ "$status" -ge 5 ]
			done
			[[ $output == *"everything from byte "*" on is zero"* ]]
			[ "$(grep -o 'byte [0-9]* on' <<<"$output" |
				tr -dc 0-9)" -le 100001 ]
		done
	done
	# Whose file just ends has zeros of its own.
	head -c 40000000 libvirt-sparse.save >short
	savetool digest short
	assert_failure 5
	[[ $stderr != *"is zero"* ]]
}
