#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Writes qcow2 files with saved guests in them, good and bad ones.
"""qcow2.py [OPTION...] FILE NAME=STREAM...

Each snapshot has the content of STREAM as its VM state; an empty STREAM makes
one of the disk alone.  It lies after the disk in the snapshot's own tables.
Zeros are not allocated or, in every second cluster, marked as zero.  There are
no reference counts, which only those need that write.
"""

import argparse
import pathlib
import struct
import subprocess
import zlib

COMPRESSED = 1 << 62
COPIED = 1 << 63
SUBCLUSTERS = 32


def packed(options, data):
    """A compressed cluster."""
    if options.compress == "zstd":
        return subprocess.run(["zstd", "-qc"], input=data, check=True,
                              stdout=subprocess.PIPE).stdout
    engine = zlib.compressobj(9, zlib.DEFLATED, -12)
    return engine.compress(data) + engine.flush()


class Disk:
    """The file, as far as it is written; clusters only come after others."""

    def __init__(self, options):
        self.options = options
        self.cluster = 1 << options.cluster_bits
        self.entry = 16 if options.extended else 8
        self.per_table = self.cluster // self.entry
        self.bytes = bytearray(self.cluster)

    def align(self):
        """Goes on with a new cluster, and returns its place."""
        self.bytes += bytes(-len(self.bytes) % self.cluster)
        return len(self.bytes)

    def append(self, data):
        """Puts data into clusters of its own."""
        at = self.align()
        self.bytes += data
        self.align()
        return at

    def compressed(self, data):
        """The entry of a compressed cluster, which starts anywhere."""
        small = packed(self.options, data)
        at = len(self.bytes)
        self.bytes += small
        shift = 62 - (self.options.cluster_bits - 8)
        sectors = (at % 512 + len(small) - 1) // 512
        return COMPRESSED | sectors << shift | at

    def subclusters(self, data):
        """What is allocated, and what is marked as zero, of a cluster."""
        size = self.cluster // SUBCLUSTERS
        bits = 0
        for index in range(SUBCLUSTERS):
            if any(data[index * size:(index + 1) * size]):
                bits |= 1 << index
            elif index % 2:
                bits |= 1 << 32 + index
        return bits

    def descriptor(self, index, data):
        """The entry of an L2 table for this cluster."""
        data = data.ljust(self.cluster, b"\0")
        marked = index % 2 == 1 and self.options.version >= 3
        bits = 0
        if not any(data):
            value = 1 if marked and not self.options.extended else 0
            bits = (1 << 64) - (1 << 32) if marked else 0
        elif self.options.compress and index % 3:
            value = self.compressed(data)
        else:
            value = COPIED | self.append(data)
            bits = self.subclusters(data)
        if self.options.extended:
            return struct.pack(">QQ", value, bits)
        return struct.pack(">Q", value)

    def table(self, data):
        """An L2 table for so much data; 0 if there is none."""
        if not any(data):
            return 0
        entries = b"".join(
            self.descriptor(index, data[at:at + self.cluster])
            for index, at in enumerate(range(0, len(data), self.cluster)))
        return COPIED | self.append(entries.ljust(self.cluster, b"\0"))

    def state(self, data):
        """The L1 table of a snapshot: its place, and its entries."""
        covered = self.cluster * self.per_table
        disk = -(-self.options.disk_size // covered)
        tables = [0] * disk + [
            self.table(data[at:at + covered])
            for at in range(0, len(data), covered)]
        return self.append(struct.pack(f">{len(tables)}Q", *tables)), \
            len(tables)


def entry(options, number, name, table, size):
    """A snapshot as the file lists it."""
    extra = b"" if options.no_extra else struct.pack(
        ">QQ", size, options.disk_size)
    ident = str(number + 1).encode()
    fixed = struct.pack(
        ">QIHHIIQII", table[0], table[1], len(ident), len(name),
        1700000000 + number, 5, 90 * 10 ** 9,
        size if options.no_extra else 0, len(extra))
    whole = fixed + extra + ident + name
    return whole + bytes(-len(whole) % 8)


def write(options):
    """The whole file."""
    disk = Disk(options)
    snapshots = b""
    for number, word in enumerate(options.snapshot):
        name, _, stream = word.rpartition("=")
        data = pathlib.Path(stream).read_bytes() if stream else b""
        snapshots += entry(options, number, name.encode(), disk.state(data),
                           len(data))
    at = disk.append(snapshots)
    features = (16 if options.extended else 0) | options.features
    if options.compress == "zstd":
        features |= 8
    header = struct.pack(
        ">4sIQIIQIIQQIIQ", b"QFI\xfb", options.version, 0, 0,
        options.cluster_bits,
        options.disk_size if options.now is None else options.now,
        options.crypt, 0, 0, 0, 0, len(options.snapshot), at)
    if options.version >= 3:
        header += struct.pack(">QQQII", features, 0, 0, 4, 112)
        header += bytes([options.compress == "zstd"]) + bytes(7)
    disk.bytes[:len(header)] = header
    for word in options.poke:
        place, _, data = word.partition("=")
        data = bytes.fromhex(data)
        place = int(place) + (at if word.startswith("+") else 0)
        disk.bytes[place:place + len(data)] = data
    pathlib.Path(options.file).write_bytes(disk.bytes)


def main():
    """Reads the words of the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", type=int, default=3)
    parser.add_argument("--cluster-bits", type=int, default=16)
    parser.add_argument("--extended", action="store_true")
    parser.add_argument("--compress", choices=("zlib", "zstd"))
    parser.add_argument("--disk-size", type=int, default=1 << 20)
    parser.add_argument("--now", type=int, help="the disk's size since then")
    parser.add_argument("--no-extra", action="store_true")
    parser.add_argument("--crypt", type=int, default=0)
    parser.add_argument("--features", type=lambda word: int(word, 0),
                        default=0)
    parser.add_argument("--poke", action="append", default=[],
                        metavar="[+]OFFSET=HEX",
                        help="+: from the list of snapshots on")
    parser.add_argument("file")
    parser.add_argument("snapshot", nargs="*", metavar="NAME=STREAM")
    write(parser.parse_args())


if __name__ == "__main__":
    main()
