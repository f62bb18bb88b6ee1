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

REQUIRED = {"authenticatorSelection": {"residentKey": "required"}}


class SignInTest(bench.TestCase):
    def one_algorithm(self, algorithm):
        phone = self.phone()
        _, _, auth = self.register(phone, algorithms=(algorithm,))
        self.assertEqual(auth.key[3], algorithm)
        response, _ = self.sign_in(phone, allow=[auth.credential_id])
        self.assertEqual(decode(response["rawId"]), auth.credential_id)

    def test_es256(self):
        self.one_algorithm(ES256)

    def test_eddsa(self):
        self.one_algorithm(EDDSA)

    def test_rs256(self):
        self.one_algorithm(RS256)

    def test_no_allow_list(self):
        phone = self.phone()
        user_id = os.urandom(64)
        _, response, auth = self.register(phone, user_id=user_id, **REQUIRED)
        self.assertEqual(response["authenticatorAttachment"], "cross-platform")
        self.assertIn("hybrid", response["response"]["transports"])
        response, _ = self.sign_in(phone)
        self.assertEqual(decode(response["rawId"]), auth.credential_id)
        self.assertEqual(response["response"]["userHandle"], encode(user_id))

    def test_several_accounts(self):
        phone = self.phone()
        ids = {}
        for name in ("ada", "grace", "hedy"):
            ids[name] = os.urandom(16)
            self.register(phone, name=name, user_id=ids[name], **REQUIRED)
        for name in ("grace", "ada"):
            response, _ = self.sign_in(phone, scan=("--account", name))
            self.assertEqual(response["response"]["userHandle"], encode(ids[name]))

    def test_many_allowed(self):
        """64 credentials, 63 of them on other phones."""
        phone = self.phone()
        _, _, auth = self.register(phone)
        others = [os.urandom(64) for _ in range(63)]
        response, _ = self.sign_in(phone, allow=[*others, auth.credential_id])
        self.assertEqual(decode(response["rawId"]), auth.credential_id)

    def test_user_verification(self):
        for wanted in ("required", "preferred", "discouraged"):
            with self.subTest(wanted):
                phone = self.phone()
                selection = {"userVerification": wanted, "residentKey": wanted}
                _, _, auth = self.register(phone, authenticatorSelection=selection)
                self.assertTrue(auth.flags & UV)
                response, _ = self.sign_in(phone, allow=[auth.credential_id],
                                           userVerification=wanted)

    def test_prf(self):
        phone = self.phone()
        salts = [os.urandom(32), os.urandom(8)]
        first, second = [{"prf": {"eval": {"first": encode(salt)}}} for salt in salts]
        _, made, auth = self.register(phone, extensions=first, **REQUIRED)
        self.assertTrue(made["clientExtensionResults"]["prf"]["enabled"])
        outputs = []
        for extensions in (first, first, second):
            response, _ = self.sign_in(phone, allow=[auth.credential_id], extensions=extensions)
            outputs.append(response["clientExtensionResults"]["prf"]["results"]["first"])
        both = {"prf": {"evalByCredential": {encode(auth.credential_id): {
            "first": encode(salts[1]), "second": encode(salts[0])}}}}
        response, _ = self.sign_in(phone, allow=[auth.credential_id], extensions=both)
        results = response["clientExtensionResults"]["prf"]["results"]
        self.assertEqual(len(decode(outputs[0])), 32)
        self.assertEqual(outputs[0], outputs[1])
        self.assertNotEqual(outputs[0], outputs[2])
        self.assertEqual([results["first"], results["second"]], [outputs[2], outputs[0]])
        made = made["clientExtensionResults"]["prf"].get("results", {"first": outputs[0]})
        self.assertEqual(made["first"], outputs[0])

    def test_large_request(self):
        """More than one CTAPHID or websocket frame would hold."""
        phone = self.phone()
        others = [os.urandom(255) for _ in range(40)]
        _, _, auth = self.register(phone, exclude=others)
        self.sign_in(phone, allow=[auth.credential_id])


class DomainTest(bench.TestCase):
    def test_domains(self):
        for domain in bench.HOSTS:
            with self.subTest(domain):
                phone = self.phone(domain=domain)
                _, _, auth = self.register(phone)
                self.sign_in(phone, allow=[auth.credential_id])

    def test_other_service_uuid(self):
        phone = self.phone()
        self.bench.air_call("rewrite", "fff9", "fde2")
        self.addCleanup(self.bench.air_call, "clear")
        _, _, auth = self.register(phone)
        self.sign_in(phone, allow=[auth.credential_id])

    def test_busy_air(self):
        """Adverts get lost, and other phones advertise meanwhile."""
        phone = self.phone()
        self.addCleanup(self.bench.air_call, "clear")
        self.bench.air_call("loss", "50")
        self.bench.air_call("foreign", "fff9", "20", "3")
        _, _, auth = self.register(phone)
        self.sign_in(phone, allow=[auth.credential_id])


