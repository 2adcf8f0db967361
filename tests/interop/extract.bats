#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What extract takes out of an image: QEMU loads the stream, and the devices of
# one guest are the same however it was saved.

# shellcheck disable=SC2054,SC2034  # the commas are QEMU's; for loads

load helpers
load bare

machine=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)

# streams IMAGE [OPTION...]: QEMU loads the stream in it, with these options.
streams()
{
	"$SAVETOOL" extract stream "$1" stream
	loads stream "${@:2}"
	rm stream
}

@test "QEMU loads the streams that were in each format" {
	local name

	saves image
	streams image
	"$SAVETOOL" convert -O zstd image zstd
	streams zstd
	"$SAVETOOL" extract stream - - <zstd >piped
	loads piped
	echo '<domain><name>g</name></domain>' >g.xml
	"$SAVETOOL" convert -O sparse --libvirt=g.xml --allow-mismatch \
		image sparse
	streams sparse --cap mapped-ram
	for name in image zstd sparse; do
		"$SAVETOOL" extract devices $name - |
			jq 'del(.devices[].offset)' >$name.json
		cmp image.json $name.json
	done
	"$SAVETOOL" compare image sparse
}
