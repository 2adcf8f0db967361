# SPDX-License-Identifier: LGPL-2.1-or-later
# Finds the kernel of a Linux guest in a core, as crash and drgn do.
"""kernel.py CORE RELEASE

By VMCOREINFO and the kernel's page tables, wherever KASLR has put it: reads
what 'uname -r' prints from the kernel's memory. x86-64, four levels of tables.
"""

import re
import struct
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from common import LabError
from extracted import part, read_core

MAPPED = 0xffffffff80000000
ADDRESS = 0x000ffffffffff000
PRESENT, LARGE = 1, 0x80


def vmcoreinfo(notes):
    """The lines of the note, by their names."""
    at = 0
    while at < len(notes):
        name_size, size, _ = struct.unpack_from("<III", notes, at)
        content = at + 12 + (name_size + 3) // 4 * 4
        if notes[at + 12:at + 12 + name_size] == b"VMCOREINFO\0":
            text = notes[content:content + size].decode()
            return dict(re.findall(r"^([^=\n]+)=(.*)$", text, re.M))
        at = content + (size + 3) // 4 * 4
    raise LabError("no VMCOREINFO")


class Core:
    """The memory of a core, by physical and by virtual addresses."""

    def __init__(self, path):
        self.path = path
        _, self.ranges, notes = read_core(path)
        self.facts = vmcoreinfo(notes)
        self.tables = (self.symbol("swapper_pg_dir") - MAPPED
                       + int(self.facts["NUMBER(phys_base)"]))

    def symbol(self, name):
        """Its virtual address."""
        return int(self.facts[f"SYMBOL({name})"], 16)

    def read_physical(self, address, size):
        """Bytes that no range ends in."""
        for start, (offset, length) in self.ranges.items():
            if start <= address and address + size <= start + length:
                return part(self.path, offset + address - start, size)
        raise LabError(f"no memory at {address:#x}")

    def read(self, address, size):
        """Bytes of one page."""
        table, shift = self.tables, 39
        while True:
            index = address >> shift & 0x1ff
            entry, = struct.unpack(
                "<Q", self.read_physical(table + 8 * index, 8))
            if not entry & PRESENT:
                raise LabError(f"no page at {address:#x}")
            if shift == 12 or entry & LARGE:
                mask = (1 << shift) - 1
                return self.read_physical(
                    (entry & ADDRESS & ~mask) | (address & mask), size)
            table, shift = entry & ADDRESS, shift - 9


if __name__ == "__main__":
    CORE = Core(sys.argv[1])
    NAMES = CORE.read(CORE.symbol("init_uts_ns"), 400)
    for WORD in ("Linux", CORE.facts["OSRELEASE"], *sys.argv[2:]):
        if WORD.encode() + b"\0" not in NAMES:
            sys.exit(f"kernel.py: no '{WORD}' in the kernel's names")
