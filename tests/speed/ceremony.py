#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whole sign-ins over TLS, one after the other: what a person waits for, and what it costs.

Every sign-in is a `hybridge login`, a `hybridge-phone scan` that approves by itself, one relay and
one virtual air for all of them, and an answer whose signature is checked. Prints JSON: median and
95th percentile of each figure; progress goes to standard error.
"""
import argparse
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "program")]

import harness  # noqa: E402
from figures import cpu_ms, peak_kib, summary  # noqa: E402

RP = "example.com"
WARM_UP = 3  # sign-ins that are not counted


class Measured(harness.Process):
    """A program under tests/speed/usage, with what it cost once it ended."""

    def __init__(self, command, env, stdin=None, preexec=None):
        self.cost_file = pathlib.Path(env["HOME"]) / f"cost-{id(self)}"
        self.started = time.time()
        super().__init__([harness.programs.build / "tests/speed/usage", self.cost_file, *command],
                         env, stdin, preexec)

    def cost(self):
        try:
            return json.loads(self.cost_file.read_text())
        finally:
            self.cost_file.unlink()

    def time_of(self, state):
        return next(event["time"] for event in self.events if event["state"] == state)


class World(harness.World):
    def run(self, *command, stdin=None, preexec=None, env=None):
        return Measured(command, self.env | (env or {}), stdin, preexec)


def ceremony(world, phone, command):
    computer, scan = world.ceremony(phone, command, "--rp", RP, "--json",
                                    *(["--user", "alice"] if command == "register" else []))
    for process in (computer, scan):
        if process.status != 0:
            sys.exit(f"A sign-in failed:\n{process.describe()}")
    answer = json.loads(computer.stdout[1])
    shown, done = computer.time_of("qr-shown"), computer.time_of("done")
    client, authenticator = computer.cost(), scan.cost()
    return answer, {
        "start_to_qr_ms": (shown - computer.started) * 1e3,
        "scan_to_answer_ms": (done - scan.started) * 1e3,
        "client_cpu_ms": client["cpu_ms"], "phone_cpu_ms": authenticator["cpu_ms"],
        "client_peak_kib": client["peak_kib"], "phone_peak_kib": authenticator["peak_kib"],
    }


def measure(world, count):
    world.start()
    phone = world.phone()
    ceremony(world, phone, "register")
    for _ in range(WARM_UP):
        ceremony(world, phone, "login")
    relay_before = cpu_ms(world.relay.pid)
    rows = []
    for number in range(count):
        rows.append(ceremony(world, phone, "login")[1])
        print(f"\r{number + 1} of {count}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    figures = {name: summary([row[name] for row in rows]) for name in rows[0]}
    # The relay serves them all, so only the mean has meaning.
    figures["relay_cpu_ms"] = {"mean": round((cpu_ms(world.relay.pid) - relay_before) / count, 2)}
    figures["relay_peak_kib"] = peak_kib(world.relay.pid)
    return {"benchmark": "ceremony", "sign_ins": count, "figures": figures,
            "aims": {"start_to_qr_ms": 40, "scan_to_answer_ms": 150, "client_peak_kib": 16 * 1024}}


def main():
    parser = argparse.ArgumentParser(prog="tests/bench ceremony", description=__doc__)
    parser.add_argument("build", help="build folder")
    parser.add_argument("--count", type=int, default=100, help="sign-ins to measure [100]")
    options = parser.parse_args()
    if options.count < 1:
        parser.error("--count must be at least 1")
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
