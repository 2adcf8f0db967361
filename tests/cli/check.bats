#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# check proves an image, or says where it is damaged; --repair repairs it without
# inventing anything.

load helpers

# built NAME: makes an image from the recipe on standard input.
built()
{
	"$mkimage" "$1"
}

# sequential LINES...: the end of a small v2 recipe, after its container.
sequential()
{
	printf '%s\n' stream configuration "ram start" "	block m0 2M" \
		"ram part" "	page m0 0 count=4" \
		"	zero m0 0x4000 count=508" "ram end" \
		"section full name=timer id=3 version=2 length=24" "$@"
}

# mapped LINES...: the same of v3.
mapped()
{
	printf '%s\n' stream "configuration capability=mapped-ram" \
		"ram start" "	block m0 2M" "	page m0 0 count=4" \
		"ram end" "section full name=timer id=3 version=2 length=24" \
		"$@"
}

# In front of either; the XML has the memory of the block.
header=libvirt

# finding CODE [FILTER]: the one of this code, for which the filter is true.
finding()
{
	assert_json "[.findings[] | select(.code == \"$1\")] |
		length == 1 and (.[0] | ${2:-true})"
}

# codes: of all findings.
codes()
{
	jq -r '[.findings[].code] | join(" ")' <<<"$output"
}

# checks STATUS NAME [OPTION]...: leaves the file as it was.
checks()
{
	local expected=$1 name=$2 before
	shift 2

	before=$(cksum "$name"; stat -c %y "$name")
	savetool check --json "$@" "$name"
	assert_equal "$status" "$expected"
	assert_equal "$(cksum "$name"; stat -c %y "$name")" "$before"
}

# repairs NAME [OPTION]...: a dry run reports all repairs, then they are made.
repairs()
{
	local name=$1
	shift

	checks 1 "$name" --repair --dry-run "$@"
	assert_json '(."would-repair" | length) > 0 and (has("repaired") | not)'
	savetool check --json --repair "$@" "$name"
	assert_equal "$stderr" ''
	assert_success
	assert_json '.clean != false and (.repaired | length) > 0'
	checks 0 "$name" "$@"
	assert_json '.clean != false'
}

@test "images of QEMU and libvirt are clean, and nothing is noted" {
	local name

	for name in libvirt-sparse.save libvirt-raw.save bare-mapped.mig; do
		real_image $name
		savetool check --deep $name
		assert_success
		assert_output "$name: clean"
		assert_equal "$stderr" ''
	done
}

@test "of many lost extents, eight are errors and a note gives the sum" {
	local base i

	mapped eof vmdesc | sed 's/m0 2M/m0 4M/; s/count=4/count=all/' | built a
	base=$("$SAVETOOL" inspect --json a | jq '.blocks[0]."pages-offset"')
	for i in {1..10}; do
		fallocate -p -o $((base + i * 0x20000)) -l 64K a
	done
	checks 1 a
	assert_json '.findings | length == 9 and (.[8] |
		.code == "lost-extent" and .severity == "note" and
		.length == 655360 and .message == "10 such holes in all")'
	savetool check a
	assert_line 'a: 8 problems'
}

@test "1 MiB punched out of present pages is reported, to the byte" {
	local at

	mapped eof vmdesc | sed 's/m0 2M/m0 4M/; s/count=4/count=all/' | built a
	checks 0 a
	assert_json '.findings == []'
	at=$(("$("$SAVETOOL" inspect --json a |
		jq '.blocks[0]."pages-offset"')" + 0x120000))
	fallocate -p -o $at -l 1M a
	savetool inspect --json a
	assert_success
	finding lost-extent ".block == \"m0\" and .offset == $at and
		.length == 1048576 and .severity == \"error\" and
		.page == 288 and .pages == 256"
	checks 1 a
	finding lost-extent ".offset == $at and .length == 1048576"
	# That cannot be repaired.
	checks 1 a --repair
	savetool check --repair a
	assert_failure 1
	assert_line "a: error: pages marked present lie in a hole and would \
restore as zeros; no page of this block is absent, so they may have been zero \
(lost-extent, block 'm0', pages 288-543, at byte $at, 1048576 bytes)"
	assert_line --regexp '^a: hint: .* \(lost-extent\)$'
}

# A conversion stores zero pages of what the destination fills itself.
@test "what a copy made sparse in such a block is no loss, and says so" {
	local at

	real_image bare-mapped.mig
	"$SAVETOOL" convert -O raw bare-mapped.mig a
	"$SAVETOOL" convert -O sparse a b
	checks 0 b
	assert_json '.findings == []'
	cp --reflink=never --sparse=always b c
	give_back c
	checks 0 c
	assert_json '.clean and ([.findings[].code] | unique) == ["sparse-copy"]'
	assert_json '[.findings[].block] == ["/rom@etc/acpi/tables", "pc.bios",
		"pc.rom"]'
	assert_json 'all(.findings[]; .severity == "warning" and
		(.hint | contains("savetool digest")))'
	assert_json 'any(.findings[]; .block == "pc.rom" and .page == 0 and .pages == 32
		and .length == 131072)'
	assert_equal "$("$SAVETOOL" digest - <b)" "$("$SAVETOOL" digest - <c)"
	# Nor do others call it lost.
	savetool compact -n c
	assert_success
	savetool convert --json -O raw c d
	assert_equal "$stderr" ''
	assert_json '.lost == 0'
	savetool sparsify -n --json c
	assert_json '."lost-extents" == 0'
	savetool map --json c
	assert_json 'all(.[]; .type != "lost")'
	assert_json 'any(.[]; .block == "pc.rom" and .type == "zero" and
		.present and (.allocated | not))'
	# Unless memory has gone, too.
	at=$("$SAVETOOL" map --json c | jq '[.[] | select(.block == "pc.ram" and
		.type == "page-data" and .pages >= 16)][0].start')
	fallocate -p -o "$at" -l 64K c
	checks 1 c
	assert_json '[.findings[].code] | unique == ["lost-extent"]'
	assert_json 'any(.findings[]; .block == "pc.rom" and
		.severity == "error")'
}

