#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --direct: the same bytes and output as without it, and no traces in the cache.

load helpers

setup_file()
{
	"${top_srcdir:-$BATS_TEST_DIRNAME/../..}/tests/data/unpack" \
		"$BATS_FILE_TMPDIR" libvirt-live.save live-mapped.mig \
		live-sequential.mig >&2
}

teardown()
{
	[ -z "${memory-}" ] || rm -rf "$memory"
}

# both ARGUMENT...: with --direct and without: the same output and exit status.
# OUT among the arguments is a file of each.
both()
{
	local plain=0 direct=0

	rm -f out.plain out.direct
	# What its extents take is counted once they are on the disk.
	[ ! -e image ] || sync image
	"$SAVETOOL" "${@/#OUT/out.plain}" >told.plain 2>&1 || plain=$?
	"$SAVETOOL" "${@/#OUT/out.direct}" --direct >told.direct 2>&1 ||
		direct=$?
	sed -i 's/out\.direct/out.plain/g' told.direct
	diff told.plain told.direct || fail "says something else: $*"
	assert_equal "$direct" "$plain"
	[ ! -e out.plain ] || cmp out.plain out.direct
	[ -e out.plain ] || [ ! -e out.direct ] || fail "only one came: $*"
}

cached()
{
	python3 "$top/tests/cli/cached.py" "$@"
}

# The page cache can be looked at, and is not all there is.
need_disk()
{
	[ "$(stat -f -c %T .)" != tmpfs ] ||
		skip "a file of tmpfs is nowhere else; set TMPDIR"
}

# What was in the cache before is known only there.
need_cachestat()
{
	need_disk
	echo something >probe
	python3 "$top/tests/cli/cached.py" --told probe ||
		skip "nothing tells savetool here what is in the page cache"
	rm probe
}

# dense_copy IMAGE NAME: all pages of zeros are there, in the file at least.
dense_copy()
{
	copy_dense "$BATS_FILE_TMPDIR/$1" "$2"
}

@test "a bare stream inside a file, at any offset" {
	local offset

	for offset in 1 70001; do
		{ head -c $offset /dev/zero | tr '\0' x
			cat "$BATS_FILE_TMPDIR/live-sequential.mig"; } >image
		both convert -O sparse --offset $offset image OUT
		both map --json --offset $offset image
		both size --json --offset $offset image
	done
}

# What goes to a file is long runs, holes, or pieces of any length: from one of
# our codecs or from a program's pipe.  The other codecs write as zstd does.
@test "a real image: from and to every kind of format" {
	local format

	for format in raw lzop zstd sparse; do
		both convert -O $format "$BATS_FILE_TMPDIR/libvirt-live.save" \
			OUT
		mv out.plain from
		both convert -O sparse --verify from OUT
	done
	both convert -O raw --verify from OUT
	both convert -O zstd -T 3 from OUT
}

@test "compact and sparsify, to a file and in place" {
	local image difference

	for image in libvirt-live.save live-mapped.mig live-sequential.mig; do
		both compact --verify "$BATS_FILE_TMPDIR/$image" --copy OUT
		both sparsify "$BATS_FILE_TMPDIR/$image" --copy OUT
		both sparsify --zero-only "$BATS_FILE_TMPDIR/$image" --copy OUT
		dense_copy $image a
		dense_copy $image b
		"$SAVETOOL" compact a
		"$SAVETOOL" compact --direct b
		cmp a b
	done
	dense_copy live-mapped.mig a
	dense_copy live-mapped.mig b
	"$SAVETOOL" sparsify a
	"$SAVETOOL" sparsify --direct b
	cmp a b
	# Where their bytes went may take a block more to know.
	difference=$(($(stat -c %b b) - $(stat -c %b a)))
	[ "${difference#-}" -le 128 ] || fail "$difference blocks"
	[ "$(stat -c %b b)" -lt "$(stat -c %b \
		"$BATS_FILE_TMPDIR/live-mapped.mig")" ]
}

@test "check --repair makes the same repairs with --direct" {
	make_image v2-trailing a
	cp a b
	run "$SAVETOOL" check --repair a
	savetool check --repair --direct b
	assert_success
	cmp a b
	savetool check --deep --direct b
	assert_success
}

