# SPDX-License-Identifier: LGPL-2.1-or-later
# What every part of the lab needs.

import os
import time


HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = 4096
MIB = 1 << 20
DEADLINE = 120  # seconds that anything may take before the lab gives up


class LabError(Exception):
    """Something that the lab was asked for did not happen."""


def cache_folder():
    """Where install has put the kernel and the old QEMU."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("SAVETOOL_LAB") or os.path.join(base, "savetool-lab")


def wait_until(happened, what, deadline=DEADLINE):
    """Polls until happened() is true and returns what it returned."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        result = happened()
        if result:
            return result
        time.sleep(0.02)
    raise LabError(f"no {what} within {deadline} seconds")
