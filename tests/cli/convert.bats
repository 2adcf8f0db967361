#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What convert writes, what it refuses, and which files remain.

load helpers

# fact IMAGE FILTER
fact()
{
	"$SAVETOOL" inspect --json "$1" | jq -r "$2"
}

# files: prints the names of all files here, also hidden ones.
files()
{
	find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' '
}

@test "raw to sparse and back, in both containers" {
	local source

	for source in v2-small v2-bare v2-two-blocks-rom v3-small v3-bare; do
		make_image $source
		savetool convert -O sparse $source $source.v3
		assert_success
		assert_silent
		savetool convert -O raw $source.v3 $source.v2
		assert_success
		assert_equal "$(fact $source.v3 .generation)" v3
		assert_equal "$(fact $source.v2 .generation)" v2
		assert_equal "$(fact $source.v2 .container)" \
			"$(fact $source .container)"
		assert_equal "$(digest $source.v3)" "$(digest $source)"
		assert_equal "$(digest $source.v2)" "$(digest $source)"
	done
}

@test "every real image keeps its guest in every format" {
	local image format

	for image in libvirt-raw.save libvirt-sparse.save libvirt-zstd.save \
			libvirt-live.save bare-mapped.mig bare-sequential.mig \
			live-mapped.mig live-sequential.mig; do
		real_image $image
		for format in raw sparse gzip zstd; do
			savetool convert -O $format $image out
			assert_success
			assert_equal "$(fact out .format)" $format
			assert_equal "$(digest out)" "$(digest $image)"
			rm out
		done
	done
}

@test "header, XML and cookie stay, but for the format" {
	real_image libvirt-raw.save
	savetool convert -O sparse libvirt-raw.save a
	assert_success
	assert_equal "$(fact a '[.header | del(.["format-number"])]')" \
		"$(fact libvirt-raw.save \
			'[.header | del(.["format-number"])]')"
	local length

	length=$(fact a '.header["data-length"]')
	cmp -i 92 -n "$length" a libvirt-raw.save
}

@test "the same image gives the same bytes" {
	make_image v2-small a
	savetool convert -O sparse a b
	savetool convert -O sparse a c
	cmp b c
	savetool convert -O zstd -T 1 a d
	savetool convert -O zstd -T 2 a e
	cmp d e
}

@test "zero pages whose records fill more than a batch" {
	"$MKIMAGE" a <<-END
		libvirt name=g memory=800M
		stream
		configuration
		ram start
		block pc.ram 800M
		ram part
		page pc.ram 0 count=3 seed=1
		zero pc.ram 0x3000 count=204795
		page pc.ram 0x31ffe000 count=2 seed=2
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc
	END
	savetool convert -O sparse a b
	assert_success
	savetool convert -O raw b c
	assert_success
	assert_equal "$(digest c)" "$(digest a)"
	savetool check c
	assert_success
}

@test "v2, v3 and mapped-ram are names of formats" {
	make_image v2-small a
	savetool convert -O v3 a b
	assert_success
	assert_equal "$(fact b .format)" sparse
	savetool convert --to=mapped-ram a c
	assert_success
	cmp b c
	savetool convert --to v2 b d
	assert_success
	assert_equal "$(fact d .format)" raw
}

@test "without -O the format is that of the source" {
	make_image v3-small a
	make_image packed-zstd c
	savetool convert a b
	assert_success
	assert_equal "$(fact b .format)" sparse
	savetool convert c d
	assert_success
	assert_equal "$(fact d .format)" zstd
	savetool convert -L 3 a e
	assert_error 2 "a: format 'sparse' has no levels"
}

# keeps IMAGE FORMAT CONTAINER: convert without -O, with the same guest.
keeps()
{
	savetool convert -f "$1" kept
	assert_success
	assert_equal "$(fact kept '[.format, .container] | join(" ")')" "$2 $3"
	assert_equal "$(digest kept)" "$expected"
}

