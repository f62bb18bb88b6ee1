#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The relay's load generator and the floor do what is measured; how fast is not looked at."""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "relay")]

import relaytest  # noqa: E402
import tap  # noqa: E402

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
LOAD, FLOOR = BUILD / "tests/speed/relay-load", BUILD / "tests/speed/relay-floor"


def load(port, kind, *options):
    """(exit status, JSON) of a short run."""
    command = [str(LOAD), kind, "--connect", f"127.0.0.1:{port}", "--seconds", "0.05", *options]
    done = subprocess.run(command, input="\n\n", text=True, timeout=60, capture_output=True)
    lines = done.stdout.splitlines()
    return done.returncode, json.loads(lines[1]) if len(lines) > 1 else done.stderr


class Loads:
    """Each kind of load, at @self.port."""

    def works(self, kind, *options):
        status, result = load(self.port, kind, *options, *self.options)
        self.assertEqual(status, 0, result)
        self.assertGreater(result["operations"], 0)
        return result

    def test_tunnels(self):
        self.works("tunnels", "--warm", "3", "--flight", "5")

    def test_messages(self):
        self.works("messages", "--count", "2", "--depth", "3")

    def test_a_message_longer_than_a_record(self):
        self.works("messages", "--count", "1", "--size", "40000", "--depth", "2")

    def test_latency(self):
        result = self.works("latency")
        self.assertLessEqual(result["p50_us"], result["p99_us"])

    def test_idle_halves(self):
        self.assertEqual(self.works("idle", "--count", "20", "--warm", "5")["operations"], 20)

    def test_idle_tunnels(self):
        self.assertEqual(self.works("idle", "--count", "20", "--paired")["operations"], 20)


class FloorTestCase(unittest.TestCase):
    def floor(self, *options):
        """Its port."""
        process = subprocess.Popen([str(FLOOR), *options], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return int(re.match(r"listening on 127.0.0.1:(\d+)$", process.stdout.readline())[1])


class FloorPlain(Loads, FloorTestCase):
    options = ()

    def setUp(self):
        self.port = self.floor()


class FloorTls(Loads, FloorTestCase):
    options = ("--tls",)

    def setUp(self):
        self.port = self.floor(*relaytest.certificate()[1:])


class RelayPlain(Loads, relaytest.RelayTestCase):
    options = ()

    def setUp(self):
        self.port = self.relay("--messages", "1000000").port


class RelayTls(Loads, relaytest.RelayTestCase):
    options = ("--tls",)
    tls = True

    def setUp(self):
        self.port = self.relay("--messages", "1000000").port


class Places(FloorTestCase):
    """Two floors share a port and know nothing of each other: a tunnel works only within one."""

    def setUp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for worker in ("0", "1"):
            self.floor("-p", str(self.port), "-w", worker)

    def test_both_ends_land_at_the_same_worker(self):
        status, result = load(self.port, "tunnels", "--flight", "4", "--route", "same")
        self.assertEqual(status, 0, result)
        self.assertGreater(result["operations"], 4)

    def test_the_ends_land_at_different_workers(self):
        status, _ = load(self.port, "tunnels", "--flight", "4", "--route", "other")
        self.assertEqual(status, 1)

    def test_one_worker_is_not_enough(self):
        status, _ = load(self.floor(), "tunnels", "--flight", "1", "--route", "same")
        self.assertEqual(status, 1)


class Bench(unittest.TestCase):
    def test_a_row_is_measured(self):
        done = subprocess.run([str(HERE / "relay.py"), str(BUILD), "--quick", "--seconds", "0.2",
                               "--only", "tunnels-plain"], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        row, = json.loads(done.stdout)["rows"]
        self.assertGreater(row["value"], 0)
        self.assertIn(b"tunnels-plain", done.stderr)


if __name__ == "__main__":
    tap.main()
