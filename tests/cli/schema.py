#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Holds what savetool --json printed against the schema that is installed, but
# without allowing any key or word that the schema does not have.
"""schema.py FILE...

Each file has records of three texts, each text ended by a zero byte: which
test it was, the words that savetool was given, separated by blanks, and what
it printed.
"""

import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    sys.exit("python3-jsonschema is missing")

FILE = (pathlib.Path(__file__).resolve().parent.parent.parent /
        "man/savetool.schema.json")


class Wrong(Exception):
    """An output is not as the schema says."""


def tighten(part, definitions):
    """The same without references, and objects without additional keys."""
    if isinstance(part, list):
        return [tighten(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return tighten(definitions[name], definitions)
    strict = {key: tighten(value, definitions) for key, value in part.items()
              if key not in ("$defs", "description")
              or isinstance(value, dict)}
    if isinstance(strict.get("properties"), dict):
        strict["additionalProperties"] = False
    return strict


class Schema:
    """The validators of all commands, each made once."""

    def __init__(self):
        whole = json.loads(FILE.read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(whole)
        self.definitions = whole["$defs"]
        self.validators = {}
        self.good = set()

    def validator(self, command):
        """Of a command; what is none can only fail."""
        if command not in self.validators:
            part = self.definitions.get(command, self.definitions["failure"])
            self.validators[command] = jsonschema.Draft202012Validator(
                tighten(part, self.definitions))
        return self.validators[command]

    def check(self, command, text):
        """Raises Wrong unless this is what the command may print."""
        if (command, text) in self.good:
            return
        try:
            said = json.loads(text)
        except ValueError as error:
            raise Wrong(f"not JSON: {error}") from error
        if not self.validator(command).is_valid(said):
            raise Wrong(f"not as the schema says: {self.why(command, said)}")
        self.good.add((command, text))

    def why(self, command, said):
        """What is wrong with it, by the part that it was meant to be."""
        if isinstance(said, list):
            wrong = [each for each in said
                     if not self.validator(command).is_valid([each])]
            said = wrong[0] if wrong else {}
        name = "failure"
        if not set(said) <= {"savetool", "path", "error"}:
            name = "extent" if command == "map" else f"{command}-image"
        errors = self.validator(name).iter_errors(said)
        return "; ".join(f"{error.json_path}: {error.message[:300]}"
                         for error in errors) or "an array, or none"


def main(paths):
    """The records of all files; the status is 1 if one is wrong."""
    schema, wrong = Schema(), 0
    for path in paths:
        texts = pathlib.Path(path).read_bytes().split(b"\0")
        for test, words, output in zip(*[iter(texts)] * 3):
            test, words = (text.decode(errors="replace")
                           for text in (test, words))
            try:
                schema.check(words.split(" ")[0], output.decode())
            except (Wrong, UnicodeDecodeError) as error:
                wrong += 1
                print(f"{test}: savetool {words}: {error}")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
