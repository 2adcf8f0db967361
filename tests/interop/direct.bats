#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# --direct on real file systems: the same bytes, and nothing in the cache.

load helpers

setup_file()
{
	need_program
	"$BATS_TEST_DIRNAME/../data/unpack" "$BATS_FILE_TMPDIR" \
		libvirt-live.save
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

teardown()
{
	leave_disk
}

cached()
{
	python3 "$BATS_TEST_DIRNAME/../cli/cached.py" "$@"
}

leaves_no_traces()
{
	local format

	cp "$BATS_FILE_TMPDIR/libvirt-live.save" mnt/source
	for format in raw sparse zstd; do
		cached --drop mnt/source
		"$SAVETOOL" convert --direct --verify -O $format mnt/source \
			mnt/direct
		[ "$(cached mnt/direct)" = 0 ]
		[ "$(cached mnt/source)" = 0 ]
		"$SAVETOOL" convert -O $format mnt/source mnt/plain
		cmp mnt/direct mnt/plain
		rm mnt/direct mnt/plain
	done
	"$SAVETOOL" convert -O sparse mnt/source mnt/sparse
	cat mnt/sparse >mnt/direct
	cat mnt/sparse >mnt/plain
	cached --drop mnt/direct
	"$SAVETOOL" sparsify --direct mnt/direct
	"$SAVETOOL" sparsify mnt/plain
	[ "$(cached mnt/direct)" = 0 ]
	cmp mnt/direct mnt/plain
}

@test "ext4: --direct leaves no traces" {
	on ext4 -q
	leaves_no_traces
}

@test "xfs: --direct leaves no traces" {
	on xfs -q
	leaves_no_traces
}

@test "btrfs: --direct leaves no traces" {
	on btrfs -q
	leaves_no_traces
}

@test "btrfs, compressed: --direct leaves no traces" {
	printf '%s\n' 6.5 "$(uname -r)" | sort -VC ||
		skip "only Linux 6.5 tells what is in its cache"
	on btrfs -q
	mount -o remount,compress-force=zstd mnt
	leaves_no_traces
}