# QEMU stores no zero page at all, unless it does not look for them.
@test "a hole under a page that QEMU stored is lost, whatever its block" {
	local at

	real_image bare-mapped.mig
	cp --sparse=always bare-mapped.mig a
	checks 0 a
	assert_json '.findings == []'
	at=$("$SAVETOOL" map --json a | jq '[.[] | select(.block == "pc.bios"
		and .type == "page-data" and .pages >= 16)][0].start')
	fallocate -p -o "$at" -l 64K a
	checks 1 a
	finding lost-extent '.block == "pc.bios" and .severity == "error" and
		(.message | contains("may have been zero") | not)'
}

# A guest of 256 MiB, whose bitmap is 8 KiB long; and on which pages.
large()
{
	printf '%s\n' stream "configuration capability=mapped-ram" \
		"ram start" "	block m0 256M" "	page m0 0 count=4" "$@" \
		"ram end" "section full name=timer id=3 version=2 length=24" \
		eof vmdesc
}

@test "a hole in a bitmap is reported if slots under it hold data" {
	local order at

	for order in little big; do
		{ echo "libvirt memory=256M format=sparse byte-order=$order"
			large "	page m0 128M count=64"; } | built a
		checks 0 a
		assert_json '.findings == []'
		# Within the bitmap, the bits of 128 MiB are here.
		at=$(("$("$SAVETOOL" inspect --json a |
			jq '.blocks[0]."bitmap-offset"')" / 4096 * 4096 + 4096))
		fallocate -p -o $at -l 4096 a
		checks 1 a
		finding lost-bitmap ".block == \"m0\" and .offset == $at and
			.length == 4096 and .severity == \"error\""
		finding lost-bitmap '.hint | contains("another copy")'
		assert_equal "$(codes)" lost-bitmap
		# Nor is this what libvirt had still to finish.
		printf LibvirtQemudPart | dd of=a conv=notrunc status=none
		checks 5 a --repair
		finding part
		finding lost-bitmap
	done
	# Old pages of a live save, where a copy made a hole of clear bits:
	# nothing distinguishes them from memory.
	large "	stale m0 128M count=64" | built b
	checks 0 b
	cp --reflink=never --sparse=always b c
	checks 1 c
	finding lost-bitmap
}

# two LINE...: a guest with two blocks of RAM, a ROM, and on which pages.
two()
{
	printf '%s\n' stream "configuration capability=mapped-ram" \
		"ram start" "	block m0 2M" "	block m1 1M" \
		"	block /rom@x 64K" "	page m0 0 count=4" "$@" \
		"ram end" "section full name=timer id=3 version=2 length=24" \
		eof vmdesc
}

# emptied IMAGE BLOCK: its bitmap.
emptied()
{
	local at size

	read -r at size < <("$SAVETOOL" inspect --json "$1" |
		jq -r ".blocks[$2] | \"\(.\"bitmap-offset\") \(.pages / 8)\"")
	dd if=/dev/zero of="$1" bs=1 seek="$at" count="$size" conv=notrunc \
		status=none
}

@test "an empty bitmap over data is reported, whatever other bitmaps say" {
	{ echo "libvirt memory=3M format=sparse"
		two "	page m1 0 count=4" "	page /rom@x 0"; } | built a
	checks 0 a
	cp a b
	emptied b 0
	checks 1 b
	finding empty-bitmaps '.block == "m0" and .severity == "error" and
		.length == 64 and (.hint | contains("another copy"))'
	# No hint suggests to reclaim them.
	assert_equal "$(codes)" empty-bitmaps
	printf LibvirtQemudPart | dd of=b conv=notrunc status=none
	checks 5 b --repair
	finding part
	cp a c
	emptied c 1
	checks 1 c
	finding empty-bitmaps '.block == "m1"'
	# A device's memory may be zero, over old pages.
	cp a d
	emptied d 2
	checks 0 d
	assert_equal "$(codes)" stale
	# But not if all is.
	emptied d 0
	emptied d 1
	checks 1 d
	assert_equal "$(codes)" \
		"empty-bitmaps empty-bitmaps empty-bitmaps"
	# Zeros that are stored are no memory.
	two "	stale m1 0 count=4 data=0" | built e
	checks 0 e
	assert_equal "$(codes)" stale
}

@test "a hole in a bitmap is not reported if slots under it hold no data" {
	large "	page m0 254M" | built a
	cp --reflink=never --sparse=always a b
	checks 0 b
	assert_json '.findings == []'
	# Zeros that are stored are no memory either.
	large "	stale m0 128M count=64 data=0" | built c
	copy_dense c d
	fallocate -p -o 4096 -l 4096 d
	checks 0 d
	assert_json '[.findings[].code] == ["stale"]'
}

# present IMAGE BITMAP PAGES FIRST: of 256 pages, the bytes of the present.
present()
{
	python3 - "$@" <<'END'
import sys

image, bitmap, pages, first = sys.argv[1], *map(int, sys.argv[2:])
with open(image, "rb") as file:
    file.seek(bitmap + first // 8)
    print(4096 * int.from_bytes(file.read(256 // 8), "little").bit_count())
END
}

@test "1 MiB punched out of a real image is reported, all of it" {
	local places lost at

	real_image libvirt-sparse.save
	cp --reflink=never --sparse=always "$(readlink libvirt-sparse.save)" image
	mapfile -t places < <("$SAVETOOL" inspect --json image |
		jq '.blocks[0] | ."bitmap-offset", ."pages-offset"')
	at=$((places[1] + 4096 * 4096))
	lost=$(present image "${places[@]}" 4096)
	[ "$lost" -gt 0 ]
	savetool check image
	assert_output "image: clean"
	fallocate -p -o $at -l 1M image
	checks 1 image
	assert_json "[.findings[] | select(.code == \"lost-extent\")] |
		all(.block == \"pc.ram\" and
			.severity == if .offset then \"error\" else \"note\" end) and
		all(.[] | select(.offset); .offset >= $at and
			.offset + .length <= $at + 1048576) and
		([.[] | select(.offset | not)] + [{length: (map(.length) |
			add)}])[0].length == $lost"
}

@test "a finding about a broken image has the place of the damage" {
	make_image bad-section-type a
	checks 6 a
	assert_json '.error.code == "corrupt" and (.clean | not)'
	finding corrupt '.offset > 0 and (.message | contains("byte") | not)'
	savetool check a
	assert_line --regexp '^a: error: .* \(corrupt, at byte [0-9]+\)$'
	make_image bad-overlap-pages b
	checks 6 b
	finding corrupt '.block == "b" and .offset > 0'
	make_image bad-mapped-slots-cut c
	checks 5 c
	finding incomplete '.offset > 0'
	assert_json '.complete == false'
	# Before there is a stream at all.
	make_image bad-xml-no-nul d
	checks 6 d
	finding corrupt
}

@test "the place of an error is its offset in the file, in every part of it" {
	make_image bad-format-7 a
	checks 7 a
	finding unsupported '.offset == 28'
	make_image bad-cookie-syntax a
	checks 6 a
	finding corrupt '.offset > 92 and (.message | startswith("cookie: "))'
	make_image bad-block-twice a
	checks 6 a
	finding corrupt '.block == "pc.ram" and .offset > 0'
}

# place_of LABEL: where mkimage says that it is.
place_of()
{
	awk -v label="$1" '$1 == label { print $2 }' labels
}

# tells_place OBJECT: a finding about the image a, and the error of every other
# command, have this offset, and this block if there is one.
tells_place()
{
	local command

	checks 6 a
	finding corrupt "del(.code, .severity, .message, .hint) == $1"
	for command in 'check a' 'inspect --scan a' 'digest a' 'map a' \
		'convert a b'; do
		# shellcheck disable=SC2086
		savetool $command --json
		assert_failure 6
		assert_json "[.. | .error? // empty | del(.code, .message)] ==
			[$1]"
	done
}

@test "a name in an image is never taken for a place" {
	# An unknown block, and a section without a description.
	sequential_memory <<-'END' | "$mkimage" --labels a >labels
		label here
		record page 0 "x byte 7"
		fill random 4096
	END
	tells_place "{\"offset\": $(place_of here)}"
	{
		echo footers off
		sequential_memory <<<'page pc.ram 0'
		printf '%s\n' end 'label here' \
			'section full name="x byte 7" id=3 length=24 vmdesc=no' \
			eof vmdesc
	} | "$mkimage" --labels a >labels
	tells_place "{\"offset\": $(place_of here)}"
	# A block whose name looks as if it ended; its bitmap is another's.
	"$mkimage" --labels a >labels <<-'END'
		stream
		configuration capability=mapped-ram
		ram start
			block m0 64K
			block "x byte 7': byte 8" 64K bitmap-offset-word=m0.bitmap
			page m0 0 count=4
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc
	END
	tells_place "{\"offset\": $(place_of m0.bitmap),
		\"block\": \"x byte 7': byte 8\"}"
}

@test "a broken page is reported with its block and number" {
	local word

	# XBZRLE whose last number does not end.
	"$mkimage" --labels a >labels <<-'END'
		stream
		configuration
		ram start
			block m0 64K
			block m1 64K
		ram part
			page m0 0
			page m1 0x3000
			label here
			xbzrle m1 0x3000 bytes="80 80 01 01 aa"
		ram end
	END
	checks 6 a
	finding corrupt ".block == \"m1\" and .page == 3 and .pages == 1 and
		.offset == $(place_of here)"
	for word in check map digest; do
		savetool "$word" --json a
		assert_json "[.. | .error? // empty | del(.code, .message)] ==
			[{block: \"m1\", page: 3, offset: $(place_of here)}]"
	done
}

@test "damage after a header that says Part is reported as well" {
	{ echo "$header magic=part"; sequential; echo "cut -7"; } | built a
	checks 5 a
	finding part
	finding incomplete '.offset > 0'
	finding managed-save
	assert_json '(.findings | length) == 3'
}

@test "compressed data is decompressed only with --deep" {
	make_image bad-packed-checksum a
	checks 0 a
	finding not-checked '.severity == "note" and .hint'
	savetool check -q a
	assert_success
	assert_output "a: no problem as far as read"
	checks 0 a
	assert_json 'has("clean") | not'
	checks 6 a --deep
	make_image packed-zstd b
	savetool check -q --deep b
	assert_output "b: clean"
	checks 0 b --deep
	refute [ "$(codes)" = not-checked ]
	assert_json .complete
}

@test "--deep counts stored pages that hold only zeros or old data" {
	make_image v3-all-pages a
	{ mapped eof vmdesc; } | sed 's/count=4/count=4 data=0/' | built b
	checks 0 b
	assert_json '.findings == []'
	checks 0 b --deep
	finding zero-pages '.length == 16384'
	make_image v2-live-superseded c
	checks 0 c
	finding superseded '.length > 0'
}

@test "each note has its code and its place" {
	{ echo "$header running=7"; sequential eof vmdesc; } | built running
	checks 0 running
	finding was-running '.offset == 24 and .severity == "note"'
	{ echo "$header"; sequential eof vmdesc; echo "patch 60000 31"; } |
		built padding
	checks 0 padding
	finding padding '.offset == 60000'
	{ echo "$header"; sequential eof; } | built no-vmdesc
	checks 0 no-vmdesc
	finding no-vmdesc ".offset == $(stat -c %s no-vmdesc)"
	mapped eof vmdesc | sed 's/m0 2M/& pages-offset=0x101000/' |
		built unaligned
	checks 0 unaligned
	finding unaligned '.block == "m0" and .offset == 1052672'
	make_image v2-commands commands
	checks 0 commands
	finding return-path '.offset > 0'
	make_image v2-postcopy-advise advise
	checks 0 advise
	finding postcopy '.offset > 0'
}

@test "if nothing marks the end of an image, a warning says so" {
	# A device has zeros, each of which could be the end.
	sed 's/^eof$/bytes be32:0\n&/' \
		"$(recipe v2-no-footers-no-vmdesc)" | built a
	head -c -2 a >b
	for file in a b; do
		checks 0 "$file"
		finding opaque-devices '.severity == "warning" and .offset > 0'
		assert_json 'has("complete") | not'
		savetool inspect --json "$file"
		assert_json 'has("complete") | not'
	done
}

@test "a section whose length differs from its description is an error" {
	local at

	make_image v2-vmdesc-lies a
	checks 1 a
	finding vmdesc-differs '.severity == "error" and .offset > 0 and
		.hint'
	{ echo "$header magic=part"; sequential eof vmdesc; } | built b
	at=$("$SAVETOOL" inspect --json b | jq '.devices[0].offset')
	# Seven of its 24 bytes are gone.
	{ head -c $((at + 30)) b; tail -c +$((at + 38)) b; } >short
	checks 5 short --repair
	finding part
	finding vmdesc-differs ".severity == \"error\" and .offset == $at and
		.length == 17 and .section == \"timer\" and .instance == 0"
}

@test "a hint never suggests an action that would be refused" {
	make_image v2-vmdesc-cut whole
	checks 0 whole
	finding vmdesc-cut '.hint | contains("convert")'
	{ echo "$header magic=part format=sparse"; sequential eof vmdesc
		echo "cut -3"; } | built a
	checks 5 a
	finding part .hint
	finding vmdesc-cut '.hint | not'
	finding mislabelled '.hint | not'
	savetool convert -O raw a b
	assert_failure 5
}

@test "a vmdesc of other sections is a warning" {
	local json

	json='{"page_size": 4096, "devices": [{"name": "serial",
		"instance_id": 0, "fields": [{"size": 24}]}]}'
	json=$(jq -c . <<<"$json" | sed 's/"/\\"/g')
	sequential eof "vmdesc json=\"$json\"" | built a
	checks 0 a
	finding vmdesc-differs '.severity == "warning" and .offset > 0'
	{ echo "$header magic=part"; sequential eof \
		"vmdesc json=\"$json\""; } | built b
	checks 5 b --repair
	finding part
	finding vmdesc-differs
}

@test "a device that comes twice is an error" {
	sequential "section full name=timer id=4 version=2 length=24" eof \
		vmdesc | built a
	checks 1 a
	finding duplicate-device '.offset > 0 and .length == 24 and
		.section == "timer" and .instance == 0'
	sequential "section full name=timer id=4 instance=1 length=24" eof \
		vmdesc | built b
	checks 0 b
}

@test "a bitmap after the vmdesc is not trailing data" {
	make_image v3-bitmap-at-end a
	checks 0 a
	assert_json '.findings == []'
	checks 0 a --repair
}

@test "--repair finishes a header when the image is complete" {
	local expected

	{ echo "$header"; sequential eof vmdesc; } | built right
	expected=$(digest right)
	{ echo "$header magic=part"; sequential eof vmdesc; } | built a
	checks 5 a
	finding part-complete '.severity == "error" and .offset == 0 and
		.length == 16'
	repairs a
	cmp right a
	assert_equal "$(digest a)" "$expected"
	{ echo "$header format=sparse magic=part"; mapped eof vmdesc; } |
		built b
	repairs b
	assert_equal "$(digest b)" "$expected"
}

@test "--repair finishes no header that is not proven" {
	# Cut, without the end of RAM and its bitmaps, without a description.
	{ echo "$header magic=part"; sequential eof vmdesc; echo "cut -1"; } |
		built cut
	{ echo "$header magic=part"; sequential eof; } | built no-vmdesc
	{ echo "$header magic=part format=sparse"; mapped eof vmdesc; } |
		sed 's/page m0 0/stale m0 0/; /ram end/d' | built empty
	{ echo "$header magic=part format=sparse"; mapped eof vmdesc; } |
		sed 's/page m0 0/lost m0 0/' | built lost
	checks 5 cut --repair
	finding part
	checks 5 no-vmdesc --repair
	checks 5 empty --repair
	finding empty-bitmaps
	[ "$(head -c 16 empty)" = LibvirtQemudPart ]
	checks 5 lost --repair
	checks 5 lost --repair -n
	finding part '.hint'
}

@test "--repair finishes no header of an image without devices" {
	local at name

	{ echo "$header magic=part"; sequential eof vmdesc; } | built a
	at=$("$SAVETOOL" inspect --json a | jq '.devices[0].offset')
	head -c "$at" a >one
	{ cat one; head -c $(("$(stat -c %s a)" - at)) /dev/zero; } >zeros
	printf '\0' >>one
	for name in zeros one; do
		checks 5 $name --repair
		finding part
		finding incomplete ".offset == $at"
		printf LibvirtQemudSave | dd of=$name conv=notrunc status=none
		checks 5 $name
		assert_json '.complete == false'
	done
}

@test "--repair finishes a copy without holes only if no page is lost" {
	local at

	{ echo "$header magic=part format=sparse"; mapped eof vmdesc; } |
		built a
	at=$("$SAVETOOL" inspect --json a | jq '.blocks[0]."pages-offset"')
	copy_dense a dense
	copy_dense a lost
	fallocate -p -o $((at + 4096)) -l 4096 a
	dd if=/dev/zero of=lost bs=4096 seek=$((at / 4096 + 1)) count=1 \
		conv=notrunc status=none
	checks 5 lost --repair
	finding part
	checks 5 lost --repair --deep
	finding part
	finding zero-pages '.severity == "warning" and .length == 4096'
	# The file's own holes show it without reading pages.
	checks 5 a --repair
	finding lost-extent
	checks 5 dense --repair
	finding part
	repairs dense --deep
}

@test "--repair finishes a compressed image only if all of it was read" {
	{ echo "$header format=zstd magic=part"; echo "pack \"zstd -qc\""
		sequential eof vmdesc; } | built a
	checks 5 a --repair
	finding part
	repairs a --deep
	{ echo "$header format=zstd magic=part"; echo "pack \"zstd -qc\""
		sequential eof vmdesc; } | built b
	truncate -s -9 b
	checks 5 b --repair --deep
}

@test "--repair sets the format that the content has" {
	local expected name

	for name in v2-mislabelled-sparse v3-mislabelled-raw \
			packed-mislabelled; do
		make_image $name a
		expected=$(digest a)
		repairs a
		assert_equal "$(digest a)" "$expected"
		cmp -l a <(make_image $name b && cat b) >changed || true
		assert_equal "$(wc -l <changed)" 1
		assert_equal "$(cut -c -10 changed | awk '{ print $1 }')" 29
	done
	{ echo "$header byte-order=big format=sparse"
		sequential eof vmdesc; } | built big
	repairs big
	assert_equal "$(od -A n -t x1 -j 28 -N 4 big)" " 00 00 00 00"
	{ echo "$header byte-order=big format=raw"
		mapped eof vmdesc; } | built big
	repairs big
	assert_equal "$(od -A n -t x1 -j 28 -N 4 big)" " 00 00 00 06"
}

@test "--repair does not label what libvirt would not restore" {
	{ echo "$header version=1 format=raw"; echo "pack \"zstd -qc\""
		sequential eof vmdesc; } | built old
	checks 1 old --repair
	finding mislabelled .hint
	echo "$header format=zstd" | built packed
	mapped eof vmdesc | built stream
	zstd -qc stream >>packed
	checks 1 packed --repair
	finding compressed-mapped-ram
}

@test "--repair cuts off the bytes after the end, and only those" {
	local expected size

	{ echo "$header"; sequential eof vmdesc; } | built right
	expected=$(digest right)
	make_image v2-trailing a
	size=$(stat -c %s a)
	repairs a
	[ "$(stat -c %s a)" -lt "$size" ]
	cat right - <<<"more" >b
	repairs b
	cmp right b
	assert_equal "$(digest b)" "$expected"
	# A description that cannot be read is not taken for rubbish.
	make_image v2-vmdesc-not-json c
	checks 0 c --repair
	# Nor are bytes after an end that nothing proves.
	{ echo "$header"; sequential eof; echo "bytes 00 00"; } | built d
	savetool check --json d
	cp d before
	"$SAVETOOL" check --repair d || true
	cmp before d
}

@test "--repair does not cut off another guest's image" {
	local first name

	make_image v2-bare first
	make_image v2-small second
	make_image v3-bitmap-at-end third
	for name in "first first" "first second" "second first" \
			"third second"; do
		first=${name% *}
		cat "$first" "${name#* }" >two
		checks 0 two --repair
		finding second-image ".severity == \"warning\" and .hint and
			.offset == $(stat -c %s "$first") and
			.length == $(stat -c %s "${name#* }")"
		refute [[ " $(codes) " == *" trailing "* ]]
		cp two before
		savetool check --repair two
		assert_success
		cmp before two
	done
}

@test "--repair clears no bits if a bitmap overlaps other data" {
	local at=2M

	# Where the device's state is, is known once there is an image.
	for _ in 1 2; do
		{
			echo "$header format=sparse"
			mapped | sed "s/m0 2M/m0 64K bitmap=no bitmap-offset=$at/
				s/page m0 .*/page m0 0/"
			echo "section full name=odd id=9 bytes=$(
				printf 'ff%.0s' {1..32})"
			echo eof
			echo vmdesc
		} | built a
		at=$(LC_ALL=C grep -obaP '\xff{32}' a | tail -n 1 | cut -d : -f 1)
	done
	checks 6 a
	finding padding-bits '.block == "m0"'
	cp a before
	checks 6 a --repair
	cmp before a
}

@test "--repair clears bits after the last page" {
	local order at

	for order in little big; do
		{ echo "$header byte-order=$order format=sparse"
			mapped eof vmdesc; } | sed 's/m0 2M/m0 64K/' >recipe
		built right <recipe
		sed 's/page m0 0 .*/&\n	lost m0 0x20000/' recipe | built a
		checks 6 a
		finding padding-bits '.block == "m0" and .length == 8'
		repairs a
		cmp right a
		assert_equal "$(digest a)" "$(digest right)"
	done
}

# would_be NAME STATUS: what a dry run says, and its status, a repair does.
would_be()
{
	local before

	checks "$2" "$1" --repair -n
	before=$(jq -c '[."would-repair"[].code]' <<<"$output")
	savetool check --json --repair "$1"
	assert_equal "$(jq -c '[.repaired[].code]' <<<"$output")" "$before"
}

@test "a dry run reports what a repair would do" {
	local at

	{ echo "$header format=sparse"; mapped eof vmdesc; } |
		sed 's/m0 2M/m0 64K/
			s/page m0 0 .*/&\n	lost m0 0x20000/' >recipe
	sed 's/format=sparse/format=raw magic=part/' recipe | built all
	at=$("$SAVETOOL" inspect --json all | jq '.blocks[0]."pages-offset"')
	# Within the only device.
	built cut <recipe
	truncate -s $((at + 65536 + 60)) cut
	savetool check cut
	assert_output --partial "2 problems, 1 of them fixable with --repair"
	would_be cut 5
	assert_failure 5
	echo behind >>all
	would_be all 1
	assert_success
	assert_json '(.repaired | length) == 4'
}

@test "--repair makes one repair after the other" {
	{ echo "$header format=sparse"; mapped eof vmdesc; } |
		sed 's/m0 2M/m0 64K/' >recipe
	built right <recipe
	sed 's/page m0 0 .*/&\n	lost m0 0x20000/
		s/format=sparse/format=raw magic=part/' recipe | built a
	echo behind >>a
	savetool check --json --repair a
	assert_success
	assert_json '[.repaired[].code] == ["padding-bits", "trailing",
		"mislabelled", "part-complete"]'
	cmp right a
}

@test "--repair refuses a file in use" {
	{ echo "$header magic=part"; sequential eof vmdesc; } | built a
	cp a before
	exec 7<a
	savetool check --json --repair a
	exec 7<&-
	assert_error 8 "a: in use by another process"
	assert_json '.error.code == "refused" and .repaired == []'
	cmp before a
	savetool check --repair a
	assert_success
}

@test "--repair changes nothing if the file cannot be written" {
	{ echo "$header magic=part"; sequential eof vmdesc; } | built a
	chmod 400 a
	unprivileged check --repair a
	assert_failure 3
	checks 5 a
}

@test "an image from a pipe is checked, and a repair is refused" {
	make_image v2-small a
	run --separate-stderr bash -c 'cat a | "$SAVETOOL" check -'
	assert_success
	assert_line --index -1 "-: clean"
	make_image bad-cut-device b
	run --separate-stderr bash -c 'cat b | "$SAVETOOL" check -'
	assert_failure 5
	run --separate-stderr bash -c 'cat a | "$SAVETOOL" check --repair -'
	assert_error 2 "-: standard input cannot be repaired"
}

@test "text: a place is shown only once" {
	make_image bad-block-twice a
	savetool check a
	assert_failure 6
	assert_line "a: error: list of blocks: duplicate block name (corrupt, \
block 'pc.ram', at byte 67)"
	checks 6 a
	finding corrupt '.offset == 67 and .block == "pc.ram"'
}

@test "text: each finding has one line, and the last line is the verdict" {
	{ echo "$header magic=part"; sequential eof vmdesc; } | built a
	savetool check a
	assert_failure 5
	assert_equal "$stderr" ''
	assert_output - <<'END'
a: error: the header says that libvirt never finished this image, but it is complete to its last byte (part-complete, at byte 0, 16 bytes)
a: warning: if this is a managed save, libvirt silently deletes it when the guest is started, which then boots anew (managed-save, at byte 0, 16 bytes)
a: 1 problem, all fixable with --repair
END
	savetool check --repair -n a
	assert_failure 1
	assert_line "a: would be repaired: marked the image as complete in the \
header (part-complete, at byte 0, 16 bytes)"
	savetool check -q a
	assert_output "a: 1 problem, all fixable with --repair"
	savetool check --repair a
	assert_success
	assert_output - <<'END'
a: repaired: marked the image as complete in the header (part-complete, at byte 0, 16 bytes)
a: clean
END
	savetool check a
	assert_output "a: clean"
}

@test "text: a place is exact, and an amount has its unit, as in inspect" {
	local found

	make_image v2-trailing a
	make_image v3-stale b
	for found in "a trailing, at byte 17035, 5000 bytes" \
			"b stale, 20 KiB"; do
		savetool check "${found%% *}"
		assert_line --index 0 --regexp "^.: note: .* \(${found#* }\)\$"
		savetool inspect "${found%% *}"
		assert_regex "$(tr -s '\n ' ' ' <<<"$output")" \
			" note: .* \(${found#* }\) hint: "
	done
}

@test "of several images, the worst one decides the status" {
	make_image v3-small a
	make_image v3-lost-extent b
	savetool check -q a b missing
	assert_failure 3
	assert_line --index 0 "a: clean"
	assert_line --index 1 "b: 1 problem"
	assert_equal "$stderr" \
		"savetool: missing: cannot open: No such file or directory"
	savetool check --json a b
	assert_failure 1
	assert_json 'length == 2 and .[0].clean and (.[1].clean | not) and
		.[0].savetool.schema == 1 and .[1].path == "b"'
}

@test "lines about one image stand together if there are several" {
	make_image v3-small a
	make_image v3-lost-extent b
	savetool check -v a b a
	assert_failure 1
	assert_line --partial "b: hint: "
	assert_equal "$(sed -n '$=' <<<"$output")" 5
}

@test "a file that is not an image is reported as such" {
	echo nothing >a
	savetool check a
	assert_error 4 "a: not a save image"
	assert_output ''
	savetool check --json a
	assert_json '.error.code == "not-an-image"'
}

@test "--dry-run without --repair is a usage error" {
	make_image v3-small a
	savetool check -n a
	assert_failure 2
	[[ $stderr == "savetool: '--dry-run' needs '--repair'"* ]]
}

@test "--progress-fd reports how far the check is" {
	make_image packed-zstd a
	savetool check --deep --progress-fd 9 a 9>told
	assert_success
	assert_equal "$(tail -n 1 told)" 100/100
}

# answers TEXT...: a program 'qemu' that says so when asked for its machines.
answers()
{
	{
		echo '#!/bin/sh'
		echo '[ "$*" = "-machine help" ] || exit 9'
		echo 'cat <<END'
		printf '%s\n' "$@" END
	} >qemu
	chmod +x qemu
}

@test "--against asks a QEMU for the machine type" {
	make_image v2-small a
	answers 'Supported machines are:' \
		'pc                   Standard PC (alias of pc-i440fx-10.0)' \
		'pc-i440fx-10.0       Standard PC (default)'
	savetool check --against ./qemu a
	assert_success
	assert_output 'a: clean'
	answers 'Supported machines are:' \
		'pc-i440fx-10.1       Standard PC (default)' \
		'pc-i440fx-rhel7.6.0  RHEL 7.6.0 PC'
	savetool check --against ./qemu a
	assert_failure 1
	assert_line "a: error: './qemu' does not have the machine type\
 'pc-i440fx-10.0' (machine-missing)"
	savetool check -v --against ./qemu a
	assert_line "a: hint: try another one of its family with 'savetool\
 convert --machine' (machine-missing)"
	savetool check --json --against ./qemu a
	assert_json '.clean == false'
	assert_json '[.findings[] | select(.severity == "error").code]
		== ["machine-missing"]'
	PATH=$PWD:$PATH savetool check --against qemu a
	assert_failure 1
	[[ $output == *"'qemu' does not have"* ]]
}

@test "--against a vendor's QEMU finds the vendor's machine type" {
	printf '%s\n' stream 'configuration machine=pc-i440fx-rhel7.6.0' \
		'ram start' 'block pc.ram 64K' 'ram part' 'ram end' \
		'section full name=timer id=3 version=2 length=24' eof vmdesc |
		"$mkimage" a
	answers 'Supported machines are:' 'pc-i440fx-rhel7.6.0  RHEL 7.6.0 PC'
	savetool check --against ./qemu a
	assert_success
}

@test "--against says in one line why a program is not a QEMU" {
	make_image v2-small a
	answers 'some text'
	savetool check --against ./qemu a
	assert_error 3 "./qemu: its answer to '-machine help' is not a list of\
 machine types"
	answers ''
	savetool check --against ./qemu a
	assert_failure 3
	chmod -x qemu
	savetool check --against ./qemu a
	assert_error 3 "./qemu: cannot run './qemu': Permission denied"
	savetool check --against ./missing a
	assert_error 3 \
		"./missing: cannot run './missing': No such file or directory"
	printf '#!/bin/sh\necho no such option >&2\nexit 7\n' >qemu
	chmod +x qemu
	savetool check --against ./qemu a
	assert_error 3 "./qemu: '-machine help' fails with status 7: no such\
 option"
	printf '#!/bin/sh\nexec tr "\\0" x </dev/zero\n' >qemu
	savetool check --against ./qemu a
	assert_error 3 "./qemu: its answer to '-machine help' is too long"
	assert_output ''
}

@test "--against a program that never answers is ended by a signal" {
	local pid

	make_image v2-small a
	mkfifo started
	printf '#!/bin/sh\necho >started\nexec sleep 1000\n' >qemu
	chmod +x qemu
	"$SAVETOOL" check --against ./qemu a 3>&- &
	pid=$!
	cat started
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	assert_equal $status 143
}

@test "--against is refused for an image that does not say its machine type" {
	printf '%s\n' stream 'ram start' 'block pc.ram 64K' 'ram part' \
		'ram end' 'section full name=timer id=3 version=2 length=24' \
		eof vmdesc | "$mkimage" a
	answers 'Supported machines are:' 'pc  Standard PC'
	savetool check --json --against ./qemu a
	assert_json '[.findings[].code] | index("machine-unknown")'
}

# unread FORMAT FILL LENGTH: the findings about bytes after an image of libvirt.
unread()
{
	savetool convert -f -O "$1" small after
	head -c "$3" "$2" >>after
	savetool check --deep --json after
	jq -c '[.findings[] | select(.code == "bypass-cache") |
		[.severity, .length]]' <<<"$output"
}

@test "what libvirt does not read must not fill its pipe" {
	make_image v2-small small
	# Text, so that no codec can take it for a member of its own.
	yes old | head -c 4M >old
	# As many bytes as fit in the pipe do no harm.
	for format in raw bzip2 lzop; do
		assert_equal "$(unread $format old 1048576)" '[]'
		assert_equal "$(unread $format old 1048577)" \
			'[["warning",1048577]]'
	done
	# Of these, only bzip2 stops at zeros.
	assert_equal "$(unread raw /dev/zero 2097152)" '[["warning",2097152]]'
	assert_equal "$(unread bzip2 /dev/zero 2097152)" '[["warning",2097152]]'
	for format in gzip lzop xz; do
		assert_equal "$(unread $format /dev/zero 2097152)" '[]'
	done
	# QEMU opens these itself.
	assert_equal "$(unread sparse old 2097152)" '[]'
	# Nor does libvirt restore a bare stream.
	"$SAVETOOL" convert --bare small bare
	head -c 2M old >>bare
	savetool check --json bare
	assert_success
	assert_json '[.findings[].code] == ["trailing"]'
}
