#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The owner at the terminal: what is asked, and what each answer does."""

import signal
import unittest

from lab import PHONE, LabCase
from terminal import Terminal

MAKE = ("make", "example.com", "alice")
GET = ("get", "example.com")
PASSPHRASE = "correct horse battery"


class AskTest(LabCase):
    def scan_asking(self, uri, *arguments, typed_before=""):
        return Terminal(self, [PHONE, "scan", "-", "--store", self.store, "--adapter", "hci0",
                               *self.net(), *arguments],
                        self.environment, stdin_text=uri + "\n", typed_before=typed_before)

    def connect(self, request, *arguments, before=()):
        """Up to the question that follows the connection."""
        computer, uri = self.computer(*before, *request)
        phone = self.scan_asking(uri, *arguments)
        at = phone.wait(r"Connect to the computer.*\[y/N\] ".replace(".*", r"[^\[]*"))
        phone.type("y\n")
        return computer, phone, at

    def test_owner_registers_and_signs_in(self):
        self.init()
        computer, phone, at = self.connect(MAKE, before=("--hint", "mc"))
        self.assertIn("to make a passkey?", phone.text)
        phone.wait(r"Make a passkey for alice at example\.com\?\s+\[y/N\] ", at)
        phone.type("yes\n")
        self.assertEqual(phone.status(), 0)
        self.assertIn("Made a passkey for alice at example.com", phone.text)
        computer.out.wait("^status 0x00")
        computer, phone, at = self.connect(GET)
        phone.wait(r"Sign in to example\.com as alice\?\s+\[y/N\] ", at)
        phone.type("y\n")
        self.assertEqual(phone.status(), 0)
        self.assertIn("Signed in to example.com as alice", phone.text)
        computer.out.wait("^status 0x00")

    def test_owner_does_not_connect(self):
        self.init()
        for answer in ("\n", "n\n", "yess\n", "x" * 200 + "\n", "\x04"):
            computer, uri = self.computer(*MAKE)
            phone = self.scan_asking(uri)
            phone.wait(r"\[y/N\] ")
            phone.type(answer)
            self.assertEqual(phone.status(), 50, phone.text)
            self.assertIn("Not connected", phone.text)
            self.assertNotIn("state phone-heard", computer.out.lines)
            computer.end()

    def test_what_was_typed_before_does_not_count(self):
        self.init()
        _, uri = self.computer(*MAKE)
        phone = self.scan_asking(uri, typed_before="y\ny\n")
        phone.wait(r"\[y/N\] ")
        phone.type("\n")
        self.assertEqual(phone.status(), 50, phone.text)

    def test_owner_says_no(self):
        self.init()
        computer, phone, at = self.connect(MAKE)
        phone.wait(r"Make a passkey.*\[y/N\] ".replace(".*", r"[^\[]*"), at)
        phone.type("\n")
        self.assertEqual(phone.status(), 42)
        computer.out.wait("^status 0x27")

    def test_owner_chooses_an_account(self):
        self.init()
        self.ceremony(("make", "example.com", "alice"))
        self.ceremony(("make", "example.com", "bob"))
        computer, phone, at = self.connect(GET)
        phone.wait(r"1  bob\s+2  alice\s+Number", at)
        phone.type("2\n")
        self.assertEqual(phone.status(), 0)
        self.assertIn("as alice", phone.text)
        computer.out.wait("^status 0x00")
        for answer in ("3\n", "0\n", "y\n", "\n"):
            computer, phone, at = self.connect(GET)
            phone.wait(r"Number, or Enter for no: ", at)
            phone.type(answer)
            self.assertEqual(phone.status(), 42)
            computer.out.wait("^status 0x27")

    def test_old_code_is_asked_about(self):
        self.init()
        for age, words in (("1260", "21 minutes old"), ("-1260", "minutes ahead")):
            computer, phone, at = self.connect(MAKE, before=("--age", age))
            phone.wait(words + r"[^\[]*\[y/N\] ", at)
            phone.type("\n")
            self.assertEqual(phone.status(), 50)
            computer.end()

    def test_owner_takes_too_long(self):
        self.init()
        _, uri = self.computer(*MAKE)
        phone = self.scan_asking(uri, "--timeout", "1")
        self.assertEqual(phone.status(), 43)

    def test_computer_leaves_meanwhile(self):
        self.init()
        for then, status in (("leave", 31), ("shutdown", 50)):
            computer, phone, at = self.connect(MAKE, before=("--then", then))
            at = phone.wait(r"Make a passkey[^\[]*\[y/N\] ", at)
            computer.popen.send_signal(signal.SIGUSR1)
            phone.wait("The question is taken back", at)
            self.assertEqual(phone.status(), status)
            self.assertEqual(self.adverts(), 0)

    def test_interrupted(self):
        self.init()
        _, uri = self.computer(*MAKE)
        phone = self.scan_asking(uri)
        phone.wait(r"\[y/N\] ")
        phone.type("\x03")
        self.assertEqual(phone.status(), 50)
        _, phone, at = self.connect(MAKE)
        phone.wait("Make a passkey", at)
        phone.popen.send_signal(signal.SIGINT)
        self.assertEqual(phone.status(), 50)

    def test_names_cannot_draw_on_the_terminal(self):
        self.init()
        computer, phone, at = self.connect(("make", "example.com", "\x1b[2Jbob\u202egod"))
        phone.wait("Make a passkey for \ufffd\\[2Jbob\ufffdgod", at)
        phone.type("\n")
        self.assertEqual(phone.status(), 42)
        self.assertNotIn("\x1b", phone.text)
        computer.out.wait("^status 0x27")

    def test_passphrase(self):
        self.make_locked()
        computer, uri = self.computer(*MAKE)
        phone = self.scan_asking(uri)
        at = phone.wait("Passphrase of the passkey store: ")
        phone.type("not this one\n")
        at = phone.wait("try again.*Passphrase of the passkey store: ".replace(".*", r"[^$]*?"), at)
        phone.type(PASSPHRASE + "\n")
        at = phone.wait(r"Connect[^\[]*\[y/N\] ", at)
        phone.type("y\n")
        phone.wait(r"Make a passkey[^\[]*\[y/N\] ", at)
        phone.type("y\n")
        self.assertEqual(phone.status(), 0, phone.text)
        self.assertNotIn(PASSPHRASE, phone.text)
        self.assertNotIn("not this one", phone.text)
        computer.out.wait("^status 0x00")

    def test_wrong_passphrase(self):
        self.make_locked()
        _, uri = self.computer(*MAKE)
        phone = self.scan_asking(uri)
        at = 0
        for _ in range(3):
            at = phone.wait("Passphrase of the passkey store: ", at)
            phone.type("not this one\n")
        self.assertEqual(phone.status(), 60)
        self.assertIn("That passphrase does not open", phone.text)

    def test_passphrase_interrupted(self):
        self.make_locked()
        _, uri = self.computer(*MAKE)
        phone = self.scan_asking(uri)
        phone.wait("Passphrase of the passkey store: ")
        phone.type("\x03")
        self.assertEqual(phone.status(), 50)

    def make_locked(self, tries=((PASSPHRASE, PASSPHRASE),), status=0):
        """Types @tries, each a passphrase and its repetition, None where that is not asked for."""
        init = Terminal(self, [PHONE, "init", "--store", self.store], self.environment)
        at = 0
        for first, second in tries:
            at = init.wait("New passphrase for the passkey store, at least 8 characters: ", at)
            init.type(first + "\n")
            if second is not None:
                at = init.wait("The same again: ", at)
                init.type(second + "\n")
        self.assertEqual(init.status(), status, init.text)
        for first, _ in tries:
            self.assertNotIn(first, init.text)

    def test_init_asks_until_it_fits(self):
        wrong = [("brief", None), (PASSPHRASE, PASSPHRASE + "s")]
        self.make_locked(wrong + [("tiny", None)], status=2)
        self.assertFalse(self.store.exists())
        self.make_locked(wrong + [(PASSPHRASE, PASSPHRASE)])
        self.assertTrue(self.store.exists())

    def test_delete_asks(self):
        self.init()
        self.ceremony(MAKE)
        listed = self.run_phone("passkeys", "list", "--store", self.store).stdout
        for answer, status, left in (("\n", 50, 1), ("y\n", 0, 0)):
            phone = Terminal(self, [PHONE, "passkeys", "delete", listed[:12], "--store",
                                    self.store], self.environment)
            phone.wait(r"Delete the passkey of alice at example\.com for good\? \[y/N\] ")
            phone.type(answer)
            self.assertEqual(phone.status(), status, phone.text)
            listing = self.run_phone("passkeys", "list", "--store", self.store).stdout
            self.assertEqual("example.com" in listing, bool(left))


if __name__ == "__main__":
    unittest.main()
