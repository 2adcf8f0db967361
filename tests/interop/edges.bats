#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Situations from public threads about saved guests: what libvirt does with an
# image, and what savetool says of it.

# shellcheck disable=SC2154  # what libvirt.bash sets

load helpers
load libvirt

# The small guest: every test starts from the same save of it.
setup_file()
{
	start_libvirt
	lab create "$HOST" g
	virsh save g "$HOST/raw" --image-format raw
}

# codes IMAGE: the findings of check, in one line.
codes()
{
	run "$SAVETOOL" check --deep --json "$1"
	jq -r '[.findings[].code] | join(" ")' <<<"$output"
}

# A device that was used before, and that libvirt's user may use.
make_device()
{
	head -c $((96 << 20)) /dev/urandom >"$HOST/image.disk"
	device=$(losetup --show --find "$HOST/image.disk")
	[ "$(id -u)" != 0 ] || chown nobody "$device"
}

# saves_with DEVICE: a paused guest with this memory device of 64 MiB, in both
# layouts; libvirt restores it, and the XML agrees with the stream.
saves_with()
{
	local format

	truncate -s 64M image.file
	chmod 666 image.file
	sed -e "s|<memory .*|<maxMemory slots='2' unit='GiB'>1</maxMemory>\
<memory unit='MiB'>128</memory>|" \
		-e "s|</model></cpu>|</model><numa><cell id='0' cpus='0'\
 memory='64' unit='MiB'/></numa></cpu>|" \
		-e "s|</devices>|$1&|" g.xml >image.xml
	virsh create image.xml --paused
	for format in raw sparse; do
		virsh save g "$image" --image-format $format
		[ "$("$SAVETOOL" inspect --json "$image" |
			jq .guest.memory)" = $((128 << 20)) ]
		[ "$(codes "$image")" = '' ]
		virsh restore "$image" --paused
	done
}

@test "a DIMM: the stream has its memory" {
	saves_with "<memory model='dimm'><target><size unit='MiB'>64</size>\
<node>0</node></target></memory>"
	# And the guest sees it where QEMU says.
	"$SAVETOOL" extract memory --json "$image" "$result" >told
	at=$(virsh qemu-monitor-command g --hmp 'info memory-devices' |
		sed -n 's/ *addr: \(0x[0-9a-f]*\).*/\1/p')
	[ "$(jq '.ranges[] | select(.block == "memdimm0").address' told)" = \
		"$((at))" ]
}

@test "virtio-mem: the stream has its memory, in a block of the device" {
	saves_with "<memory model='virtio-mem'><target>\
<size unit='MiB'>64</size><node>0</node><block unit='MiB'>2</block>\
<requested unit='MiB'>32</requested></target></memory>"
	"$SAVETOOL" inspect --json "$image" |
		jq -e '.blocks[] | select(.name | endswith("/memvirtiomem0"))'
}

@test "virtio-pmem: the stream does not have its memory" {
	saves_with "<memory model='virtio-pmem' access='shared'><source>\
<path>$HOST/image.file</path></source><target><size unit='MiB'>64</size>\
</target></memory>"
	"$SAVETOOL" inspect --json "$image" |
		jq -e 'all(.blocks[]; .name | contains("pmem") | not)'
}

@test "old bytes after an image: not past the page cache" {
	for format in raw bzip2; do
		convert $format raw "$image"
		head -c 2M /dev/urandom >>"$image"
		virsh restore "$image" --paused
		virsh destroy g
		fails_with "signal 13" virsh restore "$image" --bypass-cache
		[[ $(codes "$image") == *bypass-cache* ]]
		convert $format "$image" "$result" -f
		[ "$(codes "$result")" = '' ]
		virsh restore "$result" --bypass-cache --paused
		virsh destroy g
		rm "$image" "$result"
	done
}

