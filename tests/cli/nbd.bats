#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images that an NBD server has, and images that are written to one.

load helpers

setup_file()
{
	command -v nbdkit strace >/dev/null || {
		echo "nbdkit or strace is missing" >&2
		return 1
	}
}

teardown()
{
	stop_server
	[ -z "${device-}" ] || losetup -d "$device"
}

# serve ARGUMENT...: nbdkit, whose export is $uri.  What it prints is in
# 'server'.  The socket's path must be short, so it is relative.
serve()
{
	stop_server
	uri='nbd+unix:///?socket=socket'
	nbdkit -f -U socket -P pid "$@" >server 2>&1 3>&- &
	server=$!
	awaits is_serving
}

is_serving()
{
	[ -s pid ] || ! kill -0 "$server" 2>/dev/null
}

stop_server()
{
	[ -n "${server-}" ] || return 0
	# It may be stopped, or gone.
	kill -KILL "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
	server=
	rm -f socket pid
}

# old FILE SIZE: a file that is full of old bytes.
old()
{
	head -c "$2" /dev/zero | tr '\0' 'x' >"$1"
}

# facts WORD...: a report without what a server cannot say.
facts()
{
	"$SAVETOOL" "$@" --json | jq 'del(.path, .sizes.allocated,
		.sizes."reclaimable-unwritten")'
}

@test "an image that a server has is the image that a file has" {
	local name

	for name in libvirt-raw.save libvirt-sparse.save libvirt-zstd.save; do
		real_image $name
		serve file $name
		assert_equal "$(digest "$uri")" "$(digest $name)"
		diff <(facts inspect $name) <(facts inspect "$uri")
		diff <(facts size --estimate $name) \
			<(facts size --estimate "$uri")
		diff <("$SAVETOOL" map $name) <("$SAVETOOL" map "$uri")
		diff <("$SAVETOOL" xml $name) <("$SAVETOOL" xml "$uri")
		savetool check --deep "$uri"
		assert_success
	done
}

@test "a server does not say how much an image takes" {
	make_image v3-interleaved a
	serve file a
	savetool inspect --json "$uri"
	assert_success
	assert_json '.sizes | has("logical") and (has("allocated") | not)'
}

@test "each format is read from a server and written to one" {
	local format

	real_image libvirt-sparse.save
	real_image libvirt-raw.save
	for format in raw sparse zstd; do
		"$SAVETOOL" convert -O $format libvirt-sparse.save right
		serve file libvirt-sparse.save
		savetool convert -O $format "$uri" fetched
		assert_success
		cmp fetched right
		old export 80000000
		serve file export
		savetool convert -f --verify -O $format libvirt-sparse.save \
			"$uri"
		assert_success
		assert_silent
		# What followed it is gone.
		cmp -n "$(stat -c %s right)" right export
		assert_equal "$(stat -c %s export)" 80000000
		assert_equal "$(tail -c +$(($(stat -c %s right) + 1)) export |
			tr -d '\0' | head -c 1)" ''
		assert_equal "$(digest "$uri")" "$(digest right)"
		rm fetched right
	done
}

@test "a bare stream is written to a server, too" {
	local format

	real_image libvirt-sparse.save
	for format in raw sparse zstd; do
		"$SAVETOOL" convert --bare -O $format libvirt-sparse.save right
		old export 80000000
		serve file export
		savetool convert -f --bare --verify -O $format \
			libvirt-sparse.save "$uri"
		assert_success
		cmp -n "$(stat -c %s right)" right export
		rm right
	done
}

@test "from one export to another" {
	real_image libvirt-sparse.save
	mkdir exports
	cp libvirt-sparse.save exports/a
	old exports/b 80000000
	serve file dir=exports
	savetool convert -f --verify -O zstd \
		'nbd+unix:///a?socket=socket' 'nbd+unix:///b?socket=socket'
	assert_success
	assert_equal "$(digest exports/b)" "$(digest libvirt-sparse.save)"
	savetool convert -f 'nbd+unix:///a?socket=socket' \
		'nbd+unix:///a?socket=socket'
	assert_error 8 "nbd+unix:///a?socket=socket: source and destination\
 are the same export"
	savetool digest 'nbd+unix:///a?socket=socket' \
		'nbd+unix:///a?socket=socket'
	assert_success
	assert_equal "$(wc -l <<<"$output")" 2
}

