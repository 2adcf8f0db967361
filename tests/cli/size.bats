#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What size shows: what an image takes, needs, and would take elsewhere.

load helpers

# assert_near GOT EXPECTED PERCENT
assert_near()
{
	local off=$((($1 - $2) * 100))

	[ "${off#-}" -le "$(($2 * $3))" ] || fail "$1 is not about $2"
}

@test "sizes are what the file system says" {
	make_image v3-small a
	# Where its bytes go, and what that takes, is settled by then.
	sync a
	savetool size -v a
	assert_success
	assert_equal "$stderr" ''
	assert_line --index 0 "a: sparse"
	assert_line --regexp \
		"^size           logical    .* $(stat -c %s a) bytes$"
	savetool size --json a
	assert_json ".path == \"a\" and .format == \"sparse\""
	assert_json ".sizes.logical == $(stat -c %s a)"
	assert_json ".sizes.allocated == $(allocated a)"
	assert_json '.sizes.needed <= .sizes.allocated'
	assert_json '.sizes | ."reclaimable-stale" == 0 and
		."reclaimable-superseded" == 0 and
		(has("reclaimable-zero") | not)'
}

@test "reclaimable bytes are those of zero, stale and superseded pages" {

	make_image v3-all-bits a
	savetool size --json --scan a
	assert_json '.sizes."reclaimable-zero" > 0'
	make_image v3-stale b
	savetool size --json b
	assert_json '.sizes."reclaimable-stale" > 0'
	make_image v2-live-superseded c
	savetool size --json c
	assert_success
	assert_json '.sizes."reclaimable-superseded" > 0'
	make_image v2-small d
	savetool size --json d
	assert_json '.sizes."reclaimable-superseded" == 0 and
		.sizes.needed == .sizes.logical'
}

@test "the needed size is that of the compacted image" {
	make_image v2-live-superseded a
	savetool size --json a
	needed=$(jq .sizes.needed <<<"$output")
	"$SAVETOOL" compact a --copy b
	assert_equal "$needed" "$(stat -c %s b)"
}

