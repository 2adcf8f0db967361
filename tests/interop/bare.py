# SPDX-License-Identifier: LGPL-2.1-or-later
# Saves guests as bare QEMU streams, and loads them again.

import json
import os
import shutil
import tempfile
import time

from common import LabError, MIB, wait_until
from guests import build_guest, wait_ticks
from machine import Machine
from memory import (compare_blocks, compare_memory, write_fill,
                    write_opposite)

LIVE_RATE = 16 * MIB  # of a save while the guest runs, a second


def backend_arguments(rams, folder):
    """Memory backends that are files in the folder: filled beforehand, and
    after QEMU has ended they still hold what the guest left in them."""
    arguments = []
    for name, length in rams:
        arguments += ["-object", f"memory-backend-file,id={name},share=on,"
                      f"size={length},mem-path={folder}/ram-{name}"]
    return arguments


def destination(image, offset):
    """What QEMU is to migrate to or from."""
    return f"file:{image}" + (f",offset={offset}" if offset else "")


def guest_arguments(options, folder):
    """The small guest, and where it tells its ticks."""
    if not options.guest:
        return []
    return ["-kernel", build_guest(folder, options.changed),
            "-serial", f"file:{folder}/serial"]


def wait_sent_again(machine, count):
    """Waits until the guest has made the migration write so many records of
    pages that it had written before."""

    def sent_again():
        status = machine.run("query-migrate")
        if status.get("status") in ("completed", "failed"):
            raise LabError("the save ended before the guest had changed"
                           f" {count} pages")
        if "ram" not in status:
            return False
        ram = status["ram"]
        sent = (ram["normal"] + ram["duplicate"]
                + status.get("xbzrle-cache", {}).get("pages", 0))
        return sent - ram["total"] // ram["page-size"] >= count

    wait_until(sent_again, f"{count} pages that were sent again")


def save_bare(options):
    """Saves a guest to options.image; options.truth is what it held."""
    folder = options.truth
    os.makedirs(folder)
    for seed, (name, length) in enumerate(options.ram):
        write_fill(f"{folder}/ram-{name}", length, seed + 1)
    runs = options.guest or options.run
    arguments = [*backend_arguments(options.ram, folder),
                 *guest_arguments(options, folder), *options.arguments]
    if not runs:
        arguments.append("-S")
    with Machine(arguments, folder, options.program) as machine:
        if options.guest:
            wait_ticks(f"{folder}/serial", 0)
        elif options.run:
            time.sleep(options.run)
        if runs and not options.live:
            machine.run("stop")
        for request in options.qmp:
            machine.run(request["execute"], **request["arguments"])
        facts = {"machine": machine.resolved_type(),
                 "blocks": machine.blocks(),
                 "dirty-bitmaps": machine.dirty_bitmaps()}
        machine.set_migration(options.cap, dict(options.param))
        if options.live:
            # On a busy machine the guest hardly runs, which must not end it.
            # (With a limit of 0, QEMU 10 does not look at what has changed.)
            machine.run("migrate-set-parameters",
                        max_bandwidth=LIVE_RATE, downtime_limit=1)
        machine.run("migrate", uri=options.uri
                    or destination(options.image, options.offset))
        if options.live:
            wait_sent_again(machine, options.live)
            machine.run("migrate-set-parameters",
                        max_bandwidth=1 << 40, downtime_limit=10000)
        facts["migration"] = machine.wait_migrated()
        machine.dump(f"{folder}/memory")
    with open(f"{folder}/facts.json", "w", encoding="ascii") as out:
        json.dump(facts, out, indent=1)


def compare_dirty_bitmaps(folder, found):
    """Raises unless the disks have the dirty bitmaps that they had."""
    with open(f"{folder}/facts.json", encoding="ascii") as file:
        wanted = json.load(file)["dirty-bitmaps"]
    if not wanted or found != wanted:
        raise LabError(f"dirty bitmaps {found}, not {wanted}")


def load_bare(options):
    """Loads options.image over another memory and compares with the truth.

    The first load, of what QEMU itself saved, tells what the blocks hold that
    the guest does not see; the later ones are compared with that, too.
    """
    folder = options.truth
    there = tempfile.mkdtemp(prefix="load-", dir=folder)
    for name, _ in options.ram:
        write_opposite(f"{there}/ram-{name}", f"{folder}/ram-{name}",
                       "mapped-ram" not in options.cap)
    arguments = [*backend_arguments(options.ram, there),
                 *guest_arguments(options, there), *options.arguments,
                 "-S", "-incoming", "defer"]
    with Machine(arguments, there, options.program) as machine:
        machine.set_migration(options.cap, dict(options.param))
        machine.run("migrate-incoming", uri=options.uri
                    or destination(options.image, options.offset))
        machine.wait_migrated()
        if "dirty-bitmaps" in options.cap:
            compare_dirty_bitmaps(folder, machine.dirty_bitmaps())
        machine.dump(f"{there}/memory")
        compare_memory(f"{folder}/memory", f"{there}/memory")
        for name, _ in options.ram:
            compare_memory(f"{folder}/ram-{name}", f"{there}/ram-{name}")
        machine.save_blocks(f"{there}/blocks")
        if not os.path.exists(f"{folder}/blocks"):
            os.rename(f"{there}/blocks", f"{folder}/blocks")
        else:
            compare_blocks(f"{folder}/blocks", f"{there}/blocks")
        if options.guest:
            machine.run("cont")
            wait_ticks(f"{there}/serial", 0)
    shutil.rmtree(there)
