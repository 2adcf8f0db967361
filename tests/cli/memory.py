#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Reads images as savetool writes them, with no line of its library, and
# compares them with the memory and the image that they were made from.
"""memory.py MEMORY SOURCE KIND IMAGE [KIND IMAGE]...

MEMORY is a folder with a file a RAM block, as mkimage --memory-all leaves it.
SOURCE is the image that IMAGE was made from, by way of whatever formats.
KIND says what IMAGE must be:

sparse   mapped-ram
raw      sequential, made from mapped-ram: every page comes once
records  sequential, made from sequential: pages may repeat, or be XBZRLE
"""

import json
import os
import sys

ALIGNMENT = 1 << 20
ZERO, PAGE, EOS, CONTINUE, XBZRLE = 0x02, 0x08, 0x10, 0x20, 0x40
ITEMS = b"\x00\x01\x02\x03\x04\x08"
CAPABILITIES = "configuration/capabilities"


class Wrong(Exception):
    """What an image must not be."""


def is_zero(data):
    """Are these bytes all zero?"""
    return data.count(0) == len(data)


def need(condition, message):
    """Ends with the message unless the condition holds."""
    if not condition:
        raise Wrong(message)


class Cursor:
    """A place in bytes that moves as they are read."""

    def __init__(self, data, at):
        self.data = data
        self.at = at

    def take(self, size):
        """The next bytes."""
        need(self.at + size <= len(self.data), f"ends at {len(self.data)}")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        """A big-endian number."""
        return int.from_bytes(self.take(size), "big")

    def name(self):
        """Text after the byte that says its length."""
        return self.take(self.number(1))

    def peek(self):
        """The next byte, which stays."""
        return self.data[self.at]


class Header:
    """libvirt's header and what follows it up to the stream."""

    def __init__(self, data):
        self.order = next(
            (order for order in ("little", "big")
             if int.from_bytes(data[16:20], order) <= 3 and
             92 + int.from_bytes(data[20:24], order) < len(data)), "little")
        self.magic = data[:16]
        self.version = self.word(data, 16)
        self.length = self.word(data, 20)
        self.format = self.word(data, 28)
        self.end = 92 + self.length
        # All but version, format and features.
        self.kept = (self.length, self.word(data, 24),
                     data[32:36] + data[40:self.end])
        self.features = self.word(data, 36)

    def word(self, data, at):
        """A word of the header."""
        return int.from_bytes(data[at:at + 4], self.order)


class Configuration:
    """The section that a stream starts with."""

    def __init__(self, cursor):
        self.machine = self.bits = self.uuid = None
        self.capabilities = []
        if cursor.peek() != 0x07:
            return
        cursor.take(1)
        self.machine = cursor.take(cursor.number(4))
        while cursor.peek() == 0x05:
            cursor.take(1)
            name = cursor.name()
            need(cursor.number(4) == 1, "version of a subsection")
            if name == b"configuration/target-page-bits":
                self.bits = cursor.number(4)
            elif name == b"configuration/capabilities":
                count = cursor.number(4)
                need(count > 0, "a list of no capabilities")
                self.capabilities = [cursor.name() for _ in range(count)]
            else:
                need(name == b"configuration/uuid", f"subsection {name}")
                self.uuid = cursor.take(16)

    @property
    def mapped(self):
        """Is the memory in mapped-ram layout?"""
        return b"mapped-ram" in self.capabilities


def xbzrle(page, delta):
    """Applies a delta to a page."""
    cursor = Cursor(delta, 0)
    at = 0

    def length():
        low = cursor.number(1)
        return low & 0x7f | cursor.number(1) << 7 if low & 0x80 else low

    while cursor.at < len(delta):
        at += length()
        new = cursor.take(length())
        need(at + len(new) <= len(page), "XBZRLE goes beyond its page")
        page[at:at + len(new)] = new
        at += len(new)


