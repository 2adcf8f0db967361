# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of libvirt have in common: one of our own, with a guest 'g'.
# shellcheck shell=bash disable=SC2034,SC2154

# start_libvirt [OPTION]...: for a file's tests; $HOST is its folder.
start_libvirt()
{
	need_program
	# Short, for the names of sockets, and open to whom libvirt runs as.
	export HOST
	HOST=$(mktemp -d /tmp/savetool-lab.XXXXXX)
	chmod 755 "$HOST"
	lab libvirt-start "$HOST" "$@"
}

teardown_file()
{
	[ -z "$HOST" ] || {
		[ ! -e "$HOST/libvirtd.pid" ] || lab libvirt-stop "$HOST"
		rm -rf "$HOST"
	}
}

setup()
{
	# Images lie where libvirt's user may read and write.
	cd "$HOST" || return
	image=$HOST/image
	result=$HOST/result
}

teardown()
{
	[ -z "$(virsh list --name | grep -x g)" ] || virsh destroy g
	[ -z "$(virsh list --all --name | grep -x g)" ] ||
		virsh undefine g --managed-save
	rm -f "$image"* "$result"
}

virsh()
{
	lab virsh "$HOST" -- "$@"
}

# ticks: the guest goes on, and its memory is what it was.
ticks()
{
	lab ticks "$HOST" g
}

# restores IMAGE OPTION...: libvirt does, and the guest goes on.
restores()
{
	virsh restore "$@"
	ticks
}

# saves_live IMAGE: libvirt does, of the guest as it was saved first, which
# runs meanwhile, and is gone afterwards.
saves_live()
{
	restores raw
	virsh snapshot-create-as g now --live --no-metadata \
		--memspec "file=$1,snapshot=external"
	virsh destroy g
}
