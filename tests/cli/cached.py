#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# What of files is in the page cache, or was.
"""cached.py FILE...         prints the bytes of each that are cached
cached.py --drop FILE...  writes each to the disk and out of the cache
cached.py --told FILE     does the kernel report it by cachestat(2), too?
"""

import ctypes
import mmap
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)


def cached(name):
    """In bytes."""
    size = os.stat(name).st_size
    pages = -(-size // mmap.PAGESIZE)
    resident = (ctypes.c_ubyte * pages)()
    with open(name, 'r+b') as file:
        # Nothing writes to it, but ctypes needs it writable for its address.
        with mmap.mmap(file.fileno(), size) as memory:
            first = ctypes.c_char.from_buffer(memory)
            result = libc.mincore(ctypes.c_void_p(ctypes.addressof(first)),
                                  ctypes.c_size_t(size), resident)
            del first
    if result != 0:
        sys.exit(f'{name}: {os.strerror(ctypes.get_errno())}')
    return sum(state & 1 for state in resident) * mmap.PAGESIZE


def drop(name):
    with open(name, 'r+b') as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def told(name):
    """It came with Linux 6.5, and reports nothing for overlayfs."""
    everything = (ctypes.c_uint64 * 2)(0, 0)
    pages = (ctypes.c_uint64 * 5)()
    with open(name, 'rb') as file:
        file.read()
        return libc.syscall(451, file.fileno(), everything, pages, 0) == 0 \
            and pages[0] > 0


if sys.argv[1] == '--told':
    sys.exit(not told(sys.argv[2]))
elif sys.argv[1] == '--drop':
    for path in sys.argv[2:]:
        drop(path)
else:
    for path in sys.argv[1:]:
        print(cached(path))
