# SPDX-License-Identifier: LGPL-2.1-or-later
# The guests that check their own memory, and what they tell.

import os
import re
import shutil
import subprocess

from common import HERE, LabError, PAGE, wait_until


def build_guest(folder, changed=PAGE // 4):
    """Assembles the small guest; changed is what it rewrites of a page."""
    path = os.path.join(folder, "guest")
    subprocess.run(["as", "--32", "--defsym", f"CHANGED={changed}",
                    "-o", f"{path}.o", f"{HERE}/guest.S"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-z", "noseparate-code",
                    "-Ttext=0x100000", "-o", path, f"{path}.o"], check=True)
    os.unlink(f"{path}.o")
    return path


def ticks(path):
    """The ticks that a guest has told: [(number, good)]."""
    try:
        with open(path, "rb") as serial:
            told = re.findall(rb"TICK (\w+) (OK|BAD)\r?\n", serial.read())
    except FileNotFoundError:
        return []
    return [(number.decode(), verdict == b"OK") for number, verdict in told]


def wait_ticks(path, before, count=2):
    """Waits until the guest has told more ticks than before, all good.

    The first after a load may have been on its way when the guest was saved:
    it takes a second one to tell of its memory now.
    """
    told = wait_until(
        lambda: len(ticks(path)) >= before + count and ticks(path),
        f"{count} further ticks in {path}")
    if not all(good for _, good in told):
        raise LabError("the guest found its memory changed: TICK "
                       + next(n for n, good in told if not good) + " BAD")


def build_initramfs(folder):
    """The file system of the Linux guest, packed: all of it is memory."""
    root = f"{folder}/initramfs"
    os.makedirs(f"{root}/bin")
    shutil.copy(shutil.which("busybox"), f"{root}/bin/busybox")
    shutil.copy(f"{HERE}/guest-init", f"{root}/init")
    os.chmod(f"{root}/init", 0o755)
    with open(f"{folder}/initrd", "wb") as out:
        subprocess.run("find . | cpio -o -H newc --quiet | gzip -1", cwd=root,
                       shell=True, check=True, stdout=out)
    shutil.rmtree(root)
