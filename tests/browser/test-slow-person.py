#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What takes a minute: a person who answers late, and a phone that nobody hears."""
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "phone")]

import bench  # noqa: E402
from ceremony import Ceremony  # noqa: E402
from terminal import Terminal  # noqa: E402

MINUTE_S = 60


class MinuteTest(bench.TestCase):
    def start_unheard(self):
        """A sign-in in a world of its own, where every advert is damaged."""
        other = bench.Bench()
        self.addCleanup(other.close)
        other.air_call("damage", "150")
        ceremony = Ceremony(other, "register", {"name": "grace"})
        scan = ceremony.scan(other.phone())
        scan.wait_state("advertising")
        return ceremony, scan

    def test_slow_person(self):
        """Nothing on the way loses its patience; but the phone does that waits for a computer."""
        unheard, unheard_scan = self.start_unheard()
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
        self.assert_cause(unheard_scan, "timed-out", "No computer answered the advert")
        self.assertEqual(unheard.error(), "NotAllowedError")


if __name__ == "__main__":
    bench.main()
