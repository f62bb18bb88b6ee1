#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page that tells web developers how to test their own sites, taken at its word.

Its blocks of code are marked by what they are: <!-- file: PATH --> is written there, <!-- run:
FOLDER --> is run in that folder (lab: in a lab with two phones), <!-- same: FILE --> has to be in
FILE, <!-- steps --> are CI's, whose commands have to be those of the other blocks.
"""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import chromium  # noqa: E402
import tap  # noqa: E402

LAB = HERE.parents[1] / "bridge/lab"
PAGE = (LAB / "testing-your-site.md").read_text()
README = (LAB.parents[1] / "README.md").read_text()
EXAMPLE = LAB / "example"

RUN_S = 300
QUIET_S = 10  # for processes to be gone after the lab ended
FETCH_FAILURES = ("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|"
                  "EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED|ERR_INVALID_URL|E5[0-9][0-9]|E403|"
                  "SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY")

BLOCK = re.compile(r"<!-- (\w+)(?:: (\S+))? -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)

build = None


def blocks(kind, name=None):
    return [text for found, of, text in BLOCK.findall(PAGE)
            if found == kind and name in (None, of)]


class Workshop:
    """A web developer's machine: folders, npm, and hybridge-lab on PATH."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hybridge-test-"))
        self.stack.callback(shutil.rmtree, self.folder)
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        # Proxies are npm's business; neither browser nor phone may care.
        self.env = {name: value for name, value in os.environ.items()
                    if name not in ("DISPLAY", "WAYLAND_DISPLAY", "CI")}
        self.env |= {
            "TMPDIR": str(self.tmp), "PATH": f"{build / 'bridge/lab'}:{os.environ['PATH']}",
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
            "npm_config_cache": str(self.folder / "cache"), "npm_config_audit": "false",
            "npm_config_fund": "false", "npm_config_update_notifier": "false",
            "npm_config_fetch_retries": "1", "npm_config_fetch_timeout": "30000",
            "PWTEST_CACHE_DIR": str(self.folder / "cache/playwright"), "NO_COLOR": "1",
            "G_DEBUG": "fatal-criticals",
        }
        shutil.copytree(EXAMPLE, self.folder / "example",
                        ignore=shutil.ignore_patterns("node_modules", "*.png", "package-lock.json"))
        for kind, name, text in BLOCK.findall(PAGE):
            if kind == "file":
                path = self.folder / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)

    def sh(self, script, folder):
        """A finished shell with all that it said."""
        return subprocess.run(["sh", "-ec", script], cwd=self.folder / folder, env=self.env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=RUN_S)

    def processes(self):
        """Those that run and come from here, by environment or arguments."""
        mark, found = str(self.folder).encode(), []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (process / "cmdline").read_bytes()
                if words and mark in (process / "environ").read_bytes() + words:
                    found.append(words.replace(b"\0", b" ").decode(errors="replace")[:100])
        return found


def why_not():
    """Why no browser can be driven here, or None."""
    missing = chromium.missing() + [name for name in ("nodejs", "npm") if not shutil.which(
        {"nodejs": "node"}.get(name, name))]
    return f"packages are missing: {' '.join(missing)}" if missing else None


class TestCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        reason = why_not()
        if reason is not None:
            self.skipTest(reason)
        self.workshop = Workshop()
        self.addCleanup(self.workshop.stack.close)
        self.addCleanup(self.check_nothing_left)

    def check_nothing_left(self):
        end = time.monotonic() + QUIET_S
        while self.workshop.processes() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.workshop.processes(), [], "still running at the end")
        self.assertEqual(sorted(os.listdir(self.workshop.tmp)), [], "left in TMPDIR")

    def run_well(self, script, folder):
        """The script's output; skips the test when npm has nowhere to fetch from."""
        done = self.workshop.sh(script, folder)
        unreached = re.search(rf"npm (?:ERR!|error) code ({FETCH_FAILURES})", done.stdout)
        if done.returncode != 0 and unreached:
            self.skipTest(f"npm can fetch nothing here: {unreached[1]}")
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def install(self):
        self.run_well("npm install", "example")

    def edit(self, old, new):
        """Once in the example's tests."""
        path = self.workshop.folder / "example/phone.test.mjs"
        text = path.read_text()
        self.assertEqual(text.count(old), 1, old)
        path.write_text(text.replace(old, new))

    def count(self, output, what):
        """What node's summary says, whoever reports."""
        return int(re.search(rf"^[#ℹ] {what} (\d+)$", output, re.MULTILINE)[1])


