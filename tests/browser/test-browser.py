#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Chromium as it comes from Debian signs in with our phone, through our relay and air."""
import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import bench  # noqa: E402
import harness  # noqa: E402
from webauthn import EDDSA, ES256, RS256, UV, decode, encode  # noqa: E402

USER_HANDLE_MAX = 64

REQUIREMENTS = ("required", "preferred", "discouraged")


class SignInTest(bench.TestCase):
    def one_algorithm(self, algorithm):
        phone = self.phone()
        ada = self.register(phone, algorithms=[algorithm])
        self.assertEqual(ada.auth.key[3], algorithm)
        self.assertEqual(ada.passkey["algorithm"], algorithm)
        response = self.sign_in(phone, ada)
        self.assertEqual(decode(response["rawId"]), ada.credential_id)

    def test_es256(self):
        self.one_algorithm(ES256)

    def test_eddsa(self):
        self.one_algorithm(EDDSA)

    def test_rs256(self):
        self.one_algorithm(RS256)

    def test_no_allow_list(self):
        phone = self.phone()
        ada = self.register(phone)
        self.assertEqual(ada.response["authenticatorAttachment"], "cross-platform")
        self.assertIn("hybrid", ada.response["response"]["transports"])
        response = self.sign_in(phone)
        self.assertEqual(decode(response["rawId"]), ada.credential_id)
        self.assertEqual(response["response"]["userHandle"], ada.options["user"]["id"])
        self.assertEqual(len(decode(response["response"]["userHandle"])), USER_HANDLE_MAX)

    def test_several_accounts(self):
        phone = self.phone()
        people = [self.register(phone, name=self.unique(name)) for name in ("ada", "grace", "hedy")]
        for person in (people[1], people[0]):
            response = self.sign_in(phone, scan=("--account", person.name))
            self.assertEqual(response["response"]["userHandle"], person.options["user"]["id"])

    def test_several_phones(self):
        """Each knows its own passkey among those that the site allows."""
        phones = [self.phone(), self.phone()]
        ada = self.register(phones[0])
        ceremony = self.create()
        scan = ceremony.scan(phones[1])
        second = self.registered(ada.name, ceremony)
        self.assert_ok(scan)
        self.assertEqual(len(second.options["excludeCredentials"]), 1)
        for phone, passkey in zip(phones, (ada, second)):
            response = self.sign_in(phone, ada)
            self.assertEqual(decode(response["rawId"]), passkey.credential_id)

    def test_many_allowed(self):
        """64 credentials, 63 of them on other phones."""
        phone = self.phone()
        ada = self.register(phone)
        self.bench.add_passkeys(ada.name, 63, 64)
        response = self.sign_in(phone, ada)
        self.assertEqual(decode(response["rawId"]), ada.credential_id)

    def test_large_request(self):
        """More than one CTAPHID or websocket frame would hold."""
        ada = self.register(self.phone())
        self.bench.add_passkeys(ada.name, 40, 255)
        ceremony = self.create()
        scan = ceremony.scan(self.phone())
        second = self.registered(ada.name, ceremony)
        self.assert_ok(scan)
        self.assertEqual(len(second.options["excludeCredentials"]), 41)

    def requirement(self, resident_key):
        """With each value of user verification; our phone verifies its owner always."""
        phone = self.phone()
        for verification in REQUIREMENTS:
            with self.subTest(verification):
                ada = self.register(phone, residentKey=resident_key,
                                    userVerification=verification)
                self.assertTrue(ada.auth.flags & UV)
                self.sign_in(phone, ada, userVerification=verification)

    def test_resident_key_required(self):
        self.requirement("required")

    def test_resident_key_preferred(self):
        self.requirement("preferred")

    def test_resident_key_discouraged(self):
        self.requirement("discouraged")

    def prf(self, phone, account, prf):
        response = self.sign_in(phone, account, extensions={"prf": prf})
        results = response["clientExtensionResults"]["prf"]
        # Who left them out: the page's request, the phone's answer, or Chromium after that.
        self.assertIn("results", results, self.last.exchange())
        return results["results"]

    def test_prf(self):
        phone = self.phone()
        one, other = encode(os.urandom(32)), encode(os.urandom(8))
        ada = self.register(phone, extensions={"prf": {"eval": {"first": one}}})
        made = ada.response["clientExtensionResults"]["prf"]
        self.assertTrue(made["enabled"])
        first = self.prf(phone, ada, {"eval": {"first": one}})["first"]
        self.assertEqual(len(decode(first)), 32)
        self.assertEqual(made.get("results", {"first": first})["first"], first)
        self.assertEqual(self.prf(phone, ada, {"eval": {"first": one}})["first"], first)
        second = self.prf(phone, ada, {"eval": {"first": other}})["first"]
        self.assertNotEqual(second, first)
        both = {"evalByCredential": {encode(ada.credential_id): {"first": other, "second": one}}}
        self.assertEqual(self.prf(phone, ada, both), {"first": second, "second": first})


