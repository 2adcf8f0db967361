#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Domain XML that savetool changed, in images that libvirt saved and restores;
# on file systems with and without reflinks.

load helpers
load libvirt

# A small guest: what it finds in its memory is what it left there.
setup_file()
{
	start_libvirt
	lab create "$HOST" g
	for format in raw zstd sparse; do
		virsh save g "$HOST/$format" --image-format $format
		virsh restore "$HOST/$format"
		ticks
	done
	virsh destroy g
}

# longer IMAGE: its XML with 1 MiB more, which libvirt keeps as it is.
longer()
{
	"$SAVETOOL" xml "$1" | sed '/<memory /,$d'
	echo "<description>$(head -c 1048576 /dev/zero | tr '\0' x)" \
		"</description>"
	"$SAVETOOL" xml "$1" | sed -n '/<memory /,$p'
}

# shows IMAGE: libvirt does, the long text.
shows()
{
	[ "$(virsh save-image-dumpxml "$1" | tr -cd x | wc -c)" -ge 1048576 ]
}

@test "an XML that is 1 MiB longer: libvirt shows it and restores the guest" {
	for format in raw zstd sparse; do
		cp -a --sparse=always $format "$image"
		longer "$image" >new.xml
		"$SAVETOOL" xml --set new.xml "$image"
		[ "$(digest "$image")" = "$(digest $format)" ]
		"$SAVETOOL" check --deep "$image"
		shows "$image"
		restores "$image"
		virsh destroy g
	done
	cp -a --sparse=always sparse "$image"
	"$SAVETOOL" xml --set new.xml "$image"
	restores "$image" --parallel-channels 4
}

@test "what libvirt does with an image afterwards" {
	cp -a --sparse=always sparse "$image"
	longer "$image" >new.xml
	"$SAVETOOL" xml --set new.xml "$image"
	virsh save-image-dumpxml "$image" >edited.xml
	virsh save-image-define "$image" edited.xml --paused
	"$SAVETOOL" inspect --json "$image" |
		jq -e '.header."was-running" == false'
	virsh restore "$image"
	[ "$(virsh domstate g | head -n 1)" = paused ]
	virsh resume g
	ticks
}

@test "--paused and --running are libvirt's" {
	cp -a raw "$image"
	"$SAVETOOL" xml --paused "$image"
	virsh restore "$image"
	[ "$(virsh domstate g | head -n 1)" = paused ]
	virsh destroy g
	"$SAVETOOL" xml --running "$image"
	cmp raw "$image"
	restores "$image"
}

@test "another path of a file takes effect" {
	cp -a raw "$image"
	path=$("$SAVETOOL" xml "$image" |
		sed -n "s/.*<source path='\([^']*\)'.*/\1/p" | head -n 1)
	EDITOR="sed -i s,$path,$path.moved," "$SAVETOOL" xml --edit "$image"
	virsh restore "$image"
	virsh dumpxml g | grep -F "$path.moved"
}

# changes_on WAY TYPE MKFS-WORD...: the XML grows there in this way.
changes_on()
{
	local way=$1 format
	shift

	on "$@"
	for format in raw zstd sparse; do
		cp --sparse=always $format mnt/image
		sync mnt/image
		"$SAVETOOL" xml -n --json --set new.xml mnt/image >said || true
		[ "$(jq -r .change said)" = "$way" ]
		"$SAVETOOL" xml --json --set new.xml mnt/image >said
		jq -c . said
		[ "$(jq -r .change said)" = "$way" ]
		"$SAVETOOL" xml mnt/image | cmp - new.xml
		[ "$(digest mnt/image)" = "$(digest $format)" ]
		"$SAVETOOL" check mnt/image
		[ "$(allocated mnt/image)" -le \
			$(($(allocated $format) + (5 << 20))) ]
		rm mnt/image
	done
	# Without the space for a copy.
	cp raw mnt/image
	head -c 1G /dev/zero >mnt/full || true
	sync mnt/image
	truncate -s -4M mnt/full
	sync mnt/full
	status=0
	"$SAVETOOL" xml --set new.xml mnt/image || status=$?
	if [ "$way" = rewritten ]; then
		[ "$status" = 8 ]
		cmp raw mnt/image
	else
		[ "$status" = 0 ] || [ "$status" = 8 ]
		[ "$(digest mnt/image)" = "$(digest raw)" ]
	fi
	[ "$(find mnt -name '.*.savetool-*' | wc -l)" = 0 ]
	umount mnt
}

@test "ext4 copies; XFS and btrfs share storage, even of a longer XML" {
	longer raw >new.xml
	changes_on rewritten ext4 -q
	changes_on cloned xfs -q -f
	changes_on cloned btrfs -q -f
}
