#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds each recipe once, runs every command on its image, and compares what
# comes of it with the recipe's own lines '# expect:'.  Reports in TAP.
"""recipes.py [RECIPE | FOLDER]...

SAVETOOL and MKIMAGE are the programs.  Without an argument all recipes of
tests/recipes are test cases, and all files of tests/data; the README of the
recipes says what an expectation means.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import memory  # noqa: E402 pylint: disable=wrong-import-position
import schema  # noqa: E402 pylint: disable=wrong-import-position

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
RECIPES = TOP / "tests/recipes"
DATA = TOP / "tests/data"
SAVETOOL = os.environ.get("SAVETOOL", str(TOP / "build/savetool"))
MKIMAGE = os.environ.get("MKIMAGE", str(TOP / "build/tests/mkimage/mkimage"))

STATUSES = ("status", "inspect", "scan", "check", "size", "map", "digest",
            "convert", "compact", "sparsify", "in-place", "stream", "devices")
KEYS = STATUSES + ("generation", "finding", "reason", "place", "order",
                   "offset", "changed", "warning", "message")
# What a status is called in JSON, and as a finding of check.
CODES = {4: "not-an-image", 5: "incomplete", 6: "corrupt", 7: "unsupported",
         8: "refused"}


SCHEMA = schema.Schema()


class Failed(Exception):
    """Something is not as the recipe says."""


def need(condition, message):
    """Fails the test case unless the condition holds."""
    if not condition:
        raise Failed(message)


class Expectation:
    """The lines '# expect:' of a recipe."""

    def __init__(self, path):
        self.about = "no description"
        self.given = {}
        for number, line in enumerate(path.read_text().splitlines()):
            if number == 1:
                self.about = line.lstrip("# ")
            if line.startswith("# expect:"):
                self.read(line.removeprefix("# expect:").strip())
        need("status" in self.given, "the recipe does not expect a status")

    def read(self, line):
        """One line; the two patterns go to its end."""
        while line:
            key, equals, line = line.partition("=")
            need(key in KEYS and equals, f"unknown expectation '{key}'")
            need(key not in self.given, f"{key} is expected twice")
            if key in ("message", "warning"):
                value, line = line, ""
            else:
                value, _, line = line.partition(" ")
            self.given[key] = value
            line = line.lstrip()

    def get(self, key, otherwise=None):
        """The value of a key."""
        return self.given.get(key, otherwise)

    def status(self, command):
        """The exit status of a command."""
        if command in self.given:
            return int(self.given[command])
        # Any guest that has a digest can be taken out.
        if command in ("stream", "devices", "compare"):
            return self.status("digest")
        # sparsify reads no more than inspect of what it can free nothing of.
        if command == "in-place":
            return self.status("sparsify")
        if command == "sparsify":
            return self.status("inspect")
        return int(self.given["status"])


class Run:
    """What became of a run of savetool."""

    def __init__(self, arguments):
        done = subprocess.run([SAVETOOL, *arguments], capture_output=True,
                              stdin=subprocess.DEVNULL, check=False)
        self.words = " ".join(arguments)
        self.status = done.returncode
        self.output = done.stdout.decode()
        self.error = done.stderr.decode()
        if "--json" in arguments and self.output:
            self.is_in_schema(arguments[0])

    def is_in_schema(self, command):
        """No key or word of it that the schema does not have."""
        try:
            SCHEMA.check(command, self.output)
        except schema.Wrong as error:
            self.need(False, str(error))

    def need(self, condition, message):
        """Fails with the words, and what was printed."""
        need(condition, f"savetool {self.words}: {message}\n"
             f"{self.output[-2000:]}{self.error}")

    def json(self):
        """The output, which is JSON."""
        return json.loads(self.output)

    def result(self):
        """All that can be seen of it."""
        return self.status, self.output, self.error


def read(path):
    """The bytes of a file."""
    return pathlib.Path(path).read_bytes()


def copy_dense(source, target):
    """A copy without a hole, on the disk."""
    with open(target, "wb") as file:
        file.write(read(source))
        file.flush()
        os.fsync(file.fileno())


def is_stored(file, size, at):
    """Is there storage at this offset, and up to where is it so?"""
    try:
        data = os.lseek(file, at, os.SEEK_DATA)
    except OSError:
        return False, size
    if data > at:
        return False, data
    return True, os.lseek(file, at, os.SEEK_HOLE)


def check_map(extents, path):
    """Each byte of the file once, and allocated if SEEK_DATA says so."""
    at, before = 0, None
    with open(path, "rb") as opened:
        file, size = opened.fileno(), os.fstat(opened.fileno()).st_size
        for extent in extents:
            need(extent["start"] == at, f"map: starts not at {at}: {extent}")
            need(extent["length"] > 0, f"map: no length: {extent}")
            stored, end = is_stored(file, size, at)
            need(extent["allocated"] == stored, f"map: allocated: {extent}")
            at += extent["length"]
            need(at <= end, f"map: goes beyond {end}: {extent}")
            rest = {key: value for key, value in extent.items()
                    if key not in ("start", "length", "page", "pages")}
            need("page" not in extent or before != (rest, extent["page"]),
                 f"map: could be one with the extent before: {extent}")
            before = (rest, extent["page"] + extent["pages"]) \
                if "page" in extent else None
        need(at == size, f"map: ends at {at}, not at {size}")


class Case:
    """One recipe, in a folder of its own."""

    def __init__(self, path):
        self.expect = Expectation(path)
        self.path = path
        self.mapped = self.expect.get("generation", "v2") == "v3"
        self.there, self.back = ("raw", "sparse") if self.mapped else \
            ("sparse", "raw")
        self.order = ["--byte-order", self.expect.get("order")] \
            if self.expect.get("order") else []
        self.guest = None
        self.runs = []

    def run(self, command, *arguments, expected=None):
        """A command that ends with the status that the recipe expects."""
        if expected is None:
            expected = self.expect.status(command)
        run = Run([command, *arguments])
        self.runs.append(run)
        run.need(run.status == expected,
                 f"status {run.status}, not {expected}")
        return run

    def build(self):
        """The image, and its memory if anything is to come of that."""
        words = [MKIMAGE]
        if self.expect.status("convert") == 0:
            os.mkdir("memory")
            words += ["--memory-all", "memory"]
        subprocess.run(words + [self.path, "image"], check=True)

    def test(self):
        """Everything."""
        self.build()
        before = read("image"), os.stat("image").st_mtime_ns
        self.inspects()
        self.checks()
        self.maps()
        self.run("size", "--json", "image")
        self.digests()
        self.extracts()
        self.converts()
        self.compacts()
        self.sparsifies()
        self.starts_elsewhere()
        be_honest(self.runs, self.back)
        need((read("image"), os.stat("image").st_mtime_ns) == before,
             "the image has changed")

    def inspects(self):
        """Headers alone, then all of it."""
        run = self.run("inspect", "--json", "image")
        said = run.json()
        if run.status == 0:
            codes = [finding["code"] for finding in said["findings"]]
            run.need(",".join(codes) == self.expect.get("finding", ""),
                     f"findings {codes}")
            wanted = "v3" if self.mapped else "v2"
            run.need(said["generation"] == wanted, f"not {wanted}")
        else:
            run.need(said["error"]["code"] == CODES[run.status],
                     "another error")
        # Its faults may be in what only a scan reads.
        scanned = self.expect.get("scan", self.expect.get("status"))
        self.run("inspect", "--json", "--scan", "image",
                 expected=int(scanned))

    def checks(self):
        """In words and in JSON, by way of the page cache and without."""
        run = self.run("check", "--deep", "image")
        last = run.output.splitlines()[-1:]
        if run.status == 0:
            run.need(last == ["image: clean"], "not clean")
        elif run.status != 4:  # of what is no image, nothing is counted
            run.need(last and re.fullmatch(
                r"image: [1-9]\d* problems?(, .* fixable with --repair)?",
                last[0]), "no count of problems")
        plain = self.run("check", "--deep", "--json", "image")
        direct = self.run("check", "--deep", "--json", "--direct", "image")
        direct.need(direct.result() == plain.result(),
                    "says something else than without --direct")
        if run.status != 4:
            self.check_findings(plain)

    def check_findings(self, run):
        """What breaks the image is among them, with its place."""
        said = run.json()
        run.need(said["clean"] == (run.status == 0), "clean or not?")
        breaks = [finding for finding in said["findings"]
                  if finding["code"] in CODES.values()]
        if run.status >= 5:
            reason = self.expect.get("reason", CODES[run.status])
            run.need(reason in [finding["code"]
                                for finding in said["findings"]],
                     f"no finding {reason}")
        if self.expect.get("place", "yes") == "yes":
            run.need(all("offset" in finding for finding in breaks),
                     "a finding without its place")

    def maps(self):
        """Every byte, with a scan and without."""
        for options in [], ["--scan"]:
            run = self.run("map", "--json", *options, "image")
            # What is mapped up to a fault is not the whole.
            if run.status in (0, 8) or self.expect.get("map"):
                check_map([extent for extent in run.json()
                           if "error" not in extent], "image")

    def digests(self):
        """The guest, to compare with."""
        run = self.run("digest", "image")
        if run.status == 0:
            self.guest = run.output.split()[0]
        else:
            run.need(run.output == "", "a digest of something broken")

    def extracts(self):
        """What says whether it is the same guest, or gives parts of it."""
        self.run("compare", "image", "image")
        for what in "stream", "devices":
            run = self.run("extract", what, *self.order, "image", what,
                           expected=self.expect.status(what))
            need(os.path.exists(what) == (run.status == 0),
                 f"extract {what}: left something, or nothing")
        self.remove("stream", "devices")

    def same_guest(self, *paths):
        """All these hold the guest of the image."""
        if self.guest is None:
            return
        run = self.run("digest", *paths, expected=0)
        for line in run.output.splitlines():
            run.need(line.split()[0] == self.guest, f"another guest: {line}")

    def converts(self):
        """To the other generation, and back; or not, with the reason."""
        if self.expect.status("convert") != 0:
            self.refuses(self.there)
            # What is broken does not become less so in its own layout.
            sound = self.expect.status("status") == 0
            self.refuses(self.there if sound else self.back, "--direct")
            return
        self.converts_twice(self.there, "there")
        self.converts_twice(self.back, "same")
        self.quietly("convert", "-O", self.back, "there", "back")
        kept = "sparse" if self.mapped else "records"
        memory_is_that_of("memory", "image", {
            "there": self.there, "back": self.back, "same": kept})
        if not self.mapped:
            changed = self.expect.get("changed", "no") == "yes"
            need((read("image") != read("same")) == changed,
                 "not changed by -O raw" if changed else "changed by -O raw")
        self.same_guest("there", "back", "same")
        self.run("compare", *self.order, "image", "there", expected=0)
        self.run("compare", "--json", "there", "back", expected=0)
        self.remove("there", "back", "same", "memory")

    def converts_twice(self, to, name):
        """The same bytes and words each time, with --direct and without."""
        runs = []
        for options in [], ["--direct"]:
            runs.append(self.run("convert", *self.order, "-O", to, *options,
                                 "image", name))
            if not options:
                plain = read(name)
                os.unlink(name)
        run = runs[1]
        run.need(run.output == runs[0].output and
                 run.error == runs[0].error, "other words with --direct")
        run.need(read(name) == plain, "other bytes with --direct")
        run.need(run.output == "", "words on standard output")
        warning = self.expect.get("warning")
        if warning is None:
            run.need(run.error == "", "an unexpected warning")
        else:
            self.is_one_line(run, warning)
        if run.error:
            os.unlink(name)
            self.quietly("convert", "-O", to, "image", name)

    def quietly(self, command, *arguments):
        """With -q, it is done without a word."""
        run = self.run(command, "-q", *self.order, *arguments, expected=0)
        run.need(run.output + run.error == "", "words in spite of -q")

    def refuses(self, to, *options):
        """It is not converted, and nothing is left but the reason."""
        run = self.run("convert", "-O", to, *options, "image", "converted")
        run.need(run.output == "", "words on standard output")
        self.is_one_line(run, self.expect.get("message", ""))
        self.only()

    @staticmethod
    def is_one_line(run, pattern):
        """One line on standard error, with this in it."""
        run.need(re.fullmatch(r"savetool: .*\n", run.error), "not one line")
        run.need(re.search(pattern, run.error, re.IGNORECASE),
                 f"not like '{pattern}'")

    def compacts(self):
        """To another file, which then is compact."""
        run = self.run("compact", "--verify", "image", "--copy", "compact")
        if run.status != 0:
            self.only()
            return
        self.run("compact", "-n", "compact", expected=0)
        self.same_guest("compact")
        self.remove("compact")

    def sparsifies(self):
        """A copy, and in place a copy that had no hole."""
        run = self.run("sparsify", "-q", "image", "--copy", "copy")
        if run.status == 0:
            self.keeps("copy")
        self.only("copy")
        copy_dense("image", "dense")
        run = self.run("sparsify", "-q", "dense",
                       expected=self.expect.status("in-place"))
        if run.status != 0:
            need(read("dense") == read("image"), "sparsify changed it")
        else:
            self.keeps("dense")
            self.run("sparsify", "-n", "dense", expected=0)
        self.remove("dense")

    def keeps(self, name):
        """The same guest; the same bytes unless there are bits to clear."""
        self.same_guest(name)
        if not self.mapped:
            need(read(name) == read("image"), f"{name}: other bytes")

    def starts_elsewhere(self):
        """It is an image if the caller says where in the file it starts."""
        if not self.expect.get("offset"):
            return
        offset = ["--offset", self.expect.get("offset"), "image"]
        for command in "inspect", "check", "size", "digest":
            self.run(command, *offset, expected=0)
        check_map(self.run("map", "--json", *offset, expected=0).json(),
                  "image")

    def only(self, *names):
        """Nothing is left but the image and these, which are removed."""
        self.remove(*names)
        left = sorted(os.listdir())
        need(left in (["image"], ["image", "memory"]), f"left: {left}")

    @staticmethod
    def remove(*names):
        """These files and folders, if there are any."""
        for name in names:
            if os.path.isdir(name):
                shutil.rmtree(name)
            elif os.path.exists(name):
                os.unlink(name)


def memory_is_that_of(folder, source, images):
    """The images have this memory, and the rest of the source."""
    data = read(source)
    for path, kind in images.items():
        try:
            memory.check(folder, data, kind, path)
        except memory.Wrong as wrong:
            raise Failed(f"{path}: {wrong}") from wrong


def claims(run):
    """What a run says in praise of the image, read by all commands alike."""
    if "--offset" in run.words or not run.words.endswith(" image"):
        return []
    if "--json" not in run.words:
        return ["clean"] if run.output.endswith(": clean\n") else []
    said = run.json()
    if not isinstance(said, dict):
        return []
    return [word for word in ("clean", "complete") if said.get(word) is True]


def refuses(run, own):
    """Does a run refuse the image, and not only another layout than its own?"""
    words = run.words.split()
    if words[0] == "convert" and words[words.index("-O") + 1] != own:
        return False
    return run.status >= 3 and "image" in words


def be_honest(runs, own):
    """Nobody calls clean or complete what another command refuses."""
    refused = [run for run in runs if refuses(run, own)]
    for run in runs:
        said = claims(run)
        run.need(not said or not refused,
                 f"'{' and '.join(said)}', but status "
                 f"{refused and refused[0].status} of savetool "
                 f"{refused and refused[0].words}")


class Sample:
    """One file of tests/data, which real programs wrote."""

    def __init__(self, path):
        self.path = path

    def test(self):
        """All that its commands say of it fits together."""
        with open("image", "wb") as image:
            subprocess.run(["zstd", "-qdc", self.path], check=True,
                           stdout=image)
        runs = [Run(words.split()) for words in (
            "inspect --json image", "inspect --json --scan image",
            "check image", "check --json image", "check --deep --json image",
            "size --json image", "map --json image", "digest image")]
        layout = runs[1].json().get("layout")
        own = "sparse" if layout == "mapped-ram" else "raw"
        for words in (f"convert -q -O {own} image there",
                      f"convert -q -O {own} --bare image bare",
                      f"convert -q -O {own} --tar=there image tar",
                      "compare image image", "compare image bare",
                      "extract stream image stream",
                      "extract devices image devices",
                      "compact -q --copy compact image",
                      "sparsify -q --copy copy image"):
            runs.append(Run(words.split()))
        be_honest(runs, own)


def find_recipes(arguments):
    """The recipes, and files of tests/data, that are meant."""
    found = []
    for path in map(pathlib.Path, arguments or [RECIPES, DATA]):
        if path.is_dir():
            found += sorted(path.rglob("*.recipe")) + sorted(path.glob("*.zst"))
        else:
            found.append(path)
    return [path.resolve() for path in found]


def run_case(number, path):
    """One line of TAP, and why it failed."""
    name = path.relative_to(RECIPES) if path.is_relative_to(RECIPES) else path
    about, failure = "", None
    with tempfile.TemporaryDirectory(prefix="savetool-") as folder:
        os.chdir(folder)
        try:
            if path.suffix == ".zst":
                about = ": nobody praises what another refuses"
                Sample(path).test()
            else:
                case = Case(path)
                about = f": {case.expect.about}".replace("#", "number")
                case.test()
        except (Failed, OSError, ValueError, KeyError,
                subprocess.CalledProcessError) as error:
            failure = f"{type(error).__name__}: {error}"
        os.chdir("/")
    print("not ok" if failure else "ok", number,
          f"{str(name).removesuffix('.recipe')}{about}", flush=True)
    if failure:
        print("# " + failure.replace("\n", "\n# "), flush=True)
    return not failure


def main(arguments):
    """All test cases; the status is 1 if one failed."""
    paths = find_recipes(arguments)
    print(f"1..{len(paths)}", flush=True)
    good = [run_case(number + 1, path) for number, path in enumerate(paths)]
    return 0 if all(good) and good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