class DomainTest(bench.TestCase):
    def test_domains(self):
        for domain in bench.HOSTS:
            with self.subTest(domain):
                phone = self.phone(domain=domain)
                self.sign_in(phone, self.register(phone))

    def test_other_service_uuid(self):
        phone = self.phone()
        self.addCleanup(self.bench.air_call, "clear")
        self.bench.air_call("rewrite", "fff9", "fde2")
        self.sign_in(phone, self.register(phone))

    def test_busy_air(self):
        """Adverts get lost, and other phones advertise meanwhile."""
        phone = self.phone()
        self.addCleanup(self.bench.air_call, "clear")
        self.bench.air_call("loss", "50")
        self.bench.air_call("foreign", "fff9", "20", "3")
        self.sign_in(phone, self.register(phone))


class RefusalTest(bench.TestCase):
    def refused(self, ceremony, phone, cause, error, *args, **how):
        scan = ceremony.scan(phone, *args, **how)
        self.assert_cause(scan, cause)
        self.assertEqual(ceremony.error(), error)

    def test_already_registered(self):
        phone = self.phone()
        ada = self.register(phone)
        self.bench.add_passkeys(ada.name, 3, 32)
        self.refused(self.create(), phone, "already-registered", "InvalidStateError")
        self.assertEqual(len(phone.passkeys()), 1)

    def test_no_passkey(self):
        ada = self.register(self.phone())
        self.refused(self.get(ada), self.phone(), "no-passkey", "NotAllowedError")
        self.refused(self.get(), self.phone(), "no-passkey", "NotAllowedError")

    def test_declined(self):
        phone = self.phone()
        self.refused(self.create(self.unique("ada")), phone, "declined", "NotAllowedError",
                     approve="deny")
        ada = self.register(phone)
        self.refused(self.get(ada), phone, "declined", "NotAllowedError", approve="deny")

    def test_nobody_answers(self):
        self.refused(self.create(self.unique("ada")), self.phone(), "timed-out",
                     "NotAllowedError", approve="timeout")

    def test_unknown_algorithm(self):
        """Chromium keeps the tunnel open while its sheet explains that."""
        ceremony = self.create(self.unique("ada"), algorithms=[-65535])
        scan = ceremony.scan(self.phone())
        scan.wait_state("answered")
        self.assertEqual(ceremony.error(), "NotAllowedError")
        self.assert_cause(scan, "unsupported-request")

    def test_cancel_in_the_browser(self):
        """While the phone asks its owner; it does not wait until they answer."""
        phone = self.phone()
        ada = self.register(phone)
        for begin in (lambda: self.create(self.unique("ada")), lambda: self.get(ada)):
            ceremony = begin()
            scan = ceremony.scan(phone, approve="none")
            scan.wait_state("answering")
            ceremony.display.press("Escape")
            self.assert_cause(scan, "cancelled")
            self.assertEqual(ceremony.error(), "NotAllowedError")
            self.assertEqual(len(phone.passkeys()), 1)

    def test_browser_leaves(self):
        """Its page is closed while the phone asks."""
        phone = self.phone()
        ceremony = self.create(self.unique("ada"))
        scan = ceremony.scan(phone, approve="none")
        scan.wait_state("answering")
        ceremony.page.close()
        self.assertIn(scan.wait(), [harness.CAUSES[c] for c in ("cancelled", "phone-left")])
        self.assertEqual(phone.passkeys(), [])

    def test_owner_interrupts_the_phone(self):
        ceremony = self.create(self.unique("ada"))
        scan = ceremony.scan(self.phone(), approve="none")
        scan.wait_state("answering")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")
        self.assertEqual(ceremony.error(), "NotAllowedError")

    def test_damaged_advert(self):
        """Chromium must not take it: it never comes to the tunnel."""
        self.addCleanup(self.bench.air_call, "clear")
        self.bench.air_call("damage", "150")
        name = self.unique("ada")
        ceremony = self.create(name)
        scan = ceremony.scan(self.phone())
        scan.wait_state("advertising")
        time.sleep(2)
        self.assertEqual(scan.states()[-1], "advertising")
        self.bench.air_call("clear")
        self.registered(name, ceremony)
        self.assert_ok(scan)


