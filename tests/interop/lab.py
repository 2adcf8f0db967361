#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Saves and loads real guests with real QEMU and libvirt; see README.md.

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = 4096
MIB = 1 << 20
NOBODY = 65534
DEADLINE = 60  # seconds that anything may take before the lab gives up


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


# Memory that is known beforehand


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
                out.write(bytes(b ^ 0xA5 for b in page[:64]) * (PAGE // 64))
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


# One QEMU


class Machine:
    """A QEMU process and its QMP connection."""

    def __init__(self, arguments, folder, program="qemu-system-x86_64"):
        self.folder = folder
        path = os.path.join(folder, "qmp")
        if os.path.exists(path):
            os.unlink(path)
        self.log = open(os.path.join(folder, "qemu.log"), "w+b")
        self.process = subprocess.Popen(
            [program, "-accel", "tcg", "-nodefaults", "-display", "none",
             "-qmp", f"unix:{path},server=on,wait=off", *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.socket = socket.socket(socket.AF_UNIX)
        wait_until(lambda: self._connect(path), "QMP connection")
        self.lines = self.socket.makefile("rb")
        self.lines.readline()
        self.run("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.socket.close()
        self.log.close()

    def _connect(self, path):
        if self.process.poll() is not None:
            raise LabError(f"QEMU ended: {self.output()}")
        try:
            self.socket.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def output(self):
        """What QEMU has printed so far."""
        self.log.flush()
        with open(self.log.name, "rb") as log:
            return log.read().decode(errors="replace").strip()

    def run(self, command, **arguments):
        """Runs a QMP command and returns its answer."""
        arguments = {k.replace("_", "-"): v for k, v in arguments.items()}
        request = {"execute": command, "arguments": arguments}
        while True:
            try:
                if request:
                    self.socket.sendall(json.dumps(request).encode() + b"\n")
                    request = None
                line = self.lines.readline()
            except (BrokenPipeError, ConnectionResetError):
                line = b""
            if not line:
                self.process.wait()
                raise LabError(f"QEMU ended in {command}: {self.output()}")
            answer = json.loads(line)
            if "error" in answer:
                raise LabError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def monitor(self, line):
        """Runs a command of the human monitor."""
        return self.run("human-monitor-command", command_line=line)

    def set_migration(self, capabilities, parameters):
        """Switches capabilities on and sets parameters."""
        if capabilities:
            self.run("migrate-set-capabilities", capabilities=[
                {"capability": name, "state": True} for name in capabilities])
        if parameters:
            self.run("migrate-set-parameters", **parameters)

    def wait_migrated(self):
        """Waits for the end of a migration, whichever way it goes."""

        def ended():
            status = self.run("query-migrate")
            if status.get("status") == "failed":
                why = status.get("error-desc", "no reason given")
                raise LabError(f"migration failed: {why}; {self.output()}")
            return status.get("status") == "completed" and status

        return wait_until(ended, "end of the migration")

    def resolved_type(self):
        """The machine type, with aliases resolved."""
        name = self.run("qom-get", path="/machine", property="type")
        return name.removesuffix("-machine")

    def blocks(self):
        """The RAM blocks: name and used length."""
        blocks = {}
        for line in self.monitor("info ramblock").splitlines()[1:]:
            # name, page size with its unit, offset, used length, ...
            fields = re.match(r"\s*(\S+)\s+\S+ \S+\s+0x\w+\s+0x(\w+)", line)
            if fields:
                blocks[fields[1]] = int(fields[2], 16)
        return blocks

    def ranges(self):
        """Where the guest sees RAM or ROM: address and length."""
        tree = self.monitor("info mtree -f")
        memory = next(view for view in tree.split("FlatView #")
                      if re.search(r'AS "memory"', view))
        return [
            (int(start, 16), int(end, 16) - int(start, 16) + 1)
            for start, end in re.findall(
                r"(\w{16})-(\w{16}) \(prio -?\d+, (?:ram|rom|romd)\)", memory)]

    def dump(self, path):
        """Writes all that the guest sees of its memory into one file."""
        with open(path, "wb") as out:
            piece = os.path.join(self.folder, "piece")
            for address, length in self.ranges():
                self.run("pmemsave", val=address, size=length, filename=piece)
                with open(piece, "rb") as dumped:
                    shutil.copyfileobj(dumped, out, MIB)
                os.unlink(piece)


# Saving and loading bare streams


def build_guest(folder):
    """Assembles the small guest."""
    path = os.path.join(folder, "guest")
    subprocess.run(
        ["cc", "-m32", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none",
         "-Wl,-z,noseparate-code", "-Wl,-Ttext=0x100000", "-o", path,
         os.path.join(HERE, "guest.S")], check=True)
    return path


def parameter(text):
    """NAME=VALUE for migrate-set-parameters, numbers as numbers."""
    name, _, value = text.partition("=")
    return name, int(value) if value.isdigit() else value


def ram_backend(text):
    """ID=MIB of a memory backend."""
    name, _, size = text.partition("=")
    return name, int(size) * MIB


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


def ticks(path):
    """The ticks that a guest has told: [(number, good)]."""
    try:
        with open(path, "rb") as serial:
            told = re.findall(rb"TICK (\w+) (OK|BAD)\r?\n", serial.read())
    except FileNotFoundError:
        return []
    return [(number.decode(), verdict == b"OK") for number, verdict in told]


def wait_ticks(path, before, count=3):
    """Waits until the guest has told more ticks than before, all good."""
    told = wait_until(
        lambda: len(ticks(path)) >= before + count and ticks(path),
        f"{count} further ticks in {path}")
    if not all(good for _, good in told):
        raise LabError("the guest found its memory changed: TICK "
                       + next(n for n, good in told if not good) + " BAD")


def guest_arguments(options, folder):
    """The small guest, and where it tells its ticks."""
    if not options.guest:
        return []
    return ["-kernel", build_guest(folder),
            "-serial", f"file:{folder}/serial"]


def save_bare(options):
    """Saves a guest to options.image; options.truth is what it held."""
    folder = options.truth
    os.makedirs(folder, exist_ok=True)
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
        facts = {"machine": machine.resolved_type(),
                 "blocks": machine.blocks()}
        machine.set_migration(options.cap, dict(options.param))
        if options.live:
            machine.run("migrate-set-parameters",
                        max_bandwidth=options.live_rate * MIB)
        machine.run("migrate", uri=options.uri
                    or destination(options.image, options.offset))
        if options.live:
            time.sleep(options.live)
            machine.run("migrate-set-parameters", max_bandwidth=1 << 40)
        facts["migration"] = machine.wait_migrated()
        machine.dump(f"{folder}/memory")
    with open(f"{folder}/facts.json", "w", encoding="ascii") as out:
        json.dump(facts, out, indent=1)


def load_bare(options):
    """Loads options.image over another memory and compares with the truth."""
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
        machine.dump(f"{there}/memory")
        compare_memory(f"{folder}/memory", f"{there}/memory")
        for name, _ in options.ram:
            compare_memory(f"{folder}/ram-{name}", f"{there}/ram-{name}")
        if options.guest:
            machine.run("cont")
            wait_ticks(f"{there}/serial", 0)
    shutil.rmtree(there)


def compare_memory(wanted, found):
    """Raises unless both memories are the same."""
    where = first_difference(wanted, found)
    if where is not None:
        raise LabError(f"memory differs: first at byte {where:#x} of {found}")


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


# Reading images, independently of savetool and only as far as tests need it


class Reader:
    """Big-endian numbers and short strings from an open file."""

    def __init__(self, file):
        self.file = file

    def number(self, size):
        """An unsigned number of size bytes."""
        return int.from_bytes(self.file.read(size), "big")

    def name(self):
        """A string behind the byte that says its length."""
        return self.file.read(self.number(1)).decode()


def stream_start(file):
    """Where the QEMU stream begins: behind a libvirt header, if there is."""
    header = file.read(92)
    if header[:16] == b"LibvirtQemudSave":
        return 92 + int.from_bytes(header[20:24], "little")
    return 0


def read_configuration(reader, facts):
    """The section with the machine type and the capabilities."""
    facts["machine"] = reader.file.read(reader.number(4)).decode()
    facts["capabilities"] = []
    while (kind := reader.number(1)) == 0x05:
        name = reader.name()
        reader.number(4)
        if name == "configuration/uuid":
            facts["uuid"] = reader.file.read(16).hex()
        elif name == "configuration/target-page-bits":
            reader.number(4)
        else:
            facts["capabilities"] = [
                reader.name() for _ in range(reader.number(4))]
    return kind


def read_mapped_block(reader, block):
    """The header and the bitmap of one block of a mapped-ram stream."""
    file = reader.file
    reader.number(4 + 8)
    bitmap = reader.number(8)
    pages = reader.number(8)
    file.seek(bitmap)
    bits = file.read((block["length"] // PAGE + 63) // 64 * 8)
    block["present"] = sum(byte.bit_count() for byte in bits)
    file.seek(pages + block["length"])


def read_blocks(reader, mapped):
    """The list of RAM blocks at the start of the RAM section."""
    left = reader.number(8) & ~(PAGE - 1)
    blocks = {}
    while left:
        name = reader.name()
        blocks[name] = {"length": reader.number(8)}
        left -= blocks[name]["length"]
        if mapped:
            read_mapped_block(reader, blocks[name])
    reader.number(8)
    return blocks


def read_records(reader, blocks, seen, name):
    """The page records of one part of a RAM section.

    Returns the block of the last one: it counts on into the next part.
    """
    while not (word := reader.number(8)) & 0x10:
        if not word & 0x20:
            name = reader.name()
        page = (name, word & ~(PAGE - 1))
        if page in seen:
            blocks[name]["superseded"] += 1
        seen[page] = bool(word & 0x08)
        reader.file.seek(PAGE if word & 0x08 else 1, os.SEEK_CUR)
    return name


def read_sequential(reader, blocks):
    """Counts the records of all parts of the only iterable section, ram."""
    seen, name = {}, ""
    for block in blocks.values():
        block["superseded"] = 0
    while (kind := reader.number(1)) in (0x02, 0x03, 0x08, 0x7E):
        if kind == 0x08:
            reader.number(2)
            reader.file.read(reader.number(2))
            continue
        reader.number(4)
        if kind != 0x7E:
            name = read_records(reader, blocks, seen, name)
    for name, block in blocks.items():
        block["present"] = sum(
            data for (owner, _), data in seen.items() if owner == name)


def read_image(path):
    """What an image says of itself."""
    with open(path, "rb") as file:
        reader = Reader(file)
        start = stream_start(file)
        file.seek(start + 9)
        facts = {"offset": start}
        kind = read_configuration(reader, facts)
        if kind != 0x01:
            raise LabError(f"no section where one is expected: {kind:#x}")
        reader.number(4)
        if reader.name() != "ram":
            raise LabError("the first section is not 'ram'")
        reader.number(8)
        mapped = "mapped-ram" in facts["capabilities"]
        facts["blocks"] = read_blocks(reader, mapped)
        if not mapped:
            read_sequential(reader, facts["blocks"])
        return facts


def print_facts(options):
    """Prints what an image says of itself."""
    json.dump(read_image(options.image), sys.stdout, indent=1)
    print()


# Libvirt, private to one folder


INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /dev /tmp
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t tmpfs -o size=90% tmpfs /tmp
fill=$(sed -n 's/.*fill=\\([0-9]*\\).*/\\1/p' /proc/cmdline)
dd if=/dev/urandom of=/tmp/kept bs=1M count=$fill 2>/dev/null
sum=$(md5sum </tmp/kept)
if grep -q churn /proc/cmdline; then
	while :; do
		dd if=/dev/urandom of=/tmp/churn bs=1M count=8 conv=notrunc
		dd if=/dev/zero of=/tmp/churn bs=1M count=4 conv=notrunc
	done 2>/dev/null &
fi
n=0
while :; do
	n=$((n + 1))
	if [ "$(md5sum </tmp/kept)" = "$sum" ]; then
		echo "TICK $n OK" >/dev/ttyS0
	else
		echo "TICK $n BAD" >/dev/ttyS0
	fi
	sleep 0.5
done
"""

DOMAIN = """<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='{machine}'>hvm</type>
    <kernel>{folder}/{kernel}</kernel>
    {initrd}
    <cmdline>console=ttyS0 quiet random.trust_cpu=on {cmdline}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact'><model>qemu64</model></cpu>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>{emulator}</emulator>
    <serial type='file'>
      <source path='{folder}/{name}.serial' append='on'/>
    </serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


def libvirt_environment(folder):
    """Session mode keeps all its files below these, and none elsewhere."""
    return {**os.environ, "HOME": folder, "LC_ALL": "C",
            "XDG_RUNTIME_DIR": f"{folder}/run",
            "XDG_CONFIG_HOME": f"{folder}/config",
            "XDG_CACHE_HOME": f"{folder}/cache",
            "XDG_DATA_HOME": f"{folder}/data"}


def unprivileged():
    """As whom libvirt runs: for root it would not be in session mode."""
    if os.getuid() != 0:
        return {}
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


def virsh(folder, *arguments):
    """Runs virsh and returns what it printed."""
    done = subprocess.run(
        ["virsh", "-q", "-c", "qemu:///session", *arguments], check=False,
        env=libvirt_environment(folder), capture_output=True, text=True,
        cwd=folder, umask=0o22, **unprivileged())
    if done.returncode:
        raise LabError(done.stderr.strip() or f"virsh: {done.returncode}")
    return done.stdout


def build_initramfs(folder):
    """The guest that keeps a checksum of random memory."""
    root = f"{folder}/initramfs"
    os.makedirs(f"{root}/bin")
    shutil.copy(shutil.which("busybox"), f"{root}/bin/busybox")
    with open(f"{root}/init", "w", encoding="ascii") as init:
        init.write(INIT)
    os.chmod(f"{root}/init", 0o755)
    with open(f"{folder}/initrd", "wb") as out:
        subprocess.run("find . | cpio -o -H newc --quiet | gzip -1", cwd=root,
                       shell=True, check=True, stdout=out)
    shutil.rmtree(root)


def libvirt_start(options):
    """Starts a libvirt of our own in an empty folder."""
    folder = options.folder
    for name in ("run", "config/libvirt", "cache", "data"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    # Without virtlogd: QEMU then writes its files itself.
    with open(f"{folder}/config/libvirt/qemu.conf", "w",
              encoding="ascii") as config:
        config.write('stdio_handler = "file"\nsecurity_driver = "none"\n')
    build_guest(folder)
    shutil.copy(f"{cache_folder()}/vmlinuz", f"{folder}/vmlinuz")
    build_initramfs(folder)
    if os.getuid() == 0:
        for path, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(os.path.join(path, name), NOBODY, NOBODY)
    with open(f"{folder}/libvirtd.log", "ab") as log:
        daemon = subprocess.Popen(
            ["libvirtd"], env=libvirt_environment(folder),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
            umask=0o22, start_new_session=True, **unprivileged())
    with open(f"{folder}/libvirtd.pid", "w", encoding="ascii") as out:
        out.write(str(daemon.pid))

    def answers():
        if daemon.poll() is not None:
            raise LabError("libvirtd ended; see its log")
        return os.path.exists(f"{folder}/run/libvirt/libvirt-sock")

    wait_until(answers, "answer of libvirtd")
    virsh(folder, "version")


def libvirt_stop(options):
    """Ends the guests and the daemon that libvirt_start has started."""
    folder = options.folder
    try:
        for name in virsh(folder, "list", "--name").split():
            virsh(folder, "destroy", name)
    finally:
        with open(f"{folder}/libvirtd.pid", encoding="ascii") as pid:
            number = int(pid.read())
        os.kill(number, signal.SIGTERM)
        wait_until(lambda: not os.path.exists(f"/proc/{number}"),
                   "end of libvirtd")


def domain_xml(options):
    """A domain with the small guest or with Linux, telling its ticks."""
    linux = options.guest == "linux"
    folder = options.folder
    return DOMAIN.format(
        name=options.name, memory=options.memory, folder=folder,
        machine=options.machine, emulator=shutil.which("qemu-system-x86_64"),
        kernel="vmlinuz" if linux else "guest",
        initrd=f"<initrd>{folder}/initrd</initrd>" if linux else "",
        cmdline=options.cmdline)


def domain_create(options):
    """Starts a guest and waits until it has told its first ticks."""
    xml = f"{options.folder}/{options.name}.xml"
    with open(xml, "w", encoding="ascii") as out:
        out.write(domain_xml(options))
    os.chmod(xml, 0o644)
    serial = f"{options.folder}/{options.name}.serial"
    if os.path.exists(serial):
        os.unlink(serial)
    if options.define:
        virsh(options.folder, "define", xml)
        virsh(options.folder, "start", options.name)
    else:
        virsh(options.folder, "create", xml)
    wait_ticks(serial, 0)


def domain_ticks(options):
    """Waits until the guest has told further ticks, all good."""
    serial = f"{options.folder}/{options.name}.serial"
    wait_ticks(serial, len(ticks(serial)), options.count)


def run_virsh(options):
    """Runs virsh on the lab's libvirt."""
    print(virsh(options.folder, *options.arguments), end="")


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
    command.add_argument("--live", type=float, default=0, metavar="SECONDS",
                         help="save while running, slowly for so long")
    command.add_argument("--live-rate", type=int, default=8, metavar="MIB")
    command.set_defaults(perform=save_bare)

    command = commands.add_parser("load-bare")
    bare_options(command)
    command.set_defaults(perform=load_bare)

    command = commands.add_parser("facts")
    command.add_argument("image")
    command.set_defaults(perform=print_facts)

    command = commands.add_parser("libvirt-start")
    command.add_argument("folder")
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
    command.add_argument("--define", action="store_true")
    command.set_defaults(perform=domain_create)

    command = commands.add_parser("ticks")
    command.add_argument("folder")
    command.add_argument("name")
    command.add_argument("--count", type=int, default=3)
    command.set_defaults(perform=domain_ticks)

    command = commands.add_parser("virsh")
    command.add_argument("folder")
    command.set_defaults(perform=run_virsh)

    options = parser.parse_args(words)
    options.arguments = arguments
    return options


def main():
    options = parse(sys.argv[1:])
    try:
        options.perform(options)
    except (LabError, OSError, subprocess.CalledProcessError) as problem:
        print(f"lab.py: {options.command}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
