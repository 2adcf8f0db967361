#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The examples of the manual, as they are printed there, with the real
# programs: each is run, and does what the text says.

load helpers

# A folder for what the examples call /backup; a host that is this one, with
# an sshd of its own for each connection, on no port; and the programs as the
# examples call them.
setup_file()
{
	local name

	for name in tar rsync restic ssh scp ssh-keygen jq nbdkit zstd; do
		command -v $name >/dev/null || {
			echo "$name is missing" >&2
			return 1
		}
	done
	export HOST=$BATS_FILE_TMPDIR/host
	export RESTIC_REPOSITORY=$HOST/repository RESTIC_PASSWORD=demo
	export RESTIC_CACHE_DIR=$HOST/cache
	mkdir -p "$HOST/bin"
	make_host
	make_programs
	make_crash
	restic -q init
}

# Where distributions put it, and not on everybody's PATH.
find_sshd()
{
	PATH=$PATH:/usr/sbin:/usr/lib/ssh command -v sshd || {
		echo "sshd is missing" >&2
		return 1
	}
}

make_host()
{
	local sshd

	sshd=$(find_sshd)
	# As root it wants a folder, which its service would make.
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$HOST/host-key"
	ssh-keygen -q -t ed25519 -N '' -f "$HOST/key"
	cat >"$HOST/sshd_config" <<-CONFIG
		HostKey $HOST/host-key
		AuthorizedKeysFile $HOST/key.pub
		StrictModes no
		LoginGraceTime 0
		UsePAM no
		PidFile none
		Subsystem sftp internal-sftp
		SetEnv "PATH=$HOST/bin:$PATH"
	CONFIG
	cat >"$HOST/ssh_config" <<-CONFIG
		Host host
		ProxyCommand $sshd -i -f $HOST/sshd_config -E $HOST/log
		User $(id -un)
		IdentityFile $HOST/key
		IdentitiesOnly yes
		StrictHostKeyChecking no
		UserKnownHostsFile $HOST/known-hosts
		LogLevel ERROR
	CONFIG
}

# The kernel's symbols are too large for a test; tests/interop opens real cores.
make_crash()
{
	cat >"$HOST/bin/crash" <<-'SCRIPT'
		#!/bin/sh
		[ "$1" = vmlinux ] && readelf -h "$2" | grep -q 'Type: *CORE'
	SCRIPT
	chmod +x "$HOST/bin/crash"
}

