# SPDX-License-Identifier: LGPL-2.1-or-later
# Holds what 'savetool extract memory' writes against what QEMU itself shows.
"""extracted.py SAVETOOL FOLDER PROGRAM [WORD]... -- ARGUMENT...

Starts QEMU, saves its guest as mapped-ram, and compares the ranges with its
flat view of memory, and the small ranges with pmemsave.  Further words:

fill=ADDRESS  what lies there is also compared with pmemsave
dump          the core is compared with that of dump-guest-memory
note=ADDRESS  Linux's VMCOREINFO lies there
told=ADDRESS  the same, and the guest has told its vmcoreinfo device so
"""

import json
import os
import re
import struct
import subprocess
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from common import LabError, MIB
from fwcfg import FirmwareConfig
from machine import Machine

SMALL = 32 * MIB


def flat_view(machine):
    """Where the guest sees which block: [address, length, block, offset]."""
    tree = machine.monitor("info mtree -f")
    memory = next(view for view in tree.split("FlatView #")
                  if re.search(r'AS "memory"', view))
    view = []
    for start, end, block, offset in re.findall(
            r"(\w{16})-(\w{16}) \(prio -?\d+, (?:ram|rom|romd)\):"
            r" (\S+)(?: @(\w{16}))?", memory):
        start, offset = int(start, 16), int(offset or "0", 16)
        length = int(end, 16) + 1 - start
        last = view[-1] if view else None
        if (last and last[0] + last[1] == start and last[2] == block
                and last[3] + last[1] == offset):
            last[1] += length
        else:
            view.append([start, length, block, offset])
    return view


def extract(savetool, image, output, *options):
    """Runs savetool; what it says."""
    done = subprocess.run(
        [savetool, "extract", "memory", "--json", "-f", *options, image,
         output], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def need_equal(what, found, wanted):
    """Raises unless both are the same."""
    if found != wanted:
        raise LabError(f"{what}: {found}, not {wanted}")


def part(path, offset, length):
    """Bytes of a file."""
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(length)


def compare_memory(machine, folder, flat, address, length):
    """Compares with what the guest sees there now."""
    piece = f"{folder}/piece"
    machine.run("pmemsave", val=address, size=length, filename=piece)
    if part(piece, 0, length) != part(flat, address, length):
        raise LabError(f"memory at {address:#x} differs")


def read_core(path):
    """The ranges and the notes of a core."""
    head = part(path, 0, 64)
    start, = struct.unpack_from("<Q", head, 32)
    count, = struct.unpack_from("<H", head, 56)
    ranges, notes = {}, b""
    for i in range(count):
        kind, _, offset, _, address, length, _, _ = struct.unpack(
            "<IIQQQQQQ", part(path, start + 56 * i, 56))
        if kind == 4:
            notes = part(path, offset, length)
        else:
            ranges[address] = (offset, length)
    return head[18:20], ranges, notes


def compare_cores(ours, theirs, more_notes):
    """QEMU leaves out flash, and a note that the guest has not told it of; all
    else is the same.  The notes lie before the memory, where crash wants them.
    """
    machine, ranges, notes = read_core(ours)
    their_machine, their_ranges, their_notes = read_core(theirs)
    need_equal("machine", machine, their_machine)
    need_equal("notes", notes, their_notes + more_notes)
    if notes not in part(ours, 0, min(offset for offset, _ in ranges.values())):
        raise LabError("notes are not before memory")
    for address, (offset, length) in their_ranges.items():
        our_offset, our_length = ranges.get(address, (0, 0))
        need_equal(f"length at {address:#x}", our_length, length)
        for at in range(0, length, MIB):
            if (part(ours, our_offset + at, MIB)[:length - at]
                    != part(theirs, offset + at, MIB)[:length - at]):
                raise LabError(f"core differs at {address + at:#x}")


# struct FWCfgVMCoreInfo: QEMU's formats, the guest's, the length, the address.
TOLD = "<HHIQ"
# More than the note needs, as Linux does.
ROOM = 8192
CONTENT = b"OSRELEASE=6.1.0\nPAGESIZE=4096\nEND=1\n"
NOTE = struct.pack("<III", 11, len(CONTENT), 0) + b"VMCOREINFO\0\0" + CONTENT
NOTE += bytes(-len(NOTE) % 4)


def tell_device(folder, program, address):
    """As the driver of fw_cfg in Linux does."""
    arm = "aarch64" in program
    config = FirmwareConfig(f"{folder}/qtest", 0x9020010 if arm else 0x514,
                            address + ROOM, not arm)
    config.write_file("etc/vmcoreinfo",
                      struct.pack(TOLD, 0, 1, ROOM, address))
    config.close()


def loader(path, data, address):
    """Options that have QEMU put data there."""
    with open(path, "wb") as file:
        file.write(data)
    return ["-device", f"loader,file={path},force-raw=on,addr={address}"]


def prepare(folder, words):
    """Options for the words, and the address that the guest tells, or None."""
    options, told = [], None
    for number, word in enumerate(words):
        what, _, address = word.partition("=")
        path = f"{folder}/load-{number}"
        if what == "fill":
            options += loader(path, os.urandom(MIB), address)
        elif what in ("note", "told"):
            options += loader(path, NOTE, address)
        if what == "told":
            told = int(address, 0)
            options += ["-device", "vmcoreinfo", "-qtest",
                        f"unix:{folder}/qtest,server=on,wait=off"]
    return options, told


def check(savetool, folder, program, words, arguments):
    """One machine."""
    flat, image = f"{folder}/flat", f"{folder}/image"
    options, told = prepare(folder, words)
    with Machine([*arguments, *options, "-S"], folder, program) as machine:
        if told is not None:
            tell_device(folder, program, told)
        view = flat_view(machine)
        machine.set_migration(["mapped-ram"], {})
        machine.run("migrate", uri=f"file:{image}")
        machine.wait_migrated()
        said = extract(savetool, image, flat)
        found = [[each["address"], each["length"],
                  re.sub(r"^[0-9a-f:.]*:[0-9a-f:.]*/", "", each["block"]),
                  each["offset"]] for each in said["ranges"]]
        need_equal("ranges", found, view)
        need_equal("sparse", os.stat(flat).st_blocks * 512 < SMALL, True)
        for address, length, _, _ in view:
            if length <= SMALL:
                compare_memory(machine, folder, flat, address, length)
        for word in words:
            if word.startswith("fill="):
                compare_memory(machine, folder, flat, int(word[5:], 0), MIB)
        if "dump" in words:
            machine.run("dump-guest-memory", paging=False,
                        protocol=f"file:{folder}/theirs")
            extract(savetool, image, f"{folder}/ours", "--format", "elf")
            found = told is None and any(w.startswith("note=") for w in words)
            compare_cores(f"{folder}/ours", f"{folder}/theirs",
                          NOTE if found else b"")


if __name__ == "__main__":
    CUT = sys.argv.index("--")
    try:
        check(*sys.argv[1:4], sys.argv[4:CUT], sys.argv[CUT + 1:])
    except LabError as problem:
        sys.exit(f"extracted.py: {problem}")