class RefusalTest(bench.TestCase):
    def refused(self, ceremony, phone, cause, error, *args, **how):
        scan = ceremony.scan(phone, *args, **how)
        self.assert_cause(scan, cause)
        self.assertEqual(ceremony.error(), error)

    def test_already_registered(self):
        phone = self.phone()
        _, _, auth = self.register(phone)
        options = self.site.creation(exclude=[os.urandom(32), auth.credential_id])
        self.refused(self.bench.create(options), phone, "already-registered", "InvalidStateError")
        self.assertEqual(len(phone.passkeys()), 1)

    def test_no_passkey(self):
        options = self.site.request(allow=[os.urandom(32)])
        self.refused(self.bench.get(options), self.phone(), "no-passkey", "NotAllowedError")
        self.refused(self.bench.get(self.site.request()), self.phone(), "no-passkey",
                     "NotAllowedError")

    def test_declined(self):
        phone = self.phone()
        self.refused(self.bench.create(self.site.creation()), phone, "declined",
                     "NotAllowedError", approve="deny")
        _, _, auth = self.register(phone)
        options = self.site.request(allow=[auth.credential_id])
        self.refused(self.bench.get(options), phone, "declined", "NotAllowedError",
                     approve="deny")

    def test_nobody_answers(self):
        self.refused(self.bench.create(self.site.creation()), self.phone(), "timed-out",
                     "NotAllowedError", approve="timeout")

    def test_unknown_algorithm(self):
        """Chromium keeps the tunnel open while its sheet explains that."""
        ceremony = self.bench.create(self.site.creation(algorithms=(-65535,)))
        scan = ceremony.scan(self.phone())
        scan.wait_state("answered")
        self.assertEqual(ceremony.error(), "NotAllowedError")
        self.assert_cause(scan, "unsupported-request")

    def test_cancel_in_the_browser(self):
        """While the phone asks its owner; it does not wait until they answer."""
        for begin in (lambda: self.bench.create(self.site.creation()),
                      lambda: self.bench.get(self.site.request())):
            phone = self.phone()
            self.register(phone, **REQUIRED)
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
        ceremony = self.bench.create(self.site.creation())
        scan = ceremony.scan(phone, approve="none")
        scan.wait_state("answering")
        ceremony.page.close()
        self.assertIn(scan.wait(), [harness.CAUSES[c] for c in ("cancelled", "phone-left")])
        self.assertEqual(phone.passkeys(), [])

    def test_owner_interrupts_the_phone(self):
        ceremony = self.bench.create(self.site.creation())
        scan = ceremony.scan(self.phone(), approve="none")
        scan.wait_state("answering")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")
        self.assertEqual(ceremony.error(), "NotAllowedError")

    def test_damaged_advert(self):
        """Chromium must not take it: it never comes to the tunnel."""
        self.addCleanup(self.bench.air_call, "clear")
        self.bench.air_call("damage", "150")
        ceremony = self.bench.create(self.site.creation())
        scan = ceremony.scan(self.phone())
        scan.wait_state("advertising")
        time.sleep(2)
        self.assertEqual(scan.states()[-1], "advertising")
        self.bench.air_call("clear")
        self.assertIn("response", ceremony.result())
        self.assert_ok(scan)


class PowerTest(bench.TestCase):
    options = {"powered": False}

    def test_switched_on_from_the_dialog(self):
        phone = self.phone()
        options = self.site.creation()
        ceremony = self.bench.create(options)
        end = time.monotonic() + bench.WAIT_S
        presses = 0
        while not self.powered() and time.monotonic() < end:
            # Seldom: the key would cancel on the sheet that comes next.
            if time.monotonic() - ceremony.times["click"] > 1 + 4 * presses:
                ceremony.display.press("Return")
                presses += 1
            time.sleep(0.05)
        self.assertTrue(self.powered())
        scan = ceremony.scan(phone)
        auth = self.site.registered(options, ceremony.response())
        self.assert_ok(scan)
        self.sign_in(phone, allow=[auth.credential_id])

    def powered(self):
        return self.bench.adapter_property(bench.BROWSER_ADAPTER, "Adapter1", "Powered")


class NoBluetoothTest(bench.TestCase):
    options = {"bluetooth": False}

    def test_it(self):
        """Chromium offers no phone at all."""
        ceremony = self.bench.create(self.site.creation())
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.assertFalse(ceremony.code_is_visible())
        self.assertEqual(ceremony.error(), "NotAllowedError")


class TwoTest(bench.TestCase):
    options = {"browsers": 2}

    def test_two_browsers_two_phones(self):
        """At the same time, in one air."""
        options = [self.site.creation(name=name) for name in ("ada", "grace")]
        ceremonies = [self.bench.create(options[n], browser=n) for n in range(2)]
        for ceremony in ceremonies:
            ceremony.picture()
        scans = [ceremony.scan(self.phone(), adapter=f"hci{1 + n}")
                 for n, ceremony in enumerate(ceremonies)]
        self.assert_ok(*scans)
        for ceremony, option in zip(ceremonies, options):
            self.site.registered(option, ceremony.response())


class DamagedHandshakeTest(bench.TestCase):
    options = {"faults": harness.Faults(flip=("a2c", 1))}

    def test_it(self):
        ceremony = self.bench.create(self.site.creation())
        scan = ceremony.scan(self.phone())
        self.assert_cause(scan, "phone-left")
        self.assertEqual(ceremony.error(), "NotAllowedError")


class TunnelGoneTest(bench.TestCase):
    options = {"faults": harness.Faults(status_connect=404)}

    def test_it(self):
        ceremony = self.bench.create(self.site.creation())
        scan = ceremony.scan(self.phone())
        scan.wait_state("advertising")
        self.assertEqual(ceremony.error(), "NotAllowedError")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")


class UntrustedTest(bench.TestCase):
    options = {"trusted": False}

    def test_it(self):
        ceremony = self.bench.create(self.site.creation())
        scan = ceremony.scan(self.phone())
        scan.wait_state("advertising")
        self.assertEqual(ceremony.error(), "NotAllowedError")
        self.interrupt(scan)
        self.assert_cause(scan, "cancelled")


if __name__ == "__main__":
    bench.main()
