# SPDX-License-Identifier: BSD-2-Clause
"""A person at the page of hybridge-site: keys and mouse by way of the X server, and what they see.

    person = Person(bench, origin)
    person.type("ada")
    person.press("Return")
    scan = person.scan(phone)
    person.sees("signed-in", "ada")
"""
import json
import time

import chromium
import bench
from ceremony import CLICK_S, Code

# Notes what the page asks of the browser, which answers as ever, and what it tells it.
RECORD = """
(() => {
  window.calls = {begun: 0, settled: 0};
  window.signals = [];
  for (const name of ["create", "get"]) {
    const real = navigator.credentials[name].bind(navigator.credentials);
    navigator.credentials[name] = async (options) => {
      calls.begun++;
      try {
        const credential = await real(options);
        if (window.hold)
          await new Promise((resolve) => window.release = resolve);
        return credential;
      } finally {
        calls.settled++;
      }
    };
  }
  const send = window.fetch;
  window.sent = [];
  window.fetch = (path, options) => {
    sent.push(options?.body ?? null);
    return send(path, options);
  };
  for (const name of ["signalUnknownCredential", "signalAllAcceptedCredentials",
                      "signalCurrentUserDetails"]) {
    PublicKeyCredential[name] = async (details) => { signals.push([name, details]); };
  }
})()
"""

SEEN = """
(() => ({state: document.body.dataset.state, focus: document.activeElement.id,
  words: document.getElementById("status").innerText,
  heading: document.getElementById("heading").innerText}))()
"""

# In pixels of the screen, once the layout has come to rest; null if it cannot be seen.
PLACE = """
(async () => {
  const found = document.querySelector(%s);
  if (!found || !found.checkVisibility())
    return null;
  found.scrollIntoView({block: "center", behavior: "instant"});
  for (let frame = 0; frame < 2; frame++)
    await new Promise(requestAnimationFrame);
  window.hit = false;
  found.addEventListener("mousedown", () => window.hit = true, {once: true, capture: true});
  const box = found.getBoundingClientRect();
  return [screenX + (outerWidth - innerWidth) / 2 + box.x + box.width / 2,
          screenY + outerHeight - innerHeight + box.y + box.height / 2].map(Math.round);
})()
"""


class Person:
    """Has a tab of their own."""

    def __init__(self, bench, origin, browser=0):
        self.bench, self.browser = bench, bench.browsers[browser]
        self.display = self.browser.display
        self.page = self.browser.open(origin)
        self.arrive()

    def arrive(self):
        self.wait("the page is there", "document.body.dataset.state !== 'loading'")
        self.page.evaluate(RECORD)

    def reload(self):
        self.page.evaluate("document.body.dataset.state = 'loading'")
        self.call("Page.reload")
        self.arrive()

    def call(self, method, **params):
        """Of the DevTools protocol."""
        return self.browser.call(method, self.page.session, **params)

    def ask(self, expression):
        return self.page.evaluate(expression)

    def wait(self, what, expression):
        """Until @expression is true; its value."""
        end = time.monotonic() + chromium.WAIT_S
        while time.monotonic() < end:
            try:
                value = self.ask(expression)
                if value:
                    return value
            except chromium.Failure:
                pass  # while the page is loaded
            time.sleep(0.01)
        raise AssertionError(f"not so: {what}\n{json.dumps(self.look(), indent=1)}")

    # --- What they do ---

    def type(self, text):
        self.display.type(text)

    def press(self, *keys):
        self.display.press(*keys)

    def click(self, selector):
        """Again when it went elsewhere: a bar of the browser's may have moved the page."""
        end = time.monotonic() + chromium.WAIT_S
        while time.monotonic() < end:
            place = self.wait(f"{selector} can be seen", PLACE % json.dumps(selector))
            self.display.click(*place)
            next_click = time.monotonic() + CLICK_S
            while time.monotonic() < next_click:
                if self.ask("window.hit"):
                    return
                time.sleep(0.01)
        raise AssertionError(f"{selector} cannot be clicked")

    def fill(self, selector, text):
        self.click(selector)
        self.press("ctrl+a")
        self.type(text)

    def close_dialog(self):
        """The browser's, by the key for it, until the page has its result."""
        end = time.monotonic() + chromium.WAIT_S
        while self.state() == "waiting" and time.monotonic() < end:
            self.press("Escape")
            time.sleep(0.2)

    def scan(self, phone, *args, **how):
        """The phone takes its picture of the code; the process runs on."""
        return self.code().scan(phone, *args, **how)

    def code(self):
        """What the browser shows now, or soon."""
        code = Code(self.bench, self.bench.browsers.index(self.browser))
        code.why_none = lambda: self.look() if self.state() == "error" else None
        code.picture()
        return code

    # --- What they see ---

    def look(self):
        return self.ask(SEEN)

    def state(self):
        return self.look()["state"]

    def focus(self):
        return self.look()["focus"]

    def sees(self, state, *words):
        """Waits for that state and those words: all that is said then."""
        found = " && ".join(
            [f"document.body.dataset.state === {json.dumps(state)}",
             *(f"document.getElementById('status').innerText.includes({json.dumps(word)})"
               for word in words)])
        self.wait(f"{state}: {', '.join(words)}", found)
        return self.look()["words"]

    def has_focus(self, name):
        self.wait(f"{name} has the focus",
                  f"document.activeElement.id === {json.dumps(name)} && document.hasFocus()")

    def visible(self, selector):
        return self.ask(f"document.querySelector({json.dumps(selector)})?.checkVisibility() "
                        "?? false")

    def text(self, selector):
        return self.ask(f"document.querySelector({json.dumps(selector)}).innerText")

    def passkeys(self):
        """Labels in the list, with all that is said there of each."""
        return dict(self.ask("[...document.querySelectorAll('#passkeys > li')].map((item) => "
                             "[item.querySelector('h3').innerText, item.innerText])"))

    def calls(self):
        return self.ask("window.calls")

    def signals(self, name):
        """What the page told the browser by that name, since it was loaded."""
        return [details for found, details in self.ask("window.signals") if found == name]

    def close(self):
        self.page.close()


