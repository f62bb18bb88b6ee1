#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page of hybridge-site as a person uses it: keys, mouse, phone, and what is said."""
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import bench  # noqa: E402
from person import PageTestCase, button  # noqa: E402

# Chromium's own, in place of all others while it is there.
THIS_DEVICE = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
               "hasUserVerification": True, "isUserVerified": True,
               "automaticPresenceSimulation": True}


class SignInTest(PageTestCase):
    def test_keyboard_alone(self):
        person, phone = self.person, self.phone()
        person.has_focus("register-name")
        person.type("ada")
        person.press("Return")
        scan = person.scan(phone)
        self.assertIn("scan it with your phone", person.sees("waiting"))
        self.assert_ok(scan)
        person.sees("signed-in", "passkey for ada")
        person.has_focus("heading")
        self.assertEqual(person.look()["heading"], "Signed in as ada")
        person.press("Tab")
        person.has_focus("logout-button")
        person.press("Return")
        person.sees("signed-out", "Signed out")
        person.has_focus("login-name")
        person.press("Return")
        self.assert_ok(person.scan(phone))
        person.sees("signed-in", "Signed in as ada")
        person.has_focus("heading")

    def test_with_name_and_without(self):
        phone = self.phone()
        self.register(phone, "ada")
        self.sign_out()
        self.register(phone, "grace")
        self.sign_out()
        self.sign_in(phone, "ada")
        self.assertEqual(self.person.look()["heading"], "Signed in as ada")
        self.sign_out()
        self.sign_in(phone, "", "--account", "grace")
        self.assertEqual(self.person.look()["heading"], "Signed in as grace")

    def test_nobody_has_registered(self):
        person = self.person
        self.assertIn("Nobody has registered", person.text("#nobody"))
        self.begin_sign_in()
        person.sees("error", "Nobody has a passkey", "Register first")
        self.assert_no_code()
        self.begin_sign_in("ada")
        person.sees("error", "Register first")
        self.assert_no_code()
        self.register(self.phone())
        self.sign_out()
        self.assertFalse(person.visible("#nobody"))

    def test_name_without_account(self):
        person = self.person
        self.register(self.phone())
        self.sign_out()
        begun = person.calls()["begun"]
        self.begin_sign_in("grace")
        person.sees("error", "grace", "no account", "Register first")
        person.has_focus("login-name")
        self.assert_no_code(begun)

    def test_account_without_passkey(self):
        person = self.person
        self.register(self.phone())
        self.sign_out()
        self.register(self.phone(), "grace")
        self.delete("Phone")
        self.assertTrue(person.visible("#no-passkeys"))
        self.sign_out()
        begun = person.calls()["begun"]
        self.begin_sign_in("grace")
        person.sees("error", "grace", "no passkey", "another name")
        self.assert_no_code(begun)

    def test_name_that_is_taken(self):
        person = self.person
        self.register(self.phone())
        self.sign_out()
        begun = person.calls()["begun"]
        person.fill("#register-name", "ada")
        person.press("Return")
        person.sees("error", "ada", "already", "sign in")
        person.has_focus("register-name")
        self.assert_no_code(begun)

    def test_bad_name(self):
        person = self.person
        person.fill("#register-name", " ")
        person.press("Return")
        person.sees("error", "name")
        self.assert_no_code()

    def test_prf(self):
        person, phone = self.person, self.phone()
        self.register(phone)
        self.sign_out()
        person.click("#choices summary")
        person.fill("#choice-extensions", json.dumps({"prf": {"eval": {"first": "AAAA"}}}))
        self.begin_sign_in()
        self.assert_ok(person.scan(phone))
        person.sees("signed-in", "Signed in", "prf")
        sent = person.ask("sent")
        self.assertNotIn("results", json.dumps(sent))

    def test_choices_that_are_wrong(self):
        """Each is said, and nothing is asked of the browser but what it can understand."""
        person = self.person
        self.register(self.phone())
        self.sign_out()
        begun = person.calls()["begun"]
        person.click("#choices summary")
        person.fill("#choice-extensions", "{")
        self.begin_sign_in()
        person.sees("error", "JSON")
        person.fill("#choice-extensions", "7")
        self.begin_sign_in()
        person.sees("error", "extensions")
        self.assert_no_code(begun)
        person.click("#choices-form [type=reset]")
        self.begin_sign_in()
        person.code()
        person.close_dialog()