@test "an export may be an archive, or a qcow2 file" {
	make_image v3-interleaved g1.save
	make_image v2-bare g2.save
	tar -Scf a.tar g1.save g2.save
	serve --filter=stats file a.tar statsfile=stats
	savetool digest "$uri"
	assert_success
	assert_output "$(digest g1.save)  $uri::g1.save
$(digest g2.save)  $uri::g2.save"
	assert_equal "$(digest "$uri::./g1.save")" "$(digest g1.save)"
	savetool convert "$uri::g1.save" copy
	assert_success
	assert_equal "$(digest copy)" "$(digest g1.save)"
	savetool digest --check <("$SAVETOOL" digest "$uri::g2.save")
	assert_success
	savetool digest "$uri::g3"
	assert_error 2 "$uri::g3: no file 'g3' in the tar archive"
	savetool convert -f g1.save "$uri::g1.save"
	assert_error 2 "g1.save: '$uri' can only be written as a whole,\
 without '::g1.save'"
	cmp a.tar <(tar -Scf - g1.save g2.save)
	"$BATS_TEST_DIRNAME/qcow2.py" d.qcow2 one=g2.save two=g2.save
	serve file d.qcow2
	assert_equal "$(digest "$uri::two")" "$(digest g2.save)"
	savetool inspect --json "$uri::one"
	assert_success
	assert_json '.snapshot == "one" and (.snapshots | length) == 2'
	# Its own colons are escaped.
	mkdir exports
	cp g2.save exports/a::b
	serve file dir=exports
	assert_equal "$(digest 'nbd+unix:///a%3A%3Ab?socket=socket')" \
		"$(digest g2.save)"
}

# count_bytes: how many bytes the server has sent, as its statistics say, is in
# $bytes.  They are written when it ends, which only its parent can wait for.
count_bytes()
{
	kill -TERM "$server"
	wait "$server" || true
	server=
	rm -f socket pid
	bytes=$(sed -nE 's/^  Request size.*//
		s/^read: .* s, ([0-9.]+) (.?)i?B, .*/\1 \2/p' stats |
		awk '{ unit["K"] = 1024; unit["M"] = 1048576
			print int($1 * ($2 in unit ? unit[$2] : 1)) }')
}

@test "only what is needed is read" {
	local bytes

	# A bitmap of 64 KiB, and a page here and there.
	mapped_recipe >recipe <<-END
		block pc.ram 2G
		page pc.ram 0 count=100 step=5000
	END
	"$mkimage" recipe a
	serve --filter=stats file a statsfile=stats
	savetool inspect "$uri"
	assert_success
	count_bytes
	[ "$bytes" -gt 65536 ]
	[ "$bytes" -lt $((65536 + 1048576)) ] || fail "$bytes bytes were read"
	real_image libvirt-sparse.save
	serve --filter=stats file libvirt-sparse.save statsfile=stats
	savetool inspect "$uri"
	assert_success
	count_bytes
	[ "$bytes" -lt 1048576 ] || fail "$bytes bytes were read"
	# Its pages are a fifth of it; little else is read with them.
	serve --filter=stats file libvirt-sparse.save statsfile=stats
	savetool digest "$uri"
	assert_success
	count_bytes
	[ "$bytes" -lt $(($(stat -Lc %b libvirt-sparse.save) * 640)) ] ||
		fail "$bytes bytes were read"
}

# most_at_a_time WORD: how many requests of a kind were under way, as the
# server's log says.
most_at_a_time()
{
	awk -v kind="$1" '
		$0 ~ " " kind " id=.*\\.\\.\\.$" { now++ }
		$0 ~ "\\.\\.\\." kind " id=" { now-- }
		now > most { most = now }
		END { print most + 0 }' log
}

@test "several requests are under way at a time" {
	real_image libvirt-raw.save
	serve --filter=log --filter=delay file libvirt-raw.save logfile=log \
		rdelay=100ms
	savetool digest "$uri"
	assert_success
	[ "$(most_at_a_time Read)" -ge 8 ] || fail "$(most_at_a_time Read)"
	old export 80000000
	serve --filter=log --filter=delay file export logfile=log wdelay=500ms
	savetool convert -f libvirt-raw.save "$uri"
	assert_success
	[ "$(most_at_a_time Write)" -ge 8 ] || fail "$(most_at_a_time Write)"
	assert_equal "$(digest export)" "$(digest libvirt-raw.save)"
}