make_programs()
{
	local name

	for name in ssh scp; do
		cat >"$HOST/bin/$name" <<-SCRIPT
			#!/bin/sh
			exec $(command -v $name) -F $HOST/ssh_config "\$@"
		SCRIPT
	done
	cat >"$HOST/bin/savetool" <<-SCRIPT
		#!/bin/sh
		exec $(realpath "$SAVETOOL") "\$@"
	SCRIPT
	chmod +x "$HOST"/bin/*
}

# examples_of PAGE: each as it is printed, and an empty line.  Those of a page
# about everything stand where they belong.
examples_of()
{
	awk -v whole="$([[ $1 != *.7 ]] || echo 1)" '
		/^\.Sh / { inside = whole || /^\.Sh EXAMPLES/ }
		!inside { next }
		/^\.Dl \$ / { print substr($0, 5) "\n" }
		/^\.Ed/ { block = 0; print "" }
		block { print }
		/^\.Bd / { block = 1 }
	' "$top/man/$1" | sed 's/\\e/\\/g; s/^\\&//'
}

# commands_of PAGE: its examples as scripts, each ended by an empty line.  What
# commands print is left out: a line belongs to one as long as bash sees no end.
commands_of()
{
	local command='' line

	while IFS= read -r line; do
		case $line in
		'') echo ;;
		"\$ "*) command=${line#"$ "} ;;
		*) [ -z "$command" ] || command+=$'\n'$line ;;
		esac
		[ -n "$command" ] || continue
		# After a backslash at the very end it sees one.
		[[ $command != *\\ ]] || continue
		bash -n <<<"$command" 2>/dev/null || continue
		echo "$command"
		command=
	done < <(examples_of "$1")
}

# The plugins of nbdkit find the host like everybody else, and its web server.
make_nbdkit()
{
	cat >"$HOST/bin/nbdkit" <<-SCRIPT
		#!/bin/bash
		words=()
		for word; do
			case \$word in
			ssh) words+=(ssh config=$HOST/ssh_config
				known-hosts=$HOST/known-hosts
				identity=$HOST/key user=$(id -un)) ;;
			https://host/*)
				words+=("http://\${word#https://}"
					unix-socket-path=web) ;;
			*) words+=("\$word") ;;
			esac
		done
		exec $(command -v nbdkit) "\${words[@]}"
	SCRIPT
	chmod +x "$HOST/bin/nbdkit"
}

# do_script SCRIPT: with the paths that it names in here.
do_script()
{
	local script

	script=$(sed "s|/var/lib/libvirt/qemu/save|$PWD/save|g
		s|/backup|$PWD/backup|g
		s|/dev/vg/save|${volume:-$PWD/volume}|g" <<<"$1")
	echo "$script"
	PATH=$HOST/bin:$PATH run --separate-stderr \
		bash -euo pipefail -c "$script"
}

# do_example WORDS: the example of savetool(1) that has these words.
do_example()
{
	local script

	script=$(commands_of savetool.1 |
		awk -v RS= -v words="$1" 'index($0, words)')
	[ -n "$script" ] || fail "no example has '$1'"
	do_script "$script"
	assert_success
}

# assert_sparse FILE: the guest of guest.sparse, and about as small.
assert_sparse()
{
	assert_equal "$(digest "$1")" "$(digest guest.sparse)"
	[ "$(allocated "$1")" -le $(($(allocated guest.sparse) + 200000)) ] ||
		fail "$1 has lost its holes"
}

# assert_dense FILE: the bytes of guest.sparse, at full length.
assert_dense()
{
	cmp "$1" guest.sparse
	[ "$(allocated "$1")" -ge "$(stat -c %s "$1")" ] ||
		fail "$1 has holes, and so proves nothing"
}

# A guest as converted from what libvirt saved, and the folders of backups.
guest()
{
	real_image libvirt-raw.save
	"$SAVETOOL" convert -O sparse libvirt-raw.save guest.sparse
	mkdir backup restored save
	[ "$(allocated guest.sparse)" -lt 20000000 ]
}

# What the pages of the commands name, each in a folder of its own.
named_files()
{
	guest
	real_image libvirt-live.save
	cp libvirt-raw.save guest.save
	cp libvirt-live.save guest.mem
	copy_dense guest.sparse copy.save
	copy_dense guest.sparse copy.sparse
	copy_dense guest.sparse guest.copy
	make_image v2-mislabelled-sparse wrong.save
	make_image v2-s390-storage s390.mig
	make_image v2-proxmox vm-100-state-s.raw
	"$SAVETOOL" convert -O zstd guest.save backup/guest.zst
	cp backup/guest.zst backup/demo.save.zst
	# The examples of convert make these.
	if [ "$1" = savetool-convert.1 ]; then
		rm guest.sparse
	else
		cp guest.sparse backup/
	fi
}

@test "the examples of all manual pages can be run" {
	local page script

	for page in "$top"/man/savetool-*.1; do
		page=${page##*/}
		mkdir "$page"
		cd "$page"
		named_files "$page"
		commands_of "$page" >scripts
		[ -s scripts ] || fail "$page: no examples"
		while IFS= read -r -d '' script; do
			do_script "$script"
			# 1 is an answer.
			[ "$status" -le 1 ] ||
				fail "$page: status $status: $stderr"
		done < <(awk -v RS= -v ORS='\0' 1 scripts)
		cd ..
	done
}

# A disk for what the page calls a logical volume, if this user may have one.
make_volume()
{
	volume=
	head -c 4M /dev/urandom >volume
	[ "$(id -u)" != 0 ] || [ ! -e /dev/loop-control ] ||
		volume=$(losetup -f --show volume)
}

teardown()
{
	[ -z "${volume-}" ] || losetup -d "$volume"
	[ -z "${web-}" ] || kill "$web"
}

@test "the recipes of savetool-places(7) do what the page says" {
	local script

	named_files savetool-places.7
	rm guest.copy
	cp guest.save backup/
	"$SAVETOOL" xml guest.save >guest.xml
	"$SAVETOOL" convert --bare -O raw guest.save stream
	"$top/tests/cli/qcow2.py" disk.qcow2 before=stream after=stream
	make_volume
	make_nbdkit
	"$top/tests/cli/web.py" web backup 3>&- &
	web=$!
	awaits test -S web
	commands_of savetool-places.7 >scripts
	while IFS= read -r -d '' script; do
		do_script "$script" </dev/null
		[ "$status" -eq 0 ] || fail "status $status: $stderr"
		# libssh has much to say.
		[[ $stderr != *savetool:* ]] || fail "$stderr"
	done < <(awk -v RS= -v ORS='\0' 1 scripts)
	assert_equal "$(digest guest.save.zst)" "$(digest guest.save)"
	assert_equal "$(digest "${volume:-volume}")" "$(digest guest.save)"
	assert_sparse guest.back
	assert_sparse guest.fetched
	assert_sparse guest.copy
	assert_sparse backup/copy.save
	assert_sparse before.save
	assert_sparse guest.sparse2
	assert_sparse guest.fetched2
	[ "$(stat -c %s backup/copy.save)" -eq $((1 << 30)) ]
}

