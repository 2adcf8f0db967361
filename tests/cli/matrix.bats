#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every format into every other, on one real image.

load helpers

formats=(raw gzip bzip2 xz lzop zstd sparse)

setup_file()
{
	cd "$BATS_FILE_TMPDIR" || return
	# shellcheck source=/dev/null
	"${top_srcdir:-$BATS_TEST_DIRNAME/../..}/tests/data/unpack" . \
		libvirt-live.save >&2
	for format in raw gzip bzip2 xz lzop zstd sparse; do
		"$SAVETOOL" convert -O $format libvirt-live.save from.$format
	done
}

# from FORMAT: into all others, each with the digest of the source.
from()
{
	local format wanted

	wanted=$("$SAVETOOL" digest "$BATS_FILE_TMPDIR/libvirt-live.save")
	for format in "${formats[@]}"; do
		"$SAVETOOL" convert -O "$format" "$BATS_FILE_TMPDIR/from.$1" to
		assert_equal "$("$SAVETOOL" digest to | cut -d ' ' -f 1)" \
			"${wanted%% *}"
		savetool inspect --json to
		assert_success
		assert_json ".format == \"$format\" and
			(.findings | length) == 0"
		# The packing program itself takes it.
		case $format in
		gzip | bzip2 | xz | lzop | zstd)
			tail -c +$(($(stream_offset to) + 1)) to |
				"$format" -dc | head -c 4 >magic
			assert_equal "$(cat magic)" QEVM
			;;
		esac
		rm to
	done
}

stream_offset()
{
	"$SAVETOOL" inspect --json "$1" | jq .stream.offset
}

@test "from raw to every format" { from raw; }
@test "from gzip to every format" { from gzip; }
@test "from bzip2 to every format" { from bzip2; }
@test "from xz to every format" { from xz; }
@test "from lzop to every format" { from lzop; }
@test "from zstd to every format" { from zstd; }
@test "from sparse to every format" { from sparse; }

@test "any number of threads, and any run, makes the same bytes" {
	local format

	for format in gzip bzip2 xz zstd; do
		"$SAVETOOL" convert -O $format -T 1 "$BATS_FILE_TMPDIR/from.raw" a
		"$SAVETOOL" convert -O $format -T 3 "$BATS_FILE_TMPDIR/from.raw" b
		cmp a b
		rm a b
	done
	"$SAVETOOL" convert -O lzop "$BATS_FILE_TMPDIR/from.raw" a
	# So that another second would be written, if any were.
	sleep 1
	"$SAVETOOL" convert -O lzop "$BATS_FILE_TMPDIR/from.raw" b
	cmp a b
}

@test "levels do what they are for" {
	local fast best

	"$SAVETOOL" convert -O zstd -L -5 "$BATS_FILE_TMPDIR/from.raw" fast
	"$SAVETOOL" convert -O zstd -L 9 "$BATS_FILE_TMPDIR/from.raw" best
	fast=$(stat -c %s fast) best=$(stat -c %s best)
	[ "$best" -lt "$fast" ]
	savetool convert -O zstd -L 99 "$BATS_FILE_TMPDIR/from.raw" c
	assert_failure 2
	savetool convert -O gzip -L -1 "$BATS_FILE_TMPDIR/from.raw" c
	assert_failure 2
	[ ! -e c ]
}