@test "servers that can do little, or do more, are good enough" {
	real_image libvirt-sparse.save
	serve --filter=noextents --filter=noparallel file libvirt-sparse.save
	assert_equal "$(digest "$uri")" "$(digest libvirt-sparse.save)"
	# Its sizes are in sectors, so zeros follow the image.
	serve --filter=truncate file libvirt-sparse.save round-up=512
	assert_equal "$(digest "$uri")" "$(digest libvirt-sparse.save)"
	savetool check "$uri"
	assert_success
	# It cannot make zeros, so they are sent.
	old export 80000000
	serve --filter=nozero file export
	savetool convert -f --verify libvirt-sparse.save "$uri"
	assert_success
	"$SAVETOOL" convert libvirt-sparse.save right
	cmp -n "$(stat -c %s right)" right export
	# What it has is compressed, or a member of an archive.
	xz -q -0 -k -c libvirt-sparse.save >export.xz
	serve --filter=xz file export.xz
	assert_equal "$(digest "$uri")" "$(digest libvirt-sparse.save)"
	tar -cf export.tar -h libvirt-sparse.save
	serve --filter=tar file export.tar tar-entry=libvirt-sparse.save
	assert_equal "$(digest "$uri")" "$(digest libvirt-sparse.save)"
	# It makes large requests small ones, and small ones whole blocks.
	old export 80000000
	serve --filter=blocksize file export minblock=4096 maxdata=64K
	savetool convert -f --verify libvirt-sparse.save "$uri"
	assert_success
	cmp -n "$(stat -c %s right)" right export
}

@test "a new export takes no more than the image" {
	real_image libvirt-sparse.save
	# Its zeros are known, so none are asked for.
	truncate -s 80000000 export
	serve --filter=log file export logfile=log
	savetool convert -f libvirt-sparse.save "$uri"
	assert_success
	run ! grep -q ' Zero ' log
	truncate -s 80000000 export
	serve file export
	savetool convert -f libvirt-sparse.save "$uri"
	assert_success
	"$SAVETOOL" convert libvirt-sparse.save right
	cmp -n "$(stat -c %s right)" right export
	[ "$(allocated export)" -le $(($(allocated right) + 200000)) ]
}

@test "an export is written over only by force, and if it is large enough" {
	make_image v2-bare a
	serve memory 64M
	savetool convert a "$uri"
	assert_error 8 "a: '$uri' exists; use --force to replace it"
	serve -r memory 64M
	savetool convert -f a "$uri"
	assert_error 8 "a: '$uri' is read-only"
	real_image libvirt-sparse.save
	serve --filter=log memory 10M logfile=log
	savetool convert -f libvirt-sparse.save "$uri"
	assert_error 8 "libvirt-sparse.save: not enough space: a device of\
 10485760 bytes is too small for all memory"
	savetool convert -f -O raw libvirt-sparse.save "$uri"
	assert_equal "$status" 8
	assert_equal "$stderr" "savetool: libvirt-sparse.save: not enough\
 space: 14242832 bytes needed, 10485760 free, 3757072 missing"
	run ! grep -q ' Write ' log
	# How large a compressed image gets is only seen at the end.
	serve memory 100K
	savetool convert -f -O zstd libvirt-sparse.save "$uri"
	assert_error 8 "libvirt-sparse.save: not enough space: an export of\
 102400 bytes is too small"
}

@test "an export is not changed in place" {
	make_image v3-interleaved a
	serve file a
	savetool sparsify "$uri"
	assert_equal "$status" 2
	assert_equal "$stderr" "savetool: IMAGE cannot be an NBD export; use a\
 file; see 'savetool sparsify --help'"
	savetool compact -n "$uri"
	assert_equal "$status" 2
	savetool compact --copy b "$uri"
	assert_equal "$status" 2
	savetool sparsify --copy "$uri" a
	assert_equal "$status" 2
	savetool check --repair "$uri"
	assert_equal "$status" 2
	assert_equal "$stderr" "savetool: '--repair' needs a file, and cannot\
 change an NBD export; see 'savetool check --help'"
	savetool xml --paused "$uri"
	assert_equal "$status" 2
	assert_equal "$stderr" "savetool: an NBD export cannot be changed in\
 place; see 'savetool xml --help'"
	assert_equal "$(ls)" $'a\npid\nserver\nsocket'
}

