# SPDX-License-Identifier: LGPL-2.1-or-later
# One QEMU process and its QMP connection.

import json
import os
import re
import shutil
import socket
import subprocess

from common import LabError, MIB, wait_until


class Machine:
    """A QEMU process and its QMP connection."""

    def __init__(self, arguments, folder, program="qemu-system-x86_64"):
        self.folder = folder
        self.log = open(f"{folder}/qemu.log", "w+b")
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [program, "-accel", "tcg", "-nodefaults", "-display", "none",
             "-chardev", f"socket,id=qmp,fd={theirs.fileno()}",
             "-mon", "chardev=qmp,mode=control", *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        theirs.close()
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
            # Who has saved is told so a moment before all is done.
            return (status.get("status") == "completed"
                    and self.run("query-status")["status"] != "finish-migrate"
                    and status)

        return wait_until(ended, "end of the migration")

    def save_blocks(self, path):
        """Saves once more, plainly: every RAM block, also what the guest
        cannot see just now."""
        self.run("migrate-set-capabilities", capabilities=[
            {"capability": state["capability"], "state": False}
            for state in self.run("query-migrate-capabilities")
            if state["state"]])
        self.run("migrate", uri=f"exec:cat > {path}")
        self.wait_migrated()

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

    def dirty_bitmaps(self):
        """Of all disks: which node has which, and how much is set in it."""
        return [
            [node["node-name"], bitmap["name"], bitmap["count"]]
            for node in self.run("query-named-block-nodes")
            for bitmap in node.get("dirty-bitmaps", [])]

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