@test "without -O the generation stays, whatever is compressed by what" {
	local program

	for program in gzip bzip2 xz lzop zstd; do
		for name in v2-small v2-bare v3-small v3-bare; do
			make_image $name
			"$program" -c <$name >$name.packed
		done
		# The file as a whole.
		expected=$(digest v2-small)
		keeps v2-small.packed raw libvirt
		expected=$(digest v2-bare)
		keeps v2-bare.packed "$program" bare
		expected=$(digest v3-small)
		keeps v3-small.packed sparse libvirt
		expected=$(digest v3-bare)
		keeps v3-bare.packed sparse bare
		# Of all but the header.
		"$SAVETOOL" convert -f -O "$program" v2-small packed
		expected=$(digest v2-small)
		keeps packed "$program" libvirt
		{
			"$mkimage" from <<<"libvirt format=$program"
			cat from v3-bare.packed
		} >packed
		rm -f kept
		savetool convert packed kept
		assert_error 7 "packed: compressed mapped-ram stream after a libvirt header, which nothing restores: there is no such format to keep; convert it with 'savetool convert -O sparse'"
		[ ! -e kept ]
		expected=$(digest packed)
		savetool convert -O sparse packed kept
		assert_success
		mv kept again
		keeps again sparse libvirt
	done
}

@test "--bare leaves the header out, --libvirt=XML makes one" {
	make_image v2-small a
	"$SAVETOOL" inspect --json --xml a | jq -j .xml >xml
	savetool convert -O sparse --bare a b
	assert_success
	assert_equal "$(fact b .container)" bare
	savetool convert -O sparse --libvirt=xml b c
	assert_success
	assert_equal "$(fact c .container)" libvirt
	assert_equal "$(fact c .guest.name)" g1
	assert_equal "$(digest c)" "$(digest a)"
}

@test "a guest whose XML is damaged gets another one, or none" {
	local image

	make_image v2-small good
	"$SAVETOOL" extract xml good xml
	for image in bad-xml-syntax bad-xml-empty bad-cookie-syntax; do
		make_image $image a
		savetool convert a b
		assert_equal "$status" 6
		[[ $stderr == *'use --bare'* ]]
		savetool convert -f --bare a b
		assert_success
		assert_equal "$(digest b)" "$(digest a)"
		savetool convert -f -O sparse --bare a b
		assert_success
		savetool extract stream -f a c
		assert_success
		assert_equal "$(digest c)" "$(digest a)"
	done
	make_image bad-xml-syntax a
	savetool convert -f --libvirt=xml --allow-mismatch a b
	assert_success
	assert_equal "$(digest b)" "$(digest a)"
	assert_equal "$(fact b .guest.name)" g1
}

@test "--libvirt keeps the header of an image that has one" {
	make_image v2-small a
	savetool convert -O sparse --libvirt a b
	assert_success
	savetool convert -O sparse a c
	cmp b c
}

@test "an XML that contradicts the stream is refused, or warned of" {
	make_image v3-small a
	"$SAVETOOL" inspect --json --xml a | jq -j .xml >xml
	sed "s/>1024</>2048</" xml >memory
	sed "s/pc-i440fx-10.0/pc-i440fx-9.2/" xml >machine
	# What QEMU does with the destination, not with the source.
	local -A will=([raw]="QEMU will refuse it" [sparse]="QEMU does not check\
 that, and would run a guest with wrong memory")
	for format in raw sparse; do
		savetool convert -O $format --libvirt=memory a b
		assert_error 8 "a: the XML gives the guest 2097152 bytes of\
 memory, but the stream has 1048576: ${will[$format]}; use\
 --allow-mismatch to write it nevertheless"
		savetool convert -O $format --libvirt=machine a b
		assert_failure 8
	done
	# Through a pipe, too, where it is seen when it passes.
	run -8 bash -c '"$SAVETOOL" convert -O raw --bare a - |
		"$SAVETOOL" convert -O zstd --libvirt=memory - b'
	assert_equal "$(files)" "a machine memory xml "
	savetool convert --allow-mismatch --libvirt=memory -v --json a b
	assert_success
	assert_json '.mismatch | startswith("the XML gives the guest 2097152")'
	[[ $stderr == "savetool: b: warning: the XML gives the guest "* ]]
	assert_equal "$(digest b)" "$(digest a)"
	# What it has in its own header does not stand in the way of a rescue.
	savetool convert -O raw b c
	assert_success
	[[ $stderr == "savetool: c: warning: the XML gives the guest "* ]]
	savetool convert --allow-mismatch b d
	assert_failure 2
	[[ $stderr == *"'--allow-mismatch' needs '--libvirt=XML' or "* ]]
}

