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


def facts_of_file(image):
    """What inspect has to say of an image, by the image itself."""
    facts, _ = read_image(image)
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
            name: {"length": block["length"], "page-size": PAGE,
                   "pages": block["length"] // PAGE,
                   **({"pages-present": block["present"]} if mapped else {})}
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


def check_inspect(options):
    """Compares 'savetool inspect --json' with the image, QEMU and libvirt."""
    said = json.loads(subprocess.run(
        [os.environ["SAVETOOL"], "inspect", "--json", options.image],
        check=True, capture_output=True).stdout)
    said["blocks"] = {block["name"]: block for block in said["blocks"]}
    wanted = [facts_of_file(options.image)]
    if options.truth:
        wanted.append(facts_of_qemu(options.truth))
        if said["blocks"].keys() != wanted[-1]["blocks"].keys():
            raise LabError("inspect says other blocks than QEMU: "
                           + ", ".join(said["blocks"]))
    if options.libvirt:
        wanted.append(facts_of_libvirt(options.libvirt, options.image))
    for facts in wanted:
        for where, one, other in mismatches(said, facts):
            raise LabError(f"inspect says {where} is {one}, not {other}")
