#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ctrl-C in every state, at either end, and kill -9 of the phone around its writing.

usage: test-cancel.py BUILD-DIR [TEST…]
"""
import json
import os
import signal
import time

import harness
from harness import Faults
from webauthn import Site, encode

REGISTER = ["register", "--rp", "example.com", "--user", "ada"]

# What the other end makes of it, depending on how far both were.
LEFT = ("phone-left", "cancelled")


class ComputerTest(harness.TestCase):
    """The computer is held in a state by the relay or the phone, then interrupted."""

    def cancelled_in(self, state, approve="none", **faults):
        self.world.start(faults=Faults(**faults))
        phone = self.world.phone()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line(), approve=approve)
        computer.wait_state(state)
        self.assertEqual(computer.states()[-1], state)
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")
        if not scan_ends_by_itself(state):
            scan.wait_state("advertising")
            self.interrupt(scan)
        self.assertNotEqual(scan.wait(), 0, scan.describe())
        self.assertIn(scan.failure()["cause"], LEFT, scan.describe())

    def test_qr_shown(self):
        self.world.start()
        computer = self.world.computer(*REGISTER)
        computer.wait_state("qr-shown")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def test_phone_heard(self):
        self.cancelled_in("phone-heard", stall_connect=True)

    def test_tunnel_open(self):
        self.cancelled_in("tunnel-open", stall=("c2a", 1))

    def test_tunnel_open_without_a_greeting(self):
        self.cancelled_in("tunnel-open", stall=("a2c", 2))

    def test_waiting_for_person(self):
        self.cancelled_in("waiting-for-person")

    def test_terminated(self):
        """Also by SIGTERM."""
        self.world.start()
        computer = self.world.computer(*REGISTER)
        computer.wait_state("qr-shown")
        computer.signal(signal.SIGTERM)
        self.assert_cause(computer, "cancelled")

    def test_qr_image_is_removed(self):
        self.world.start()
        image = self.world.folder / "code.png"
        computer = self.world.computer(*REGISTER, "--qr", image)
        computer.wait_state("qr-shown")
        computer.wait_for("image", image.exists)
        self.assertEqual(image.stat().st_mode & 0o077, 0, "others can read the code")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")
        self.assertFalse(image.exists())

    def test_qr_image_is_removed_once_it_is_scanned(self):
        """It has done its work, and what it shows is a secret."""
        self.world.start()
        image = self.world.folder / "code.png"
        computer = self.world.computer(*REGISTER, "--qr", image)
        computer.wait_for("image", image.exists)
        scan = self.world.phone().scan(computer.first_line(), approve="none")
        computer.wait_state("waiting-for-person")
        self.assertFalse(image.exists())
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")
        scan.wait()


def scan_ends_by_itself(state):
    """A phone learns that the computer went once they share a tunnel."""
    return state in ("tunnel-open", "secured", "waiting-for-person")


class PhoneTest(harness.TestCase):
    """The phone is held in a state, then interrupted; the computer finds its own way out."""

    def cancelled_in(self, state, approve="none", computer_causes=("phone-left",),
                     computer_state="qr-shown", **faults):
        self.world.start(faults=Faults(**faults))
        phone = self.world.phone()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line(), approve=approve)
        scan.wait_state(state)
        computer.wait_state(computer_state)
        self.assertEqual(scan.states()[-1], state)
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")
        if computer_causes is None:
            self.interrupt(computer)
            computer_causes = ("cancelled",)
        self.assertNotEqual(computer.wait(), 0, computer.describe())
        self.assertIn(computer.failure()["cause"], computer_causes, computer.describe())
        self.assertEqual(json.loads(passkeys(phone)), [])

    def test_scanned(self):
        self.cancelled_in("scanned", computer_causes=None, stall_new=True)

    def test_advertising(self):
        """The computer is in the tunnel already, but its first message got lost."""
        self.cancelled_in("advertising", computer_state="tunnel-open", stall=("c2a", 1))

    def test_advertising_to_nobody(self):
        self.world.start()
        phone = self.world.phone()
        computer = self.world.computer(*REGISTER)
        uri = computer.first_line()
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")
        scan = phone.scan(uri)
        scan.wait_state("advertising")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")

    def test_secured(self):
        self.cancelled_in("secured", stall=("c2a", 2))

    def test_answering(self):
        self.cancelled_in("answering", computer_causes=("phone-left", "declined"))


def passkeys(phone):
    listed = phone.run("passkeys", "list", "--json")
    if listed.status != 0:
        raise AssertionError(listed.describe())
    return "\n".join(listed.stdout)


class KillTest(harness.TestCase):
    """kill -9 of the phone, at moments spread over its work."""

    def test_what_was_answered_is_kept(self):
        """Nothing that a computer was told exists gets lost, and the store stays readable."""
        self.world.start()
        phone = self.world.phone()
        site = Site()
        answered = []
        for step in range(12):
            options = site.creation(name=f"user{step}",
                                    authenticatorSelection={"residentKey": "required"})
            computer = self.world.computer("register", "--request", "-", "--origin", site.origin,
                                           "--json", stdin=json.dumps(options))
            scan = phone.scan(computer.first_line())
            scan.wait_state("answering")
            # From at once to well after the answer.
            time.sleep(step * 0.004)
            scan.signal(signal.SIGKILL)
            scan.wait()
            status = computer.wait()
            if status == 0:
                response = json.loads("\n".join(computer.stdout[1:]))
                answered.append(site.registered(options, response).credential_id)
            else:
                self.assert_cause(computer, "phone-left")
            listed = passkeys(phone)
            for credential in answered:
                self.assertIn(encode(credential), listed)

    def test_credential_is_on_disk_before_its_answer(self):
        """The relay withholds the phone's answer; the phone is killed; the passkey is there."""
        self.world.start(faults=Faults(stall=("a2c", 4)))
        phone = self.world.phone()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line())
        scan.wait_state("answered")
        scan.signal(signal.SIGKILL)
        scan.wait()
        self.assertIn("ada", passkeys(phone))
        self.interrupt(computer)
        computer.wait()

    def test_leftovers_of_a_kill_do_not_matter(self):
        self.world.start()
        phone = self.world.phone()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line(), approve="none")
        scan.wait_state("answering")
        scan.signal(signal.SIGKILL)
        scan.wait()
        self.assert_cause(computer, "phone-left")
        computer, scan = self.world.ceremony(phone, *REGISTER)
        self.assert_ok(computer, scan)
        self.assertEqual(sorted(os.listdir(self.world.folder / "home")), [])


if __name__ == "__main__":
    harness.main()