# order: the server's log of all that was written, one request a line.
order()
{
	sed -nE 's/.* (Write|Zero|Flush) id=[0-9]+( offset=(0x[0-9a-f]+))?( count=(0x[0-9a-f]+))?.*\.\.\.$/\1 \3 \5/p' \
		log
}

@test "an export holds no image before all of it is on the disk" {
	real_image libvirt-sparse.save
	old export 80000000
	for format in raw sparse zstd; do
		for container in '' --bare; do
			serve --filter=log file export logfile=log
			# shellcheck disable=SC2086 # a word, or none
			savetool convert -f $container -O $format \
				libvirt-sparse.save "$uri"
			assert_success
			# What was there before is gone before the rest comes.
			assert_equal "$(order | head -n 2)" \
				$'Write 0x0 0x10\nFlush  '
			assert_equal "$(order | tail -n 3)" \
				$'Flush  \nWrite 0x0 0x10\nFlush  '
			stop_server
			# Not even while it is verified.
			serve --filter=log file export logfile=log
			# shellcheck disable=SC2086 # a word, or none
			savetool convert -f $container --verify -O $format \
				libvirt-sparse.save "$uri"
			assert_success
			assert_equal "$(order | grep -c '^Write 0x0 0x10$')" 2
			stop_server
		done
	done
}

@test "a kill in the middle leaves no image on an export" {
	local container number

	real_image libvirt-raw.save
	real_image libvirt-sparse.save
	for container in '' --bare; do
		for number in 12 60; do
			"$SAVETOOL" convert -f libvirt-raw.save export
			truncate -s 80000000 export
			cp export before
			serve file export
			# shellcheck disable=SC2086 # a word, or none
			held sendto $number convert -f $container \
				libvirt-sparse.save "$uri"
			kill -KILL "$held"
			let_go
			assert_equal "$status" 137
			# What was sent has arrived then.
			kill -TERM "$server"
			wait "$server" || true
			savetool inspect -q export
			[ "$status" -ge 4 ] || [ $number = 12 ]
			# It may still have been connecting.
			[ "$status" -ge 4 ] || cmp before export
			stop_server
		done
	done
}

@test "a kill in the middle leaves no image on a block device" {
	local container number

	[ "$(id -u)" = 0 ] || skip "a loop device is for root"
	[ -e /dev/loop-control ] || skip "no loop devices"
	real_image libvirt-raw.save
	real_image libvirt-sparse.save
	for container in '' --bare; do
		for number in 3 40; do
			"$SAVETOOL" convert -f libvirt-raw.save volume
			truncate -s 80000000 volume
			device=$(losetup -f --show volume)
			# shellcheck disable=SC2086 # a word, or none
			held pwritev $number convert -f $container \
				libvirt-sparse.save "$device"
			kill -KILL "$held"
			let_go
			assert_equal "$status" 137
			savetool inspect -q "$device"
			assert [ "$status" -ge 4 ]
			losetup -d "$device"
			device=
		done
	done
}

@test "what fails on the way leaves no image on an export" {
	local container

	real_image libvirt-raw.save
	for container in '' --bare; do
		old export 80000000
		serve --filter=error file export error-pwrite-rate=100% \
			error-file=broken
		# The first requests are done by then.
		# shellcheck disable=SC2086 # a word, or none
		held sendto 20 convert -f $container libvirt-raw.save "$uri"
		touch broken
		let_go
		assert_equal "$status" 3
		[[ "$(cat err)" == "savetool: libvirt-raw.save: cannot write\
 '$uri': Input/output error (at byte "*')' ]] || fail "$(cat err)"
		assert_equal "$(wc -l <err)" 1
		stop_server
		rm broken
		savetool inspect export
		assert [ "$status" -ge 4 ]
		assert_equal "$(head -c 16 export | tr -d '\0')" \
			"${container:+}$([ -n "$container" ] ||
				echo LibvirtQemudPart)"
	done
}

