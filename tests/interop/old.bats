#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams of QEMU 7.2: without mapped-ram, with compression of single pages,
# and of machine types so old that half of the stream's marks are missing.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

setup_file()
{
	need_program
	export OLD=$SAVETOOL_LAB/qemu-7.2
	[ -x "$OLD/usr/bin/qemu-system-x86_64" ] || {
		echo "no QEMU 7.2 in '$SAVETOOL_LAB'" >&2
		return 1
	}
}

# guest TYPE: of this machine type.
guest()
{
	machine=(--ram pc.ram=40 -- -m 40 -M "$1,memory-backend=pc.ram")
}

# in_old COMMAND IMAGE OPTION...: QEMU 7.2 saves or loads; it knows no 'file:'.
in_old()
{
	local command=$1 image=$2 redirect="< $2"
	shift 2

	[ "$command" = load-bare ] || redirect="> $image"
	lab "$command" "$image" truth "$@" \
		--program "$OLD/usr/bin/qemu-system-x86_64" \
		--uri "exec:cat $redirect" "${machine[@]}" \
		-L "$OLD/usr/share/qemu" -L /usr/share/seabios
}

# says FILTER VALUE: inspect does, of the image.
says()
{
	local said

	said=$("$SAVETOOL" inspect --scan --json image | jq -c "$1")
	echo "$1: $said"
	[ "$said" = "$2" ]
}

@test "QEMU 7.2: raw, zstd, sparse, and back into QEMU 7.2" {
	for type in pc-i440fx-7.2 pc-q35-7.2; do
		guest "$type"
		rm -rf truth image*
		in_old save-bare image
		in_old load-bare image
		says .stream.machine "\"$type\""
		convert zstd image image.zstd
		convert raw image.zstd image.raw
		in_old load-bare image.raw
		convert sparse image.raw image.sparse
		loads image.sparse --cap mapped-ram
		convert raw image.sparse image.again
		in_old load-bare image.again
		[ "$("$SAVETOOL" digest - <image)" = \
			"$("$SAVETOOL" digest - <image.again)" ]
	done
}

@test "compress: pages compressed one by one become plain, for any QEMU" {
	guest pc-i440fx-7.2
	in_old save-bare image --cap compress
	in_old load-bare image --cap compress
	[ "$(counts image pc.ram packed)" -gt 5000 ]
	says '.blocks[0]["pages-present"]' "$(counts image pc.ram packed)"
	fails_with "migration" loads image
	convert raw image image.raw
	[ "$(counts image.raw pc.ram packed)" = 0 ]
	in_old load-bare image.raw
	loads image.raw
	convert sparse image image.sparse
	loads image.sparse --cap mapped-ram
	"$SAVETOOL" compact image --copy image.compact
	[ "$(counts image.compact pc.ram packed)" = 0 ]
	in_old load-bare image.compact
	loads image.compact
	# In place, too, although plain pages take more.
	cp image image.own
	"$SAVETOOL" compact image.own
	cmp image.compact image.own
}

@test "pc-i440fx-2.2: no configuration, no footers, no vmdesc" {
	guest pc-i440fx-2.2
	in_old save-bare image
	in_old load-bare image
	says .complete null
	says .layout '"sequential"'
	says .stream.machine null
	says .stream.footers false
	says .stream.vmdesc false
	says '.stream["page-size"]' 4096
	convert raw image image.raw
	in_old load-bare image.raw
	convert zstd image image.zstd
	convert raw image.zstd image.again
	in_old load-bare image.again
	run "$SAVETOOL" convert -O sparse image image.sparse
	echo "$output"
	[ "$status" = 7 ]
	[[ $output == *"without a configuration section"* ]]
	[ ! -e image.sparse ]
}

@test "XBZRLE of QEMU 7.2" {
	machine=(--guest --changed 512 --ram pc.ram=40 -- -m 40
		-M pc-i440fx-7.2,memory-backend=pc.ram)
	in_old save-bare image --cap xbzrle --live 5000
	[ "$(counts image pc.ram deltas)" -gt 100 ]
	in_old load-bare image
	convert sparse image image.sparse
	loads image.sparse --cap mapped-ram
	convert raw image.sparse image.raw
	in_old load-bare image.raw
}
