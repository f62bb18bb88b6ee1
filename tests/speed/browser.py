#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sign-ins in real Chromium, one after the other: where the time goes, and what each part takes.

One browser, one site, one relay and one phone for all of them. Prints JSON: median and 95th
percentile of each step by the moments that page, phone and test noted, and the memory of each part
at the end; progress goes to standard error.
"""
import argparse
import contextlib
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "browser"), str(HERE.parent / "program"), str(HERE)]

import bench  # noqa: E402
import chromium  # noqa: E402
import harness  # noqa: E402
from figures import peak_kib, summary, tree  # noqa: E402

WARM_UP = 3  # sign-ins that are not counted


def shared_fairly_kib(pids):
    """Their memory together, with what they share counted once (PSS)."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended meanwhile
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


class World(bench.Bench):
    """Its phones run under tests/speed/usage, which tells what they took."""

    def run(self, *command, **more):
        usage = harness.programs.build / "tests/speed/usage"
        return super().run(usage, self.folder / "cost", *command, **more)


def ceremony(world, phone, what, choices):
    ceremony = bench.Ceremony(world, what, choices)
    scan = ceremony.scan(phone)
    ceremony.done()
    if scan.wait() != 0:
        sys.exit(f"A sign-in failed:\n{scan.describe()}")
    return dict(ceremony.steps()), json.loads((world.folder / "cost").read_text())


def memory(world, phone_kib):
    browser = world.browsers[0]
    return {"browser_pss_kib": shared_fairly_kib(tree(browser.popen.pid)),
            "screen_pss_kib": shared_fairly_kib([browser.display.popen.pid]),
            "site_peak_kib": peak_kib(world.site.pid),
            "relay_peak_kib": peak_kib(world.relay.pid),
            "air_peak_kib": peak_kib(world.air.pid),
            "bus_peak_kib": peak_kib(world.bus_process.pid),
            "phone_peak_kib": phone_kib}


def measure(world, count):
    phone = world.phone()
    ceremony(world, phone, "register", {"name": "ada"})
    for _ in range(WARM_UP):
        ceremony(world, phone, "login", {"name": "ada"})
    steps, phones = [], []
    for number in range(count):
        took, cost = ceremony(world, phone, "login", {"name": "ada"})
        steps.append(took)
        phones.append(cost["peak_kib"])
        print(f"\r{number + 1} of {count}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {"benchmark": "browser", "sign_ins": count,
            "milliseconds": {what: summary([row[what] * 1e3 for row in steps])
                             for what in steps[0]},
            "memory": memory(world, max(phones))}


def main():
    parser = argparse.ArgumentParser(prog="tests/bench browser", description=__doc__)
    parser.add_argument("build", help="build folder")
    parser.add_argument("--count", type=int, default=50, help="sign-ins to measure [50]")
    options = parser.parse_args()
    if options.count < 1:
        parser.error("--count must be at least 1")
    if chromium.missing():
        sys.exit(f"not installed: {' '.join(chromium.missing())}")
    harness.programs = harness.Programs(os.path.abspath(options.build))
    world = World()
    try:
        print(json.dumps(measure(world, options.count), indent=1))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        world.close()


if __name__ == "__main__":
    main()
