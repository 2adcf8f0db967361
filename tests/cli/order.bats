#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The byte order of a bare stream's host: given, contradicted, or unknown.

load helpers

commands='inspect size map check digest convert compact sparsify'

# make_big NAME: a bare mapped-ram stream of a big-endian host, and what it was
# made of, NAME.libvirt.
make_big()
{
	make_image v3-big-endian "$1.libvirt"
	"$SAVETOOL" convert -f --bare -O sparse "$1.libvirt" "$1"
}

# mapped LINE...: the recipe of a mapped-ram stream of s390 with these pages.
mapped()
{
	cat <<-END
		stream
		configuration machine=s390-ccw-virtio-10.0 \
			capability=mapped-ram
		ram start
		block s390.ram 4M
	END
	printf '%s\n' "$@"
	cat <<-END
		ram part
		ram end
		section full name=timer id=3 version=2 length=24
		eof
		vmdesc
	END
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

@test "every command reads bitmaps in the given byte order" {
	local command

	for command in $commands; do
		make_big a
		try "$command" --byte-order big
		[ "$status" -eq 0 ] || fail "$command: $stderr"
		assert_equal "$(digest --byte-order=big a)" \
			"$(digest a.libvirt)"
	done
}

@test "inspect shows the same as for an image with a header" {
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
	# The option works for a pipe and a compressed image as well.
	zstd -q a -o a.zst
	savetool convert --byte-order big -O sparse a.zst d
	assert_success
	cmp a d
	savetool convert --byte-order big -O sparse - e <a
	assert_success
	cmp a e
}

@test "a new libvirt header has the byte order of the bitmaps after it" {
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

@test "a byte order that contradicts the libvirt header is refused" {
	local command

	make_image v3-big-endian a
	cp a before
	for command in $commands; do
		try "$command" --byte-order little
		assert_error 2 "a: byte order 'little' contradicts the libvirt\
 header, which is big-endian"
		[ ! -e out ]
		cmp before a
	done
	# Nor one within an image that was compressed as a whole.
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
	assert_error 2 "a: byte order 'big' contradicts the libvirt header,\
 which is little-endian"
	try digest --byte-order little
	assert_success
}

@test "a header that another host wrote is not believed" {
	local command right wrong words

	# As 'virsh save-image-edit' leaves it, where the other order is used.
	for right in big little; do
		wrong=$([ $right = big ] && echo little || echo big)
		{
			echo "libvirt format=sparse byte-order=$wrong arch=$([ \
				$right = big ] && echo s390x || echo x86_64)"
			mapped "page s390.ram 0 count=10" \
				"page s390.ram 0x200000 count=200" |
				sed "s/^block.*/& bitmap-order=$right/"
		} >recipe
		"$mkimage" recipe a
		sed "1s/byte-order=[a-z]*/byte-order=$right/" recipe |
			"$mkimage" /dev/stdin same
		copy_dense a before
		cp before a
		for command in sparsify compact digest "convert -O raw"; do
			words=(a)
			[[ $command != convert* ]] || words+=(out)
			savetool $command "${words[@]}"
			[[ $status =~ ^[78]$ ]] || fail "$command: $status"
			[[ $stderr == *"; use --byte-order"* ]]
			cmp before a
			[ ! -e out ]
		done
		savetool convert -O raw --byte-order $right a out
		assert_success
		assert_equal "$(digest out)" "$(digest same)"
		rm out
		for command in sparsify compact; do
			cp before a
			savetool $command --byte-order $right a
			assert_success
			savetool digest --byte-order $right a
			assert_equal "${output%% *}" "$(digest same)"
		done
	done
}

@test "a header that another host wrote is not believed for new bitmaps either" {
	local right wrong machine arch

	for right in big little; do
		wrong=$([ $right = big ] && echo little || echo big)
		machine=$([ $right = big ] && echo s390-ccw-virtio || echo pc)
		arch=$([ $right = big ] && echo s390x || echo x86_64)
		sed "s/^libvirt.*/libvirt byte-order=$wrong arch=$arch/
			s/^configuration.*/configuration machine=$machine/" \
			"$(recipe v2-small)" >recipe
		"$mkimage" recipe a
		savetool convert -O sparse a b
		assert_error 8 "a: $untold"
		[ ! -e b ]
		# Its order is that of the header, whatever that is.
		savetool convert -O zstd a b
		assert_success
		rm b
		savetool convert --byte-order $right -O sparse a b
		assert_success
		savetool digest --byte-order $right b
		assert_equal "${output%% *}" "$(digest a)"
		rm b
		# Emulated on such a host.
		savetool convert --byte-order $wrong -O sparse a b
		assert_success
		rm b
	done
}

@test "a wrong --byte-order is noticed if the pages do not fit" {
	local command

	make_big a
	cp a before
	for command in digest convert; do
		try "$command" --byte-order little
		assert_error 7 "a: bitmaps appear to be big-endian; use\
 --byte-order=big"
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
	assert_error 7 "little: bitmaps appear to be little-endian; use\
 --byte-order=little"
}

@test "if old pages leave a doubt, --byte-order decides" {
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

@test "bits of a big-endian host are cleared at their own place" {
	local image sum

	sed 's/page s390.ram 0x40000/& count=16 data=0/; /^libvirt/d;
		s/\tblock .*/& bitmap-order=big/' \
		"$(recipe v3-big-endian)" >recipe
	"$mkimage" recipe sparse
	sum=$(digest --byte-order big sparse)
	copy_dense sparse a
	savetool compact --byte-order big a --copy b
	assert_success
	savetool sparsify --byte-order big a --copy c
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

@test "check repairs bits in the given byte order" {
	local order

	for order in little big; do
		mapped 'page s390.ram 0 count=9' 'page s390.ram 0x26000' \
			'page s390.ram 0x29000' |
			sed "s/ 4M/ 160K bitmap-order=$order/" |
			"$mkimage" /dev/stdin a
		savetool check --repair --byte-order $order a
		assert_success
		assert_line --partial "padding-bits"
		savetool inspect --json --byte-order $order a
		assert_json '.blocks[0]."pages-present" == 10'
		assert_json '[.findings[].code] == []'
	done
}

@test "a byte order other than little and big is refused" {
	make_big a
	savetool inspect --byte-order middle a
	assert_error 2 "option '--byte-order': no byte order 'middle';\
 choose little or big"
}

# A bare sequential stream of an s390 machine, whose host is unknown.
make_untold()
{
	make_big there
	"$SAVETOOL" convert -f --byte-order big -O raw there "$1"
}

untold='the byte order of the host is unknown; use --byte-order'

@test "bitmaps are not written for a host whose byte order is unknown" {
	local packed

	make_untold a
	zstd -q a -o b
	"$SAVETOOL" convert -O zstd a c
	for packed in a b c; do
		savetool convert -O sparse $packed d
		assert_error 8 "$packed: $untold"
		[ ! -e d ]
	done
	savetool convert -O sparse - d <a
	assert_error 8 "-: $untold"
	[ ! -e d ]
	# Of another machine, it is a little-endian one.
	sed '/^libvirt/d' "$(recipe v2-small)" >recipe
	"$mkimage" recipe e
	savetool convert -O sparse e d
	assert_success
	savetool convert -f --byte-order little -O sparse e f
	assert_success
	cmp d f
}

@test "a libvirt header is not written for a host whose byte order is unknown" {
	local format

	make_untold a
	"$SAVETOOL" inspect --json --xml there.libvirt | jq -r .xml >xml
	for format in raw zstd; do
		savetool convert --libvirt=xml -O $format a b
		assert_error 8 "a: $untold"
		[ ! -e b ]
		savetool convert --libvirt=xml -O $format a -
		assert_error 8 "a: $untold"
		assert_output ''
		savetool convert --libvirt=xml --byte-order big -O $format a b
		assert_success
		savetool inspect --json b
		assert_json '.header."byte-order" == "big"'
		rm b
	done
}

@test "a bare sequential image needs no byte order" {
	make_untold a
	savetool convert --verify -O zstd a b
	assert_success
	savetool convert --verify -O raw b c
	assert_success
	cmp a c
	savetool compact a --copy d
	assert_success
	savetool sparsify a
	assert_success
	savetool size --estimate a
	assert_success
	# A header states it, also for a sequential stream.
	make_image v2-big-endian-header e
	savetool convert --verify -O sparse e f
	assert_success
	savetool convert --bare -O sparse e g
	assert_success
	assert_equal "$(digest --byte-order big g)" "$(digest e)"
}

@test "pages show the byte order if the bitmaps differ in the two orders" {
	local order

	# What QEMU saves on a little-endian host.
	mapped 'page s390.ram 0 count=20' | "$mkimage" /dev/stdin a
	savetool convert --verify -O sparse a b
	assert_success
	savetool convert --verify -O sparse --byte-order little a c
	assert_success
	cmp b c
	savetool compact a --copy d
	assert_success
	cmp b d
	savetool sparsify a
	assert_success
	# The same bits in both orders, and then both are possible.
	mapped 'page s390.ram 0 count=64' | "$mkimage" /dev/stdin e
	cp e before
	for order in little big; do
		savetool convert -O sparse e f
		assert_error 8 "e: $untold"
		[ ! -e f ]
		savetool compact e --copy f
		assert_error 8 "e: $untold"
		savetool compact -n e
		assert_error 8 "e: $untold"
		savetool compact e
		assert_error 8 "e: $untold"
		savetool sparsify e
		assert_error 8 "e: $untold, or --zero-only to free\
 only ranges that are already zero"
		savetool convert --verify -O sparse --byte-order $order e f
		assert_success
		assert_equal "$(digest --byte-order $order f)" "$(digest e)"
		rm f
		cmp e before
	done
	savetool convert -O raw e f
	assert_success
}

@test "pages that fit both byte orders leave it unknown" {
	# Each absent one of them has an old page.
	mapped 'page s390.ram 0 count=8' 'stale s390.ram 0x38000 count=8' |
		"$mkimage" /dev/stdin a
	savetool convert -O sparse a b
	assert_error 8 "a: $untold"
	savetool convert -O sparse --byte-order little a b
	assert_success
	savetool convert -O sparse --byte-order big a c
	assert_success
	run cmp -s b c
	assert_failure 1
}

@test "findings about the byte order have a hint" {
	make_big a
	savetool check --repair a
	assert_line --partial 'hint: use --byte-order'
	savetool check --json a
	assert_json '.findings | any(.code == "doubtful-bitmaps" and
		.hint == "use --byte-order")'
	savetool inspect a
	assert_line --regexp '^ +hint: use --byte-order$'
	savetool inspect --json a
	assert_json '.findings | any(.code == "doubtful-bitmaps" and
		.hint == "use --byte-order")'
	savetool check --byte-order big a
	assert_output 'a: clean'
}

@test "in the wrong byte order, no bit is taken for one past the last page" {
	mapped 'page s390.ram 0 count=9' 'page s390.ram 0x26000' |
		sed 's/ 4M/ 160K bitmap-order=big/' | "$mkimage" /dev/stdin a
	cp a before
	savetool check --repair a
	assert_failure 6
	assert_line --partial padding-bits
	assert_line --partial 'hint: use --byte-order'
	cmp a before
	savetool check --repair --byte-order big a
	assert_output 'a: clean'
	cmp a before
}