@test "raw and sparse sizes are exact, compressed ones are estimated" {
	local name format got

	real_image libvirt-sparse.save
	real_image libvirt-live.save
	real_image bare-sequential.mig
	make_image v2-two-blocks-rom
	make_image v3-two-blocks
	make_image v2-htab
	make_image v2-xbzrle
	for name in libvirt-sparse.save libvirt-live.save bare-sequential.mig \
			v2-two-blocks-rom v3-two-blocks v2-htab v2-xbzrle; do
		savetool size --json --scan --estimate $name
		assert_success
		for format in raw sparse; do
			rm -f out
			"$SAVETOOL" convert -O $format $name out
			got=$(jq ".formats[] | select(.format == \"$format\")
				| .logical" <<<"$output")
			assert_equal "$name $format $got" \
				"$name $format $(stat -c %s out)"
		done
		assert_json 'all(.formats[]; .estimate ==
			(.format | IN("raw", "sparse") | not))'
	done
	savetool size --json --estimate libvirt-live.save
	for format in gzip bzip2 xz lzop zstd; do
		rm -f out
		"$SAVETOOL" convert -O $format libvirt-live.save out
		got=$(jq ".formats[] | select(.format == \"$format\") |
			.logical" <<<"$output")
		assert_near "$got" "$(stat -c %s out)" 25
	done
	savetool size --estimate libvirt-sparse.save
	assert_line --regexp '^ +zstd +.* estimate$'
	assert_line --regexp '^ +raw +.* exact$'
}

@test "the status says whether a copy would fit" {
	local small=$BATS_TEST_TMPDIR/small

	make_image v3-small a
	mkdir "$small"
	savetool size --json --for . a
	assert_success
	assert_json '.for.writable and ."for"."fits-with-holes" and
		."for"."fits-without-holes" and .for.holes'
	savetool size --for nowhere a
	assert_error 3 \
		"cannot examine 'nowhere': No such file or directory"
	savetool size --for a a
	assert_error 2 "'a' is not a directory"
	# No file remains.
	savetool size --for "$small" a
	assert_equal "$(ls -A "$small")" ''
	[ "$(id -u)" = 0 ] || skip "mounting is for root"
	mount -t tmpfs -o size=512K none "$small" || skip "cannot mount here"
	savetool size --json --for "$small" a
	mount -o remount,ro "$small"
	run --separate-stderr "$SAVETOOL" size --for "$small" a
	[ "$status" = 1 ] || { umount "$small"; fail "a status of $status"; }
	umount "$small"
	assert_line --partial "not writable"
}

@test "several images fit only if all of them fit together" {
	local small=$BATS_TEST_TMPDIR/small

	[ "$(id -u)" = 0 ] || skip "mounting is for root"
	mkdir "$small"
	make_image v3-small a
	sync a
	size=$(allocated a)
	mount -t tmpfs -o size=$((size + 16384)) none "$small" ||
		skip "cannot mount here"
	savetool size --json --for "$small" a
	one=$status$(jq -c '[.for."fits-with-holes",
		.for."fits-without-holes"]' <<<"$output")
	savetool size --json --for "$small" a a
	two=$status
	umount "$small"
	assert_equal "$one" '0[true,false]'
	assert_equal "$two" 1
}

# fits IMAGE SIZE: what size says of a pipe and a file system of that size.
fits()
{
	mkdir -p small
	mount -t tmpfs -o size="$2" none small || skip "cannot mount here"
	savetool size --json --for small - < <(cat "$1")
	umount small
	fit=$status$(jq -c '[.for."fits-with-holes",
		.for."fits-without-holes"]' <<<"$output")
}

@test "for a pipe, the size is what a copy would take" {
	local name size

	[ "$(id -u)" = 0 ] || skip "mounting is for root"
	for name in v2-small v2-trailing v3-small v3-trailing; do
		make_image $name
		size=$(stat -c %s $name)
		fits $name $((size / 4096 * 4096))
		assert_equal "$name $fit" "$name 1[false,false]"
		fits $name $((size / 4096 * 4096 + 4096))
		assert_equal "$name $fit" "$name 0[true,true]"
	done
}

@test "an image of unknown size does not fit" {
	make_image packed-zstd a
	make_image v2-small b
	savetool size --json --for . a
	assert_success
	savetool size --json --for . - < <(cat a)
	assert_failure 1
	assert_json '.for | has("folder") and
		(has("fits-with-holes") or has("fits-without-holes") | not)'
	savetool size --for . - < <(cat a)
	assert_failure 1
	assert_line --regexp "^ +fits with holes +unknown$"
	assert_line --regexp "^ +fits without +unknown$"
	# Nor do several, and then they have no total.
	savetool size --for . - b < <(cat a)
	assert_failure 1
	savetool size -v b - < <(cat a)
	assert_success
	refute_line --regexp "^total"
	savetool size b - < <(cat a)
	assert_success
	assert_line --regexp "^ +- +- +- +-  total$"
}

@test "an image that lost its holes is dense, others are not" {
	local name

	for name in libvirt-sparse.save live-mapped.mig; do
		real_image $name
		cp --reflink=never --sparse=always "$(readlink $name)" intact-$name
	done
	real_image libvirt-live.save
	savetool size --json --fail-if-dense intact-libvirt-sparse.save \
		libvirt-live.save
	assert_success
	assert_json 'all(.[]; .dense | not)'
	copy_dense intact-libvirt-sparse.save dense
	savetool size --fail-if-dense dense
	assert_failure 1
	assert_line --partial "dense: it has lost its holes, or"
	savetool size --fail-if-dense=1000 dense
	assert_success
	savetool size --json --fail-if-dense=10 dense
	assert_failure 1
	assert_json '.dense'
	savetool size --fail-if-dense=x dense
	assert_failure 2
	# An image compressed as a whole has no holes to lose.
	zstd -q dense
	savetool size --json --fail-if-dense dense.zst
	assert_success
	assert_json '.format == "sparse" and .dense == false'
}

@test "a compressed image has no storage for zero pages" {
	# Half of its pages are data, and half of those zero.
	{
		sequential_memory <<-END
			page pc.ram 0 count=8
			page pc.ram 0x8000 count=8 data=0
		END
		printf '%s\n' 'section full name=timer id=3 length=24' eof \
			vmdesc
	} | "$mkimage" a
	savetool size --json a
	assert_json '.sizes."reclaimable-zero" == 32768'
	zstd -q a
	savetool size --json a.zst
	assert_success
	assert_json '.sizes | has("reclaimable-zero") | not'
	savetool inspect --json --scan a.zst
	assert_json '.blocks[0]."pages-zero" == 8 and
		(.sizes | has("reclaimable-zero") | not)'
}

@test "if bitmaps cannot be trusted, sizes that depend on them are unknown" {
	local image

	sed 's/block pc.ram 64K/block pc.ram 4M/; s/count=6/count=900/' \
		"$(recipe v3-background-empty-bitmaps)" >recipe
	"$mkimage" recipe background
	make_image v3-order-doubtful order
	for image in background order; do
		savetool size --json --fail-if-dense $image
		assert_equal "$image $status" "$image 1"
		assert_json '.sizes | (has("needed") or
			has("reclaimable-stale")) | not'
		assert_json 'has("dense") | not'
		savetool size --fail-if-dense $image
		[[ $output == *"are unreliable"* ]]
		[[ $output != *stale* ]]
	done
	savetool inspect --json order
	assert_json '[.findings[].code] |
		index("doubtful-bitmaps") and (index("stale") | not)'
	savetool map order
	assert_failure 8
	[[ $output == *stale* ]]
	[[ $stderr == *"pages shown as stale may be memory: "* ]]
}