class Image:
    """An image, read as a whole."""

    def __init__(self, data, kind):
        self.data = data
        self.kind = kind
        self.header = None
        if data[:7] == b"Libvirt":
            self.header = Header(data)
        cursor = Cursor(data, self.header.end if self.header else 0)
        need(cursor.take(8) == b"QEVM\0\0\0\3", "no stream")
        self.configuration = Configuration(cursor)
        self.page_size = 0
        self.memory = {}    # name: bytes
        self.seen = {}      # name: offsets of records
        self.present = {}   # name: set bits
        self.others = []    # what is neither memory nor devices
        self.footers = None
        self.block = None
        self.ids = {}       # of sections with a START
        self.vmdesc = self.find_vmdesc()
        self.walk(cursor)

    def find_vmdesc(self):
        """The JSON that ends the file."""
        at = -1
        while (at := self.data.find(b"\x00\x06", at + 1)) >= 0:
            length = int.from_bytes(self.data[at + 2:at + 6], "big")
            if at + 6 + length == len(self.data):
                return self.data[at + 6:]
        return None

    def target_page_size(self):
        """As far as a sequential stream shows it."""
        if self.configuration.bits:
            return 1 << self.configuration.bits
        if self.vmdesc:
            return json.loads(self.vmdesc).get("page_size", 4096)
        return 4096

    def walk(self, cursor):
        """All items, in order."""
        self.page_size = self.target_page_size()
        while True:
            start = cursor.at
            kind = cursor.number(1)
            need(kind in ITEMS, f"item {kind:#x} at {start}")
            if kind == 0x08:
                cursor.take(2)
                cursor.take(cursor.number(2))
                self.others.append(self.data[start:cursor.at])
            elif kind in (0x00, 0x04) and not self.is_early(start):
                break
            else:
                self.walk_section(cursor, kind, start)
        self.end_walk(start)

    def end_walk(self, start):
        """The devices, which end the file with their description."""
        end = len(self.data)
        if self.vmdesc is not None:
            end -= 5 + len(self.vmdesc)
        self.state = self.data[start:end]
        need(self.state[-1:] == b"\0", "no mark of the end")

    def is_early(self, start):
        """Does virtio-mem's section start here, ahead of memory?"""
        name = Cursor(self.data, start + 5).name()
        return self.data[start] == 0x04 and name.endswith(
            b"virtio-mem-device-early")

    def walk_section(self, cursor, kind, start):
        """A section before the devices."""
        number = cursor.number(4)
        if kind in (0x01, 0x04):
            self.ids[number] = cursor.name()
            cursor.take(8)
        need(number in self.ids, f"part of no section at {start}")
        if self.ids[number] != b"ram":
            self.pass_payload(cursor, number)
            self.others.append(self.data[start:cursor.at])
            return
        if kind == 0x01:
            self.read_list(cursor)
        self.read_records(cursor)
        if self.footers is None:
            self.footers = cursor.peek() == 0x7e
        self.pass_footer(cursor, number)

    def pass_footer(self, cursor, number):
        """The mark and the section's number, if this stream has them."""
        if self.footers:
            need(cursor.take(1) == b"\x7e" and cursor.number(4) == number,
                 f"footer at {cursor.at}")

    def pass_payload(self, cursor, number):
        """A payload of whatever kind, up to its footer."""
        footer = b"\x7e" + number.to_bytes(4, "big")
        at = cursor.at - 1
        while (at := self.data.find(footer, at + 1)) >= 0:
            if self.data[at + 5] in ITEMS:
                cursor.at = at + 5
                return
        raise Wrong(f"no end of the section at {cursor.at}")

    def read_list(self, cursor):
        """The blocks; of a mapped image, with all that is theirs."""
        word = cursor.number(8)
        need(word & 0x3ff == 0x04, "no list of blocks")
        left = word & ~0x3ff
        while left > 0:
            name = cursor.name()
            length = cursor.number(8)
            left -= length
            self.read_extras(cursor)
            need(name not in self.memory, f"{name} twice")
            self.memory[name] = bytearray(length)
            self.seen[name] = []
            if self.configuration.mapped:
                self.read_mapped(cursor, name, length)
        need(left == 0, "blocks are longer than announced")

    def read_extras(self, cursor):
        """Nothing that is written has any."""

    def read_mapped(self, cursor, name, length):
        """Header, bitmap and slots, each where QEMU has them."""
        need(cursor.number(4) == 1, "version of mapped-ram")
        page = self.page_size = cursor.number(8)
        bitmap, slots = cursor.number(8), cursor.number(8)
        size = (length // page + 63) // 64 * 8
        need(bitmap == cursor.at, f"{name}: bitmap at {bitmap}")
        need(slots == -(-(bitmap + size) // ALIGNMENT) * ALIGNMENT,
             f"{name}: slots at {slots}")
        order = self.header.order if self.header else "little"
        bits = b"".join(
            int.from_bytes(self.data[at:at + 8], order).to_bytes(8, "little")
            for at in range(bitmap, bitmap + size, 8))
        bits = int.from_bytes(bits, "little")
        need(bits >> length // page == 0, f"{name}: bits after the last page")
        need(is_zero(self.data[bitmap + size:slots]),
             f"{name}: something between bitmap and slots")
        self.present[name] = bits
        self.check_slots(name, bits, slots)
        self.memory[name][:] = self.data[slots:slots + length]
        cursor.at = slots + length

    def check_slots(self, name, bits, slots):
        """Bytes where a bit is set, none where it is not."""
        filled = b"/" in name or b"rom" in name or b"bios" in name
        for number in range(len(self.memory[name]) // self.page_size):
            at = slots + number * self.page_size
            zero = is_zero(self.data[at:at + self.page_size])
            if bits >> number & 1:
                need(filled or not zero, f"{name}: zero page at {at}")
            else:
                need(zero, f"{name}: stale page at {at}")

    def read_records(self, cursor):
        """Page records, up to the mark of their end."""
        while (word := cursor.number(8)) != EOS:
            need(not self.configuration.mapped, f"record at {cursor.at}")
            flags = word % self.page_size
            if not flags & CONTINUE:
                name = cursor.name()
                need(name != self.block or self.kind is None,
                     f"name again at {cursor.at}")
                need(name in self.memory, f"unknown block {name}")
                self.block = name
            need(self.block is not None, "nothing to continue")
            self.read_page(cursor, flags & ~CONTINUE, word - flags)

    def read_page(self, cursor, flags, offset):
        """One record's body."""
        memory = self.memory[self.block]
        size = self.page_size
        need(offset + size <= len(memory), f"page beyond {self.block}")
        self.seen[self.block].append(offset)
        if flags == ZERO:
            need(cursor.number(1) == 0, "fill that is not zero")
            memory[offset:offset + size] = bytes(size)
        elif flags == PAGE:
            data = cursor.take(size)
            need(not is_zero(data), f"zero page stored at {cursor.at}")
            memory[offset:offset + size] = data
        else:
            need(flags == XBZRLE and self.kind == "records",
                 f"flags {flags:#x} at {cursor.at}")
            need(cursor.number(1) == 1, "encoding of XBZRLE")
            page = memory[offset:offset + size]
            xbzrle(page, cursor.take(cursor.number(2)))
            memory[offset:offset + size] = page


class Source(Image):
    """Any image that an image was made from: looked at for what is beside
    its memory, wherever and however that is kept."""

    def __init__(self, data):
        self.postcopy = False
        super().__init__(data, None)

    def find_vmdesc(self):
        at = -1
        while (at := self.data.find(b"\x00\x06", at + 1)) >= 0:
            length = int.from_bytes(self.data[at + 2:at + 6], "big")
            text = self.data[at + 6:at + 6 + length]
            if length > 1 and is_json(text) and text[:1] == b"{":
                return text
        return None

    def end_walk(self, start):
        pass

    def read_extras(self, cursor):
        """With postcopy, a block can have a page size of its own."""
        advised = [item for item in self.others
                   if item[:5] == b"\x08\0\x03\0\x10"]
        if advised and cursor.peek() == 0 and \
                int.from_bytes(self.data[cursor.at:cursor.at + 8],
                               "big") & 0x3ff == 0:
            cursor.take(8)

    def read_mapped(self, cursor, name, length):
        cursor.take(4)
        self.page_size = cursor.number(8)
        cursor.take(8)
        cursor.at = cursor.number(8) + length

    def read_page(self, cursor, flags, offset):
        if flags == ZERO:
            cursor.take(1)
        elif flags == PAGE:
            cursor.take(self.page_size)
        elif flags == XBZRLE:
            cursor.take(1)
            cursor.take(cursor.number(2))
        else:
            cursor.take(cursor.number(4))


def is_kept(item):
    """Not a command that only a return path or postcopy is for."""
    return item[:3] not in (b"\x08\0\x01", b"\x08\0\x02") and \
        item[:5] != b"\x08\0\x03\0\x10"


def check_memory(image, folder):
    """The same blocks with the same bytes."""
    expected = {name: None for name in os.listdir(os.fsencode(folder))}
    found = {name.replace(b"/", b"_"): name for name in image.memory}
    need(set(expected) == set(found),
         f"blocks {sorted(found)}, not {sorted(expected)}")
    for file, name in found.items():
        with open(os.path.join(os.fsencode(folder), file), "rb") as memory:
            bytes_ = memory.read()
        need(len(bytes_) == len(image.memory[name]), f"{name}: its length")
        for at in range(0, len(bytes_), image.page_size):
            need(bytes_[at:at + image.page_size] ==
                 image.memory[name][at:at + image.page_size],
                 f"{name}: another page at {at:#x}")


def check_kind(image):
    """The layout, and the pages that it must have."""
    need(image.configuration.mapped == (image.kind == "sparse"),
         f"is not {image.kind}")
    if image.kind != "raw":
        return
    for name, memory in image.memory.items():
        need(sorted(image.seen[name]) ==
             list(range(0, len(memory), image.page_size)),
             f"{name}: not every page once")


def check_header(image, source):
    """libvirt's header: the source's, with another format."""
    need(bool(image.header) == (source[:7] == b"Libvirt"), "container")
    if not image.header:
        return
    before, after = Header(source), image.header
    need(after.magic == b"LibvirtQemudSave", f"magic {after.magic}")
    need(after.version == 2, f"header version {after.version}")
    need(after.format == (6 if image.kind == "sparse" else 0),
         f"header format {after.format}")
    need(after.features == (before.features if before.version < 3 else 0),
         "features")
    need(after.order == before.order, "byte order")
    need(after.kept == before.kept, "header, XML or cookie")


def check_configuration(image, before):
    """The source's, with or without the capability."""
    after = image.configuration
    need((after.machine, after.bits, after.uuid) ==
         (before.machine, before.bits, before.uuid), "configuration")
    others = [name for name in before.capabilities if name != b"mapped-ram"]
    mapped = [b"mapped-ram"] if image.kind == "sparse" else []
    need(after.capabilities == others + mapped,
         f"capabilities {after.capabilities}")


def check_others(image, source, start):
    """All that is not memory, in the source's order and its bytes; then the
    devices, the end of which is returned."""
    wanted = [item for item in Source(source).others if is_kept(item)]
    need(image.others == wanted, f"{image.others} instead of {wanted}")
    following = b"" if image.vmdesc is None else b"\x06"
    at = source.find(image.state + following, start)
    need(at >= 0, "other devices than in the source")
    return at + len(image.state)


def is_json(text):
    """Or cut off, or something else."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def capability_entries(text):
    """How many times the configuration lists capabilities."""
    subsections = json.loads(text).get("configuration", {}).get(
        "subsections", [])
    return [sub["vmsd_name"] for sub in subsections].count(CAPABILITIES)


def without_capabilities(text):
    """The JSON as Python has it, but for the capabilities."""
    root = json.loads(text)
    configuration = root.get("configuration", {})
    subsections = [sub for sub in configuration.pop("subsections", [])
                   if sub["vmsd_name"] != CAPABILITIES]
    return root, subsections


def differ_in_one_place(one, other):
    """Is the longer the shorter one with something put in?"""
    shorter, longer = sorted((one, other), key=len)
    head = os.path.commonprefix([shorter, longer])
    return longer.endswith(shorter[len(head):])


def check_vmdesc(image, source, at, before):
    """The source's, edited for the capability and nowhere else."""
    length = int.from_bytes(source[at + 1:at + 5], "big")
    text = source[at + 5:at + 5 + length]
    if source[at:at + 1] != b"\x06" or not is_json(text):
        need(image.vmdesc is None, "a vmdesc that the source lacks")
        return
    need(image.vmdesc is not None, "no vmdesc")
    if before.mapped == image.configuration.mapped or \
            "configuration" not in json.loads(text):
        need(image.vmdesc == text, "vmdesc differs")
        return
    need(differ_in_one_place(text, image.vmdesc),
         "vmdesc differs elsewhere")
    need(without_capabilities(text) == without_capabilities(image.vmdesc),
         "vmdesc differs beside the capabilities")
    need(capability_entries(image.vmdesc) == int(image.configuration.mapped),
         "vmdesc has other capabilities than the stream")


def check(memory, source, kind, path):
    """One image."""
    with open(path, "rb") as file:
        image = Image(file.read(), kind)
    check_kind(image)
    check_memory(image, memory)
    check_header(image, source)
    start = Header(source).end if image.header else 0
    if source[start:start + 4] != b"QEVM":
        return  # compressed: its stream cannot be seen from here
    cursor = Cursor(source, start + 8)
    before = Configuration(cursor)
    check_configuration(image, before)
    at = check_others(image, source, cursor.at)
    check_vmdesc(image, source, at, before)


def main(arguments):
    """Checks all images; the status is 1 if one is wrong."""
    memory, source = arguments[:2]
    with open(source, "rb") as file:
        source = file.read()
    for kind, path in zip(arguments[2::2], arguments[3::2]):
        try:
            check(memory, source, kind, path)
        except Wrong as wrong:
            sys.exit(f"{path}: {wrong}")


if __name__ == "__main__":
    main(sys.argv[1:])
