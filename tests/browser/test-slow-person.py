#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A person who takes a minute to answer: nothing on the way may lose its patience."""
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "phone")]

import bench  # noqa: E402
from terminal import Terminal  # noqa: E402

MINUTE_S = 60


class SlowPersonTest(bench.TestCase):
    def test_a_minute(self):
        name = self.unique("ada")
        ceremony = self.create(name)
        terminal = Terminal(self, ceremony.scan_command(self.phone(), approve="ask"),
                            self.bench.env)
        at = terminal.wait(r"Connect to the computer[^\[]*\[y/N\] ")
        terminal.type("y\n")
        terminal.wait(rf"Make a passkey for {name} at localhost\?\s+\[y/N\] ", at)
        time.sleep(MINUTE_S)
        self.assertFalse(ceremony.settled())
        terminal.type("y\n")
        self.registered(name, ceremony)
        self.assertEqual(terminal.status(), 0, terminal.text)


if __name__ == "__main__":
    bench.main()