class PowerTest(bench.TestCase):
    options = {"powered": False}

    def test_switched_on_from_the_dialog(self):
        phone = self.phone()
        name = self.unique("ada")
        ceremony = self.create(name)
        begun = time.monotonic()
        presses = 0
        while not self.powered() and time.monotonic() < begun + bench.WAIT_S:
            # Seldom: the key would cancel on the sheet that comes next.
            if time.monotonic() - begun > 1 + 4 * presses:
                ceremony.display.press("Return")
                presses += 1
            time.sleep(0.05)
        self.assertTrue(self.powered())
        scan = ceremony.scan(phone)
        ada = self.registered(name, ceremony)
        self.assert_ok(scan)
        self.sign_in(phone, ada)

    def powered(self):
        return self.bench.adapter_property(bench.BROWSER_ADAPTER, "Adapter1", "Powered")


class NoBluetoothTest(bench.TestCase):
    options = {"bluetooth": False}

    def test_it(self):
        """Chromium offers no phone at all."""
        ceremony = self.create(self.unique("ada"))
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.assertFalse(ceremony.code_is_visible())
        self.assertEqual(ceremony.error(), "NotAllowedError")
        # Nor can the phone do anything about a code, wherever that comes from.
        computer = self.bench.computer("login", "--rp", "localhost", adapter=bench.BROWSER_ADAPTER)
        scan = self.phone().scan(computer.first_line())
        self.assert_cause(scan, "bluetooth-service")
        self.interrupt(computer)
        self.assert_cause(computer, "cancelled")


class TwoTest(bench.TestCase):
    options = {"browsers": 2}

    def test_two_browsers_two_phones(self):
        """At the same time, in one air."""
        names = [self.unique(name) for name in ("ada", "grace")]
        ceremonies = [self.create(name, browser=n) for n, name in enumerate(names)]
        for ceremony in ceremonies:
            ceremony.picture()
        scans = [ceremony.scan(self.phone(), adapter=f"hci{1 + n}")
                 for n, ceremony in enumerate(ceremonies)]
        self.assert_ok(*scans)
        for name, ceremony in zip(names, ceremonies):
            self.registered(name, ceremony)


class DamagedHandshakeTest(bench.TestCase):
    options = {"faults": harness.Faults(flip=("a2c", 1))}

    def test_it(self):
        ceremony = self.create(self.unique("ada"))
        scan = ceremony.scan(self.phone())
        self.assert_cause(scan, "phone-left")
        self.assertEqual(ceremony.error(), "NotAllowedError")


class UnreachedTest(bench.TestCase):
    """Chromium hears the phone and does not come to it; the phone goes on advertising until its
    owner ends it."""

    def unreached(self, happened):
        """@happened: what keeps Chromium away has done so."""
        ceremony = self.create(self.unique("ada"))
        scan = ceremony.scan(self.phone())
        end = time.monotonic() + bench.WAIT_S
        while not happened() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertTrue(happened(), ceremony.browser.last_words())
        self.assertEqual(ceremony.error(), "NotAllowedError")
        self.assertEqual(scan.states()[-1], "advertising")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")

    def asked(self):
        """What the relay was asked for."""
        return [path.split("/")[2] for path, _ in self.bench.relay.requests]


class UntrustedTest(UnreachedTest):
    options = {"trusted": False, "faults": harness.Faults()}

    def test_it(self):
        log = self.bench.browsers[0].log
        self.unreached(lambda: "net_error -202" in log.read_text(errors="replace"))
        self.assertEqual(self.asked(), ["new"])


class TunnelGoneTest(UnreachedTest):
    options = {"faults": harness.Faults(status_connect=404)}

    def test_it(self):
        self.unreached(lambda: "connect" in self.asked())


if __name__ == "__main__":
    bench.main()