class PageTest(unittest.TestCase):
    """What can be held against files here."""

    def test_every_block_is_marked(self):
        self.assertEqual(len(re.findall(r"^```\w+$", PAGE, re.MULTILINE)), len(BLOCK.findall(PAGE)))

    def test_quotes_are_the_example_s(self):
        self.assertTrue(blocks("same"))
        for kind, name, text in BLOCK.findall(PAGE):
            if kind == "same":
                self.assertIn(text, (LAB / name).read_text())

    def test_first_is_what_the_example_needs(self):
        wanted = re.search(r'"playwright-core": "\S+"', (EXAMPLE / "package.json").read_text())
        self.assertIn(wanted[0], blocks("file", "first/package.json")[0])

    def test_building_is_as_the_readme_has_it(self):
        command = re.search(r"meson setup build && ninja -C build", PAGE)
        self.assertIn(command[0], README)
        self.assertIn("meson install -C build", README)

    def test_ci_runs_what_the_page_does(self):
        """Each command of the sketches is one that is run elsewhere; only the folder differs."""
        known = "".join(blocks("shell") + blocks("run"))
        known = {line.split(" #")[0].strip() for line in known.splitlines()}
        for text in blocks("steps"):
            steps = re.findall(r"^ *- (?:run: )?([a-z./].*)$|^ {6,}((?:cd|meson|\./).*)$", text,
                               re.MULTILINE)
            steps = [one or other for one, other in steps if not re.match(r"\w+: ", one)]
            self.assertGreater(len(steps), 6, text)
            self.assertEqual([step for step in steps if step not in known | {"cd ../phone-tests"}],
                             [])

    def test_options_exist(self):
        """Of every hybridge-lab and hybridge-air command on the page."""
        tools = {"scan": "bridge/phone/hybridge-phone scan",
                 "phone": "bridge/phone/hybridge-phone passkeys", "air": "ble/air/hybridge-air"}
        for command, rest in re.findall(r"hybridge-lab (\w+)((?: [^`\n#]+)?)", PAGE):
            with self.subTest(f"{command}{rest}"):
                known = self.help_of(f"bridge/lab/hybridge-lab {command}")
                if command in tools:
                    known += self.help_of(tools[command])
                for option in re.findall(r"(?<=\s)--\w[\w-]*", rest.split(" -- ")[0]):
                    self.assertRegex(known, rf"{option}\b")
                if command == "air":
                    self.assertRegex(known, rf"\b{rest.split()[0]}\b")

    def help_of(self, command):
        program, *words = command.split()
        return subprocess.run([build / program, *words, "--help"], check=True, text=True,
                              capture_output=True).stdout


class RunTest(TestCase):
    def test_example(self):
        wanted = len(re.findall(r"^phoneTest\(", (EXAMPLE / "phone.test.mjs").read_text(),
                                re.MULTILINE))
        self.assertGreaterEqual(wanted, 10)
        output = self.run_well(blocks("run", "example")[0], "example")
        self.assertEqual([self.count(output, what) for what in ("tests", "pass", "fail")],
                         [wanted, wanted, 0], output)

    def test_broken_example_fails(self):
        """The phone declines where the test expects that it agrees."""
        self.install()
        self.edit('await scan(t);\n  assert.equal(answer.result, "signed-in")',
                  'await scan(t, { approve: "deny" });\n  assert.equal(answer.result, "signed-in")')
        done = self.workshop.sh("npm test -- --test-name-pattern='^sign in$'", "example")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.count(done.stdout, "fail"), 1, done.stdout)
        self.assertIn("declined on the phone", done.stdout)
        picture = self.workshop.folder / "example/sign-in.png"
        self.assertTrue(picture.read_bytes().startswith(b"\x89PNG"))
        self.assertEqual(picture.stat().st_mode & 0o777, 0o600)

    def test_phone_ends_with_its_test(self):
        """A phone that nobody asked for ends with its test, which does not wait for it."""
        self.install()
        self.edit('phoneTest("sign in", async (t, page) => {\n',
                  'phoneTest("sign in", async (t, page) => {\n  scan(t); throw Error("mine");\n')
        begun = time.monotonic()
        done = self.workshop.sh("npm test -- --test-name-pattern='^sign in$'", "example")
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("mine", done.stdout)
        self.assertLess(time.monotonic() - begun, 40)

    def test_cancelled_run(self):
        """As when CI stops a job: in the middle of a ceremony."""
        self.install()
        log = self.workshop.folder / "log"
        with open(log, "wb") as stream:
            command = subprocess.Popen(
                [build / "bridge/lab/hybridge-lab", "up", "--site", "--phones", "2", "--", "node",
                 "--test"], cwd=self.workshop.folder / "example", env=self.workshop.env,
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        end = time.monotonic() + RUN_S
        while not any(" scan " in words for words in self.workshop.processes()):
            self.assertLess(time.monotonic(), end, log.read_text())
            time.sleep(0.05)
        command.send_signal(signal.SIGTERM)
        self.assertNotEqual(command.wait(RUN_S), 0)

    def test_check(self):
        output = self.run_well(blocks("run", "check")[0], ".")
        self.assertRegex(output, r"(?m)^/\S+ http://localhost:\d+$")

    def test_first(self):
        output = self.run_well(blocks("run", "first")[0], "first")
        self.assertEqual([self.count(output, what) for what in ("pass", "fail")], [1, 0], output)

    def test_commands_in_the_lab(self):
        script = textwrap.dedent("".join(blocks("run", "lab")))
        path = self.workshop.folder / "commands.sh"
        path.write_text(f"set -e\n{script}")
        output = self.run_well(
            f"hybridge-lab up --screen none --phones 2 -- sh {path}", ".")
        self.assertIn("'running': <true>", output)

    def other(self, packages, script):
        """In the folder of the other drivers."""
        folder = self.workshop.folder / "others"
        (folder / "package.json").write_text('{ "private": true, "type": "module" }\n')
        return self.run_well(f"npm install {packages}\n{script}", "others")

    def node_is(self, version):
        """Skips the test where node is older."""
        found = int(subprocess.check_output(["node", "-p", "process.versions.node"],
                                            text=True).split(".")[0])
        if found < version:
            self.skipTest(f"needs node {version}, here is {found}")

    def test_playwright_test(self):
        self.node_is(20)
        output = self.other("", blocks("run", "others")[0])
        self.assertIn("1 passed", output)

    def test_puppeteer(self):
        self.node_is(22)
        self.other("puppeteer-core", "hybridge-lab up --site -- node puppeteer.mjs")

    def test_selenium(self):
        self.node_is(22)
        if shutil.which("chromedriver") is None:
            self.skipTest("packages are missing: chromium-driver")
        self.other("selenium-webdriver", "hybridge-lab up --site -- node selenium.mjs")


def main():
    global build
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD-DIR [TEST…]")
    build = pathlib.Path(sys.argv.pop(1)).resolve()
    tap.main()


if __name__ == "__main__":
    main()
