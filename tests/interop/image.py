# SPDX-License-Identifier: LGPL-2.1-or-later
# Reads images, independently of savetool, as far as the tests need it.

import os

from common import LabError, PAGE
from iterables import pass_section


class Reader:
    """Big-endian numbers and short strings from an open file."""

    def __init__(self, file):
        self.file = file

    def number(self, size):
        """An unsigned number of size bytes."""
        return int.from_bytes(self.file.read(size), "big")

    def name(self):
        """A string behind the byte that says its length."""
        return self.file.read(self.number(1)).decode()


def stream_start(file):
    """Where the QEMU stream begins: behind a libvirt header, if there is."""
    header = file.read(92)
    if header[:16] == b"LibvirtQemudSave":
        return 92 + int.from_bytes(header[20:24], "little")
    return 0


def read_configuration(reader, facts):
    """The section with the machine type and the capabilities, if any.

    Returns what the item behind it is.
    """
    facts["capabilities"] = []
    if (kind := reader.number(1)) != 0x07:
        return kind
    facts["machine"] = reader.file.read(reader.number(4)).decode()
    while (kind := reader.number(1)) == 0x05:
        name = reader.name()
        reader.number(4)
        if name == "configuration/uuid":
            facts["uuid"] = reader.file.read(16).hex()
        elif name == "configuration/target-page-bits":
            reader.number(4)
        else:
            facts["capabilities"] = [
                reader.name() for _ in range(reader.number(4))]
    return kind


def read_mapped_block(reader, block):
    """The header, the bitmap and the slots of a block of a mapped-ram stream.

    Returns where each page is whose bit is set.
    """
    file = reader.file
    reader.number(4 + 8)
    bitmap = reader.number(8)
    slots = reader.number(8)
    file.seek(bitmap)
    bits = file.read((block["length"] // PAGE + 63) // 64 * 8)
    pages, stale = {}, 0
    file.seek(slots)
    for number in range(block["length"] // PAGE):
        page = file.read(PAGE)
        if bits[number // 8] >> number % 8 & 1:
            pages[number * PAGE] = slots + number * PAGE
        elif page.count(0) != len(page):
            stale += 1
    file.seek(slots + block["length"])
    block["superseded"] = 0
    block["stale"] = stale
    return pages


def read_blocks(reader, mapped):
    """The list of RAM blocks at the start of the RAM section.

    Returns it, and where the pages of each are that it already holds.
    """
    left = reader.number(8) & ~(PAGE - 1)
    blocks, pages = {}, {}
    while left:
        name = reader.name()
        blocks[name] = {"length": reader.number(8)}
        left -= blocks[name]["length"]
        if mapped:
            pages[name] = read_mapped_block(reader, blocks[name])
        else:
            pages[name] = {}
            blocks[name].update(superseded=0, deltas=0, packed=0)
    reader.number(8)
    return blocks, pages


def read_records(reader, blocks, pages, name):
    """The page records of one part of a RAM section.

    Returns the block of the last one: it counts on into the next part.
    """
    while not (word := reader.number(8)) & 0x10:
        if not word & 0x20:
            name = reader.name()
        address = word & ~(PAGE - 1)
        if address in pages[name]:
            blocks[name]["superseded"] += 1
        pages[name][address] = None
        length = 1
        if word & 0x08:
            pages[name][address] = reader.file.tell()
            length = PAGE
        elif word & 0x40:
            blocks[name]["deltas"] += 1
            reader.number(1)
            length = reader.number(2)
        elif word & 0x100:
            blocks[name]["packed"] += 1
            length = reader.number(4)
        reader.file.seek(length, os.SEEK_CUR)
    return name


def pass_command(reader):
    """Passes a command of the stream by."""
    reader.number(2)
    reader.file.read(reader.number(2))


def read_section_start(reader, sections):
    """The head of a section; returns its number, known from now on."""
    number = reader.number(4)
    sections[number] = reader.name()
    reader.number(8)
    return number


def read_sequential(reader, blocks, pages, sections):
    """Reads the parts of all sections that come in parts."""
    name = ""
    while (kind := reader.number(1)) in (0x01, 0x02, 0x03, 0x08, 0x7E):
        if kind == 0x08:
            pass_command(reader)
            continue
        if kind == 0x01:
            number = read_section_start(reader, sections)
        else:
            number = reader.number(4)
        if kind == 0x7E:
            continue
        if sections[number] == "ram":
            name = read_records(reader, blocks, pages, name)
        else:
            pass_section(reader, sections[number], kind == 0x01)


def page_bytes(file, place):
    """The page at a place of an image, None being zeros."""
    if place is None:
        return bytes(PAGE)
    file.seek(place)
    return file.read(PAGE)


def read_image(path):
    """What an image says of itself, and where the pages of its blocks are."""
    with open(path, "rb") as file:
        reader = Reader(file)
        start = stream_start(file)
        file.seek(start + 8)
        facts = {"offset": start}
        kind = read_configuration(reader, facts)
        while kind == 0x08:
            pass_command(reader)
            kind = reader.number(1)
        if kind != 0x01:
            raise LabError(f"no section where one is expected: {kind:#x}")
        sections = {}
        if sections[read_section_start(reader, sections)] != "ram":
            raise LabError("the first section is not 'ram'")
        mapped = "mapped-ram" in facts["capabilities"]
        facts["blocks"], pages = read_blocks(reader, mapped)
        facts["footers"] = file.peek(1)[:1] == b"\x7e"
        if not mapped:
            read_sequential(reader, facts["blocks"], pages, sections)
        for name, block in facts["blocks"].items():
            places = [place for place in pages[name].values() if place]
            block["present"] = len(places)
            block["zero"] = sum(
                page_bytes(file, place).count(0) == PAGE for place in places)
        return facts, pages


def present_runs(path, block, start, length):
    """Where pages lie that the image has, as [offset, length] of each run.

    Only those of a block, in a range of the file.
    """
    runs = []
    places = [place for place in read_image(path)[1][block].values() if place]
    for place in sorted(places):
        if not start <= place < start + length:
            continue
        if runs and sum(runs[-1]) == place:
            runs[-1][1] += PAGE
        else:
            runs.append([place, PAGE])
    return runs


def flip_bit(path, block, address):
    """Changes one bit of a page of an image."""
    place = read_image(path)[1][block].get(address)
    if place is None:
        raise LabError(f"no data of {block} at {address:#x}")
    with open(path, "r+b") as file:
        file.seek(place + 100)
        byte = file.read(1)[0]
        file.seek(place + 100)
        file.write(bytes([byte ^ 4]))
