#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Parts of an image as files of their own.

load helpers

@test "one RAM block is written at its offsets, sparse, from every layout" {
	local name

	for name in v3-small v2-bare v2-live-superseded; do
		mkdir right
		"$mkimage" --memory-all right "$(recipe $name)" $name
		savetool extract memory --block pc.ram $name ram
		assert_success
		[ -z "$output$stderr" ]
		cmp ram right/pc.ram
		[ "$(allocated ram)" -le "$(allocated right/pc.ram)" ]
		rm -r ram right
	done
}

@test "an existing file is replaced only with --force, and never the source" {
	make_image v3-small a
	touch ram
	savetool extract memory --block pc.ram a ram
	assert_error 8 "a: 'ram' exists; use --force to replace it"
	savetool extract memory --block pc.ram -f a ram
	assert_success
	[ -s ram ]
	savetool extract memory --block pc.ram -f a a
	assert_error 8 "a: source and destination are the same file"
}

@test "what cannot be extracted is a usage error" {
	make_image v3-small a
	savetool extract mmory a b
	assert_error 2 "no part 'mmory'; did you mean 'memory'?"
	savetool extract memory --block pcram a b
	assert_error 2 "a: no RAM block 'pcram'"
	savetool extract memory --format rw a b
	assert_error 2 \
		"option '--format': no memory format 'rw'; did you mean 'raw'?"
	savetool extract memory --block pc.ram --json a -
	assert_failure 2
	[ ! -e b ]
}
