#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every cause of failure, provoked for real: exit status, event, sentence, advice, nothing left.

usage: test-failure.py BUILD-DIR [TEST…]
"""
import json
import os
import resource
import signal
import socket
import unittest

import harness
from harness import COMPUTER_ADAPTER, PHONE_ADAPTER, Authority, Faults
from webauthn import Site, decode

REGISTER = ["register", "--rp", "example.com", "--user", "ada"]
LOGIN = ["login", "--rp", "example.com"]


class FailureTest(harness.TestCase):
    def start(self, **faults):
        self.world.start(faults=Faults(**faults) if faults else None)
        return self.world.phone()

    def ceremony(self, phone, *command, **options):
        computer, scan = self.world.ceremony(phone, *command, **options)
        return computer, scan

    def registered(self, phone, *more):
        computer, scan = self.ceremony(phone, *REGISTER, "--json", *more)
        self.assert_ok(computer, scan)
        return json.loads("\n".join(computer.stdout[1:]))


class UsageTest(FailureTest):
    def refused(self, program, *args, stdin=None):
        process = self.world.run(program, *args, "--events", stdin=stdin)
        self.assertEqual(process.wait(), 2, process.describe())
        self.assertEqual(process.stdout, [])
        self.assertTrue(process.stderr or process.failure(), process.describe())

    def test_computer(self):
        computer = harness.programs.computer
        for args in (["login"], ["login", "--rp", "example.com", "--no-such-option"],
                     ["login", "--rp", "example.com", "--resolve", "here"],
                     ["login", "--rp", "example.com", "--cacert", "/nonexistent"],
                     ["login", "--rp", "com"], ["register", "--rp", "example.com"],
                     ["login", "--rp", "example.com", "--origin", "https://other.example"],
                     ["login", "--rp", "example.com", "--config", "/nonexistent"], ["dance"]):
            with self.subTest(args):
                self.refused(computer, *args)

    def test_request(self):
        for request in ("", "{", "[]", "{}", '{"challenge": 7, "rpId": "example.com"}',
                        '{"challenge": "!", "rpId": "example.com"}'):
            with self.subTest(request):
                self.refused(harness.programs.computer, "login", "--request", "-", "--origin",
                             "https://example.com", stdin=request)

    def test_phone(self):
        phone = self.world.phone()
        for code in ("", "FIDO:/", "FIDO:/123", "https://example.com", "FIDO:/" + "9" * 167):
            with self.subTest(code):
                scan = phone.scan(code)
                self.assertEqual(scan.wait(), 2, scan.describe())


class BluetoothTest(FailureTest):
    def test_missing(self):
        self.world.start(adapters=1)
        computer = self.world.computer(*LOGIN, "--bluetooth-wait", "1", adapter="hci7")
        self.assert_cause(computer, "bluetooth-missing")

    def test_missing_at_the_phone(self):
        phone = self.start()
        computer = self.world.computer(*LOGIN)
        self.assert_cause(phone.scan(computer.first_line(), adapter="hci7"), "bluetooth-missing")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def test_off(self):
        self.world.start()
        self.world.set_powered(COMPUTER_ADAPTER, False)
        computer = self.world.computer(*LOGIN, "--bluetooth-wait", "1")
        self.assert_cause(computer, "bluetooth-off")

    def test_off_at_the_phone(self):
        phone = self.start()
        self.world.set_powered(PHONE_ADAPTER, False)
        computer = self.world.computer(*LOGIN)
        self.assert_cause(phone.scan(computer.first_line()), "bluetooth-off")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def test_no_service(self):
        self.world.start()
        self.world.air.signal(15)
        self.world.air.wait()
        computer = self.world.computer(*LOGIN, "--bluetooth-wait", "1")
        self.assert_cause(computer, "bluetooth-service")

    def test_no_bus(self):
        computer = self.world.computer(*LOGIN, "--bluetooth-wait", "1")
        self.assert_cause(computer, "bluetooth-service")

    def test_no_service_at_the_phone(self):
        phone = self.start()
        computer = self.world.computer(*LOGIN)
        uri = computer.first_line()
        computer.wait_state("qr-shown")
        self.world.air.signal(15)
        self.world.air.wait()
        self.assert_cause(phone.scan(uri), "bluetooth-service")
        self.interrupt(computer)
        self.assertIn(computer.wait(), (12, 50))


class PhoneNotSeenTest(FailureTest):
    def test_nobody_scans(self):
        self.world.start()
        self.assert_cause(self.world.computer(*LOGIN, "--timeout", "1"), "phone-not-seen")

    def test_phone_that_scanned_another_code(self):
        phone = self.start()
        other = self.world.computer(*LOGIN)
        uri = other.first_line()
        self.interrupt(other)
        self.assert_cause(other, "cancelled")
        scan = phone.scan(uri)
        scan.wait_state("advertising")
        self.assert_cause(self.world.computer(*LOGIN, "--timeout", "1"), "phone-not-seen")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")


class RelayTest(FailureTest):
    def closed_port(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return listener.getsockname()[1]

    def end_scan(self, scan):
        """A phone whose computer went away: it waits, until its owner has enough of it."""
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")

    def test_unreachable(self):
        phone = self.start()
        computer = self.world.computer(*REGISTER, port=self.closed_port())
        scan = phone.scan(computer.first_line())
        self.assert_cause(computer, "relay-unreachable")
        self.end_scan(scan)

    def test_unreachable_for_the_phone(self):
        phone = self.start()
        computer = self.world.computer(*REGISTER)
        self.assert_cause(phone.scan(computer.first_line(), port=self.closed_port()),
                          "relay-unreachable")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def test_wrong_authority(self):
        phone = self.start()
        other = Authority(self.world.folder / "other-ca")
        computer = self.world.computer(*REGISTER, cacert=other.ca)
        scan = phone.scan(computer.first_line())
        self.assert_cause(computer, "relay-tls", "authority")
        self.end_scan(scan)

    def test_wrong_authority_for_the_phone(self):
        phone = self.start()
        other = Authority(self.world.folder / "other-ca")
        computer = self.world.computer(*REGISTER)
        self.assert_cause(phone.scan(computer.first_line(), cacert=other.ca), "relay-tls")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def refused(self, status):
        phone = self.start(status_connect=status)
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line())
        self.assert_cause(computer, "relay-refused", str(status))
        self.end_scan(scan)

    def test_refused_404(self):
        self.refused(404)

    def test_refused_410(self):
        """For a phone that is not remembered this says no more than 404."""
        self.refused(410)

    def test_refused_500(self):
        self.refused(500)

    def test_refused_for_the_phone(self):
        phone = self.start(status_new=409)
        computer = self.world.computer(*REGISTER)
        self.assert_cause(phone.scan(computer.first_line()), "relay-refused", "409")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def routing_id(self, fault):
        phone = self.start(routing_id=fault)
        computer = self.world.computer(*REGISTER)
        self.assert_cause(phone.scan(computer.first_line()), "protocol")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def test_no_routing_id(self):
        self.routing_id("none")

    def test_malformed_routing_id(self):
        self.routing_id("malformed")


class TunnelTest(FailureTest):
    """Messages: the computer's 1 begins the handshake, the phone's 1 ends it, its 2 tells what it
    can do, its 3 offers to be remembered, the computer's 2 asks, the phone's 4 answers."""

    def ends(self, computer_cause, phone_causes, approve="auto", **faults):
        """@phone_causes: what the phone may say of it; None if for the phone all went well."""
        phone = self.start(**faults)
        computer, scan = self.ceremony(phone, *REGISTER, approve=approve)
        self.assert_cause(computer, computer_cause)
        if phone_causes is None:
            self.assert_ok(scan)
            return
        self.assertIsNotNone(scan.failure(), scan.describe())
        self.assertIn(scan.failure()["cause"], phone_causes, scan.describe())
        self.assert_cause(scan, scan.failure()["cause"])

    def test_damaged_answer_to_the_handshake(self):
        self.ends("handshake-failed", ["phone-left"], flip=("a2c", 1))

    def test_damaged_begin_of_the_handshake(self):
        """The bit may make the key no point of the curve, or break the seal."""
        self.ends("phone-left", ["handshake-failed", "protocol"], flip=("c2a", 1))

    def test_phone_cut_off(self):
        self.ends("phone-left", ["phone-left"], drop=("a2c", 2))

    def test_answer_lost(self):
        self.ends("phone-left", None, close=("a2c", 4, 1000))

    def test_phone_killed(self):
        phone = self.start()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line(), approve="none")
        computer.wait_state("waiting-for-person")
        scan.wait_state("answering")
        scan.signal(9)
        scan.wait()
        self.assert_cause(computer, "phone-left")

    def test_computer_killed(self):
        phone = self.start()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line(), approve="none")
        scan.wait_state("answering")
        computer.signal(9)
        computer.wait()
        self.assert_cause(scan, "phone-left")

    def test_text(self):
        self.ends("protocol", ["phone-left"], inject=("a2c", 2, "text"))

    def test_empty(self):
        self.ends("protocol", ["phone-left"], inject=("a2c", 2, "empty"))

    def test_oversized(self):
        self.ends("protocol", ["phone-left"], inject=("a2c", 2, "oversized"))

    def test_repeated(self):
        self.ends("protocol", ["phone-left"], approve="none", repeat=("a2c", 2))

    def test_damaged_greeting(self):
        self.ends("protocol", ["phone-left"], flip=("a2c", 2))

    def test_damaged_message(self):
        self.ends("protocol", ["phone-left"], approve="none", flip=("a2c", 3))

    def test_damaged_answer(self):
        self.ends("protocol", None, flip=("a2c", 4))

    def test_truncated_answer(self):
        self.ends("protocol", None, truncate=("a2c", 4))

    def test_text_to_the_phone(self):
        self.ends("phone-left", ["protocol"], inject=("c2a", 2, "text"))

    def test_damaged_message_to_the_phone(self):
        self.ends("phone-left", ["protocol"], flip=("c2a", 2))

    def test_fragments_and_pings_are_fine(self):
        phone = self.start(fragment=7, ping=True)
        self.assert_ok(*self.ceremony(phone, *REGISTER))


class AnswerTest(FailureTest):
    """What the phone or its owner says no to: both ends name it alike."""

    def refused(self, cause, phone, *command, scan=(), approve="auto", **options):
        computer, scanning = self.ceremony(phone, *command, scan=scan, approve=approve, **options)
        self.assert_cause(computer, cause)
        self.assert_cause(scanning, cause)

    def test_no_passkey(self):
        phone = self.start()
        self.refused("no-passkey", phone, *LOGIN)
        self.registered(phone)
        self.refused("no-passkey", phone, "login", "--rp", "other.example")
        self.refused("no-passkey", phone, *LOGIN, "--allow", "AAAAAAAAAAAAAAAAAAAAAA")

    def test_already_registered(self):
        phone = self.start()
        made = self.registered(phone)
        options = Site().creation(exclude=[decode(made["rawId"])])
        self.refused("already-registered", phone, "register", "--request", "-", "--origin",
                     "https://example.com", stdin=json.dumps(options))

    def test_declined(self):
        self.refused("declined", self.start(), *REGISTER, approve="deny")

    def test_declined_sign_in(self):
        phone = self.start()
        self.registered(phone)
        self.refused("declined", phone, *LOGIN, approve="deny")

    def test_timed_out_at_the_phone(self):
        self.refused("timed-out", self.start(), *REGISTER, approve="timeout")

    def test_nobody_answers(self):
        phone = self.start()
        computer, scan = self.ceremony(phone, *REGISTER, "--timeout", "3", approve="none")
        self.assert_cause(computer, "timed-out")
        self.assertIn(scan.failure()["cause"], ("phone-left", "cancelled"), scan.describe())

    def test_not_verified(self):
        self.refused("not-verified", self.start(), *REGISTER, "--user-verification", "required",
                     scan=["--no-uv"])

    def test_unsupported_algorithm(self):
        options = Site().creation(algorithms=[-65535, -39])
        self.refused("unsupported-request", self.start(), "register", "--request", "-", "--origin",
                     "https://example.com", stdin=json.dumps(options))


class OddPhoneTest(FailureTest):
    """Phones that speak otherwise; tests/client/test-odd-phone.py has more of them."""

    def meet(self, cause, fault):
        self.world.start()
        computer = self.world.computer(*LOGIN)
        phone = self.world.run(harness.programs.build / "tests/client/odd-phone", fault,
                               harness.DOMAIN, PHONE_ADAPTER, *self.world.net(),
                               stdin=computer.first_line() + "\n")
        self.assert_cause(computer, cause)
        self.assertEqual(phone.wait(), 0, phone.describe())

    def test_revision_0(self):
        self.meet("unsupported-phone", "revision-0")

    def test_no_ctap(self):
        self.meet("unsupported-phone", "no-ctap")


class InternalTest(FailureTest):
    def test_no_randomness(self):
        env = {"LD_PRELOAD": str(harness.programs.tests / "no-random.so"),
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.world.start()
        computer = self.world.computer(*LOGIN, env=env)
        self.assert_cause(computer, "internal")
        self.assertIn("report", computer.failure()["advice"])
        self.assertEqual(computer.stdout, [])


class StorageTest(FailureTest):
    def test_disk_full(self):
        """Nothing is half-written; the computer is told by CTAP's word for it."""
        def full():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        phone = self.start()
        computer = self.world.computer(*REGISTER)
        scan = phone.scan(computer.first_line(), preexec=full)
        self.assert_cause(computer, "phone-error", "CTAP2_ERR_KEY_STORE_FULL")
        self.assert_cause(scan, "storage")
        self.assertEqual(phone.passkeys(), [])
        self.registered(phone)

    def test_image_cannot_be_written(self):
        self.world.start()
        image = self.world.folder / "nowhere" / "code.png"
        self.assert_cause(self.world.computer(*REGISTER, "--qr", image), "storage")

    @unittest.skipIf(os.geteuid() == 0, "root may read and write everything")
    def test_store_of_somebody_else(self):
        phone = self.start()
        phone.store.chmod(0)
        self.addCleanup(phone.store.chmod, 0o700)
        computer = self.world.computer(*REGISTER)
        self.assert_cause(phone.scan(computer.first_line()), "storage")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")

    def test_no_store(self):
        phone = harness.Phone(self.world, self.world.folder / "nowhere", harness.DOMAIN)
        scan = phone.run("passkeys", "list")
        self.assertEqual(scan.status, 60, scan.describe())
        self.assertFalse(phone.store.exists())

    def test_not_a_store(self):
        for content in (b"", b"not a database", os.urandom(8192)):
            with self.subTest(content[:8]):
                phone = self.world.phone(f"phone-{len(content)}")
                for path in sorted(phone.store.rglob("*")) if phone.store.is_dir() else [phone.store]:
                    if path.is_file():
                        path.write_bytes(content)
                listed = phone.run("passkeys", "list")
                self.assertEqual(listed.status, 60, listed.describe())

    def test_second_init_touches_nothing(self):
        phone = self.world.phone()
        before = {path: path.read_bytes() for path in phone.store.rglob("*") if path.is_file()}
        again = phone.run("init", "--test")
        self.assertEqual(again.status, 60, again.describe())
        after = {path: path.read_bytes() for path in phone.store.rglob("*") if path.is_file()}
        self.assertEqual(before, after)