@test "--libvirt needs an XML for a bare stream" {
	make_image v2-bare a
	savetool convert -O sparse --libvirt a b
	assert_failure 2
	[[ $stderr == "savetool: a: "*"XML"* ]]
	savetool convert -O sparse --libvirt=missing a b
	assert_failure 3
	[[ $stderr == "savetool: a: 'missing': "* ]]
	echo '<domain' >xml
	savetool convert -O sparse --libvirt=xml a b
	assert_failure 2
	assert_equal "$(files)" "a xml "
}

@test "--header-version=3 is written, and warned of" {
	make_image v2-small a
	savetool convert -O sparse --header-version=3 a b
	assert_error 0 \
		"b: warning: no release of libvirt restores header version 3"
	assert_equal "$(fact b '"\(.header.version) \(.header.features)"')" \
		"3 1"
	savetool convert -q -O sparse --header-version=3 a c
	assert_success
	assert_silent
	savetool convert -O sparse --header-version=2 b d
	assert_success
	assert_silent
	assert_equal "$(fact d .header.version)" 2
}

@test "a stream inside a file is converted by its offset" {
	make_image v3-bare-offset a
	savetool convert -O raw a b
	assert_failure 4
	savetool convert -O raw --offset=69949 a b
	assert_success
	assert_equal "$(fact b .container)" bare
}

@test "--verify compares digests, and JSON shows them" {
	real_image libvirt-raw.save
	savetool convert --verify --json -O sparse libvirt-raw.save b
	assert_success
	assert_json '.verified == true'
	assert_json '.digest == "'"$(digest libvirt-raw.save)"'"'
	assert_json '.source == "libvirt-raw.save" and .destination == "b"'
	assert_json '.format == "sparse"'
	assert_json '.logical == '"$(stat -c %s b)"
	# A file system may still settle where the bytes go.
	assert_json '.allocated / '"$(($(stat -c '%b * %B' b)))"'
		| . > 0.9 and . < 1.1'
	savetool convert --json -f -O sparse libvirt-raw.save b
	assert_json '.verified == false and (has("digest") | not)'
}

@test "success is silent unless --verbose" {
	make_image v2-small a
	savetool convert -O sparse a b
	assert_success
	assert_silent
	savetool convert -f -v --verify -O sparse a b
	assert_success
	[[ $output =~ ^b:\ sparse,\ .*\ allocated,\ verified$ ]]
}

@test "an existing destination is refused, and replaced with -f" {
	make_image v2-small a
	echo precious >b
	savetool convert -O sparse a b
	assert_error 8 "a: 'b' exists; use --force to replace it"
	assert_equal "$(cat b)" precious
	savetool convert -f -O sparse a b
	assert_success
	assert_equal "$(fact b .format)" sparse
	assert_equal "$(files)" "a b "
}

@test "a link to nowhere is an existing destination" {
	make_image v2-small a
	ln -s nowhere b
	savetool convert -O sparse a b
	assert_error 8 "a: 'b' exists; use --force to replace it"
	[ -L b ]
	[ ! -e nowhere ]
}

@test "the source as destination is noticed, under any name" {
	make_image v2-small a
	ln a hard
	ln -s a soft
	cp a kept
	local name

	for name in a ./a hard soft; do
		savetool convert -O sparse a $name
		assert_failure 8
		savetool convert -f -O sparse a $name
		assert_failure 8
		[[ $stderr == "savetool: a: "* ]]
	done
	cmp a kept
	assert_equal "$(files)" "a hard kept soft "
}