@test "a block device that was used before: not past the page cache" {
	make_device
	virsh restore raw
	virsh save g "$device" --image-format raw --bypass-cache
	fails_with "signal 13" virsh restore "$device" --bypass-cache
	[ "$(codes "$device")" = "trailing bypass-cache" ]
	# What cannot be done on a device is not advised.
	[[ $output != *compact* ]]
	convert raw "$device" "$result"
	[ "$(id -u)" != 0 ] || chown nobody "$result"
	restores "$result" --bypass-cache
}

@test "sparse on a block device: libvirt cannot save it, but restore it" {
	make_device
	virsh restore raw
	fails_with "truncate" virsh save g "$device" --image-format sparse
	[ "$(virsh list --name | grep -x g)" = g ]
	virsh destroy g
	[[ $(codes "$device") == part* ]]
	convert sparse raw "$device" -f
	[ "$(digest "$device")" = "$(digest "$HOST/raw")" ]
	virsh restore "$device" --paused
	virsh destroy g
	restores "$device" --bypass-cache
}

# described MIB MACHINE: the image with an XML that says so, in both layouts.
described()
{
	local type

	type=$("$SAVETOOL" inspect --json raw | jq -r .stream.machine)
	virsh save-image-dumpxml "$HOST/raw" |
		sed -e "s|'KiB'>65536<|'MiB'>$1<|" -e "s|$type|$2|" >image.xml
	for format in raw sparse; do
		convert $format raw "$image.$format" --libvirt=image.xml \
			--allow-mismatch
		[ "$(id -u)" != 0 ] || chown nobody "$image.$format"
	done
}

@test "an XML with other memory: refused, or half of it is made up" {
	described 128 "&"
	[ "$(codes "$image.raw")" = memory-mismatch ]
	[ "$(codes "$image.sparse")" = memory-mismatch ]
	fails_with "load of migration failed" virsh restore "$image.raw"
	# Nobody says a word.
	restores "$image.sparse"
	[ "$(virsh dominfo g | awk '/^Max memory/ { print $3 }')" = 131072 ]
}

@test "an XML with half of the memory" {
	described 32 "&"
	[ "$(codes "$image.raw")" = memory-mismatch ]
	[ "$(codes "$image.sparse")" = memory-mismatch ]
	fails_with "" virsh restore "$image.raw"
	fails_with "" virsh restore "$image.sparse"
}

@test "an XML with another machine type: refused" {
	described 64 pc-i440fx-9.0
	for format in raw sparse; do
		[ "$(codes "$image.$format")" = machine-mismatch ]
		fails_with "load of migration failed" virsh restore "$image.$format"
	done
}

