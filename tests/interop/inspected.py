# SPDX-License-Identifier: LGPL-2.1-or-later
# What 'savetool inspect' says, against the image, QEMU and libvirt.

import json
import os
import subprocess
import xml.etree.ElementTree

from common import LabError, PAGE
from image import read_image
from libvirtd import virsh


def mismatches(said, wanted, path=""):
    """Every value of wanted that is not said: [(where, said, wanted)]."""
    if isinstance(wanted, dict) and isinstance(said, dict):
        return [miss for key, value in wanted.items()
                for miss in mismatches(said.get(key), value, f"{path}.{key}")]
    return [] if said == wanted else [(path, said, wanted)]


def facts_of_block(block, mapped, scan):
    """What inspect has to say of a block; it counts what it has read."""
    facts = {"length": block["length"], "page-size": PAGE,
             "pages": block["length"] // PAGE}
    if mapped or scan:
        facts["pages-present"] = block["present"]
    if scan:
        facts["pages-zero"] = block["zero"]
        facts["pages-superseded"] = block["superseded"]
    return facts


def facts_of_file(image, facts, scan):
    """What inspect has to say of an image, by the image itself."""
    mapped = "mapped-ram" in facts["capabilities"]
    status = os.stat(image)
    return {
        "path": image,
        "container": "libvirt" if facts["offset"] else "bare",
        "generation": "v3" if mapped else "v2",
        "layout": "mapped-ram" if mapped else "sequential",
        "complete": True,
        "stream": {"offset": facts["offset"], "machine": facts["machine"],
                   "page-size": PAGE, "footers": facts["footers"],
                   "capabilities": facts["capabilities"]},
        "blocks": {
            name: facts_of_block(block, mapped, scan)
            for name, block in facts["blocks"].items()},
        "sizes": {"logical": status.st_size,
                  "allocated": status.st_blocks * 512},
    }


def facts_of_qemu(truth):
    """What inspect has to say of an image, by the QEMU that saved it."""
    with open(f"{truth}/facts.json", encoding="ascii") as file:
        facts = json.load(file)
    return {
        "stream": {"machine": facts["machine"]},
        "blocks": {name: {"length": length}
                   for name, length in facts["blocks"].items()},
    }


def facts_of_libvirt(folder, image):
    """What inspect has to say of an image, by libvirt."""
    domain = xml.etree.ElementTree.fromstring(
        virsh(folder, "save-image-dumpxml", image))
    units = {"b": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20}
    memory = domain.find("memory")
    return {
        "container": "libvirt",
        "guest": {"name": domain.findtext("name"),
                  "uuid": domain.findtext("uuid"),
                  "arch": domain.find("os/type").get("arch"),
                  "memory": int(memory.text) * units[memory.get("unit")],
                  "vcpus": int(domain.findtext("vcpu"))},
        "stream": {"machine": domain.find("os/type").get("machine")},
    }


def inspect(image, *options):
    """What savetool says of an image, its blocks by their names."""
    said = json.loads(subprocess.run(
        [os.environ["SAVETOOL"], "inspect", "--json", *options, image],
        check=True, capture_output=True).stdout)
    said["blocks"] = {block["name"]: block for block in said["blocks"]}
    return said


def check_inspect(options):
    """Compares 'savetool inspect' with the image, QEMU and libvirt."""
    facts, _ = read_image(options.image)
    wanted = []
    if options.truth:
        wanted.append(facts_of_qemu(options.truth))
    if options.libvirt:
        wanted.append(facts_of_libvirt(options.libvirt, options.image))
    for scan in (False, True):
        said = inspect(options.image, *["--scan"] * scan)
        compare_facts(
            said, [facts_of_file(options.image, facts, scan), *wanted])


def compare_facts(said, wanted):
    """Raises unless what is said is what all others say."""
    for facts in wanted:
        blocks = facts.get("blocks", said["blocks"])
        if said["blocks"].keys() != blocks.keys():
            raise LabError("inspect says the blocks are "
                           + ", ".join(said["blocks"]))
        for where, one, other in mismatches(said, facts):
            raise LabError(f"inspect says {where} is {one}, not {other}")
