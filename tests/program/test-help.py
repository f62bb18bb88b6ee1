#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What programs say about themselves: --help, --version, manual pages, the way out of a mistake.

usage: test-help.py BUILD-DIR [TEST…]
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import tap  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()

# Of a program: where it is built, its manual page, its commands.
PROGRAMS = {
    "hybridge": ("bridge/cli", "hybridge.1", ["register", "login", "decode", "domain"]),
    "hybridge-phone": ("bridge/phone", "hybridge-phone.1", ["init", "scan", "passkeys"]),
    "hybridge-relay": ("bridge/relay", "hybridge-relay.8", []),
    "hybridge-air": ("ble/air", "hybridge-air.1", []),
    "hybridge-site": ("bridge/site", "hybridge-site.1", []),
    "hybridge-verify": ("bridge/site", "hybridge-verify.1",
                        ["options-register", "register", "options-login", "login"]),
    "hybridge-lab": ("bridge/lab", "hybridge-lab.1", ["up", "scan", "phone", "air", "picture"]),
}
SELF_EVIDENT = {"--help", "--help-all", "--version"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


def run(program, *args, **environment):
    """In an empty environment, where no bus and no store can be meant."""
    return subprocess.run(
        [BUILD / PROGRAMS[program][0] / program, *args], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8",
             "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent/bus"} | environment)


def page_of(program):
    folder, page, _ = PROGRAMS[program]
    return TOP / folder / page


def page_text(program):
    """The page as its options are typed: man's \\- and mdoc's .Fl made plain."""
    text = re.sub(r"\\f[BIRP]", "", page_of(program).read_text()).replace("\\-", "-")
    # Examples use other programs, too.
    text = re.sub(r'^\.S[Hh] "?EXAMPLES?.*?(?=^\.S[Hh]|\Z)', "", text, flags=re.M | re.S)
    return re.sub(r"\bFl Fl (\w)|\bFl -(\w)", lambda m: "--" + (m[1] or m[2]), text)


def helps(program):
    yield run(program, "--help")
    for command in PROGRAMS[program][2]:
        yield run(program, command, "--help")


class HelpTest(unittest.TestCase):
    def options_of_help(self, program):
        options = set()
        for done in helps(program):
            self.assertEqual((done.returncode, done.stderr), (0, ""), done)
            # Lines that list one: examples and sentences name others' options, too.
            for line in done.stdout.splitlines():
                if re.match(r" +(-\w, )?--", line):
                    options.add(OPTION.search(line)[0])
        self.assertIn("--help", options)
        return options - SELF_EVIDENT

    def test_manual_pages_have_the_options_that_there_are(self):
        for program in PROGRAMS:
            with self.subTest(program):
                here = set(OPTION.findall(page_text(program))) - SELF_EVIDENT
                self.assertEqual(here, self.options_of_help(program))

    def test_manual_pages_format_without_a_warning(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        for program in PROGRAMS:
            with self.subTest(program):
                done = subprocess.run(
                    ["groff", "-mandoc", "-Tutf8", "-Kutf8", "-ww", "-z", page_of(program)],
                    capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_versions(self):
        for program in PROGRAMS:
            with self.subTest(program):
                done = run(program, "--version")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, rf"^{program} \d+\.\d+\.\d+\n$")

    def assert_points_to(self, done, program, help_of):
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertRegex(done.stderr, rf"^{program}: [^\n]+\.\nSee \"{help_of} --help\"\.\n$")

    def test_a_mistake_is_answered_by_the_help_that_helps(self):
        for program, (_, _, commands) in PROGRAMS.items():
            with self.subTest(program):
                self.assert_points_to(run(program, "--no-such-option"), program, program)
                self.assert_points_to(run(program, "no-such-command"), program, program)
            for command in commands:
                with self.subTest(program, command=command):
                    self.assert_points_to(
                        run(program, command, "--no-such-option"), program, f"{program} {command}")

    def test_commands_are_needed(self):
        for program, (_, _, commands) in PROGRAMS.items():
            if commands:
                with self.subTest(program):
                    self.assert_points_to(run(program), program, program)

    def test_help_of_what_there_is(self):
        """Every program that the top README names in an example takes those options."""
        text = (TOP / "README.md").read_text()
        lines = re.findall(r"^    (?:\S+=\S+ )?(hybridge[\w-]*) (.*)$", text, re.M)
        self.assertGreater(len(lines), 8)
        for program, rest in lines:
            words = rest.split()
            command = [words[0]] if words[0] in PROGRAMS[program][2] else []
            known = set(OPTION.findall(run(program, *command, "--help").stdout))
            for option in OPTION.findall(rest):
                self.assertIn(option, known, f"{program} {rest}")


if __name__ == "__main__":
    tap.main()
