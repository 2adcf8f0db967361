# SPDX-License-Identifier: LGPL-2.1-or-later
# Sections that come in parts between those of memory, only to pass them by.

import os

from common import LabError


def pass_bytes(reader, count):
    """Passes by what nobody here wants to know."""
    reader.file.seek(count, os.SEEK_CUR)


def pass_dirty_bitmaps(reader, _):
    """Chunks of a byte of flags and what they announce."""
    while True:
        flags = reader.number(1)
        if flags & 0x80:
            raise LabError("a dirty bitmap with further flags")
        for announces_name in (0x08, 0x04):
            if flags & announces_name:
                reader.name()
        if flags & 0x10:
            pass_bytes(reader, 4 + 1)
        if flags & 0x40:
            pass_bytes(reader, 8 + 4)
            if not flags & 0x02:
                pass_bytes(reader, reader.number(8))
        if flags & 0x01:
            return


def pass_storage_attributes(reader, _):
    """Runs of bytes behind a page's address, until a word with bit 0."""
    while not (word := reader.number(8)) & 0x01:
        if word & 0x02:
            pass_bytes(reader, reader.number(8))


def pass_hash_table(reader, start):
    """Runs of entries of 16 bytes, until one that is empty."""
    word = reader.number(4)
    if start or word == 0xFFFFFFFF:
        return
    while header := reader.number(8):
        pass_bytes(reader, (header >> 16 & 0xFFFF) * 16)


PASS_BY = {
    "dirty-bitmap": pass_dirty_bitmaps,
    "s390-storage_attributes": pass_storage_attributes,
    "spapr/htab": pass_hash_table,
}


def pass_section(reader, name, start):
    """Passes the content of a part of such a section by."""
    if name not in PASS_BY:
        raise LabError(f"section '{name}' among those of memory")
    PASS_BY[name](reader, start)
