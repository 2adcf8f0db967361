#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every recipe, built, inspected and converted to the other generation; what is
# to come of it stands in its line '# expect:'.

load helpers

recipes=$top/tests/recipes

# savetool ARGUMENT...: as in helpers, without the processes that run takes: it
# is called a thousand times here.
savetool()
{
	status=0
	"$SAVETOOL" "$@" >"$BATS_TEST_TMPDIR/output" \
		2>"$BATS_TEST_TMPDIR/stderr" || status=$?
	output=$(<"$BATS_TEST_TMPDIR/output")
	stderr=$(<"$BATS_TEST_TMPDIR/stderr")
}

# expected KEY PATTERN: puts the value of a key of '# expect:' into found.
expected()
{
	found=
	[[ ! $expectation =~ [[:space:]]$1=($2) ]] ||
		found=${BASH_REMATCH[1]}
}

# read_expectation: the recipe's line '# expect:'.
read_expectation()
{
	while IFS= read -r expectation; do
		[[ $expectation != '# expect:'* ]] || return 0
	done <"$recipes/$name.recipe"
	fail "nothing is expected of it"
}

# set_formats: where to convert it, the other generation, and back.
set_formats()
{
	case $name in
	*v3*|*mapped*) there=raw back=sparse ;;
	*) there=sparse back=raw ;;
	esac
}

# assert_one_line: a failure is one line on standard error and nothing else.
assert_one_line()
{
	assert_output ''
	[[ $stderr == 'savetool: '* && $stderr != *$'\n'* ]] ||
		fail "message: $stderr"
}

# assert_files NAME...: these are all the files here, hidden ones too.
assert_files()
{
	local files

	shopt -s dotglob
	files=(*)
	shopt -u dotglob
	assert_equal "${files[*]}" "$*"
}

# inspects STATUS: what inspect says of the image.  Of a broken one all is
# read, since only that finds some of the faults.
inspects()
{
	local scan=()

	case $name in
	bad-*) scan=(--scan) ;;
	esac
	savetool inspect --json "${scan[@]}" image
	assert_equal "$status" "$1"
	expected finding '[a-z0-9-]*'
	[ -z "$found" ] ||
		assert_json "any(.findings[]; .code == \"$found\")"
}

# refuses STATUS: it is not converted, and says why.
refuses()
{
	savetool convert -O "$there" image converted
	assert_equal "$status" "$1"
	assert_one_line
	expected message '.*'
	shopt -s nocasematch
	[[ $stderr =~ $found ]] || fail "message not like '$found': $stderr"
	shopt -u nocasematch
	assert_files image
}

# quietly convert ARGUMENT...: it is done, without a word; -q, for one of the
# images has memory in holes, which is told unless asked not to.
quietly()
{
	savetool "$1" -q "${@:2}"
	assert_equal "$stderr" ''
	assert_success
	assert_output ''
}

# The recipes of sequential images that are not written again byte by byte.
is_changed()
{
	case $name in
	v2-compress) ;;			# pages are unpacked
	v2-zero-fill) ;;		# and filled
	v2-continue-across) ;;		# a name that need not be repeated
	v2-commands|v2-postcopy-advise*) ;; # what only postcopy wants
	v2-*trailing*) ;;		# what lies behind an image
	v2-vmdesc-cut*|v2-vmdesc-not-json) ;; # no vmdescription
	v2-version[01]*) ;;		# a header of version 2
	v2-mislabelled-sparse) ;;	# and of the right format
	*) return 1 ;;
	esac
}

# converts: there, and back again, and each time to what mkimage knows.
converts()
{
	local same=$back

	[ "$same" = sparse ] || same=records
	quietly convert "${order[@]}" -O "$there" image there
	quietly convert "${order[@]}" -O "$there" image again
	cmp there again
	quietly convert "${order[@]}" -O "$back" there back
	quietly convert "${order[@]}" -O "$back" image same
	python3 -S "$top/tests/cli/memory.py" memory image \
		"$there" there "$back" back "$same" same
	case $name in
	v2-*) is_changed || cmp image same ;;
	esac
	assert_files again back image memory same there
}

# The test case: its name is the recipe's.
recipe()
{
	local name=$BATS_TEST_DESCRIPTION expectation found there back
	local converted inspected before memory=() order=()

	read_expectation
	set_formats
	expected status '[0-9]+'
	converted=$found
	expected inspect '[0-9]+'
	inspected=${found:-$converted}
	expected order '[a-z]+'
	[ -z "$found" ] || order=(--byte-order "$found")
	if [ "$converted" = 0 ]; then
		mkdir memory
		memory=(--memory-all memory)
	fi
	"$mkimage" "${memory[@]}" "$recipes/$name.recipe" image
	before=$(sha256sum image)
	inspects "$inspected"
	if [ "$converted" = 0 ]; then
		converts
	else
		refuses "$converted"
	fi
	assert_equal "$(sha256sum image)" "$before"
}

