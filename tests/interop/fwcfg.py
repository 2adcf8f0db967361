# SPDX-License-Identifier: LGPL-2.1-or-later
# Does by qtest what the firmware device's driver in a guest does.
"""A guest's side of fw_cfg.  QEMU: docs/specs/fw_cfg.rst, qtest.c."""

import socket
import struct

FILES = 0x19
READ, SELECT, WRITE = 2, 8, 16


class FirmwareConfig:
    """The device at a port (x86) or an address, and memory for requests."""

    def __init__(self, path, place, scratch, is_port):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.place, self.scratch, self.is_port = place, scratch, is_port

    def tell(self, line):
        """What qtest answers to a command."""
        self.socket.sendall(line.encode() + b"\n")
        answer = self.lines.readline().split()
        if answer[:1] != ["OK"]:
            raise RuntimeError(f"{line}: {answer}")
        return answer[1:]

    def transfer(self, key, what, length):
        """Has the device read or write the memory after the request."""
        request = struct.pack(">IIQ", key << 16 | SELECT | what, length,
                              self.scratch + 16)
        self.tell(f"write {self.scratch:#x} 16 0x{request.hex()}")
        if self.is_port:
            low, = struct.unpack("<I", struct.pack(">I", self.scratch))
            self.tell(f"outl {self.place + 4:#x} {low:#x}")
        else:
            whole, = struct.unpack("<Q", struct.pack(">Q", self.scratch))
            self.tell(f"writeq {self.place:#x} {whole:#x}")
        done, = self.tell(f"read {self.scratch:#x} 4")
        if int(done, 16):
            raise RuntimeError(f"fw_cfg: {done}")

    def read(self, key, length):
        """The first bytes of an item."""
        self.transfer(key, READ, length)
        data, = self.tell(f"read {self.scratch + 16:#x} {length}")
        return bytes.fromhex(data[2:])

    def write_file(self, name, data):
        """Writes a file of the device as a whole."""
        count, = struct.unpack(">I", self.read(FILES, 4))
        files = self.read(FILES, 4 + 64 * count)
        for at in range(4, len(files), 64):
            _, key, _, found = struct.unpack_from(">IHH56s", files, at)
            if found.rstrip(b"\0") == name.encode():
                self.tell(f"write {self.scratch + 16:#x} {len(data)} "
                          f"0x{data.hex()}")
                self.transfer(key, WRITE, len(data))
                return
        raise RuntimeError(f"fw_cfg has no '{name}'")

    def close(self):
        """Ends the connection."""
        self.lines.close()
        self.socket.close()
