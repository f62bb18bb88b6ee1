#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The misbehaving relay does what it is told, and else what a relay does."""

import os
import subprocess
import unittest

from faulty_relay import ROUTING_ID, Faults, FaultyRelay
from relaytest import CLOSE, PING, PONG, TEXT, Gone, RelayTestCase, both, certificate, tunnel_id


class Faulty:
    def relay(self, **faults):
        _, cert, key = certificate() if self.tls else (None, None, None)
        relay = FaultyRelay(Faults(**faults), cert=cert, key=key)
        relay.tls = self.tls
        relay.start()
        self.addCleanup(relay.stop)
        return relay

    def pair(self, relay):
        first, tunnel = self.waiting(relay)
        second = self.client(relay)
        second.upgrade(f"/cable/connect/{ROUTING_ID}/{tunnel.upper()}")
        return first, second

    def routes(self, relay):
        headers = self.client(relay).upgrade("/cable/new/" + tunnel_id())
        return [v for n, v in headers if n.lower() == "x-cable-routing-id"]

    def test_without_faults_it_is_a_relay(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        first.say(b"early")
        second = self.client(relay)
        second.upgrade(f"/cable/connect/{ROUTING_ID}/{tunnel}")
        self.assertEqual(second.hear(), b"early")
        second.say(bytes(100000))
        self.assertEqual(first.hear(), bytes(100000))
        second.say(b"x", PING)
        self.assertEqual(second.read_frame(), (PONG, b"x"))
        self.assertEqual(relay.messages, [("a2c", b"early"), ("c2a", bytes(100000))])
        self.assertEqual(relay.requests[0][0], "/cable/new/" + tunnel)
        second.leave(4001)
        self.assertEqual(first.closed(), 4001)
        self.assertEqual(self.status(relay, "/cable/connect/00c0de/" + tunnel), 404)
        self.assertEqual(self.routes(relay), [ROUTING_ID])

    def test_statuses(self):
        relay = self.relay(status_new=500)
        self.assertEqual(self.status(relay, "/cable/new/" + tunnel_id()), 500)
        relay = self.relay(status_connect=410)
        _, tunnel = self.waiting(relay)
        self.assertEqual(self.status(relay, f"/cable/connect/{ROUTING_ID}/{tunnel}"), 410)

    def test_headers(self):
        self.assertEqual(self.routes(self.relay(routing_id="none")), [])
        self.assertEqual(self.routes(self.relay(routing_id="twice")), [ROUTING_ID] * 2)
        self.assertEqual(self.routes(self.relay(routing_id="malformed")), ["xyz"])
        for relay, echoed in ((self.relay(), True), (self.relay(subprotocol=False), False)):
            headers = self.client(relay).upgrade("/cable/new/" + tunnel_id())
            self.assertEqual("Sec-WebSocket-Protocol" in dict(headers), echoed)

    def test_damage(self):
        sent = [b"one", b"two", b"three"]
        for fault, expected in (
                ({"flip": ("a2c", 2)}, [b"one", b"tvo", b"three"]),
                ({"flip": ("c2a", 2)}, sent),
                ({"truncate": ("a2c", 3)}, [b"one", b"two", b"thre"]),
                ({"repeat": ("a2c", 1)}, [b"one", b"one", b"two", b"three"]),
                ({"swap": ("a2c", 1)}, [b"two", b"one", b"three"]),
                ({"fragment": 1}, None)):
            first, second = self.pair(self.relay(**fault))
            for message in sent:
                first.say(message)
            if expected is not None:
                self.assertEqual([second.hear() for _ in expected], expected)
            else:
                self.assertEqual(second.take(3), b"\x02\x01o")

    def test_stalling_and_dropping(self):
        first, second = self.pair(self.relay(stall=("a2c", 2)))
        for message in (b"one", b"two"):
            first.say(message)
        second.say(b"back")
        self.assertEqual(second.hear(), b"one")
        self.assertEqual(first.hear(), b"back")
        first.leave(4002)
        self.assertEqual(second.closed(), 4002)
        first, second = self.pair(self.relay(drop=("c2a", 1)))
        second.say(b"x")
        for end in (first, second):
            with self.assertRaises(Gone):
                end.read_frame()
        first, second = self.pair(self.relay(close=("c2a", 1, 1011)))
        second.say(b"x")
        self.assertEqual(first.closed(), 1011)
        self.assertEqual(second.closed(), 1011)

    def test_injections(self):
        for kind, frame in (("text", (TEXT, b"text")), ("empty", (2, b"")),
                            ("oversized", (2, bytes(2000)))):
            first, second = self.pair(self.relay(inject=("a2c", 1, kind), oversized=2000))
            first.say(b"real")
            self.assertEqual(second.read_frame(), frame)
            self.assertEqual(second.hear(), b"real")


FaultyPlain, FaultyTls = both(Faulty)
del Faulty


class Program(unittest.TestCase):
    def test_the_program_takes_the_same_faults(self):
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "faulty-relay")
        process = subprocess.Popen((program, "--flip", "a2c:1", "--close", "c2a:2:1011",
                                    "--routing-id", "twice"), stdout=subprocess.PIPE, text=True)
        self.assertRegex(process.stdout.readline(), r"^listening on 127\.0\.0\.1:\d+\n$")
        process.terminate()
        self.assertEqual(process.wait(20), 0)
        process.stdout.close()


if __name__ == "__main__":
    unittest.main()