@test "an error of the server is one clear line" {
	real_image libvirt-sparse.save
	serve --filter=error file libvirt-sparse.save error-pread-rate=100% \
		error-pread=EPERM
	savetool inspect "$uri"
	assert_error 3 "$uri: cannot read: Operation not permitted (at byte 0)"
	serve --filter=error file libvirt-sparse.save error-extents-rate=100%
	savetool digest "$uri"
	assert_equal "$status" 3
	[[ "$stderr" == *'cannot look for holes: Input/output error'* ]]
	serve --filter=error file libvirt-sparse.save error-pread-rate=5%
	for _ in 1 2 3 4 5 6 7 8; do
		savetool convert -f -O raw "$uri" b
		if [ "$status" = 0 ]; then
			assert_equal "$(digest b)" \
				"$(digest libvirt-sparse.save)"
		else
			assert_equal "$status" 3
			assert_equal "$(wc -l <<<"$stderr")" 1
		fi
		rm -f b
	done
	assert_equal "$(find . -name '.b*')" ''
}

@test "a connection that breaks is one clear line, and leaves nothing" {
	real_image libvirt-sparse.save
	serve file libvirt-sparse.save
	held recvfrom 40 convert -O raw "$uri" b
	kill -KILL "$server"
	let_go
	assert_equal "$status" 3
	[[ "$(cat err)" == "savetool: $uri: the server closed the connection"* ||
		"$(cat err)" == "savetool: $uri: the connection to the server\
 broke: "* ]] || fail "$(cat err)"
	assert_equal "$(wc -l <err)" 1
	assert_equal "$(find . -name '*b' -o -name '.b*')" ''
	real_image libvirt-raw.save
	old export 80000000
	serve file export
	held sendto 20 convert -f libvirt-raw.save "$uri"
	kill -KILL "$server"
	let_go
	assert_equal "$status" 3
	assert_equal "$(wc -l <err)" 1
	grep -qF "savetool: libvirt-raw.save: '$uri': the " err
	savetool inspect export
	assert [ "$status" -ge 4 ]
}

@test "a wait for a server that is stuck can be ended" {
	real_image libvirt-sparse.save
	serve file libvirt-sparse.save
	held recvfrom 40 convert -O raw "$uri" b
	kill -STOP "$server"
	kill -TERM "$held"
	let_go
	assert_equal "$status" 143
	assert_equal "$(cat err)" ''
	assert_equal "$(find . -name '*b' -o -name '.b*')" ''
	# One that never answers at all.
	serve file libvirt-sparse.save
	kill -STOP "$server"
	held connect 1 convert -O raw "$uri" b
	kill -TERM "$held"
	let_go
	assert_equal "$status" 143
	assert_equal "$(cat err)" ''
}

@test "a server that cannot be reached is one clear line for each image" {
	make_image v2-bare a
	uri='nbd+unix:///?socket=none'
	savetool digest "$uri" a
	assert_equal "$status" 3
	assert_equal "$stderr" "savetool: $uri: cannot connect: connect: No\
 such file or directory"
	assert_output "$(digest a)  a"
	savetool convert -f a "$uri"
	assert_error 3 "$uri: cannot connect: connect: No such file or directory"
	savetool inspect --json "$uri"
	assert_equal "$status" 3
	assert_json '.error.code == "system"'
	savetool inspect 'nbd://[::1/x'
	assert_equal "$status" 3
	assert_equal "$(wc -l <<<"$stderr")" 1
	mkdir exports
	serve file dir=exports
	savetool inspect $'nbd+unix:///a\nb?socket=socket'
	assert_equal "$status" 3
	assert_equal "$(wc -l <<<"$stderr")" 1
}

@test "the keys for a connection are read before the process confines itself" {
	make_image v2-bare a
	echo guest:0123456789abcdef0123456789abcdef >keys
	serve --tls=require --tls-psk=keys file a
	uri='nbds+unix://guest@/?socket=socket&tls-psk-file=keys'
	run --separate-stderr strace -f -o calls \
		-e trace=connect,openat,landlock_restrict_self \
		"$SAVETOOL" digest "$uri"
	assert_success
	assert_output "$(digest a)  $uri"
	grep -qF '"keys"' calls
	awk '/landlock_restrict_self/ { confined = 1 }
		confined && (/connect\(/ || /"keys"/) { print; found = 1 }
		END { exit found }' calls
	# Without them, the server does not talk to anybody.
	savetool digest 'nbd+unix:///?socket=socket'
	assert_equal "$status" 3
	assert_equal "$(wc -l <<<"$stderr")" 1
}
