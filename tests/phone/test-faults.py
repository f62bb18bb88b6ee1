#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-phone through a tunnel service that misbehaves: one cause each, and nothing on the
air afterwards."""

import json
import os
import sys
import unittest

from lab import LabCase

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "relay"))
from faulty_relay import Faults, FaultyRelay  # noqa: E402

MAKE = ("make", "example.com", "alice")


class FaultsTest(LabCase):
    def setUp(self):
        super().setUp()
        self.init()

    def through(self, **faults):
        """One registration through a relay with @faults; the ended phone."""
        with FaultyRelay(Faults(**faults), cert=self.lab / "relay.pem",
                         key=self.lab / "relay.key") as relay:
            self.port = relay.port  # for this test alone: net() takes it from here
            computer, uri = self.computer(*MAKE)
            phone = self.scan(uri, "--approve", "auto")
            phone.status()
            computer.end()
        self.assertEqual(self.adverts(), 0)
        return phone

    def assert_causes(self, status, cause, **faults):
        phone = self.through(**faults)
        self.assertEqual(phone.status(), status, (faults, phone.err.all()))
        failed = json.loads(phone.err.wait('"state":"failed"'))
        self.assertEqual((failed["cause"], failed["exit"]), (cause, status))

    def test_harmless(self):
        for faults in ({}, {"fragment": 7}, {"ping": True}):
            phone = self.through(**faults)
            self.assertEqual(phone.status(), 0, (faults, phone.err.all()))

    def test_no_routing_id(self):
        for how in ("none", "malformed"):
            self.assert_causes(32, "protocol", routing_id=how)

    def test_refused(self):
        for status in (400, 404, 409, 503):
            self.assert_causes(22, "relay-refused", status_new=status)

    def test_relay_never_answers(self):
        self.assert_causes(20, "relay-unreachable", stall_new=True)

    def test_first_message_is_damaged(self):
        self.assert_causes(30, "handshake-failed", flip=("c2a", 1))
        self.assert_causes(32, "protocol", truncate=("c2a", 1))

    def test_request_is_damaged(self):
        self.assert_causes(32, "protocol", flip=("c2a", 2))
        self.assert_causes(32, "protocol", truncate=("c2a", 2))

    def test_first_message_is_repeated(self):
        self.assert_causes(32, "protocol", repeat=("c2a", 1))

    def test_connection_is_cut(self):
        self.assert_causes(31, "phone-left", drop=("c2a", 1))
        self.assert_causes(31, "phone-left", drop=("c2a", 2))
        self.assert_causes(31, "phone-left", close=("c2a", 2, 1001))

    def test_messages_that_are_none(self):
        for kind in ("text", "empty", "oversized"):
            self.assert_causes(32, "protocol", inject=("c2a", 2, kind))


if __name__ == "__main__":
    unittest.main()