class FailureTest(PageTestCase):
    """What the page says of it, and that it can be used again at once."""

    def begin_registration(self, name="ada"):
        self.person.fill("#register-name", name)
        self.person.press("Return")

    def fails(self, begin, phone, cause, kind, words, **how):
        begin()
        scan = self.person.scan(phone, **how)
        self.assert_cause(scan, cause)
        self.person.close_dialog()
        self.person.sees("error", *words)
        self.person.has_focus(f"{kind}-name")

    def test_declined(self):
        phone = self.phone()
        self.fails(self.begin_registration, phone, "declined", "register",
                   ("declined on the phone", "accept there"), approve="deny")
        self.register(phone)
        self.sign_out()
        self.fails(self.begin_sign_in, phone, "declined", "login",
                   ("declined on the phone", "accept there"), approve="deny")
        self.sign_in(phone)

    def test_nobody_answers(self):
        phone = self.phone()
        self.fails(self.begin_registration, phone, "timed-out", "register", ("too long",),
                   approve="timeout")
        self.register(phone)
        self.sign_out()
        self.fails(self.begin_sign_in, phone, "timed-out", "login", ("too long",),
                   approve="timeout")
        self.sign_in(phone)

    def test_no_passkey(self):
        phone = self.phone()
        self.register(phone)
        self.sign_out()
        for name in ("", "ada"):
            self.fails(lambda: self.begin_sign_in(name), self.phone(), "no-passkey", "login",
                       ("no passkey for this site", "registered", "register"))
        self.sign_in(phone, "ada")

    def test_escape(self):
        """In the browser's dialog, before and after the phone has scanned."""
        person, phone = self.person, self.phone()
        self.begin_registration()
        person.code()
        person.close_dialog()
        person.sees("error", "cancelled")
        person.has_focus("register-name")
        self.register(phone)
        self.sign_out()
        self.begin_sign_in()
        scan = person.scan(phone, approve="none")
        scan.wait_state("answering")
        person.close_dialog()
        self.assert_cause(scan, "cancelled")
        person.sees("error", "cancelled")
        person.has_focus("login-name")
        self.sign_in(phone)

    def test_cancel_button(self):
        person, phone = self.person, self.phone()
        self.assertFalse(person.visible("#cancel-button"))
        self.begin_registration()
        scan = person.scan(phone, approve="none")
        scan.wait_state("answering")
        # The browser's dialog lies over the page and keeps the mouse from it.
        person.ask("document.getElementById('cancel-button').click()")
        self.assertIn("Nothing was changed", person.sees("error", "Cancelled"))
        self.assert_cause(scan, "cancelled")
        self.assertFalse(person.visible("#cancel-button"))
        self.assertEqual(phone.passkeys(), [])
        person.has_focus("register-name")
        self.register(phone)

    def test_already_registered(self):
        person, phone = self.person, self.phone()
        self.register(phone)
        person.click("#add-button")
        scan = person.scan(phone)
        self.assert_cause(scan, "already-registered")
        person.close_dialog()
        said = person.sees("error", "already", "Phone")
        self.assertRegex(said, r"made .*\b20\d\d\b.*phone")
        self.assertEqual(len(phone.passkeys()), 1)
        person.has_focus("add-button")
        self.assertEqual(self.add(self.phone()), "Phone 2")

    def test_site_restarts_before_the_answer(self):
        person, phone = self.person, self.phone()
        self.begin_registration()
        code = person.code()
        self.restart_site()
        self.assert_ok(code.scan(phone))
        person.sees("error", "tart again", "phone")
        self.assertEqual([details["credentialId"] for details in
                          person.signals("signalUnknownCredential")], self.phone_list(phone))
        other = self.phone()
        self.register(other)
        self.sign_out()
        self.begin_sign_in()
        code = person.code()
        self.restart_site()
        self.assert_ok(code.scan(other))
        person.sees("error", "tart again")
        self.sign_in(other)

    def test_site_is_gone(self):
        person, phone = self.person, self.phone()
        self.begin_registration()
        code = person.code()
        self.stop_site()
        self.assert_ok(code.scan(phone))
        person.sees("error", "does not answer", "running")
        self.begin_sign_in()
        person.sees("error", "does not answer")
        self.run_again()
        self.register(self.phone())
        self.stop_site()
        person.click("#logout-button")
        person.sees("error", "does not answer")

    def test_signed_out_by_a_restart(self):
        """The page still shows who was signed in."""
        person = self.person
        self.register(self.phone())
        self.restart_site()
        begun = person.calls()["begun"]
        person.click("#add-button")
        person.sees("error", "ada", "sign in")
        self.assert_no_code(begun)
        self.assertEqual(person.look()["heading"], "Register or sign in")
        self.assertTrue(person.visible("#login-name"))

    def stop_site(self):
        self.site.signal(signal.SIGTERM)
        self.assertEqual(self.site.wait(), 0, self.site.describe())

    def run_again(self):
        port = self.origin.rsplit(":", 1)[1]
        self.site, origin = self.bench.run_site(self.database, port)
        self.assertEqual(origin, self.origin)

    def restart_site(self):
        self.stop_site()
        self.run_again()