@test "bytes before and after an image do not count as needed" {
	local needed

	mapped_recipe <<-END >recipe
		block pc.ram 8M
		page pc.ram 0 count=4
	END
	"$mkimage" recipe a
	"$mkimage" b < <(echo seek 4194304; cat recipe)
	savetool size --json a
	needed=$(jq .sizes.needed <<<"$output")
	dd if=/dev/urandom of=b bs=1M count=4 conv=notrunc status=none
	head -c 2M /dev/urandom >>b
	give_back b
	savetool size --json --offset 4M --fail-if-dense b
	assert_success
	assert_json ".sizes.needed == $needed and (.dense | not)"
	# Slots that have got storage are 8 MiB.
	copy_dense b c
	savetool size --json --offset 4M --fail-if-dense c
	assert_failure 1
	assert_json ".sizes.needed == $needed and .dense"
	real_image bare-sequential.mig
	savetool inspect --json --scan bare-sequential.mig
	needed=$(jq .sizes.needed <<<"$output")
	{ head -c 64K /dev/urandom && cat bare-sequential.mig; } >d
	savetool inspect --json --scan --offset 64K d
	assert_json ".sizes.needed == $needed"
}

@test "several images have a total" {
	make_image v3-small a
	make_image v2-small b
	savetool size -v a b
	assert_success
	assert_line --regexp "^total +logical +.* $(($(stat -c %s a) +
		$(stat -c %s b))) bytes$"
	savetool size --json a b
	assert_json 'length == 2 and (map(.path) == ["a", "b"])'
}

@test "several images are a table, with what is known of each" {
	make_image v3-stale a
	make_image v2-live-superseded b
	make_image bad-cut-page c
	head -c 1000 /dev/zero >d
	savetool size a b c d
	assert_failure 5
	assert_equal "$stderr" "savetool: c: image ends (block 'pc.ram', page 3, at byte 16408)
savetool: d: not a save image"
	assert_line --index 0 --regexp \
		"^size +logical +allocated +needed +reclaimable +file$"
	assert_line --index 1 --regexp "^ +1\.1 MiB .* 20 KiB  a$"
	assert_line --index 2 --regexp "^ +435\.4 KiB .* 92\.3 KiB  b$"
	assert_line --index 3 --regexp "^ +16\.0 KiB .* -  c$"
	assert_line --index 4 --regexp "^ +1\.5 MiB .* -  total$"
	assert_equal "${#lines[@]}" 5
	savetool size d d
	assert_failure 4
	assert_output ''
	savetool size a
	assert_line --index 0 "a: sparse"
}

@test "of several images the table says which are dense" {
	make_image v3-small a
	make_image v3-order-doubtful b
	mapped_recipe <<-END >recipe
		block pc.ram 8M
		page pc.ram 0 count=4
	END
	"$mkimage" recipe c
	copy_dense c d
	savetool size --fail-if-dense a b c d
	assert_failure 1
	assert_equal "$(awk '{ print $(NF - 1), $NF }' <<<"$output")" \
		"dense file
no a
unknown b
no c
yes d
- total"
	savetool size --fail-if-dense a c
	assert_success
}

@test "a broken image has only the sizes of its file" {
	make_image bad-mapped-cut-tail a
	make_image v2-small b
	savetool size --json a b nothing
	assert_failure 5
	assert_json '.[0].sizes.logical > 0 and
		.[0].error.code == "incomplete"'
	assert_json '.[1].error | not'
	assert_json '.[2].error.code == "system"'
	assert_equal "$(wc -l <<<"$stderr")" 2
}

@test "from a pipe, a sequential image still has a size in other formats" {
	make_image v2-small a
	savetool size --json --estimate - < <(cat a)
	assert_success
	assert_json ".formats[] | select(.format == \"raw\") |
		.logical == $(stat -c %s a)"
}

@test "a sparse image of 8 GiB is measured without reading its pages" {
	mapped_recipe <<-END | "$mkimage" a
		block pc.ram 8G
		page pc.ram 0 count=64 step=4096
	END
	run in_seconds 1 size --json --fail-if-dense a
	assert_success
}

@test "a failed read gives an error, not a shorter answer" {
	local n all status
	local -a traced=(strace -E ASAN_OPTIONS=detect_leaks=0 -qq -f -o trace
		-P "$(pwd -P)/image" -e trace=pread64)

	command -v strace >/dev/null || fail "strace is missing"
	make_image v3-stale image
	"${traced[@]}" "$SAVETOOL" size --json --estimate image >right
	all=$(grep -c pread64 trace)
	[ "$all" -ge 15 ]
	for ((n = 1; n <= all; n++)); do
		status=0
		"${traced[@]}" -e inject=pread64:error=EIO:when=$n \
			"$SAVETOOL" size --json --estimate image >out ||
			status=$?
		[ $status = 3 ] || cmp out right
	done
}
