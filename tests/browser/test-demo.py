#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""bridge/demo --browser: by itself with pictures, and with somebody who takes part."""
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "phone")]

import bench  # noqa: E402
import chromium  # noqa: E402
import harness  # noqa: E402
from terminal import Terminal  # noqa: E402

DEMO = HERE.parent.parent / "bridge" / "demo"
WAIT_S = 120


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.env = self.world.env
        self.env.pop("DISPLAY", None)

    def command(self, *args):
        return [str(word) for word in (DEMO, "--build", harness.programs.build, "--browser", *args)]

    def assert_left(self, *names):
        self.assertEqual(sorted(os.listdir(self.world.folder / "tmp")), sorted(names))

    def test_by_itself(self):
        folder = self.world.folder / "my pictures"
        done = subprocess.run(self.command("--pictures", folder), env=self.env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=WAIT_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], "Signed in as Ada at localhost")
        pictures = sorted(os.listdir(folder))
        self.assertEqual([name[:2] for name in pictures],
                         [f"{n:02}" for n in range(1, len(pictures) + 1)])
        self.assertGreaterEqual(len(pictures), 6)
        for name in pictures:
            self.assertIn(name, done.stdout)
            shows = subprocess.run([harness.programs.computer, "decode", "--image", folder / name],
                                   env=self.env, capture_output=True).returncode == 0
            self.assertEqual(shows, "code" in name, name)
        self.assert_left()

    def test_names_a_new_folder(self):
        """And needs no proxy for what is on this machine, whatever the environment says."""
        proxies = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy")}
        done = subprocess.run(self.command(), env=self.env | proxies, text=True,
                              stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=WAIT_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        (left,) = os.listdir(self.world.folder / "tmp")
        self.assertIn(left, done.stdout)
        shutil.rmtree(self.world.folder / "tmp" / left)

    def test_fails_without_the_phone(self):
        """A control: the last line is the site's word, not the demo's."""
        build = self.world.folder / "build"
        shutil.copytree(harness.programs.lab.parent, build / "bridge/lab",
                        ignore=shutil.ignore_patterns("*.p"))
        for program in ("cli/hybridge", "relay/hybridge-relay", "site/hybridge-site"):
            (build / "bridge" / program).parent.mkdir()
            (build / "bridge" / program).symlink_to(harness.programs.build / "bridge" / program)
        (build / "ble/air").mkdir(parents=True)
        (build / "ble/air/hybridge-air").symlink_to(harness.programs.air)
        phone = build / "bridge/phone/hybridge-phone"
        phone.parent.mkdir()
        phone.write_text("#!/bin/sh\nexit 0\n")
        phone.chmod(0o755)
        demo = subprocess.Popen(
            [DEMO, "--build", build, "--browser", "--pictures", self.world.folder / "pictures"],
            env=self.env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        output, _ = demo.communicate(timeout=WAIT_S)
        self.assertNotEqual(demo.returncode, 0, output)
        self.assertNotIn("Signed in as", output)
        self.assertIn("demo:", output)
        self.assert_left()

    def wait_for_window(self, display, name, terminal):
        end = time.monotonic() + WAIT_S
        while subprocess.run(["xdotool", "search", "--onlyvisible", "--name", name],
                             env=display.env, capture_output=True).returncode != 0:
            self.assertLess(time.monotonic(), end, f"no window {name}\n{terminal.text}")
            time.sleep(0.05)

    def agree(self, terminal, question, after):
        at = terminal.wait(question + r"[^\[]*\[y/N\] ", after)
        terminal.type("y\n")
        return at

    def test_with_somebody(self):
        display = chromium.Display(self.env)
        self.addCleanup(display.close)
        terminal = Terminal(self, self.command(), display.env)
        self.wait_for_window(display, "^hybridge", terminal)
        display.type("Grace")
        display.press("Return")
        at = self.agree(terminal, "Connect to the computer", 0)
        at = self.agree(terminal, "Make a passkey for Grace", at)
        self.wait_for_window(display, "^Grace", terminal)
        display.press("Tab", "Return")
        self.wait_for_window(display, "^hybridge", terminal)
        display.press("Return")
        at = self.agree(terminal, "Connect to the computer", at)
        at = self.agree(terminal, "Sign in to localhost as Grace", at)
        terminal.wait("Close the window", at)
        self.wait_for_window(display, "^Grace", terminal)
        display.press("ctrl+w")
        self.assertEqual(terminal.status(), 0, terminal.text)
        self.assertEqual(terminal.text.splitlines()[-1], "Signed in as Grace at localhost")
        self.assert_left()

    def test_window_closed_too_soon(self):
        display = chromium.Display(self.env)
        self.addCleanup(display.close)
        terminal = Terminal(self, self.command(), display.env)
        self.wait_for_window(display, "^hybridge", terminal)
        display.press("ctrl+w")
        self.assertEqual(terminal.status(), 1, terminal.text)
        self.assertIn("closed before somebody signed in", terminal.text)
        self.assert_left()


if __name__ == "__main__":
    bench.main()