class ListTest(PageTestCase):
    def test_two_phones(self):
        person, phones = self.person, [self.phone(), self.phone()]
        self.register(phones[0])
        self.add(phones[1])
        person.has_focus("heading")
        listed = person.passkeys()
        self.assertEqual(set(listed), {"Phone", "Phone 2"})
        for text in listed.values():
            self.assertRegex(text, r"Made\s.*\b20\d\d\b")
            self.assertRegex(text, r"Last used\s+not yet")
            self.assertIn("phone", text)
        self.sign_out()
        self.sign_in(phones[1])
        self.assertRegex(person.passkeys()["Phone 2"], r"Last used\s.*\b20\d\d\b")
        self.assertIn("not yet", person.passkeys()["Phone"])

    def test_rename(self):
        person = self.person
        self.register(self.phone())
        person.click(button("Rename", "Phone"))
        person.type("blue phone")
        person.press("Return")
        person.sees("signed-in", "blue phone")
        self.assertEqual(set(person.passkeys()), {"blue phone"})
        person.click(button("Rename", "blue phone"))
        person.type("red")
        person.press("Escape")
        person.wait("given up", "document.querySelector('#passkeys form') === null")
        person.reload()
        self.assertEqual(set(person.passkeys()), {"blue phone"})

    def test_keep(self):
        """Deleting asks first; the key that is at hand keeps the passkey."""
        person = self.person
        self.register(self.phone())
        person.click(button("Delete", "Phone"))
        person.wait("it asks", "document.querySelector('#passkeys').innerText.includes('only')")
        person.press("Return")
        person.wait("kept", f"document.querySelector({json.dumps(button('Delete', 'Phone'))}) "
                            "!== null")
        self.assertEqual(set(self.ids()), {"Phone"})

    def test_deleted_at_the_site(self):
        person, phones = self.person, [self.phone(), self.phone()]
        self.register(phones[0])
        self.add(phones[1])
        ids = self.ids()
        said = self.delete("Phone")
        for word in ("deleted at this site", "phone", "hybridge-phone passkeys delete"):
            self.assertIn(word, said)
        person.has_focus("passkeys-heading")
        told = person.signals("signalAllAcceptedCredentials")[-1]
        self.assertEqual((told["rpId"], told["allAcceptedCredentialIds"]),
                         ("localhost", [ids["Phone 2"]]))
        self.assertEqual(self.phone_list(phones[0]), [ids["Phone"]])
        self.sign_out()
        self.begin_sign_in()
        self.assert_ok(person.scan(phones[0]))
        said = person.sees("error", "phone")
        self.assertRegex(said, "not known|no longer|unknown|deleted")
        self.assertEqual(person.signals("signalUnknownCredential"),
                         [{"rpId": "localhost", "credentialId": ids["Phone"]}])
        self.assertEqual(person.look()["heading"], "Register or sign in")
        # By name it is not even asked for.
        self.begin_sign_in("ada")
        self.assert_cause(person.scan(phones[0]), "no-passkey")
        person.close_dialog()
        person.sees("error", "no passkey for this site")
        self.sign_in(phones[1])

    def test_deleted_on_the_phone(self):
        person, phones = self.person, [self.phone(), self.phone()]
        self.register(phones[0])
        self.add(phones[1])
        deleted = phones[0].run("passkeys", "delete", "--yes", *self.phone_list(phones[0]))
        self.assertEqual(deleted.status, 0, deleted.describe())
        self.sign_out()
        self.begin_sign_in()
        self.assert_cause(person.scan(phones[0]), "no-passkey")
        person.close_dialog()
        person.sees("error", "no passkey for this site", "use the phone")
        self.sign_in(phones[1])
        self.assertIn("not yet", person.passkeys()["Phone"])
        self.delete("Phone")
        self.assertEqual(set(person.passkeys()), {"Phone 2"})
        self.assertEqual(set(self.ids()), {"Phone 2"})