@test "every recipe is a test case" {
	local file

	for file in "$recipes"/*.recipe; do
		file=${file##*/}
		grep -qxF "@test \"${file%.recipe}\" { recipe; }" \
			"$BATS_TEST_FILENAME" ||
			fail "not in $BATS_TEST_FILENAME: $file"
	done
}

@test "all pages behind the end of a block are none" {
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

@test "bad-block-length" { recipe; }
@test "bad-block-name" { recipe; }
@test "bad-block-twice" { recipe; }
@test "bad-capability-count" { recipe; }
@test "bad-capability-unknown" { recipe; }
@test "bad-command-0" { recipe; }
@test "bad-command-advise" { recipe; }
@test "bad-command-colo" { recipe; }
@test "bad-command-cut" { recipe; }
@test "bad-command-length" { recipe; }
@test "bad-command-packaged" { recipe; }
@test "bad-command-ping" { recipe; }
@test "bad-command-postcopy-listen" { recipe; }
@test "bad-command-postcopy-ram-discard" { recipe; }
@test "bad-command-postcopy-resume" { recipe; }
@test "bad-command-postcopy-run" { recipe; }
@test "bad-command-recv-bitmap" { recipe; }
@test "bad-command-unknown" { recipe; }
@test "bad-compressed-checksum" { recipe; }
@test "bad-compressed-garbage" { recipe; }
@test "bad-compressed-length" { recipe; }
@test "bad-compressed-long" { recipe; }
@test "bad-compressed-short" { recipe; }
@test "bad-compressed-zero" { recipe; }
@test "bad-cookie-no-nul" { recipe; }
@test "bad-cookie-offset-equal" { recipe; }
@test "bad-cookie-offset-huge" { recipe; }
@test "bad-cookie-syntax" { recipe; }
@test "bad-cut-block" { recipe; }
@test "bad-cut-device" { recipe; }
@test "bad-cut-eof" { recipe; }
@test "bad-cut-footer" { recipe; }
@test "bad-cut-page" { recipe; }
@test "bad-cut-ram-end" { recipe; }
@test "bad-cut-ram" { recipe; }
@test "bad-cut-record" { recipe; }
@test "bad-cut-section" { recipe; }
@test "bad-data-length-0" { recipe; }
@test "bad-data-length-huge" { recipe; }
@test "bad-elf" { recipe; }
@test "bad-empty" { recipe; }
@test "bad-eos-flags" { recipe; }
@test "bad-features-unknown" { recipe; }
@test "bad-footer-id-start" { recipe; }
@test "bad-footer-id" { recipe; }
@test "bad-footer-mark" { recipe; }
@test "bad-footer-missing" { recipe; }
@test "bad-format-7" { recipe; }
@test "bad-format-huge" { recipe; }
@test "bad-header-cut" { recipe; }
@test "bad-header-magic-only" { recipe; }
@test "bad-iterable-dirty-bitmap" { recipe; }
@test "bad-iterable-htab" { recipe; }
@test "bad-iterable-s390" { recipe; }
@test "bad-iterable-vfio" { recipe; }
@test "bad-kdump" { recipe; }
@test "bad-machine-cut" { recipe; }
@test "bad-machine-length" { recipe; }
@test "bad-magic-cut" { recipe; }
@test "bad-magic" { recipe; }
@test "bad-makedumpfile" { recipe; }
@test "bad-mapped-alignment" { recipe; }
@test "bad-mapped-bitmap-beyond" { recipe; }
@test "bad-mapped-bitmap-overflow" { recipe; }
@test "bad-mapped-cut-bitmap" { recipe; }
@test "bad-mapped-cut-header" { recipe; }
@test "bad-mapped-cut-libvirt" { recipe; }
@test "bad-mapped-cut-tail" { recipe; }
@test "bad-mapped-footer" { recipe; }
@test "bad-mapped-length" { recipe; }
@test "bad-mapped-name" { recipe; }
@test "bad-mapped-only-capability" { recipe; }
@test "bad-mapped-padding-bit" { recipe; }
@test "bad-mapped-page-size-0" { recipe; }
@test "bad-mapped-page-size-huge" { recipe; }
@test "bad-mapped-page-size-odd" { recipe; }
@test "bad-mapped-page-size-two" { recipe; }
@test "bad-mapped-page-size-vmdesc" { recipe; }
@test "bad-mapped-page-size" { recipe; }
@test "bad-mapped-pages-0" { recipe; }
@test "bad-mapped-pages-beyond" { recipe; }
@test "bad-mapped-pages-overflow" { recipe; }
@test "bad-mapped-record-flush" { recipe; }
@test "bad-mapped-record-hook" { recipe; }
@test "bad-mapped-record-page" { recipe; }
@test "bad-mapped-record-xbzrle" { recipe; }
@test "bad-mapped-record-zero" { recipe; }
@test "bad-mapped-slots-cut" { recipe; }
@test "bad-mapped-total-huge" { recipe; }
@test "bad-mapped-total" { recipe; }
@test "bad-mapped-twice" { recipe; }
@test "bad-mapped-version-2" { recipe; }
@test "bad-multifd-channel" { recipe; }
@test "bad-no-ram" { recipe; }
@test "bad-no-stream" { recipe; }
@test "bad-overlap-bitmap-pages" { recipe; }
@test "bad-overlap-bitmaps" { recipe; }
@test "bad-overlap-chain" { recipe; }
@test "bad-overlap-devices" { recipe; }
@test "bad-overlap-header" { recipe; }
@test "bad-overlap-libvirt-bitmap" { recipe; }
@test "bad-overlap-libvirt" { recipe; }
@test "bad-overlap-own" { recipe; }
@test "bad-overlap-pages" { recipe; }
@test "bad-packed-checksum" { recipe; }
@test "bad-packed-cut" { recipe; }
@test "bad-packed-garbage" { recipe; }
@test "bad-padding-cut" { recipe; }
@test "bad-page-bits-4" { recipe; }
@test "bad-page-bits-40" { recipe; }
@test "bad-part-cut" { recipe; }
@test "bad-part-no-stream" { recipe; }
@test "bad-payload" { recipe; }
@test "bad-qcow2" { recipe; }
@test "bad-ram-no-list" { recipe; }
@test "bad-ram-total-17t" { recipe; }
@test "bad-ram-total-huge" { recipe; }
@test "bad-ram-total-large" { recipe; }
@test "bad-ram-total-overflow" { recipe; }
@test "bad-ram-total-small" { recipe; }
@test "bad-ram-instance" { recipe; }
@test "bad-ram-twice" { recipe; }
@test "bad-ram-version-3" { recipe; }
@test "bad-ram-version-5" { recipe; }
@test "bad-record-block-name" { recipe; }
@test "bad-record-block" { recipe; }
@test "bad-record-continue" { recipe; }
@test "bad-record-flush" { recipe; }
@test "bad-record-full" { recipe; }
@test "bad-record-hook" { recipe; }
@test "bad-record-list" { recipe; }
@test "bad-record-none" { recipe; }
@test "bad-record-offset-huge" { recipe; }
@test "bad-record-offset-zero" { recipe; }
@test "bad-record-offset" { recipe; }
@test "bad-record-page-zero" { recipe; }
@test "bad-record-unknown" { recipe; }
@test "bad-section-block" { recipe; }
@test "bad-section-configuration" { recipe; }
@test "bad-section-end" { recipe; }
@test "bad-section-name" { recipe; }
@test "bad-section-part" { recipe; }
@test "bad-section-twice" { recipe; }
@test "bad-section-type" { recipe; }
@test "bad-section-unknown" { recipe; }
@test "bad-section-vmdesc" { recipe; }
@test "bad-sequential-mapped" { recipe; }
@test "bad-stream-cut" { recipe; }
@test "bad-stream-magic-cut" { recipe; }
@test "bad-stream-only" { recipe; }
@test "bad-stream-version-2" { recipe; }
@test "bad-stream-version-4" { recipe; }
@test "bad-subsection-cut" { recipe; }
@test "bad-subsection-unknown" { recipe; }
@test "bad-subsection-version" { recipe; }
@test "bad-text" { recipe; }
@test "bad-version-4" { recipe; }
@test "bad-version-huge" { recipe; }
@test "bad-xbzrle-encoding" { recipe; }
@test "bad-xbzrle-input" { recipe; }
@test "bad-xbzrle-length" { recipe; }
@test "bad-xbzrle-no-change" { recipe; }
@test "bad-xbzrle-no-skip" { recipe; }
@test "bad-xbzrle-number" { recipe; }
@test "bad-xbzrle-page-skip" { recipe; }
@test "bad-xbzrle-page" { recipe; }
@test "bad-xbzrle-short" { recipe; }
@test "bad-xml-cut" { recipe; }
@test "bad-xml-empty" { recipe; }
@test "bad-xml-no-nul" { recipe; }
@test "bad-xml-not-domain" { recipe; }
@test "bad-xml-syntax" { recipe; }
@test "bad-zeros" { recipe; }
@test "packed-bzip2" { recipe; }
@test "packed-gzip-members" { recipe; }
@test "packed-gzip" { recipe; }
@test "packed-lzma" { recipe; }
@test "packed-lzop" { recipe; }
@test "packed-mislabelled" { recipe; }
@test "packed-xz" { recipe; }
@test "packed-zstd-frames" { recipe; }
@test "packed-zstd" { recipe; }
@test "v2-background-no-part" { recipe; }
@test "v2-background-snapshot" { recipe; }
@test "v2-bare" { recipe; }
@test "v2-big-endian-header" { recipe; }
@test "v2-commands" { recipe; }
@test "v2-compress" { recipe; }
@test "v2-continue-across" { recipe; }
@test "v2-devices-many" { recipe; }
@test "v2-devices-none" { recipe; }
@test "v2-dirty-bitmap" { recipe; }
@test "v2-early-device" { recipe; }
@test "v2-htab-none" { recipe; }
@test "v2-htab" { recipe; }
@test "v2-ignore-shared" { recipe; }
@test "v2-live-superseded" { recipe; }
@test "v2-mislabelled-sparse" { recipe; }
@test "v2-name-controls" { recipe; }
@test "v2-never-sent" { recipe; }
@test "v2-no-configuration" { recipe; }
@test "v2-no-cookie-no-padding" { recipe; }
@test "v2-no-cookie" { recipe; }
@test "v2-no-footers-no-vmdesc" { recipe; }
@test "v2-no-footers" { recipe; }
@test "v2-no-padding" { recipe; }
@test "v2-no-vmdesc-trailing" { recipe; }
@test "v2-no-vmdesc" { recipe; }
@test "v2-page-16k" { recipe; }
@test "v2-page-8k" { recipe; }
@test "v2-page-bits" { recipe; }
@test "v2-page-in-start" { recipe; }
@test "v2-part" { recipe; }
@test "v2-paused" { recipe; }
@test "v2-postcopy-advise-empty" { recipe; }
@test "v2-postcopy-advise-last" { recipe; }
@test "v2-postcopy-advise" { recipe; }
@test "v2-running-other" { recipe; }
@test "v2-s390-storage" { recipe; }
@test "v2-section-ids" { recipe; }
@test "v2-small" { recipe; }
@test "v2-trailing-libvirt" { recipe; }
@test "v2-trailing" { recipe; }
@test "v2-two-blocks-rom" { recipe; }
@test "v2-uuid" { recipe; }
@test "v2-version0-big-endian" { recipe; }
@test "v2-version0" { recipe; }
@test "v2-version1" { recipe; }
@test "v2-vfio" { recipe; }
@test "v2-vmdesc-cut-length" { recipe; }
@test "v2-vmdesc-cut" { recipe; }
@test "v2-vmdesc-lies" { recipe; }
@test "v2-vmdesc-not-json" { recipe; }
@test "v2-vmdesc-old" { recipe; }
@test "v2-xbzrle-never-sent" { recipe; }
@test "v2-xbzrle" { recipe; }
@test "v2-xml-entity" { recipe; }
@test "v2-zero-fill" { recipe; }
@test "v3-all-bits" { recipe; }
@test "v3-all-pages" { recipe; }
@test "v3-background-empty-bitmaps" { recipe; }
@test "v3-bare-offset" { recipe; }
@test "v3-bare" { recipe; }
@test "v3-big-endian" { recipe; }
@test "v3-bitmap-at-end" { recipe; }
@test "v3-bitmap-word-4" { recipe; }
@test "v3-block-version-0" { recipe; }
@test "v3-devices-many" { recipe; }
@test "v3-edges" { recipe; }
@test "v3-header-version-3" { recipe; }
@test "v3-htab" { recipe; }
@test "v3-ignore-shared" { recipe; }
@test "v3-interleaved" { recipe; }
@test "v3-lost-extent" { recipe; }
@test "v3-mislabelled-raw" { recipe; }
@test "v3-no-end" { recipe; }
@test "v3-no-footers" { recipe; }
@test "v3-no-pages" { recipe; }
@test "v3-no-part" { recipe; }
@test "v3-no-vmdesc" { recipe; }
@test "v3-order-doubtful" { recipe; }
@test "v3-page-16k" { recipe; }
@test "v3-pages-4096" { recipe; }
@test "v3-rom-clear" { recipe; }
@test "v3-rom-zero" { recipe; }
@test "v3-small" { recipe; }
@test "v3-stale" { recipe; }
@test "v3-trailing" { recipe; }
@test "v3-two-blocks" { recipe; }
@test "v3-uuid" { recipe; }
@test "v3-version-1" { recipe; }
