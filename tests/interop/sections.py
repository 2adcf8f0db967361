# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams with a section that plain QEMU does not write, or without memory.

import os
import tempfile

from common import LabError
from image import Reader, read_blocks, read_configuration, stream_start
from machine import Machine


def ram_start_end(path):
    """Where the footer of the memory's START ends, in a stream without
    commands."""
    with open(path, "rb") as file:
        reader = Reader(file)
        file.seek(stream_start(file) + 8)
        facts = {}
        if read_configuration(reader, facts) != 0x01:
            raise LabError("no section where one is expected")
        file.seek(4, os.SEEK_CUR)
        if reader.name() != "ram":
            raise LabError("the first section is not 'ram'")
        reader.number(8)
        read_blocks(reader, "mapped-ram" in facts["capabilities"])
        if reader.number(1) != 0x7E:
            raise LabError("no footer where one is expected")
        return file.tell() + 4


def add_proxmox(options):
    """Writes the image again with what Proxmox VE adds to it, and as it pads
    its files."""
    data = b"what a backup remembers of the disks"
    number = (999).to_bytes(4, "big")
    section = (b"\x01" + number + b"\x09pbs-state" + bytes(4)
               + (1).to_bytes(4, "big") + len(data).to_bytes(8, "big") + data
               + b"\x7e" + number)
    at = ram_start_end(options.image)
    with open(options.image, "rb") as file:
        image = file.read()
    image = image[:at] + section + image[at:]
    with open(options.state, "wb") as file:
        file.write(image + bytes(-len(image) % 1024))


def save_devices(options):
    """Saves the devices of a QEMU, as it does for Xen's toolstack."""
    path = os.path.abspath(options.image)
    with tempfile.TemporaryDirectory() as folder:
        with Machine([*options.arguments, "-S"], folder,
                     options.program) as machine:
            machine.run("xen-save-devices-state", filename=path)