class WordsTest(FailureTest):
    """What a person without --events reads: six causes, statuses, sentences and advices."""

    def test_six(self):
        seen = {}

        def end(computer, *scans):
            status = computer.wait()
            sentence, advice = computer.stderr[-2:]  # before them, the state in words
            self.assertTrue(sentence.startswith("hybridge: "), computer.describe())
            seen[status] = (sentence, advice)
            for scan in scans:
                self.interrupt(scan)
                scan.wait()

        def computer(*args, port=None, cacert=None):
            return self.world.run(harness.programs.computer, *LOGIN, "--print-uri", "--adapter",
                                  COMPUTER_ADAPTER, *args, *self.world.net(port, cacert))

        phone = self.start()
        unknown = computer()
        phone.scan(unknown.first_line()).wait()
        end(unknown)
        self.registered(phone)
        denied = computer()
        phone.scan(denied.first_line(), approve="deny").wait()
        end(denied)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = listener.getsockname()[1]
        down = computer(port=closed)
        end(down, phone.scan(down.first_line()))
        wrong = computer(cacert=Authority(self.world.folder / "other-ca").ca)
        end(wrong, phone.scan(wrong.first_line()))
        end(computer("--timeout", "1"))
        self.world.air.signal(15)
        self.world.air.wait()
        end(computer("--bluetooth-wait", "1"))
        self.assertEqual(sorted(seen), [12, 13, 20, 21, 40, 42], seen)
        self.assertEqual(len({sentence for sentence, _ in seen.values()}), 6)
        self.assertEqual(len({advice for _, advice in seen.values()}), 6)


if __name__ == "__main__":
    harness.main()
