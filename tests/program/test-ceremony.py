#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whole ceremonies that succeed: computer, phone, relay and air are the real programs.

usage: test-ceremony.py BUILD-DIR [TEST…]
"""
import json

import harness
from webauthn import BE, BS, EDDSA, ES256, RS256, Site, decode, encode


class CeremonyTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.world.start()
        self.site = Site()
        self.phone = self.world.phone()

    def perform(self, command, options, scan=(), approve="auto", phone=None):
        """Both ends to the end; the response is in .response if there is one."""
        computer, scanning = self.world.ceremony(
            phone or self.phone, command, "--request", "-", "--origin", self.site.origin, "--json",
            scan=scan, approve=approve, stdin=json.dumps(options))
        if computer.status == 0:
            computer.response = json.loads("\n".join(computer.stdout[1:]))
        return computer, scanning

    def register(self, scan=(), uv=True, **options):
        wanted = self.site.creation(**options)
        computer, scanning = self.perform("register", wanted, scan)
        self.assert_ok(computer, scanning)
        return self.site.registered(wanted, computer.response, uv), computer

    def sign_in(self, scan=(), uv=True, **options):
        wanted = self.site.request(**options)
        computer, scanning = self.perform("login", wanted, scan)
        self.assert_ok(computer, scanning)
        return self.site.signed_in(wanted, computer.response, uv), computer


class AlgorithmTest(CeremonyTest):
    def both(self, *algorithms, want):
        made, _ = self.register(algorithms=algorithms)
        self.assertEqual(made.key[3], want)
        self.sign_in(allow=[made.credential_id])

    def test_es256(self):
        self.both(ES256, want=ES256)

    def test_eddsa(self):
        self.both(EDDSA, want=EDDSA)

    def test_rs256(self):
        self.both(RS256, want=RS256)

    def test_caller_decides_the_order(self):
        self.both(-65535, EDDSA, ES256, RS256, want=EDDSA)


class StateTest(CeremonyTest):
    def test_every_state_is_told_in_order(self):
        wanted = self.site.creation()
        computer, scanning = self.perform("register", wanted)
        self.assert_ok(computer, scanning)
        self.assertEqual(computer.states(), ["qr-shown", "phone-heard", "tunnel-open", "secured",
                                             "waiting-for-person", "done"])
        self.assertEqual(scanning.states(), ["scanned", "advertising", "secured", "answering",
                                             "answered", "done"])
        times = [event["time"] for event in computer.events]
        self.assertEqual(times, sorted(times))

    def test_short_form_says_who_signed_in(self):
        computer, scanning = self.world.ceremony(self.phone, "register", "--rp", "example.com",
                                                 "--user", "ada")
        self.assert_ok(computer, scanning)
        computer, scanning = self.world.ceremony(self.phone, "login", "--rp", "example.com")
        self.assert_ok(computer, scanning)
        self.assertIn("ada", "\n".join(scanning.stdout))

    def test_every_adapter_is_listened_with(self):
        computer = self.world.run(harness.programs.computer, "register", "--rp", "example.com",
                                  "--user", "ada", "--print-uri", "--events", *self.world.net())
        scanning = self.phone.scan(computer.first_line())
        self.assert_ok(computer, scanning)


class CredentialTest(CeremonyTest):
    def test_discoverable(self):
        """Signs in without an allow list; the user handle names the account."""
        wanted = self.site.creation(user_id=b"user-1",
                                    authenticatorSelection={"residentKey": "required"})
        computer, scanning = self.perform("register", wanted)
        self.assert_ok(computer, scanning)
        made = self.site.registered(wanted, computer.response)
        auth, computer = self.sign_in()
        self.assertEqual(decode(computer.response["rawId"]), made.credential_id)
        self.assertEqual(decode(computer.response["response"]["userHandle"]), b"user-1")
        self.assertFalse(auth.flags & BS and not auth.flags & BE)

    def test_not_discoverable(self):
        made, _ = self.register(authenticatorSelection={"residentKey": "discouraged"})
        self.sign_in(allow=[made.credential_id])

    def test_allow_list_picks_one(self):
        first, _ = self.register(name="ada")
        second, _ = self.register(name="bob")
        for credential in (first, second):
            _, computer = self.sign_in(allow=[credential.credential_id])
            self.assertEqual(decode(computer.response["rawId"]), credential.credential_id)
        _, computer = self.sign_in(allow=[b"\0" * 16, first.credential_id])
        self.assertEqual(decode(computer.response["rawId"]), first.credential_id)

    def test_several_accounts(self):
        """The person chooses; --account stands for that."""
        made = {}
        for name in ("ada", "bob", "eve"):
            made[name], _ = self.register(
                name=name, authenticatorSelection={"residentKey": "required"})
        for name in ("bob", "ada"):
            _, computer = self.sign_in(scan=["--account", name])
            self.assertEqual(decode(computer.response["rawId"]), made[name].credential_id)

    def test_same_user_replaces(self):
        selection = {"residentKey": "required"}
        self.register(user_id=b"same", authenticatorSelection=selection)
        second, _ = self.register(user_id=b"same", authenticatorSelection=selection)
        _, computer = self.sign_in()
        self.assertEqual(decode(computer.response["rawId"]), second.credential_id)

    def test_sites_are_apart(self):
        self.register(authenticatorSelection={"residentKey": "required"})
        self.site = Site("other.example")
        made, _ = self.register(authenticatorSelection={"residentKey": "required"})
        _, computer = self.sign_in()
        self.assertEqual(decode(computer.response["rawId"]), made.credential_id)

    def test_exclude_list_of_others_does_not_matter(self):
        self.register(exclude=[b"\1" * 32])

    def test_subdomain_origin(self):
        self.site = Site("example.com", "https://login.example.com")
        made, _ = self.register()
        self.sign_in(allow=[made.credential_id])

    def test_counter_never_goes_back(self):
        made, _ = self.register()
        counters = [self.sign_in(allow=[made.credential_id])[0].counter for _ in range(3)]
        self.assertTrue(counters == sorted(set(counters)) or counters == [0, 0, 0], counters)

    def test_user_verification_flag_is_honest(self):
        made, _ = self.register(uv=False, scan=["--no-uv"],
                                authenticatorSelection={"userVerification": "discouraged"})
        self.sign_in(allow=[made.credential_id], uv=False, scan=["--no-uv"],
                     userVerification="discouraged")

    def test_passkeys_lists_what_was_made(self):
        made, _ = self.register(name="ada", authenticatorSelection={"residentKey": "required"})
        listed = json.dumps(self.phone.passkeys())
        self.assertIn("ada", listed)
        self.assertIn("example.com", listed)
        self.assertIn(encode(made.credential_id), listed)


class PrfTest(CeremonyTest):
    def prf(self, computer):
        return computer.response["clientExtensionResults"]["prf"]

    def test_same_input_gives_the_same_output(self):
        made, computer = self.register(extensions={"prf": {}})
        self.assertTrue(self.prf(computer)["enabled"])
        extension = {"prf": {"eval": {"first": encode(b"salt one"), "second": encode(b"salt two")}}}
        results = []
        for _ in range(2):
            _, computer = self.sign_in(allow=[made.credential_id], extensions=extension)
            results.append(self.prf(computer)["results"])
        self.assertEqual(results[0], results[1])
        self.assertEqual(len(decode(results[0]["first"])), 32)
        self.assertEqual(len(decode(results[0]["second"])), 32)
        self.assertNotEqual(results[0]["first"], results[0]["second"])

    def test_by_credential(self):
        first, _ = self.register(name="ada", extensions={"prf": {}})
        second, _ = self.register(name="bob", extensions={"prf": {}})
        extension = {"prf": {"evalByCredential": {
            encode(first.credential_id): {"first": encode(b"for ada")},
            encode(second.credential_id): {"first": encode(b"for bob")}}}}
        outputs = []
        for credential in (first, second):
            _, computer = self.sign_in(allow=[credential.credential_id], extensions={"prf": {
                "evalByCredential": {key: value for key, value in
                                     extension["prf"]["evalByCredential"].items()
                                     if key == encode(credential.credential_id)}}})
            outputs.append(self.prf(computer)["results"]["first"])
        self.assertNotEqual(outputs[0], outputs[1])

    def test_credentials_differ(self):
        first, _ = self.register(name="ada", extensions={"prf": {}})
        second, _ = self.register(name="bob", extensions={"prf": {}})
        extension = {"prf": {"eval": {"first": encode(b"salt")}}}
        outputs = [self.prf(self.sign_in(allow=[credential.credential_id],
                                         extensions=extension)[1])["results"]["first"]
                   for credential in (first, second)]
        self.assertNotEqual(outputs[0], outputs[1])


class AirTest(CeremonyTest):
    def test_phone_of_somebody_else_does_not_disturb(self):
        """Two computers and two phones at once; each finds its own."""
        other = self.world.phone("other")
        first = self.world.computer("register", "--rp", "a.example", "--user", "ada")
        second = self.world.computer("register", "--rp", "b.example", "--user", "bob")
        scans = [other.scan(second.first_line()), self.phone.scan(first.first_line())]
        self.assert_ok(first, second, *scans)
        self.assertIn("b.example", json.dumps(other.passkeys()))
        self.assertIn("a.example", json.dumps(self.phone.passkeys()))

    def test_bluetooth_switched_on_during_the_wait(self):
        self.world.set_powered(harness.COMPUTER_ADAPTER, False)
        computer = self.world.computer("register", "--rp", "example.com", "--user", "ada",
                                       "--bluetooth-wait", "30")
        uri = computer.first_line()
        self.world.set_powered(harness.COMPUTER_ADAPTER, True)
        self.assert_ok(computer, self.phone.scan(uri))


if __name__ == "__main__":
    harness.main()
