# SPDX-License-Identifier: LGPL-2.1-or-later
# A libvirt of our own, whose files are all in one folder.

import os
import shutil
import signal
import subprocess
import uuid

from common import HERE, LabError, cache_folder, wait_until
from guests import build_guest, build_initramfs, ticks, wait_ticks

NOBODY = 65534


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


def libvirt_start(options):
    """Starts a libvirt of our own in an empty folder."""
    folder = options.folder
    for name in ("run", "config/libvirt", "cache", "data"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    # Without virtlogd: QEMU then writes its files itself.
    with open(f"{folder}/config/libvirt/qemu.conf", "w",
              encoding="ascii") as config:
        config.write('stdio_handler = "file"\nsecurity_driver = "none"\n')
        config.writelines(f"{line}\n" for line in options.config)
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


def has_ended(number):
    """Is there no such process, or only what nobody has waited for?"""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


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
        wait_until(lambda: has_ended(number), "end of libvirtd")


def domain_xml(options):
    """A domain with the small guest or with Linux, telling its ticks."""
    linux = options.guest == "linux"
    folder = options.folder
    with open(f"{HERE}/domain.xml.in", encoding="ascii") as file:
        template = file.read()
    return template.format(
        name=options.name,
        # Always the same: it has to be that of a managed save.
        uuid=uuid.uuid5(uuid.NAMESPACE_DNS, options.name),
        memory=options.memory, folder=folder,
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
    virsh(options.folder, "create", xml)
    wait_ticks(serial, 0)


def domain_ticks(options):
    """Waits until the guest has told further ticks, all good."""
    serial = f"{options.folder}/{options.name}.serial"
    wait_ticks(serial, len(ticks(serial)), options.count)


def run_virsh(options):
    """Runs virsh on the lab's libvirt."""
    print(virsh(options.folder, *options.arguments), end="")
