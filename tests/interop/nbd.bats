#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Real guests through real NBD servers: nbdkit, and qemu-nbd with raw and qcow2
# files.

# shellcheck disable=SC2034,SC2054  # what bare.bash uses; the commas are QEMU's

load helpers
load bare

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	machine=(--guest --ram pc.ram=40 -- -m 40 -M pc,memory-backend=pc.ram)
	uri='nbd+unix:///?socket=socket'
}

teardown()
{
	[ -z "${server:-}" ] || kill "$server" || true
}

# serves COMMAND...: a server with the socket 'socket', until stops.
serves()
{
	rm -f socket pid
	"$@" 3>&- &
	server=$!
	until [ -s pid ]; do
		kill -0 "$server"
		sleep 0.05
	done
}

stops()
{
	kill "$server"
	wait "$server" || true
	server=
}

serves_by_nbdkit()
{
	serves nbdkit -f -U socket -P pid "$@"
}

serves_by_qemu()
{
	serves qemu-nbd -t -k "$PWD/socket" --pid-file="$PWD/pid" "$@"
}

@test "a guest that was converted to an export and back restores" {
	local layout

	saves image
	for layout in raw sparse; do
		head -c $((96 << 20)) /dev/urandom >disk
		serves_by_nbdkit file disk
		"$SAVETOOL" convert -f --verify -O $layout image "$uri"
		"$SAVETOOL" convert -O sparse "$uri" image.sparse
		"$SAVETOOL" convert -O raw "$uri" image.raw
		stops
		loads image.sparse --cap mapped-ram
		loads image.raw
		[ $layout = raw ] || set -- --cap mapped-ram
		loads disk "$@"
		lab check-inspect image.raw truth
		rm image.sparse image.raw
	done
}

@test "qemu-nbd has an image in a qcow2 file, with its holes" {
	saves image
	"$SAVETOOL" convert -O sparse image image.sparse
	qemu-img convert -f raw -O qcow2 image.sparse image.qcow2
	serves_by_qemu -r -f qcow2 image.qcow2
	"$SAVETOOL" check "$uri"
	[ "$("$SAVETOOL" digest "$uri" | cut -d ' ' -f 1)" = \
		"$("$SAVETOOL" digest image | cut -d ' ' -f 1)" ]
	"$SAVETOOL" convert -O sparse "$uri" copy.sparse
	stops
	loads copy.sparse --cap mapped-ram
	[ "$(stat -c %b copy.sparse)" -le \
		$(($(stat -c %b image.sparse) + 400)) ]
}

@test "qemu-nbd takes an image into a raw or qcow2 file" {
	local type

	saves image
	"$SAVETOOL" convert -O sparse image image.sparse
	for type in raw qcow2; do
		qemu-img create -q -f $type disk 96M
		serves_by_qemu -f $type disk
		"$SAVETOOL" convert -f --verify -O sparse image "$uri"
		stops
		qemu-img convert -f $type -O raw disk copy.sparse
		cmp -n "$(stat -c %s image.sparse)" image.sparse copy.sparse
		loads copy.sparse --cap mapped-ram
		stat -c '%n %b' disk image.sparse
		# A cluster is 64 KiB, so there are fewer holes.
		[ "$(stat -c %b disk)" -le \
			$(($(stat -c %b image.sparse) * 2)) ]
		rm disk
	done
}

@test "a server proves who it is by a certificate" {
	saves image
	mkdir tls
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=lab -days 2 \
		-keyout tls/ca-key.pem -out tls/ca-cert.pem 2>/dev/null
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost \
		-keyout tls/server-key.pem -out request 2>/dev/null
	openssl x509 -req -in request -CA tls/ca-cert.pem \
		-CAkey tls/ca-key.pem -days 2 -copy_extensions copy \
		-out tls/server-cert.pem 2>/dev/null
	# A socket of this host proves enough; there is no name to compare.
	port=$(python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	rm -f pid
	nbdkit -f -i 127.0.0.1 -p "$port" -P pid --tls=require \
		--tls-certificates="$PWD/tls" file image 3>&- &
	server=$!
	until [ -s pid ]; do
		kill -0 "$server"
		sleep 0.05
	done
	uri="nbds://localhost:$port/?tls-certificates=$PWD"
	[ "$("$SAVETOOL" digest "$uri/tls" | cut -d ' ' -f 1)" = \
		"$("$SAVETOOL" digest image | cut -d ' ' -f 1)" ]
	# Nobody else vouches for it.
	mkdir others
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -days 2 \
		-keyout key -out others/ca-cert.pem 2>/dev/null
	fails_with "certificate" "$SAVETOOL" digest "$uri/others"
	stops
}