class OfferTest(PageTestCase):
    """To add a passkey for this device, after a sign-in from another."""

    def sign_in_with(self, phone, device):
        """A sign-in by phone, after which @device is there."""
        self.person.ask("window.hold = true")
        self.begin_sign_in()
        self.assert_ok(self.person.scan(phone))
        self.person.wait("the phone's answer", "!!window.release")
        self.have_device(device)
        self.person.ask("window.hold = false; release(); delete window.release")
        self.person.sees("signed-in", "Signed in")

    def have_device(self, device):
        self.person.call("WebAuthn.enable")
        self.addCleanup(self.lose_device)
        self.person.call("WebAuthn.addVirtualAuthenticator", options=device)

    def lose_device(self):
        self.person.call("WebAuthn.disable")

    def begin(self):
        phone = self.phone()
        self.register(phone)
        self.sign_out()
        return phone

    def test_accepted(self):
        person = self.person
        self.sign_in_with(self.begin(), THIS_DEVICE)
        self.assertIn("need no phone", person.text("#offer"))
        person.click("#offer-button")
        person.sees("signed-in", "Made a passkey")
        self.assertIn("this device", person.passkeys()["This device"])
        self.assertFalse(person.visible("#offer"))
        person.has_focus("heading")
        self.sign_out()
        self.begin_sign_in()  # which needs no phone now
        person.sees("signed-in", "Signed in as ada")
        self.assertFalse(person.visible("#offer"))

    def test_no_thanks(self):
        person, phone = self.person, self.begin()
        self.sign_in_with(phone, THIS_DEVICE)
        person.click("#offer-no")
        person.has_focus("passkeys-heading")
        self.assertFalse(person.visible("#offer"))
        self.lose_device()
        person.reload()
        self.sign_out()
        self.sign_in_with(phone, THIS_DEVICE)
        self.assertFalse(person.visible("#offer"))

    def test_failed(self):
        """It is not taken for an answer."""
        person = self.person
        self.sign_in_with(self.begin(), THIS_DEVICE | {"isUserVerified": False})
        person.click("#offer-button")
        person.sees("error", "no passkey")
        self.assertTrue(person.visible("#offer"))
        person.has_focus("offer-button")

    def test_no_such_device(self):
        person, phone = self.person, self.begin()
        self.sign_in(phone)
        self.assertIn("cannot keep a passkey", person.text("#offer"))
        self.assertFalse(person.visible("#offer-button"))


class TwoTabsTest(PageTestCase):
    def front(self, person):
        person.call("Page.bringToFront")
        person.wait("it is in front", "document.visibilityState === 'visible'")

    def test_signed_out_in_the_other(self):
        first = self.person
        self.register(self.phone())
        second = self.person = self.visit()
        self.assertEqual(second.look()["heading"], "Signed in as ada")
        self.sign_out()
        self.front(first)
        begun = first.calls()["begun"]
        first.click(button("Delete", "Phone"))
        first.click(button("Delete for good", "Phone"))
        first.sees("error", "Nobody is signed in", "Sign in first")
        self.assertEqual(first.look()["heading"], "Register or sign in")
        self.assertEqual(first.calls()["begun"], begun)

    def test_somebody_else_in_the_other(self):
        """What the page shows is whom a passkey is added for, or nobody."""
        first = self.person
        self.register(self.phone())
        second = self.person = self.visit()
        self.sign_out()
        self.register(self.phone(), "grace")
        self.front(first)
        begun = first.calls()["begun"]
        first.click("#add-button")
        first.sees("error", "ada")
        self.assertEqual(first.look()["heading"], "Signed in as grace")
        self.assertEqual(first.calls()["begun"], begun)
        self.assertEqual(len(self.ids(second)), 1)

    def test_asked_in_both(self):
        """The site takes one answer, that to its last question."""
        first, phone = self.person, self.phone()
        self.register(phone)
        self.sign_out()
        self.begin_sign_in()
        code = first.code()
        second = self.person = self.visit()
        self.begin_sign_in()
        other = second.code()
        self.assert_ok(other.scan(phone))
        second.sees("signed-in", "Signed in")
        self.assert_ok(code.scan(phone))
        first.sees("error", "tart again")