@test "a refusal with --json is an object" {
	make_image v2-small a
	touch b
	savetool convert --json -O sparse a b
	assert_failure 8
	assert_json '.error == {"code": "refused",
		"message": "'"'b'"' exists", "hint": "use --force to replace it"}'
	assert_json '.path == "a"'
}

@test "an unreadable source leaves no destination" {
	local before expected source

	make_image bad-elf elf
	make_image v2-part part
	make_image bad-cut-page cut
	make_image bad-footer-id corrupt
	make_image v2-no-configuration old
	: >empty
	mkdir folder
	before=$(files)
	while read -r expected source; do
		savetool convert -O sparse "$source" out
		assert_equal "$source: $status" "$source: $expected"
		assert_equal "${#stderr_lines[@]}" 1
		[[ $stderr == "savetool: $source: "* ]]
		assert_output ''
		assert_equal "$(files)" "$before"
	done <<-END
		4 elf
		4 empty
		3 folder
		3 missing
		5 part
		5 cut
		6 corrupt
		7 old
	END
}

@test "a destination that cannot be made leaves no file" {
	make_image v2-small a
	mkdir folder
	savetool convert -O sparse a folder
	assert_error 8 "a: 'folder' is a directory"
	savetool convert -O sparse a missing/b
	assert_failure 3
	[[ $stderr == "savetool: a: cannot create 'missing/b': "* ]]
	assert_equal "$(files)" "a folder "
}

@test "a destination that reaches its size limit is removed" {
	real_image libvirt-raw.save
	run --separate-stderr bash -c \
		'ulimit -f 1024; exec "$0" "$@"' "$SAVETOOL" \
		convert -O raw libvirt-raw.save out
	assert_failure 3
	[[ $stderr == *"File too large (at byte "*")" ]]
	assert_equal "$(files)" "libvirt-raw.save "
}

@test "the destination has the mode of the source, whatever the umask" {
	make_image v2-small a
	local mode

	for mode in 600 640 644 400; do
		chmod $mode a
		rm -f b
		(umask 0; "$SAVETOOL" convert -O sparse a b)
		assert_equal "$(stat -c %a b)" $mode
		rm -f b
		(umask 077; "$SAVETOOL" convert -O sparse a b)
		assert_equal "$(stat -c %a b)" $mode
	done
}

@test "the source is not changed" {
	real_image libvirt-sparse.save
	local before

	before=$(stat -L -c '%y %z %b %s' libvirt-sparse.save)
	savetool convert -O raw libvirt-sparse.save a
	assert_success
	assert_equal "$(stat -L -c '%y %z %b %s' libvirt-sparse.save)" \
		"$before"
}

@test "a mislabelled image gets the right format in its header" {
	make_image v2-mislabelled-sparse a
	savetool convert a b
	assert_success
	assert_equal "$(fact a '.header["format-number"]')" 6
	assert_equal "$(fact b '.header["format-number"]')" 0
	assert_equal "$(fact b '.findings | length')" 0
	assert_equal "$(digest a)" "$(digest b)"
}

@test "a sparse destination has holes for absent and zero pages" {
	real_image libvirt-raw.save
	savetool convert -O sparse libvirt-raw.save a
	assert_success
	[ "$(stat -c %s a)" -gt $((64 << 20)) ]
	[ $(($(stat -c '%b * %B' a))) -lt $((16 << 20)) ]
}

@test "a signal ends the program, by that signal, and leaves no file" {
	local name

	real_image live-sequential.mig
	for name in TERM HUP INT; do
		held pwritev 2 convert -O sparse live-sequential.mig out
		# Its temporary file, whatever its name is.
		[ "$(find . -type f | wc -l)" = 4 ]
		kill -$name "$held"
		let_go
		assert_equal "$status" $((128 + $(kill -l $name)))
		assert_equal "$(cat said err)" ''
		assert_equal "$(files)" "err live-sequential.mig said trace "
	done
}

