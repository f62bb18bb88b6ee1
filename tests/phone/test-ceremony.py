#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-phone scan from the code to the end, against a computer, a relay and the air."""

import json
import signal
import socket
import time
import unittest

from lab import WAIT_S, LabCase

MAKE = ("make", "example.com", "alice")
GET = ("get", "example.com")


class CeremonyTest(LabCase):
    def setUp(self):
        super().setUp()
        self.init()

    def assert_ends(self, phone, status, cause=None):
        self.assertEqual(phone.status(), status, phone.err.all())
        if cause is not None:
            failed = json.loads(phone.err.wait('"state":"failed"'))
            self.assertEqual(failed["cause"], cause)
            self.assertEqual(failed["exit"], status)
        self.assertEqual(self.adverts(), 0)

    def test_registers_and_signs_in(self):
        answer, phone = self.ceremony(MAKE, "--approve", "auto", "--json")
        self.assertEqual(answer, "0x00")
        self.assert_ends(phone, 0)
        result = json.loads(phone.out.all())
        self.assertEqual((result["result"], result["rpId"], result["account"]),
                         ("registered", "example.com", "alice"))
        answer, phone = self.ceremony(GET, "--approve", "auto", "--json")
        self.assertEqual(answer, "0x00")
        self.assert_ends(phone, 0)
        self.assertEqual(json.loads(phone.out.all()),
                         {"result": "signed-in", "rpId": "example.com", "account": "alice",
                          "credentialId": result["credentialId"]})
        states = [json.loads(line)["state"] for line in phone.err.lines if line.startswith("{")]
        self.assertEqual(states, ["scanned", "advertising", "secured", "answering", "answered",
                                  "done"])
        self.assertIn("test store", phone.err.all())

    def test_owner_denies(self):
        answer, phone = self.ceremony(MAKE, "--approve", "deny")
        self.assertEqual(answer, "0x27")
        self.assert_ends(phone, 42, "declined")

    def test_owner_runs_out_of_time(self):
        answer, phone = self.ceremony(MAKE, "--approve", "timeout")
        self.assertEqual(answer, "0x2f")
        self.assert_ends(phone, 43, "timed-out")

    def test_owner_is_not_verified(self):
        answer, phone = self.ceremony(MAKE, "--approve", "auto", "--no-uv")
        self.assertEqual(answer, "0x3f")
        self.assert_ends(phone, 44, "not-verified")

    def test_no_passkey(self):
        answer, phone = self.ceremony(GET)
        self.assertEqual(answer, "0x2e")
        self.assert_ends(phone, 40, "no-passkey")

    def test_unknown_command(self):
        answer, phone = self.ceremony(("raw", "40"))
        self.assertEqual(answer, "0x01")
        self.assert_ends(phone, 45, "unsupported-request")

    def test_undecodable_request(self):
        answer, phone = self.ceremony(("raw", "01ff"))
        self.assertEqual(answer, "0x12")
        self.assert_ends(phone, 47, "phone-error")

    def test_get_info(self):
        answer, phone = self.ceremony(("raw", "04"))
        self.assertEqual(answer, "0x00")
        self.assert_ends(phone, 0)

    def test_computer_hangs_up_after_the_answer(self):
        answer, phone = self.ceremony(MAKE, before=("--after", "leave"))
        self.assertEqual(answer, "0x00")
        self.assert_ends(phone, 0)

    def test_phone_hangs_up_on_a_computer_that_stays(self):
        answer, phone = self.ceremony(MAKE, before=("--after", "stay"))
        self.assertEqual(answer, "0x00")
        self.assert_ends(phone, 0)

    def test_computer_asks_without_end(self):
        answer, phone = self.ceremony(("raw", "04"), before=("--after", "again"))
        self.assertEqual(answer, "0x00")
        self.assert_ends(phone, 32, "protocol")

    def test_computer_takes_its_request_back(self):
        computer, uri = self.computer("--then", "shutdown", *MAKE)
        phone = self.scan(uri, "--approve", "none")
        phone.err.wait('"answering"')
        computer.popen.send_signal(signal.SIGUSR1)
        self.assert_ends(phone, 50, "cancelled")
        self.assertNotEqual(computer.status(), 0)

    def test_computer_leaves_while_the_owner_is_asked(self):
        computer, uri = self.computer("--then", "leave", *MAKE)
        phone = self.scan(uri, "--approve", "none")
        phone.err.wait('"answering"')
        computer.popen.send_signal(signal.SIGUSR1)
        self.assert_ends(phone, 31, "phone-left")
        self.assertNotEqual(computer.status(), 0)

    def test_interrupted_while_advertising(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            computer, uri = self.computer(*MAKE)
            computer.end()
            phone = self.scan(uri, "--approve", "auto")
            phone.err.wait('"advertising"')
            phone.popen.send_signal(how)
            self.assert_ends(phone, 50, "cancelled")

    def test_interrupted_while_the_owner_is_asked(self):
        computer, uri = self.computer(*MAKE)
        phone = self.scan(uri, "--approve", "none")
        phone.err.wait('"answering"')
        self.assertEqual(self.adverts(), 0)  # stopped on msg1, long before the answer
        phone.popen.send_signal(signal.SIGINT)
        self.assert_ends(phone, 50, "cancelled")
        self.assertNotEqual(computer.status(), 0)

    def test_killed_while_advertising(self):
        computer, uri = self.computer(*MAKE)
        computer.end()
        phone = self.scan(uri, "--approve", "auto")
        phone.err.wait('"advertising"')
        phone.popen.kill()
        self.assertEqual(phone.status(), -signal.SIGKILL)
        for _ in range(WAIT_S * 10):
            if self.adverts() == 0:
                break
            time.sleep(0.1)
        self.assertEqual(self.adverts(), 0)

    def test_no_such_adapter(self):
        _, uri = self.computer(*MAKE)
        phone = self.scan(uri, "--approve", "auto", "--adapter", "hci7")
        self.assert_ends(phone, 10, "bluetooth-missing")

    def test_relay_is_down(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        _, uri = self.computer(*MAKE)
        phone = self.scan(uri, "--approve", "auto", net=self.net(port=port))
        self.assert_ends(phone, 20, "relay-unreachable")

    def test_relay_of_another_authority(self):
        _, uri = self.computer(*MAKE)
        phone = self.scan(uri, "--approve", "auto", net=self.net(authority="other"))
        self.assert_ends(phone, 21, "relay-tls")

    def test_relay_that_the_computer_does_not_know(self):
        _, uri = self.computer(*MAKE)
        phone = self.scan(uri, "--approve", "auto", "--domain", "5")
        self.assert_ends(phone, 2, "usage")

    def test_same_code_twice(self):
        _, uri = self.computer(*MAKE)
        first = self.scan(uri, "--approve", "none")
        first.err.wait('"answering"')
        second = self.scan(uri, "--approve", "auto")
        self.assert_ends(second, 22, "relay-refused")
        first.popen.send_signal(signal.SIGTERM)
        self.assert_ends(first, 50, "cancelled")


if __name__ == "__main__":
    unittest.main()