def button(what, label):
    """The selector of a button in the list of passkeys."""
    return f'[aria-label="{what} {label}"]'


class PageTestCase(bench.TestCase):
    """Each test has a site of its own, at which nobody has registered."""

    def setUp(self):
        super().setUp()
        self.database = self.bench.folder / f"{self.test}.db"
        self.site, self.origin = self.bench.run_site(self.database)
        self.addCleanup(lambda: self.site.kill())
        self.person = self.visit()

    def visit(self):
        person = Person(self.bench, self.origin)
        self.addCleanup(person.close)
        return person

    def phone_list(self, phone):
        return [passkey["credentialId"] for passkey in phone.passkeys()]

    def register(self, phone, name="ada"):
        person = self.person
        person.fill("#register-name", name)
        person.press("Return")
        self.assert_ok(person.scan(phone))
        person.sees("signed-in", name)

    def add(self, phone):
        person = self.person
        before = person.passkeys()
        person.click("#add-button")
        self.assert_ok(person.scan(phone))
        person.wait("one more", f"document.querySelectorAll('#passkeys > li').length > "
                                f"{len(before)}")
        person.sees("signed-in", "Made a passkey")
        label, = set(person.passkeys()) - set(before)
        return label

    def begin_sign_in(self, name=""):
        if name:
            self.person.fill("#login-name", name)
        else:
            self.person.click("#login-name")
        self.person.press("Return")

    def sign_in(self, phone, name="", *args):
        self.begin_sign_in(name)
        self.assert_ok(self.person.scan(phone, *args))
        self.person.sees("signed-in", "Signed in")

    def sign_out(self):
        self.person.click("#logout-button")
        self.person.sees("signed-out", "Signed out")

    def delete(self, label):
        """What is said then."""
        self.person.click(button("Delete", label))
        self.person.click(button("Delete for good", label))
        return self.person.sees("signed-in", f"“{label}” is deleted")

    def ids(self, person=None):
        """What the site lists: {label: ID}."""
        found = (person or self.person).ask(
            "fetch('/api/session').then((answer) => answer.json())")
        return {passkey["label"]: passkey["id"] for passkey in found["passkeys"]}

    def assert_no_code(self, begun=0):
        self.assertEqual(self.person.calls(), {"begun": begun, "settled": begun})
        self.assertFalse(Code(self.bench).code_is_visible())
