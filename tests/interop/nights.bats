#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that libvirt saves every night, and images of it that share storage
# with those of the night before.

load helpers
load libvirt

nights=5

# Between two nights, the guest rewrites some of its memory.
setup_file()
{
	local night

	start_libvirt
	lab create "$HOST" g --guest linux --memory 96 \
		--cmdline 'fill=12 churn'
	for ((night = 1; night <= nights; night++)); do
		virsh save g "$HOST/save$night" --image-format raw
		[ $night = $nights ] || virsh restore "$HOST/save$night"
	done
}

teardown()
{
	! virsh list --name | grep -qx g || virsh destroy g
	end_leftovers
	! mountpoint -q "$HOST/mnt" || umount "$HOST/mnt"
	rm -f disk trace
}

used()
{
	sync -f mnt
	df --output=used -B 1 mnt | tail -n 1
}

# changed IMAGE SAVE: the bytes of pages that are not the same.
changed()
{
	("$SAVETOOL" compare --json "$1" "$2" || [ $? = 1 ]) |
		jq '[.blocks[] | .differing + ."only-first" + ."only-second"] |
			add * 4096'
}

# five_nights: they take no more than the first one and what has changed since,
# but for a tenth.
five_nights()
{
	local night before=0 first=0 all=0 changed=0

	before=$(used)
	"$SAVETOOL" convert -O sparse save1 mnt/1
	first=$(($(used) - before))
	for ((night = 2; night <= nights; night++)); do
		"$SAVETOOL" convert -O sparse --base mnt/$((night - 1)) \
			save$night mnt/$night
		changed=$((changed + $(changed mnt/$((night - 1)) save$night)))
		all=$(($(used) - before))
		echo "night $night: $first at first, $changed changed, $all"
		[ "$(digest mnt/$night)" = "$(digest save$night)" ]
		[ $all -le $((first * 11 / 10 + changed)) ]
	done
	[ $changed -gt 0 ]
	# The others are not needed for it.
	rm mnt/[1-4]
	"$SAVETOOL" check --deep mnt/$nights
	chmod 755 mnt
	restores "$HOST/mnt/$nights"
}

# killed_at CALL N: both images are what they were, and whole.
killed_at()
{
	! strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace -e trace="$1" \
		-e inject="$1:signal=KILL:when=$2" \
		"$SAVETOOL" convert -f --base mnt/old mnt/new mnt/old || return 1
	grep -q 'killed by SIGKILL' trace
	echo "$1 $2: $(digest mnt/old) $(digest mnt/new)"
	[ "$(digest mnt/new)" = "$new" ]
	# The last thing that is written to disk is the name that it has.
	[ "$1:$2" != fsync:3 ] || old=$new
	[ "$(digest mnt/old)" = "$old" ]
	"$SAVETOOL" check mnt/old mnt/new
}

a_kill_leaves_both()
{
	local old new place

	"$SAVETOOL" convert -O sparse save1 mnt/old
	"$SAVETOOL" convert -O sparse save2 mnt/new
	old=$(digest mnt/old)
	new=$(digest mnt/new)
	[ "$old" != "$new" ]
	for place in ioctl:20 pwritev:9 fsync:1 fsync:3; do
		killed_at ${place%:*} ${place#*:}
	done
	rm -f mnt/.old.savetool-*
	"$SAVETOOL" convert -f --base mnt/old mnt/new mnt/old
	[ "$(digest mnt/old)" = "$new" ]
	rm mnt/*
}

# stops: the command has come to where it was to be stopped.
stops()
{
	until grep -q 'stopped by SIGSTOP' trace; do
		kill -0 "$1"
		sleep 0.05
	done
}

# While savetool shares storage with it, another process writes to the old image.
a_base_that_changes_does_not_matter()
{
	local process status=0

	"$SAVETOOL" convert -O sparse save1 mnt/old
	: >trace
	strace -E ASAN_OPTIONS=detect_leaks=0 -f -qq -o trace -e trace=ioctl \
		-e inject=ioctl:signal=STOP:when=20 \
		"$SAVETOOL" convert -O sparse --base mnt/old save2 mnt/new 3>&- &
	process=$!
	stops $process
	dd if=/dev/zero of=mnt/old bs=1M seek=1 conv=notrunc count=50 \
		status=none
	while kill -0 $process 2>/dev/null; do
		awk '/stopped by SIGSTOP/ { print $1 }' trace | sort -u |
			xargs -r kill -CONT 2>/dev/null || :
		sleep 0.05
	done
	wait $process || status=$?
	[ $status = 0 ]
	[ "$(digest mnt/new)" = "$(digest save2)" ]
	rm mnt/*
}

# A disk that becomes full while storage is shared.
a_full_disk_leaves_both()
{
	"$SAVETOOL" convert -O sparse save1 mnt/old
	head -c 2M save1 >mnt/spare
	sync -f mnt
	head -c 1G /dev/zero >mnt/full || true
	rm mnt/spare
	sync -f mnt
	sha256sum mnt/old >before
	run "$SAVETOOL" convert -O sparse --base mnt/old save2 mnt/new
	echo "$output"
	[ "$status" = 8 ]
	[[ $output == *'not enough space after '*'No space left on device'* ]]
	sha256sum -c before
	[ "$(ls -A mnt)" = "$(printf 'full\nold')" ]
	rm mnt/*
}

@test "xfs: five nights take the first one and what has changed" {
	on xfs -q
	a_kill_leaves_both
	a_base_that_changes_does_not_matter
	a_full_disk_leaves_both
	five_nights
}

@test "btrfs: five nights take the first one and what has changed" {
	on btrfs -q
	five_nights
}