# lacks TEXT DEVICE KIND NAME: an image whose XML has this device; libvirt fails
# with this text because the host lacks something, and inspect says what.
lacks()
{
	sed -e "s|</devices>|$2&|" \
		-e "s|<vcpu>|<memoryBacking><source type='memfd'/>\
<access mode='shared'/></memoryBacking>&|" g.xml >image.xml
	convert sparse raw "$image" -f --libvirt=image.xml --allow-mismatch
	[ "$(id -u)" != 0 ] || chown nobody "$image"
	fails_with "$1" virsh restore "$image"
	"$SAVETOOL" inspect --json "$image" | jq -e --arg kind "$3" \
		--arg name "$4" '.needed[] | select(.kind == $kind)
		| (.path // .name) == $name and .exists != true'
}

@test "what a guest needs of its host, and this host does not have" {
	lacks "Network not found" "<interface type='network'><source \
network='none'/></interface>" network "network none"
	lacks "br77" "<interface type='bridge'><source bridge='br77'/>\
</interface>" network "bridge br77"
	lacks "eth77" "<interface type='direct'><source dev='eth77'/>\
</interface>" network "interface eth77"
	lacks "managed='no'" "<interface type='ethernet'><target dev='tap77' \
managed='no'/></interface>" network "interface tap77"
	lacks "/none" "<interface type='vhostuser'><source type='unix' \
path='/none' mode='client'/><model type='virtio'/></interface>" socket /none
	lacks "/none" "<serial type='unix'><source mode='connect' \
path='/none'/></serial>" socket /none
	lacks "/none" "<disk type='vhostuser'><driver name='qemu' type='raw'/>\
<source type='unix' path='/none'/><target dev='vda' bus='virtio'/></disk>" \
		disk /none
	lacks "/none" "<input type='evdev'><source dev='/none'/></input>" \
		host-device /none
	lacks "/none" "<rng model='virtio'><backend model='random'>/none\
</backend></rng>" host-device /none
	lacks "/none" "<interface type='user'><rom file='/none'/></interface>" \
		option-rom /none
	lacks "0000:77:00.0" "<disk type='nvme'><driver type='raw'/><source \
type='pci' namespace='1' managed='no'><address domain='0' bus='0x77' slot='0' \
function='0'/></source><target dev='vda' bus='virtio'/></disk>" \
		disk "pci 0000:77:00.0"
	secret=11111111-1111-1111-1111-111111111111
	lacks "Secret not found" "<disk type='network'><auth username='u'>\
<secret type='ceph' uuid='$secret'/></auth><source protocol='rbd' name='p/i'>\
<host name='127.0.0.1'/></source><target dev='vda' bus='virtio'/></disk>" \
		secret "secret $secret"
}

@test "an option ROM of another size: refused, unless it is taken out" {
	local block=0000:00:02.0/virtio-net-pci.rom

	head -c 200000 /dev/urandom >image.rom
	head -c 100000 /dev/urandom >image.new.rom
	sed "s|</devices>|<interface type='user'><model type='virtio'/>\
<rom file='$image.rom'/></interface>&|" g.xml >image.xml
	chmod 644 image*
	virsh create image.xml
	virsh save g "$image" --image-format raw
	[ "$("$SAVETOOL" inspect --json "$image" | jq --arg name $block \
		'.blocks[] | select(.name == $name).length')" = 262144 ]
	virsh save-image-dumpxml "$image" >image.saved.xml
	sed "s|image.rom|image.new.rom|" image.saved.xml >image.new.xml
	chmod 644 image*.xml
	fails_with "" virsh restore "$image" --xml "$image.new.xml"
	grep "mismatch: $block" cache/libvirt/qemu/log/g.log
	# QEMU dies without a word of it.
	convert sparse "$image" "$result"
	[ "$(id -u)" != 0 ] || chown nobody "$result"
	fails_with "" virsh restore "$result" --xml "$image.new.xml"
	"$SAVETOOL" extract memory --block $block "$image" image.new.rom -f
	cmp --bytes=200000 image.rom image.new.rom
	chmod 644 image.new.rom
	virsh restore "$result" --xml "$image.new.xml" --paused
}

# A guest that is suspended to RAM, and a port of its ACPI that does it.
suspends()
{
	sed "s|<devices>|<pm><suspend-to-mem enabled='yes'/></pm>&|" g.xml \
		>image.xml
	chmod 644 image.xml
	virsh create image.xml
	virsh qemu-monitor-command g --hmp 'o /w 0x604 0x2400'
	[ "$(virsh domstate g)" = pmsuspended ]
}

@test "a guest that was suspended to RAM has to be woken once it is restored" {
	suspends
	virsh save g "$image" --image-format raw
	[ "$(codes "$image")" = suspended ]
	[ "$("$SAVETOOL" inspect --json "$image" |
		jq -r '.stream["run-state"]')" = suspended ]
	virsh restore "$image"
	[ "$(virsh domstate g)" = paused ]
	fails_with "not in suspended state" virsh dompmwakeup g
	virsh resume g
	[ "$(virsh domstate g)" = running ]
	[[ $(virsh qemu-monitor-command g --hmp 'info status') == \
		*suspended* ]]
	virsh dompmwakeup g
	[[ $(virsh qemu-monitor-command g --hmp 'info status') == *running* ]]
}
