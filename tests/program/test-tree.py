#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tree itself: which room may include which, what stands in every file, how long READMEs are.

usage: test-tree.py BUILD-DIR [TEST…]
"""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import tap  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

ROOMS = {"bridge", "proto", "ble", "tests"}

# READMEs that are for more than readers of the code.
GUIDES = {TOP / "bridge/relay/README.md"}

# What a room may include, besides itself. The first prefix that fits counts.
MAY_INCLUDE = [
    ("proto/", ()),
    ("ble/air/", ("ble/air/",)),  # the air and what is tested in it share nothing
    ("ble/", ("ble/",)),
    ("bridge/common/", ("proto/", "ble/", "bridge/common/")),
    ("bridge/", ("proto/", "ble/", "bridge/")),
]
GENERATED = {"dbus-interfaces.h"}

# The protocol computes: no GLib, no I/O, no clock.
PROTO_HEADERS = re.compile(r"openssl/|cbor|std(bool|def|int|lib|align)\.h|string\.h|limits\.h|assert\.h")


def sources(room):
    found = [path for path in sorted((TOP / room).rglob("*")) if path.suffix in (".c", ".h")]
    assert found, room
    return found


def includes(path):
    """(form, name): '"' or '<', and what stands in it."""
    return re.findall(r'^#\s*include\s+(["<])([^">]+)[">]', path.read_text(), re.M)


class TreeTest(unittest.TestCase):
    def test_rooms_include_what_they_may(self):
        for room in ("proto", "ble", "bridge"):
            for path in sources(room):
                name = path.relative_to(TOP).as_posix()
                allowed = next(may for prefix, may in MAY_INCLUDE if name.startswith(prefix))
                for form, header in includes(path):
                    if form == '"' and header not in GENERATED:
                        self.assertTrue(header.startswith((f"{room}/",) if not allowed else allowed),
                                        f"{name} includes {header}")

    def test_included_headers_exist_where_they_say(self):
        for room in ("proto", "ble", "bridge"):
            for path in sources(room):
                for form, header in includes(path):
                    if form == '"' and header not in GENERATED:
                        self.assertTrue((TOP / header).is_file(), f"{path} includes {header}")

    def test_proto_only_computes(self):
        for path in sources("proto"):
            for form, header in includes(path):
                if form == "<":
                    self.assertRegex(header, PROTO_HEADERS, str(path))

    def test_sources_begin_with_their_own_header(self):
        for room in ("proto", "ble", "bridge"):
            for path in sources(room):
                own = path.with_suffix(".h")
                if path.suffix == ".c" and own.is_file():
                    first = includes(path)[0][1].replace("_private.h", ".h")
                    first = first.replace("_internal.h", ".h")
                    self.assertEqual(first, own.relative_to(TOP).as_posix(), str(path))

    def test_every_file_says_its_licence(self):
        for room in ROOMS:
            for path in (TOP / room).rglob("*"):
                if path.suffix in (".c", ".h", ".py", ".sh", ".xml", ".build", ".1", ".8"):
                    head = path.read_text().splitlines()[:4]
                    self.assertTrue(any("SPDX-License-Identifier: BSD-2-Clause" in line
                                        for line in head), str(path))

    def test_headers_say_what_they_are_for(self):
        for room in ROOMS:
            for path in sources(room):
                if path.suffix == ".h":
                    self.assertRegex(path.read_text().splitlines()[1], r"^/\* \S.*", str(path))

    def test_the_top_holds_no_other_folder(self):
        names = {path.name for path in TOP.iterdir() if path.is_dir()
                 if not path.name.startswith(".") and not path.name.startswith("build")}
        self.assertEqual(names, ROOMS)

    def test_readmes_are_short_and_every_room_has_one(self):
        self.assertLessEqual(len((TOP / "README.md").read_text().splitlines()), 120)
        for room in ROOMS:
            self.assertTrue((TOP / room / "README.md").is_file(), room)
            for path in (TOP / room).rglob("README.md"):
                most = 120 if path in GUIDES else 40
                self.assertLessEqual(len(path.read_text().splitlines()), most, str(path))

    def test_readmes_name_what_exists(self):
        paths = [TOP / "README.md"]
        for room in ROOMS:
            paths.extend((TOP / room).rglob("README.md"))
        for path in paths:
            for name in re.findall(r"`((?:proto|ble|bridge|tests)/[\w./-]+)`", path.read_text()):
                known = any((TOP / (name + end)).exists() for end in ("", ".h", ".c"))
                self.assertTrue(known, f"{path} names {name}")


if __name__ == "__main__":
    sys.argv[1:2] = []  # the build directory, which every program test gets
    tap.main()
