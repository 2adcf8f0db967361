#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Guests that QEMU has saved in internal snapshots of qcow2 files.

# shellcheck disable=SC2154 # bats' own: stderr

load helpers

setup()
{
	cd "$BATS_TEST_TMPDIR" || exit
}

# qcow2 ARGUMENT...: writes such a file.
qcow2()
{
	"$BATS_TEST_DIRNAME/qcow2.py" "$@"
}

# holds FILE STREAM: FILE is read as that stream, byte for byte.
holds()
{
	savetool convert -f "$1" copy
	assert_success
	[ -e "$2.plain" ] || "$SAVETOOL" convert "$2" "$2.plain"
	cmp copy "$2.plain"
}

@test "VM state is read from clusters of any size and kind" {
	local options

	make_image v2-bare
	make_image v3-bare
	for options in --cluster-bits={9,12,21} --cluster-bits={14,16}' --extended' \
		'--version=2 --no-extra' '--version=2 --cluster-bits=9' \
		--compress={zlib,zstd} '--compress=zlib --cluster-bits=9' \
		'--compress=zstd --extended' --disk-size={0,99999999999}; do
		echo "$options"
		# shellcheck disable=SC2086
		qcow2 $options d.qcow2 one=v3-bare
		holds d.qcow2 v3-bare
	done
	qcow2 d.qcow2 one=v2-bare
	holds d.qcow2 v2-bare
	assert_equal "$(digest d.qcow2)" "$(digest v2-bare)"
}

@test "the disk's size when the snapshot was made is what counts" {
	make_image v2-bare
	qcow2 --disk-size=1 --now=999999999999 d.qcow2 one=v2-bare
	holds d.qcow2 v2-bare
}

@test "a snapshot is named after two colons, by its name or id" {
	make_image v2-bare
	make_image v2-part
	qcow2 d.qcow2 one=v2-bare two=v2-bare disk= 1=v2-bare '=v2-bare'
	holds d.qcow2::one v2-bare
	holds d.qcow2::2 v2-bare
	savetool inspect --json d.qcow2::1
	assert_success
	assert_equal "$(jq -r .snapshot <<<"$output")" 1
	savetool inspect --json d.qcow2::5
	assert_equal "$(jq -r .snapshot <<<"$output")" 5
	savetool inspect d.qcow2::three
	assert_failure 2
	assert_equal "$stderr" "savetool: d.qcow2::three: qcow2 file has no \
snapshot 'three', but 'one', 'two', '1', '5'"
	savetool digest d.qcow2::disk
	assert_failure 4
	assert_equal "$stderr" "savetool: d.qcow2::disk: snapshot 'disk' of the \
qcow2 file has no VM state"
}

@test "without a name, the only one with VM state is read" {
	make_image v2-bare
	qcow2 d.qcow2 disk= one=v2-bare
	holds d.qcow2 v2-bare
	qcow2 d.qcow2 one=v2-bare two=v2-bare disk=
	for command in "convert d.qcow2 another" "xml d.qcow2" \
			"extract xml d.qcow2 another" \
			"extract devices d.qcow2 another"; do
		# shellcheck disable=SC2086
		savetool $command
		assert_failure 2
		assert_equal "$stderr" "savetool: d.qcow2: qcow2 file with 2 \
saved guests: 'one', 'two'; name one of them, as FILE::NAME"
		[ ! -e another ]
	done
	qcow2 d.qcow2 disk=
	savetool inspect d.qcow2
	assert_failure 4
	assert_equal "$stderr" "savetool: d.qcow2: not a save image, but a \
qcow2 disk image without VM state; qemu-img reads it"
}

@test "snapshots are listed, whichever is read" {
	make_image v2-bare
	local size

	size=$(stat -c %s v2-bare)
	qcow2 d.qcow2 one=v2-bare $'tw\e=v2-bare' disk=
	savetool inspect d.qcow2
	assert_failure 2
	assert_line --index 0 'd.qcow2: qcow2 disk image with 3 snapshots'
	assert_line --regexp '^snapshots +snapshot +id +date +VM state'
	assert_line --regexp ' one +1 +2023-11-14T22:13:20Z '
	savetool inspect --json d.qcow2::one
	assert_success
	jq -e --argjson size "$size" '.snapshot == "one" and
		(.snapshots | length) == 3 and .snapshots[0] == {name: "one",
		id: "1", date: "2023-11-14T22:13:20Z", "vm-state-size": $size,
		"disk-size": 1048576, "guest-seconds": 90} and
		.sizes.logical == $size and
		.sizes.allocated <= $size and .container == "bare" and
		.snapshots[2]["vm-state-size"] == 0' <<<"$output"
	savetool inspect --json d.qcow2
	assert_failure 2
	jq -e '(.snapshots | length) == 3 and .snapshot == null and
		.format == null' <<<"$output"
}

