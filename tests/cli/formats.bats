#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every format is written and every format is read, from one real image.  Reading
# does not depend on writing, so formats are not tried with each other in pairs.

load helpers

# All are made by one thread.
setup_file()
{
	local format one

	cd "$BATS_FILE_TMPDIR" || return
	# shellcheck source=/dev/null
	"${top_srcdir:-$BATS_TEST_DIRNAME/../..}/tests/data/unpack" . \
		libvirt-live.save >&2
	for format in raw gzip bzip2 xz lzop zstd sparse; do
		one=()
		[[ $format =~ ^(raw|lzop|sparse)$ ]] || one=(-T 1)
		"$SAVETOOL" convert -O $format "${one[@]}" \
			libvirt-live.save in.$format
	done
}

setup()
{
	cd "$BATS_FILE_TMPDIR" || return
}

# written FORMAT: it is what it says, and the same guest.
written()
{
	assert_equal "$(digest "in.$1")" "$(digest libvirt-live.save)"
	savetool inspect --json "in.$1"
	assert_success
	assert_json ".format == \"$1\" and (.findings | length) == 0"
	# The compressing program itself takes all of it.
	case $1 in
	gzip | bzip2 | xz | lzop | zstd)
		tail -c +$(($(jq .stream.offset <<<"$output") + 1)) "in.$1" |
			"$1" -dc | cmp - <(tail -c +$(($("$SAVETOOL" inspect \
				--json in.raw | jq .stream.offset) + 1)) in.raw)
		;;
	esac
}

# read_from FORMAT: it becomes sparse, to the byte as from any other.
read_from()
{
	"$SAVETOOL" convert -O sparse "in.$1" "from.$1"
	cmp "from.$1" in.sparse
}

@test "written as raw, it is the same guest" { written raw; }
@test "written as gzip, it is the same guest" { written gzip; }
@test "written as bzip2, it is the same guest" { written bzip2; }
@test "written as xz, it is the same guest" { written xz; }
@test "written as lzop, it is the same guest" { written lzop; }
@test "written as zstd, it is the same guest" { written zstd; }
@test "written as sparse, it is the same guest" { written sparse; }

@test "read from raw, it becomes the same bytes" { read_from raw; }
@test "read from gzip, it becomes the same bytes" { read_from gzip; }
@test "read from bzip2, it becomes the same bytes" { read_from bzip2; }
@test "read from xz, it becomes the same bytes" { read_from xz; }
@test "read from lzop, it becomes the same bytes" { read_from lzop; }
@test "read from zstd, it becomes the same bytes" { read_from zstd; }
@test "read from sparse, it becomes the same bytes" { read_from sparse; }

@test "from mapped-ram to compressed formats, the guest stays the same" {
	local format

	for format in raw gzip lzop zstd; do
		"$SAVETOOL" convert -O $format in.sparse out.$format
		assert_equal "$(digest out.$format)" "$(digest in.sparse)"
	done
}

@test "any number of threads, and any run, makes the same bytes" {
	local format threads

	for format in raw sparse gzip bzip2 xz zstd; do
		for threads in 2 7; do
			# It packs for seconds.
			[ "$format $threads" != "bzip2 2" ] || continue
			"$SAVETOOL" convert -O $format -T $threads \
				libvirt-live.save many
			cmp many in.$format
			rm many
		done
	done
	# So that another second would be written, if any were.
	sleep 1
	"$SAVETOOL" convert -O lzop -T 7 libvirt-live.save again
	cmp again in.lzop
}

# With many, the tests above have read them.
@test "with one processor, every format is read as the same bytes" {
	local format list

	list=$(taskset -cp $$ | sed 's/.*: //')
	for format in raw gzip bzip2 xz lzop zstd sparse; do
		taskset -c "${list%%[-,]*}" "$SAVETOOL" convert -O sparse \
			in.$format one
		cmp one in.sparse
		rm one
	done
}

@test "a higher level gives a smaller file, and an invalid one is refused" {
	local fast best

	"$SAVETOOL" convert -O zstd -L -5 in.raw fast
	"$SAVETOOL" convert -O zstd -L 9 in.raw best
	fast=$(stat -c %s fast) best=$(stat -c %s best)
	[ "$best" -lt "$fast" ]
	savetool convert -O zstd -L 99 in.raw c
	assert_failure 2
	savetool convert -O gzip -L -1 in.raw c
	assert_failure 2
	[ ! -e c ]
}
