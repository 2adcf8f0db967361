#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Saves and loads real guests with real QEMU and libvirt; see README.md.

import argparse
import json
import signal
import subprocess
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from bare import load_bare, save_bare
from common import LabError, MIB
from image import flip_bit, present_runs, read_image
from inspected import check_inspect
from libvirtd import (domain_create, domain_ticks, libvirt_start, libvirt_stop,
                      run_virsh)
from sections import add_proxmox, save_devices


def print_facts(options):
    """Prints what an image says of itself."""
    json.dump(read_image(options.image)[0], sys.stdout, indent=1)
    print()


def print_present(options):
    """Prints the runs of pages that an image has in a range of its file."""
    json.dump(present_runs(options.image, options.block, options.start,
                           options.length), sys.stdout)
    print()


def flip(options):
    """Changes one bit of a page of an image."""
    flip_bit(options.image, options.block, options.address)


def parameter(text):
    """NAME=VALUE for migrate-set-parameters, numbers as numbers."""
    name, _, value = text.partition("=")
    return name, int(value) if value.isdigit() else value


def ram_backend(text):
    """ID=MIB of a memory backend."""
    name, _, size = text.partition("=")
    return name, int(size) * MIB


def bare_options(parser):
    """What save-bare and load-bare have in common."""
    parser.add_argument("image")
    parser.add_argument("truth", help="folder of what the guest held")
    parser.add_argument("--ram", action="append", type=ram_backend, default=[],
                        metavar="ID=MIB", help="a filled memory backend")
    parser.add_argument("--cap", action="append", default=[])
    parser.add_argument("--param", action="append", type=parameter, default=[],
                        metavar="NAME=VALUE")
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--uri", help="instead of file:IMAGE")
    parser.add_argument("--program", default="qemu-system-x86_64")
    parser.add_argument("--guest", action="store_true",
                        help="run the small guest that checks its memory")
    parser.add_argument("--changed", type=int, default=1024, metavar="WORDS",
                        help="how much of a page this guest rewrites")


def parse(words):
    """The command line; everything after -- goes to QEMU or virsh."""
    arguments = []
    if "--" in words:
        cut = words.index("--")
        words, arguments = words[:cut], words[cut + 1:]
    parser = argparse.ArgumentParser(prog="lab.py", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("save-bare")
    bare_options(command)
    command.add_argument("--run", type=float, default=0, metavar="SECONDS",
                         help="let the firmware run before")
    command.add_argument("--live", type=int, default=0, metavar="PAGES",
                         help="save while running, slowly until so many"
                         " pages were sent again")
    command.add_argument("--qmp", action="append", type=json.loads, default=[],
                         metavar="JSON", help="a request to QEMU before")
    command.set_defaults(perform=save_bare)

    command = commands.add_parser("load-bare")
    bare_options(command)
    command.set_defaults(perform=load_bare)

    command = commands.add_parser("add-proxmox")
    command.add_argument("image")
    command.add_argument("state", help="what Proxmox VE would have saved")
    command.set_defaults(perform=add_proxmox)

    command = commands.add_parser("save-devices")
    command.add_argument("image")
    command.add_argument("--program", default="qemu-system-x86_64")
    command.set_defaults(perform=save_devices)

    command = commands.add_parser("facts")
    command.add_argument("image")
    command.set_defaults(perform=print_facts)

    command = commands.add_parser("present")
    command.add_argument("image")
    command.add_argument("block")
    command.add_argument("start", type=int)
    command.add_argument("length", type=int)
    command.set_defaults(perform=print_present)

    command = commands.add_parser("check-inspect")
    command.add_argument("image")
    command.add_argument("truth", nargs="?")
    command.add_argument("--libvirt", metavar="FOLDER")
    command.set_defaults(perform=check_inspect)

    command = commands.add_parser("flip")
    command.add_argument("image")
    command.add_argument("block")
    command.add_argument("address", type=lambda text: int(text, 0))
    command.set_defaults(perform=flip)

    command = commands.add_parser("libvirt-start")
    command.add_argument("folder")
    command.add_argument("--config", action="append", default=[],
                         metavar="LINE", help="a line of qemu.conf")
    command.set_defaults(perform=libvirt_start)

    command = commands.add_parser("libvirt-stop")
    command.add_argument("folder")
    command.set_defaults(perform=libvirt_stop)

    command = commands.add_parser("create")
    command.add_argument("folder")
    command.add_argument("name")
    command.add_argument("--guest", choices=("small", "linux"),
                         default="small")
    command.add_argument("--memory", type=int, default=64, metavar="MIB")
    command.add_argument("--machine", default="pc")
    command.add_argument("--cmdline", default="fill=40")
    command.set_defaults(perform=domain_create)

    command = commands.add_parser("ticks")
    command.add_argument("folder")
    command.add_argument("name")
    command.add_argument("--count", type=int, default=2)
    command.set_defaults(perform=domain_ticks)

    command = commands.add_parser("virsh")
    command.add_argument("folder")
    command.set_defaults(perform=run_virsh)

    options = parser.parse_args(words)
    options.arguments = arguments
    return options


def main():
    options = parse(sys.argv[1:])
    # Whoever is told to end still ends what he started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        options.perform(options)
    except (LabError, OSError, subprocess.CalledProcessError) as problem:
        print(f"lab.py: {options.command}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