@test "many names do not make the message too long" {
	local -a names
	make_image v2-bare
	mapfile -t names < <(printf 'guest-number-%03d=v2-bare\n' {1..100})
	qcow2 d.qcow2 "${names[@]}"
	savetool digest d.qcow2
	assert_failure 2
	[[ $stderr == *"'guest-number-001'"*' and 9'[0-9]' more; '* ]]
}

# kinds FILE: what a map of it shows, without what depends on its blocks.
kinds()
{
	"$SAVETOOL" map --json "$1" | jq -c '[.[].type]'
}

@test "a map, the sizes and a check are of the snapshot" {
	make_image v3-bare
	qcow2 --cluster-bits=12 d.qcow2 one=v3-bare
	assert_equal "$(kinds d.qcow2)" "$(kinds v3-bare)"
	savetool size --json d.qcow2
	assert_success
	assert_equal "$(jq .sizes.logical <<<"$output")" "$(stat -c %s v3-bare)"
	savetool check --deep d.qcow2
	assert_success
}

@test "a qcow2 file is read from a pipe, and compressed" {
	make_image v2-bare
	qcow2 d.qcow2 one=v2-bare two=v2-bare
	qcow2 e.qcow2 one=v2-bare
	zstd -q d.qcow2
	holds d.qcow2.zst::two v2-bare
	savetool digest - < <(cat e.qcow2)
	assert_success
	assert_equal "${output%% *}" "$(digest v2-bare)"
}

@test "nothing in a qcow2 file is changed" {
	local command

	make_image v2-bare
	qcow2 d.qcow2 one=v2-bare
	sha256sum d.qcow2 >sums
	for command in sparsify compact 'sparsify -n' 'compact -n' \
		'compact --copy=c' 'sparsify --copy=c'; do
		# shellcheck disable=SC2086
		savetool $command d.qcow2
		assert_failure 7
		assert_equal "$stderr" "savetool: d.qcow2: a snapshot in a \
qcow2 file can only be read; convert it with 'savetool convert'"
		[ ! -e c ]
	done
	for command in sparsify compact; do
		savetool $command d.qcow2::one
		assert_failure 7
		assert_equal "$stderr" "savetool: d.qcow2::one: an image in \
another file can only be read; convert it with 'savetool convert'"
	done
	savetool check --repair d.qcow2
	savetool convert -f d.qcow2::one d.qcow2
	assert_failure 8
	sha256sum -c --quiet sums
}

# refused STATUS TEXT OPTION...: of such a file.
refused()
{
	local status=$1 text=$2
	shift 2

	qcow2 "$@" d.qcow2 one=v2-bare
	savetool digest d.qcow2
	assert_failure "$status"
	assert_equal "${stderr#savetool: d.qcow2: }" "$text"
}

@test "what cannot be read is refused with the reason" {
	make_image v2-bare
	refused 7 'qcow2 file is encrypted' --crypt=2
	refused 7 'qcow2 file keeps its data in another file' --features=4
	refused 7 'qcow2 file has unknown features (0x40)' --features=0x40
	refused 7 'qcow2 file of version 4' --version=4
	refused 7 'qcow2 file has an unknown kind of compression (2)' \
		--features=8 --poke=104=02
	# Only reference counts may be wrong in a dirty one.
	qcow2 --features=1 d.qcow2 one=v2-bare
	holds d.qcow2 v2-bare
	# What was overwritten may still look like memory.
	qcow2 --features=2 d.qcow2 one=v2-bare
	holds d.qcow2 v2-bare
	savetool inspect --json d.qcow2
	assert_success
	assert_equal "$(jq -r '.findings[].code' <<<"$output")" disk-corrupt
}

@test "every number is checked" {
	make_image v2-bare
	refused 4 'not a save image, but a qcow2 disk image; qemu-img reads it' \
		--poke=20=00000008
	refused 4 'not a save image, but a qcow2 disk image; qemu-img reads it' \
		--poke=20=00000016
	refused 6 'qcow2 header has 100 bytes (at byte 100)' \
		--poke=100=00000064
	refused 6 'qcow2 file with 65537 snapshots (at byte 60)' \
		--poke=60=00010001
	refused 6 'qcow2 file has subclusters in clusters of 512 bytes' \
		--cluster-bits=9 --features=16
	refused 7 'snapshots of the qcow2 file: snapshot with a table of 4194305 entries (at byte '"$(at_list)"')' \
		--poke=+8=00400001
	refused 6 'snapshots of the qcow2 file: snapshot whose table is at byte 1 (at byte '"$(at_list)"')' \
		--poke=+0=0000000000000001
}

# at_list: where the list of snapshots is.
at_list()
{
	qcow2 at one=v2-bare
	echo $((0x$(od -An -j 64 -N 8 -t x1 at | tr -d ' ')))
}