@test "a signal that is ignored, as under nohup, stays ignored" {
	real_image live-sequential.mig
	signals=--ignore-signal=HUP held pwritev 2 \
		convert -O sparse live-sequential.mig out
	kill -HUP "$held"
	let_go
	assert_equal "$status" 0
	[ -e out ]
}

@test "SIGUSR1 asks for a line of progress" {
	real_image live-sequential.mig
	held pwritev 2 convert -O sparse live-sequential.mig out
	kill -USR1 "$held"
	let_go
	assert_equal "$status" 0
	run cat err
	assert_output --regexp \
		'^savetool: live-sequential\.mig: [0-9]+ %(, [0-9]+ (s|min) left)?$'
	[ -e out ]
}

@test "a reader of --progress-fd that leaves does not end it" {
	make_image v2-small a
	savetool convert --progress-fd=7 -O sparse a b 7> >(:)
	assert_success
	[ -e b ]
}

@test "--progress-fd comes to its end with --verify, too" {
	real_image libvirt-raw.save
	savetool convert --verify --progress-fd=7 -O sparse \
		libvirt-raw.save b 7>lines
	assert_success
	assert_equal "$(head -n 1 lines)" 0/100
	assert_equal "$(tail -n 1 lines)" 100/100
	sort -n -u lines | cmp - lines
}

@test "digest prints a line an image, like sha256sum" {
	make_image v2-small a
	make_image v3-small b
	savetool digest a b a
	assert_success
	assert_equal "${#lines[@]}" 3
	[[ ${lines[0]} =~ ^[0-9a-f]{64}\ \ a$ ]]
	assert_equal "${lines[2]}" "${lines[0]}"
	savetool digest --json a
	assert_json '.digest == .memory + .devices'
	assert_json '.digest == "'"$(digest a)"'"'
}

@test "digest goes on after an image that it cannot read" {
	make_image v2-small a
	make_image bad-elf elf
	savetool digest elf a missing
	assert_failure 4
	assert_equal "${#lines[@]}" 1
	assert_equal "${#stderr_lines[@]}" 2
	savetool digest --json elf a missing
	assert_failure 4
	assert_json 'map(has("digest")) == [false, true, false]'
	assert_json '.[2].error.code == "system"'
}

@test "memory saved with XBZRLE has the digest of what it comes to" {
	make_image v2-xbzrle a
	savetool convert --verify -O sparse a resolved
	assert_success
	savetool convert --verify -O raw a kept
	assert_success
	assert_equal "$(digest a) $(digest kept)" \
		"$(digest resolved) $(digest resolved)"
	# shellcheck disable=SC2002
	run --separate-stderr bash -c "cat a | '$SAVETOOL' digest -"
	assert_error 7 "-: memory saved with XBZRLE cannot be resolved when\
 reading from a pipe; use a file"
}

@test "memory that lies in a hole is converted, with a warning" {
	make_image v3-lost-extent a
	savetool convert -O raw a b
	assert_success
	assert_equal "$stderr" "savetool: a: warning: $(\
		"$SAVETOOL" inspect --json a | jq '[.findings[] |
		select(.code == "lost-extent") | .length] | add') bytes of\
 memory lie in holes of the file and were read as zeros"
	savetool convert --json -q -O raw a c
	assert_equal "$stderr" ''
	assert_json '.lost > 0'
	make_image v3-small d
	savetool convert --json -O raw d e
	assert_json '.lost == 0'
}

@test "header version 3 needs no -O for an image that is sparse" {
	make_image v3-small a
	savetool convert -q --header-version=3 a b
	assert_success
	assert_equal "$(fact b .header.version)" 3
	make_image v2-small c
	savetool convert --header-version=3 c d
	assert_error 2 "c: header version 3 is for format 'sparse' only"
}

