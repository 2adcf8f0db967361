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
	end_leftovers
	[ -z "${device:-}" ] || losetup --detach "$device"
	rm -f "$image"* "$result"
}

# A QEMU that libvirt has forgotten, since a restore failed, would run on.
end_leftovers()
{
	local file process

	for file in $(grep -lzsxF "HOME=$HOST" /proc/[0-9]*/environ); do
		process=${file#/proc/}
		process=${process%/environ}
		[[ $(cat "/proc/$process/comm" 2>/dev/null) != qemu-system* ]] ||
			kill -KILL "$process"
	done
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

# sent_again: how many pages of the guest the last save of it wrote more than
# once.
sent_again()
{
	virsh domjobinfo g --completed --rawstats | awk '
		{ of[$1] = $2 }
		END {
			sent = of["memory_constant:"] + of["memory_normal:"]
			print sent - of["memory_total:"] / of["memory_page_size:"]
		}'
}

# saves_live IMAGE: libvirt does, of the guest as it was saved first, which
# runs meanwhile, and is gone afterwards.  It is saved at full speed: how much
# the guest does in that time is up to the processors, so there may have to be
# more than one attempt.
saves_live()
{
	local count

	for _ in {1..20}; do
		restores raw
		rm -f "$1"
		virsh snapshot-create-as g now --live --no-metadata \
			--memspec "file=$1,snapshot=external"
		count=$(sent_again)
		virsh destroy g
		echo "$count pages were sent again"
		if [ "$count" -ge 300 ]; then
			return
		fi
	done
	return 1
}