@test "the README has examples of the manual" {
	local line page

	sed -n '/^## Backups/,/^## Install/{/^```/,/^```/{/^```/d;p}}' \
		"$top/README.md" >readme
	[ "$(wc -l <readme)" -gt 5 ]
	for page in savetool.1 savetool-convert.1 savetool-places.7; do
		examples_of $page
	done >manual
	while IFS= read -r line; do
		grep -qxFe "$line" manual || fail "not in the manual: $line"
	done <readme
}

@test "managed saves are backed up, and put back" {
	local name

	guest
	for name in libvirt-live.save libvirt-sparse.save; do
		real_image $name
		cp $name save/
	done
	cp libvirt-raw.save save/demo.save
	do_example 'for image in'
	assert_equal "$(echo backup/*)" "backup/demo.save.zst\
 backup/libvirt-live.save.zst backup/libvirt-sparse.save.zst"
	do_example .guest.files
	assert_output /tmp/savetool-images/guest
	rm save/demo.save
	do_example 'save/demo.save'
	assert_sparse save/demo.save
	"$SAVETOOL" inspect --json save/demo.save |
		jq -e '.container == "libvirt" and .format == "sparse"'
}

@test "a managed save that is not finished fails the backup" {
	guest
	make_image v2-part save/demo.save
	run do_example 'for image in'
	assert_failure
	assert_output --partial 'status : 5'
	assert_equal "$(ls -A backup)" ''
}

@test "a copy without holes gets them back" {
	guest
	copy_dense guest.sparse dense.copy
	copy_dense guest.sparse guest.copy
	assert_dense dense.copy
	assert_dense guest.copy
	do_example dense.copy
	assert_sparse sparse.copy
	do_example guest.copy
	assert_sparse guest.copy
	copy_dense dense.copy other.copy
	do_example other.copy
	assert_output --partial freed
	assert_sparse other.copy
	do_example other.copy
	refute_output --partial freed
}

@test "tar -S keeps the holes" {
	guest
	do_example 'tar -cSf'
	give_back restored/guest.sparse
	assert_sparse restored/guest.sparse
	cmp guest.sparse restored/guest.sparse
	[ "$(stat -c %s backup/guest.tar)" -lt 20000000 ]
	tar -cf dense.tar guest.sparse
	tar -xf dense.tar -C backup
	assert_dense backup/guest.sparse
}

@test "rsync writes none, and -S some that are not there" {
	guest
	PATH=$HOST/bin:$PATH rsync guest.sparse "host:$PWD/dense"
	assert_dense dense
	do_example 'rsync guest.sparse'
	assert_sparse backup/guest.sparse
	rsync -S guest.sparse holes
	give_back holes
	cmp guest.sparse holes
	savetool inspect --json holes
	assert_json '[.findings[].code] | unique == ["sparse-copy"]'
	savetool inspect --json backup/guest.sparse
	assert_json '.findings == []'
}

@test "what restic restores is made sparse again" {
	guest
	do_example 'restic backup'
	assert_output --partial freed
	assert_sparse restored/guest.sparse
	[ "$(du -s --block-size=1 "$RESTIC_REPOSITORY" | cut -f 1)" -lt \
		10000000 ]
}

@test "scp writes no holes, and a compressed image in a pipe needs none" {
	guest
	PATH=$HOST/bin:$PATH scp -q guest.sparse "host:$PWD/dense"
	assert_dense dense
	do_example 'scp guest.sparse'
	assert_sparse backup/guest.sparse
	do_example guest.back
	assert_sparse guest.back
	[ "$(stat -c %s backup/guest.zst)" -lt 1000000 ]
	do_example 'savetool digest -'
	assert_line --index 0 "$(digest guest.sparse)  -"
	assert_line --index 1 "$(digest guest.sparse)  guest.sparse"
}