@test "if only mapped-ram states the page size, conversion to raw is refused" {
	"$mkimage" /dev/stdin a <<-END
		stream
		configuration capability=mapped-ram
		ram start
		block pc.ram 64K page-size=16K
		page pc.ram 0
		ram end
		section full name=timer id=3 version=2 length=24
		eof
	END
	savetool convert -O raw a b
	assert_error 7 "a: page size 16384 is only recorded in the\
 mapped-ram layout; convert it to 'sparse'"
	savetool convert --verify -O sparse a b
	assert_success
}

@test "more device state than is handled is never cut short" {
	{
		echo footers off
		sequential_memory <<<'page pc.ram 0 count=4'
		printf '%s\n' 'section full name=timer id=3 version=2' \
			'seek +1073741824' 'bytes 0102030405' eof
	} | "$mkimage" a
	savetool convert --verify -O raw a b
	assert_error 7 "a: more than 1024 MiB of device state"
	savetool compact a
	assert_failure 7
	[ ! -e b ]
}

@test "bitmaps of a big-endian host need --byte-order" {
	make_image v3-big-endian a
	savetool convert --bare --verify -O sparse a b
	assert_success
	savetool convert -O raw b c
	assert_failure 7
	[[ $stderr == *"appear to be big-endian; use --byte-order=big" ]]
	[ ! -e c ]
}

@test "if a folder cannot be synced, the destination stays" {
	command -v strace >/dev/null || fail "strace is missing"
	make_image v2-small a
	# The file's own two come first.
	run --separate-stderr strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f \
		-o trace -e trace=fsync -e inject=fsync:error=EIO:when=3 \
		"$SAVETOOL" convert -O sparse a b
	assert_error 3 "a: 'b' is complete, but its directory cannot be written\
 to disk: Input/output error"
	rm trace
	assert_equal "$(files)" "a b "
	savetool convert -O sparse a c
	assert_success
	cmp b c
}

@test "a named pipe is refused at once if a file is needed" {
	make_image v2-small a
	mkfifo b
	run --separate-stderr timeout -s KILL 300 "$SAVETOOL" convert -O sparse a b
	assert_error 2 "a: format 'sparse' cannot be written to a pipe"
	run --separate-stderr timeout -s KILL 300 "$SAVETOOL" convert --verify a b
	assert_error 2 "a: output to a pipe cannot be verified"
	cat b >c 3>&- &
	savetool convert a b
	assert_success
	wait $!
	cmp a c
}

@test "a huge block that holds no pages takes no memory" {
	"$mkimage" /dev/stdin a <<-END
		stream
		configuration
		ram start
		block pc.ram 16T
		ram part
		page pc.ram 0 count=4
		page pc.ram 15T
		ram end
		eof
		vmdesc
	END
	savetool digest a
	assert_success
	savetool convert --verify -O zstd a b
	assert_success
	assert_equal "$(digest b)" "$(digest a)"
}

# cut_off COMMAND...: by the kernel, before anything of it is on the disk; its
# temporary file is left.
cut_off()
{
	rm -f .*.savetool-*
	run strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o /dev/null \
		-e trace=fsync -e inject=fsync:signal=KILL:when=1 \
		"$SAVETOOL" "$@"
	assert_equal "$status" 137
	assert_equal "$(find . -name '.*.savetool-*' | wc -l)" 1
}

@test "a destination that may not be on disk yet is not marked as complete" {
	local words

	command -v strace >/dev/null || fail "strace is missing"
	make_image v2-live-superseded image
	for words in 'convert -O sparse' 'convert -O zstd --verify' \
		'convert --direct' compact sparsify 'sparsify --direct'; do
		# shellcheck disable=SC2086  # words
		case $words in
		convert*) cut_off $words image dest ;;
		*) cut_off $words image --copy dest ;;
		esac
		assert_equal "$words $(head -c 16 .*.savetool-*)" \
			"$words LibvirtQemudPart"
	done
	cut_off compact image
	assert_equal "$(head -c 16 .*.savetool-*)" LibvirtQemudPart
	# The same for an image that is copied unchanged.
	make_image packed-zstd packed
	cut_off sparsify packed --copy dest
	assert_equal "$(head -c 16 .*.savetool-*)" LibvirtQemudPart
	rm .*.savetool-*
	savetool sparsify packed --copy dest
	assert_success
	cmp packed dest
	rm dest
	savetool compact --verify image --copy dest
	assert_success
	assert_equal "$(head -c 16 dest)" LibvirtQemudSave
}