# [what, contrast] of each text that cannot be read well.
CONTRAST = """
(() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return {rgb: [r, g, b], a};
  };
  const over = (top, under) => top.rgb.map((c, i) => c * top.a + under[i] * (1 - top.a));
  const back = (element) => {
    if (element === null)
      return [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own.rgb : over(own, back(element.parentElement));
  };
  const light = (rgb) => rgb.map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  let seen = 0;
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => node.data).join("").trim() || element.placeholder;
    if (!text || !element.checkVisibility())
      continue;
    seen++;
    const under = back(element);
    const color = parse(getComputedStyle(element,
      element.placeholder ? "::placeholder" : undefined).color);
    const [high, low] = [light(over(color, under)), light(under)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5)
      found.push([element.tagName, text, contrast]);
  }
  return [seen, found];
})()
"""

NAMED = {"textbox", "combobox", "checkbox", "button", "region", "listbox"}


class AccessibilityTest(PageTestCase):
    def tree(self):
        """[(role, name)] as a screen reader has them."""
        nodes = self.person.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
                if not node["ignored"]]

    def open_all(self):
        self.person.ask("document.querySelectorAll('details').forEach((it) => it.open = true)")

    def check(self):
        person = self.person
        self.open_all()
        tree = self.tree()
        roles = [role for role, _ in tree]
        self.assertEqual([role for role, name in tree if role in NAMED and not name], [])
        self.assertEqual((roles.count("main"), roles.count("banner")), (1, 1))
        self.assertEqual(person.ask("document.querySelectorAll('h1').length"), 1)
        self.assertEqual(person.ask(
            "[...document.querySelectorAll('input, select, textarea')]"
            ".filter((input) => input.labels.length === 0).map((input) => input.outerHTML)"), [])
        levels = person.ask("[...document.querySelectorAll('h1, h2, h3')]"
                            ".filter((it) => it.checkVisibility()).map((it) => +it.tagName[1])")
        self.assertTrue(all(b <= a + 1 for a, b in zip(levels, levels[1:])), levels)
        self.assertEqual(person.ask("document.getElementById('status').ariaLive"), "polite")
        self.assertEqual(person.ask("document.documentElement.lang"), "en")
        for scheme in ("light", "dark"):
            with self.subTest(scheme):
                person.call("Emulation.setEmulatedMedia", features=[
                    {"name": "prefers-color-scheme", "value": scheme}])
                seen, unreadable = person.ask(CONTRAST)
                self.assertGreater(seen, 10)
                self.assertEqual(unreadable, [])
        with self.subTest("narrow"):
            person.call("Emulation.setDeviceMetricsOverride", width=320, height=640,
                        deviceScaleFactor=1, mobile=False)
            person.wait("it is narrow", "innerWidth === 320")
            self.assertLessEqual(person.ask("document.scrollingElement.scrollWidth"), 320)
            person.call("Emulation.clearDeviceMetricsOverride")
            person.wait("it is wide", "innerWidth > 320")

    def test_signed_out(self):
        self.check()

    def test_error(self):
        self.begin_sign_in("x" * 64)
        self.person.sees("error")
        self.check()

    def test_signed_in(self):
        """With names as long as they may be."""
        person, phones = self.person, [self.phone(), self.phone()]
        self.register(phones[0], "w" * 64)
        self.sign_out()
        self.sign_in(phones[0])
        person.click(button("Rename", "Phone"))
        person.type("m" * 64)
        person.press("Return")
        person.sees("signed-in", "mmm")
        self.assertTrue(person.visible("#offer"))
        self.check()
        person.click(button("Rename", "m" * 64))
        self.check()
        person.press("Escape")
        person.click(button("Delete", "m" * 64))
        self.check()
        person.press("Return")


if __name__ == "__main__":
    bench.main()
