#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge against a phone that errs once: usage: test-odd-phone.py BUILD-DIR [TEST…]

The relay, the air and the handshake are real; odd-phone goes wrong from there."""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "program")]

import harness  # noqa: E402

LOGIN = ("login", "--rp", "example.com")
REGISTER = ("register", "--rp", "example.com", "--user", "ada")

# {1: {"id": "credential"}, 2: authenticator data for example.com with UP, 3: "signature"} minus
# what a case leaves out or adds
AUTHDATA = "5825" + "a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947" + "0100000000"
SIGNATURE = "03497369676e6174757265"


class OddPhoneTest(harness.TestCase):
    def meet(self, fault, *command, stdin=None):
        self.world.start()
        computer = self.world.computer(*(command or LOGIN), stdin=stdin)
        phone = self.world.run(harness.programs.build / "tests/client/odd-phone", fault,
                               harness.DOMAIN, harness.PHONE_ADAPTER, *self.world.net(),
                               stdin=computer.first_line() + "\n")
        return computer, phone

    def ends(self, cause, fault, *command, said=None, **options):
        computer, phone = self.meet(fault, *command, **options)
        self.assert_cause(computer, cause)
        self.assertEqual(phone.wait(), 0, phone.describe())
        self.assertEqual(computer.stdout[1:], [])
        if said is not None:
            self.assertEqual(phone.stdout, said)

    def test_revision_0(self):
        self.ends("unsupported-phone", "revision-0")

    def test_no_ctap(self):
        self.ends("unsupported-phone", "no-ctap")

    def test_garbage_instead_of_a_greeting(self):
        self.ends("protocol", "garbage")

    def test_bad_get_info(self):
        self.ends("protocol", "bad-info")

    def test_point_off_the_curve(self):
        self.ends("handshake-failed", "bad-point")

    def test_short_handshake(self):
        self.ends("protocol", "short-handshake")

    def test_leaves_instead_of_answering(self):
        self.ends("phone-left", "leave", said=["request", "closed 1000"])

    def test_shuts_down_instead_of_answering(self):
        self.ends("phone-left", "answer:00")

    def test_unknown_message_type(self):
        self.ends("protocol", "answer:0400")

    def test_json_instead_of_ctap(self):
        self.ends("protocol", "answer:037b7d")

    def test_answer_without_status(self):
        self.ends("protocol", "answer:01")

    def test_success_without_content(self):
        self.ends("protocol", "answer:0100")

    def test_not_cbor(self):
        self.ends("protocol", "answer:0100ff")

    def test_empty_map(self):
        self.ends("protocol", "answer:0100a0")

    def test_registration_answered_with_an_assertion(self):
        self.ends("protocol", "answer:0100a2" + "02" + AUTHDATA + SIGNATURE, *REGISTER)

    def test_no_credential_named(self):
        self.ends("protocol", "answer:0100a2" + "02" + AUTHDATA + SIGNATURE)

    def test_other_site(self):
        self.ends("protocol", "answer:0100a2" + "02" + AUTHDATA + SIGNATURE, "login", "--rp",
                  "example.org", "--allow", "AQ")

    def test_keys_in_another_order(self):
        self.ends("protocol", "answer:0100a2" + SIGNATURE + "02" + AUTHDATA, *LOGIN, "--allow",
                  "AQ")

    def test_a_status_without_a_name(self):
        self.ends("phone-error", "answer:01f3", said=["request", "bye", "closed 1000"])

    def test_not_verified_though_required(self):
        self.ends("not-verified", "answer:0100a2" + "02" + AUTHDATA + SIGNATURE, *LOGIN, "--allow",
                  "AQ", "--user-verification", "required")

    def test_the_least_answer(self):
        computer, phone = self.meet("answer:0100a2" + "02" + AUTHDATA + SIGNATURE, *LOGIN,
                                    "--allow", "AQ", "--json")
        self.assert_ok(computer)
        self.assertEqual(json.loads(computer.stdout[1])["id"], "AQ")
        self.assertEqual(phone.wait(), 0)
        self.assertEqual(phone.stdout, ["request", "bye", "closed 1000"])

    def test_malformed_update_is_dropped(self):
        self.ends("no-passkey", "bad-update", said=["request", "bye", "closed 1000"])

    def test_suffix_is_ignored(self):
        computer, phone = self.meet("suffix")
        computer.wait_state("waiting-for-person")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")
        self.assertEqual(phone.wait(), 0)
        self.assertEqual(phone.stdout, ["request", "bye", "closed 1000"])

    def request(self, timeout_ms):
        return json.dumps({"challenge": "AAAA", "rpId": "example.com", "timeout": timeout_ms})

    def bounded(self, fault, timeout_ms):
        return self.meet(fault, "login", "--request", "-", "--origin", "https://example.com",
                         stdin=self.request(timeout_ms))

    def test_silent_before_the_handshake(self):
        computer, phone = self.bounded("silent", 1500)
        self.assert_cause(computer, "timed-out")
        self.assertEqual(phone.wait(), 0)

    def test_silent_after_the_handshake(self):
        computer, phone = self.bounded("speechless", 1500)
        self.assert_cause(computer, "timed-out")
        self.assertEqual(phone.wait(), 0)

    def falls_silent(self, fault):
        """For 10 s, whatever the request allows: no person is waited for (hybrid.md §1.4)."""
        computer, phone = self.meet(fault)
        self.assert_cause(computer, "timed-out", "fell silent")
        self.assertEqual(phone.wait(), 0)

    def test_silent_for_ever_before_the_handshake(self):
        self.falls_silent("silent")

    def test_silent_for_ever_after_the_handshake(self):
        self.falls_silent("speechless")

    def test_silent_after_the_request(self):
        computer, phone = self.bounded("none", 1500)
        self.assert_cause(computer, "timed-out")
        self.assertEqual(phone.wait(), 0)
        self.assertEqual(phone.stdout, ["request", "bye", "closed 1000"])


if __name__ == "__main__":
    harness.main()