# overwritten WORD...: savetool, with a page of image overwritten meanwhile.
overwritten()
{
	cp source image
	held pread64 15 "$@"
	printf 'another page' | dd of=image bs=1 seek=1M conv=notrunc status=none
	let_go
	assert_equal "$status" 3
	assert_equal "$(cat err)" \
		"savetool: image: the image changed while it was read;\
 try again when nothing writes to the file"
	assert_equal "$(files)" "err image said source trace "
}

@test "if the source was written to meanwhile, the destination is not kept" {
	mapped_recipe <<-EOF | "$mkimage" source
		block pc.ram 4M
		page pc.ram 0 count=800
	EOF
	overwritten convert -O raw image copy
	overwritten convert -O zstd --verify image copy
	overwritten sparsify image --copy copy
	overwritten compact image --copy copy
	overwritten digest image
}

@test "--drop leaves out a section, and every other byte stays" {
	make_image v2-proxmox image
	savetool convert --json --verify --drop pbs-state image dest
	assert_success
	assert_json '.dropped == ["pbs-state"] and .verified'
	assert_equal "$stderr" "savetool: dest: warning: section 'pbs-state' was\
 left out; only QEMU can tell whether the guest restores without it"
	# Its header, its six bytes and their count, its footer.
	sed '/pbs-state/,/backup/d' "$(recipe v2-proxmox)" | sed '$d' |
		(cd "$top/tests/recipes/sequential" && "$mkimage" \
			"$OLDPWD/wanted")
	cmp dest wanted
	savetool digest --json dest
	memory=$(jq -r .memory <<<"$output")
	savetool digest --json image
	assert_json ".memory == \"$memory\""
}

@test "--drop leaves out a device and its entry in the vmdesc" {
	local format

	make_image v2-devices-many image
	savetool inspect --json image
	name=$(jq -r '.devices[1] | "\(.name)/\(.instance)"' <<<"$output")
	jq -c '[.devices[] | [.name, .instance]] | del(.[1])' <<<"$output" \
		>wanted
	for format in raw zstd sparse; do
		savetool convert -v -O $format --drop "$name" image dest
		assert_success
		assert_line "dest: left out section '$name'"
		savetool check --deep --json dest
		assert_success
		assert_json '.findings == []'
		savetool inspect --scan --json dest
		[ $format = zstd ] || diff wanted <(jq -c \
			'[.devices[] | [.name, .instance]]' <<<"$output")
		rm dest
	done
}

@test "--machine renames the type in the stream, the XML and the vmdesc" {
	local format

	make_image v3-two-blocks image
	for format in raw zstd sparse; do
		savetool convert --json --verify -O $format \
			--machine pc-i440fx-9.2 image dest
		assert_success
		assert_json '.machine == "pc-i440fx-9.2" and
			."machine-before" == "pc-i440fx-10.0" and .verified'
		assert_equal "$stderr" "savetool: dest: warning: machine type\
 'pc-i440fx-10.0' was renamed to 'pc-i440fx-9.2'; only QEMU can tell\
 whether the guest restores with it"
		savetool check --deep dest
		assert_output 'dest: clean'
		savetool inspect --json dest
		assert_json '.stream.machine == "pc-i440fx-9.2" and
			.guest.machine == "pc-i440fx-9.2"'
		savetool convert -v -O raw --machine pc-i440fx-10.0 dest again
		assert_success
		assert_line "again: renamed machine type 'pc-i440fx-9.2' to\
 'pc-i440fx-10.0'"
		"$SAVETOOL" convert -O raw image wanted
		cmp again wanted
		rm dest again wanted
	done
}