@test "pipes and redirections work as without --direct" {
	local image=$BATS_FILE_TMPDIR/libvirt-live.save

	"$SAVETOOL" convert -O sparse "$image" plain
	# shellcheck disable=SC2002 # it is the pipe that is wanted
	cat "$image" | "$SAVETOOL" convert --direct -O sparse - piped
	cmp plain piped
	"$SAVETOOL" convert --direct -O sparse - - <"$image" >redirected
	cmp plain redirected
	"$SAVETOOL" convert -O raw plain raw
	"$SAVETOOL" convert --direct -O raw plain - | cmp - raw
	# The next reader of the same descriptor may read any number of bytes.
	{
		"$SAVETOOL" digest --direct - >/dev/null
		dd bs=10 count=1 status=none >start
	} <"$image"
	cmp start <(head -c 10 "$image")
}

@test "tmpfs, whose files are in the cache, works with --direct" {
	local image=$BATS_FILE_TMPDIR/libvirt-live.save

	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || fail "no tmpfs in /dev/shm"
	memory=$(mktemp -d /dev/shm/savetool-XXXXXX)
	"$SAVETOOL" convert --direct --verify -O sparse "$image" "$memory/a"
	"$SAVETOOL" convert --direct --verify -O raw "$memory/a" "$memory/b"
	"$SAVETOOL" convert -O raw "$memory/a" c
	cmp "$memory/b" c
	"$SAVETOOL" sparsify --direct "$memory/a"
}

@test "a destination leaves no traces in the cache" {
	local format

	need_disk
	for format in raw sparse zstd; do
		"$SAVETOOL" convert --direct --verify -O $format \
			"$BATS_FILE_TMPDIR/libvirt-live.save" direct
		assert_equal "$(cached direct)" 0
		# It can be seen.
		cat direct >/dev/null
		[ "$(cached direct)" -gt 0 ]
		rm direct
	done
	"$SAVETOOL" compact --direct "$BATS_FILE_TMPDIR/live-mapped.mig" \
		--copy direct
	assert_equal "$(cached direct)" 0
	"$SAVETOOL" sparsify --direct -f "$BATS_FILE_TMPDIR/live-mapped.mig" \
		--copy direct
	assert_equal "$(cached direct)" 0
	"$SAVETOOL" convert --direct -O raw \
		"$BATS_FILE_TMPDIR/libvirt-live.save" - >redirected
	assert_equal "$(cached redirected)" 0
}

@test "as much of a source is in the cache as before" {
	local image command

	need_cachestat
	dense_copy libvirt-live.save raw
	"$SAVETOOL" convert -O zstd raw zstd
	"$SAVETOOL" convert -O sparse raw sparse
	for image in raw zstd sparse; do
		python3 "$top/tests/cli/cached.py" --drop $image
		for command in 'inspect --scan' digest 'check --deep' size \
			'map --scan' 'convert -O raw' 'compact -n' \
			'sparsify -n'; do
			case $command in
			'convert'*) set -- $image out ;;
			*) set -- $image ;;
			esac
			# shellcheck disable=SC2086 # words of the command
			run "$SAVETOOL" $command --direct "$@"
			[ "$status" -le 1 ] || fail "$command: $output"
			assert_equal "$command: $(cached $image)" "$command: 0"
			rm -f out
		done
		cat $image >/dev/null
		"$SAVETOOL" digest --direct $image
		# The kernel takes some back when it likes: on btrfs, it does.
		[ "$(cached $image)" -gt $(($(stat -c %s $image) / 2)) ]
	done
}

@test "in place, nothing gets into the cache" {
	local place before

	need_cachestat
	dense_copy live-mapped.mig plain
	# Two present pages that are zero: bits will be cleared.
	for place in $("$SAVETOOL" map --json plain | jq '[.[] |
		select(.type == "page-data" and .block == "pc.ram")] |
		.[0, -1].start'); do
		dd if=/dev/zero of=plain bs=4096 seek=$((place / 4096)) count=1 \
			conv=notrunc status=none
	done
	cp plain direct
	"$SAVETOOL" sparsify --json plain >told
	[ "$(jq '."zero-pages"' told)" -ge 8192 ]
	python3 "$top/tests/cli/cached.py" --drop direct
	# What was there stays, so that nothing else can have been dropped.
	tail -c 1 direct >/dev/null
	before=$(cached direct)
	[ "$before" -gt 0 ]
	"$SAVETOOL" sparsify --direct direct
	assert_equal "$(cached direct)" "$before"
	cmp plain direct
}
