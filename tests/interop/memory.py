# SPDX-License-Identifier: LGPL-2.1-or-later
# Guest memory that is known beforehand, and comparing it afterwards.

import hashlib
import os

from common import LabError, MIB, PAGE
from image import page_bytes, read_image


OTHER = bytes(byte ^ 0xA5 for byte in range(256))


def fill_page(seed, number):
    """What page number of a fill holds; b"" means zeros.

    Runs of zero pages, of pages with one repeated value, of pages with a
    little text and of incompressible ones, and now and then a page that is
    zero but for its first or its last byte.
    """
    digest = hashlib.sha256(b"%d:%d" % (seed, number)).digest()
    kind = hashlib.sha256(b"%d-%d" % (seed, number // 16)).digest()[0] % 8
    if number % 97 == 5:
        return b"\x01" + bytes(PAGE - 1)
    if number % 89 == 7:
        return bytes(PAGE - 1) + b"\x80"
    if kind < 4:
        return b""
    if kind < 6:
        return digest[:4] * (PAGE // 4)
    if kind < 7:
        line = b"page %d of fill %d\n" % (number, seed)
        return line * (PAGE // len(line)) + bytes(PAGE % len(line))
    return hashlib.shake_128(digest).digest(PAGE)


def write_fill(path, length, seed):
    """Writes a deterministic memory; its zero pages become holes."""
    with open(path, "wb") as out:
        out.truncate(length)
        for number in range(length // PAGE):
            page = fill_page(seed, number)
            if page:
                out.seek(number * PAGE)
                out.write(page)


def write_opposite(path, original, zeros_too):
    """Writes a memory that differs from the original in every page.

    A load of a mapped-ram stream leaves pages alone whose bit is clear, and
    counts on fresh memory being zero there: then the zero pages stay zero.
    """
    with open(original, "rb") as old, open(path, "wb") as out:
        while True:
            page = old.read(PAGE)
            if not page:
                break
            if zeros_too or page.count(0) != len(page):
                out.write(page.translate(OTHER))
            else:
                out.seek(PAGE, os.SEEK_CUR)
        out.truncate(os.path.getsize(original))


def first_difference(one, other):
    """Where two files differ first, or None."""
    if os.path.getsize(one) != os.path.getsize(other):
        return min(os.path.getsize(one), os.path.getsize(other))
    with open(one, "rb") as a, open(other, "rb") as b:
        position = 0
        while True:
            left, right = a.read(MIB), b.read(MIB)
            if left != right:
                return position + next(
                    i for i, (x, y) in enumerate(zip(left, right)) if x != y)
            if not left:
                return None
            position += len(left)


def compare_memory(wanted, found):
    """Raises unless both memories are the same."""
    where = first_difference(wanted, found)
    if where is not None:
        raise LabError(f"memory differs: first at byte {where:#x} of {found}")


def compare_blocks(wanted, found):
    """Raises unless two plain saves hold the same in every RAM block."""
    (facts, pages), (other, others) = read_image(wanted), read_image(found)
    names = facts["blocks"].keys()
    if names != other["blocks"].keys():
        raise LabError(f"other blocks than {', '.join(names)}")
    with open(wanted, "rb") as left, open(found, "rb") as right:
        for name in names:
            for address in pages[name].keys() | others[name].keys():
                one = page_bytes(left, pages[name].get(address))
                if one != page_bytes(right, others[name].get(address)):
                    raise LabError(
                        f"memory differs: block {name}, page {address:#x}")