@test "--machine: every other byte is what a QEMU of that type would write" {
	local config='machine=pc-q35-11.1'

	mapped_recipe <<<'block pc.ram 64K' |
		sed 's/^vmdesc/& configuration=yes/' >one
	sed "s/^configuration /&$config /" one >two
	"$mkimage" one image
	"$mkimage" two other
	"$SAVETOOL" convert other wanted
	savetool convert -q --allow-mismatch --machine pc-q35-11.1 image dest
	assert_success
	cmp dest wanted
}

@test "--machine with an XML that is given" {
	make_image v2-small image
	"$SAVETOOL" xml image >xml
	savetool convert -q --bare image bare
	savetool convert -q --libvirt=xml --machine pc-i440fx-9.2 bare dest
	assert_success
	"$SAVETOOL" xml dest | diff - <(sed 's/-10\.0/-9.2/' xml)
}

@test "--machine of another family is refused" {
	make_image v2-small image
	savetool convert --machine pc-q35-10.0 image dest
	assert_error 8 "image: machine type 'pc-q35-10.0' is not of the family\
 of 'pc-i440fx-10.0': QEMU will refuse the devices; use --allow-mismatch to\
 write it nevertheless"
	savetool convert --machine pc image dest
	assert_failure 8
	savetool convert --machine "pc-i440fx-10.0'" image dest
	assert_error 2 "image: 'pc-i440fx-10.0'' is not a machine type"
	savetool convert --machine '' image dest
	assert_failure 2
	make_image v2-no-configuration plain
	savetool convert --machine pc-i440fx-10.0 plain dest
	assert_error 7 "plain: stream without a configuration section: it states\
 no machine type"
	[ ! -e dest ]
	savetool convert -q --allow-mismatch --machine pc-q35-10.0 image dest
	assert_success
	savetool check dest
	assert_success
}

@test "--drop takes what is there, and never memory" {
	make_image v2-proxmox image
	savetool convert image dest --drop pbs-sate
	assert_failure 2
	assert_equal "$stderr" "savetool: image: no section 'pbs-sate'; did you\
 mean 'pbs-state'?"
	savetool convert image dest --drop ram
	assert_failure 2
	make_image v2-no-vmdesc plain
	savetool convert plain dest --drop timer
	assert_failure 7
	[ ! -e dest ]
}

@test "--base is for sparse files, and its image must be one" {
	make_image v3-small base
	make_image v2-bare other
	savetool convert -O raw --base base base copy
	assert_error 2 "'--base' is for format 'sparse' only; \
see 'savetool convert --help'"
	savetool convert --base base other copy
	assert_error 2 "other: only format 'sparse' can share storage with a base"
	savetool convert -O sparse --base other other copy
	assert_error 2 "other: 'other': not in format 'sparse': its pages cannot \
be shared"
	savetool convert -O sparse --base missing other copy
	assert_error 3 "other: 'missing': cannot open: No such file or directory"
	echo text >text
	savetool convert -O sparse --base text other copy
	assert_error 4 "other: 'text': not a save image"
	mkfifo pipe
	savetool convert -O sparse --base pipe other copy
	assert_error 8 "other: 'pipe': not a regular file"
	[ ! -e copy ]
}

@test "a signal ends the wait for an XML, too" {
	local status=0

	make_image v2-small image
	mkfifo xml
	timeout -s KILL 60 "$SAVETOOL" convert --libvirt=xml image copy &
	# Opens it as soon as the program has.
	exec 7>xml
	kill -TERM $!
	wait $! || status=$?
	exec 7>&-
	assert_equal $status 143
	[ ! -e copy ]
}

@test "a base changes nothing but where the bytes are" {
	make_image v3-small base
	make_image v2-small source
	savetool convert -O sparse source plain
	assert_success
	savetool convert -O sparse --base base source copy
	assert_success
	cmp plain copy
	savetool convert -f -O sparse --base copy source copy
	assert_success
	cmp plain copy
	savetool convert -q -f -O sparse --base copy --direct source copy
	assert_silent
	cmp plain copy
}
