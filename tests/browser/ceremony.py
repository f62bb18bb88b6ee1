# SPDX-License-Identifier: BSD-2-Clause
"""A code on a browser's screen; and one call of the WebAuthn API in the page of hybridge-site, from
the click to the site's verdict.

    ceremony = Ceremony(bench, "register", {"name": "ada"})
    scan = ceremony.scan(phone)
    done = ceremony.done()          # {"options", "response", "verdict"}
"""
import json
import os
import pathlib
import shutil
import time

import chromium
import harness

# Where "Use a phone or tablet" is in Chromium's list of devices, on a window of that size. A click
# there does nothing once the code is shown; the Return key would cancel.
PHONE_IN_LIST = (500, 328)
# Against clicks that were not meant, Chromium ignores those in the first half second of a dialog,
# and then each that follows an ignored one too soon.
CLICK_S = 2

# How long the page may take to notice that the phone has failed.
PATIENCE_S = 5

PHONE_ADAPTER = "hci1"

# Settles always, with what it came to; every moment is in Unix seconds, as phones' events are.
SCRIPT = """
(async () => {
  const what = %(what)s, times = {};
  const mark = (name) => times[name] = (performance.timeOrigin + performance.now()) / 1000;
  const post = async (path, body) => {
    const answer = await fetch("/api/" + path, {method: "POST", body: JSON.stringify(body),
      headers: {"Content-Type": "application/json"}});
    return {status: answer.status, body: await answer.json()};
  };
  mark("click");
  const asked = await post(what + "/options", %(choices)s);
  if (asked.status !== 200)
    return {refused: asked, times};
  mark("asked");
  const options = asked.body;
  let credential;
  try {
    credential = what === "register"
      ? await navigator.credentials.create({publicKey:
          PublicKeyCredential.parseCreationOptionsFromJSON(options)})
      : await navigator.credentials.get({publicKey:
          PublicKeyCredential.parseRequestOptionsFromJSON(options)});
  } catch (error) {
    return {options, error: error.name, message: error.message, times};
  }
  mark("answer");
  const response = credential.toJSON();
  const verdict = await post(what, response);
  mark("verdict");
  return {options, response, verdict, times};
})()
"""


class Code:
    """A code that a browser shows, and the phone that scans it."""

    listed = False  # Chromium asks first which kind of device to use

    def __init__(self, bench, browser=0):
        self.bench, self.browser = bench, bench.browsers[browser]
        self.display = self.browser.display
        self.image = bench.folder / f"code-{time.monotonic_ns()}.png"
        self.times = {}
        self.phone = None

    def why_none(self):
        """Why no code comes any more; None while one may come."""
        return None

    def photograph(self):
        """Waits for a code on the screen, and takes a picture of it."""
        return harness.Process([harness.programs.lab, "picture", "--code", self.image],
                               self.display.env | {"HYBRIDGE_LAB": str(self.bench.folder)})

    def code_is_visible(self):
        """Now, and not only in a moment."""
        picture = self.bench.folder / "screen.png"
        self.bench.picture(self.display, picture)
        decode = harness.Process([harness.programs.computer, "decode", "--image", picture],
                                 self.bench.env)
        return decode.wait() == 0

    def picture(self):
        """A screenshot on which the code is."""
        if "code" in self.times:
            return self.image
        camera = self.photograph()
        next_click = time.monotonic() + CLICK_S / 2
        try:
            while camera.running():
                reason = self.why_none()
                if reason is not None:
                    raise AssertionError(f"no code: {reason}")
                if self.listed and time.monotonic() > next_click:
                    self.display.click(*PHONE_IN_LIST)
                    next_click = time.monotonic() + CLICK_S
                time.sleep(0.01)
        finally:
            camera.kill()
        if not self.image.exists():
            self.keep_picture()
            raise AssertionError(f"no code on the screen\n{camera.describe()}")
        self.times["code"] = time.time()
        return self.image

    def keep_picture(self):
        """For whoever looks into a failure: HYBRIDGE_KEEP names a folder."""
        keep = os.environ.get("HYBRIDGE_KEEP")
        if keep:
            picture = pathlib.Path(keep) / f"screen-{time.monotonic_ns()}.png"
            self.bench.picture(self.display, picture)
            shutil.copy(self.browser.log, picture.with_suffix(".log"))

    def scan(self, phone, *args, approve="auto", adapter=PHONE_ADAPTER):
        """The phone takes its picture of the screen; the process runs on."""
        command = self.scan_command(phone, *args, approve=approve, adapter=adapter)
        self.times["scan"] = time.time()
        self.phone = self.bench.run(*command)
        return self.phone

    def scan_command(self, phone, *args, approve="auto", adapter=PHONE_ADAPTER):
        return [harness.programs.phone, "scan", "--image", self.picture(), "--store", phone.store,
                "--adapter", adapter, "--approve", approve, "--events", *args, *self.bench.net()]


class Ceremony(Code):
    def __init__(self, bench, what, choices, browser=0):
        """@what: "register" or "login"."""
        super().__init__(bench, browser)
        self.what = what
        self.listed = what == "register" and choices.get("residentKey") == "discouraged"
        self.page = self.browser.open(bench.origin)
        self.log_begin = self.browser.log.stat().st_size
        bench.ceremonies.append(self)
        self.promise = self.page.begin(
            SCRIPT % {"what": json.dumps(what), "choices": json.dumps(choices)})

    def why_none(self):
        return self.result() if self.settled() else None

    def settled(self):
        return self.browser.answered(self.promise)

    def wait(self):
        """Until the page has its result, or the phone has failed and nothing can come any more."""
        end = time.monotonic() + chromium.WAIT_S
        while not self.settled() and time.monotonic() < end:
            if self.phone is not None and not self.phone.running() and self.phone.wait() != 0:
                end = min(end, time.monotonic() + PATIENCE_S)
            time.sleep(0.002)
        if not self.settled():
            self.keep_picture()
            phone = self.phone.describe() if self.phone is not None else "no phone has scanned"
            raise AssertionError(f"the page gets no answer\n{phone}\n{self.browser.last_words()}")

    def result(self):
        """What the page got, whatever that is; see SCRIPT."""
        self.wait()
        result = self.page.result(self.promise)
        self.times |= result["times"]
        self.page.close()
        return result

    def done(self):
        """The site has accepted the answer."""
        result = self.result()
        if result.get("verdict", {}).get("status") != 200:
            raise AssertionError(json.dumps(result, indent=1))
        return result

    def error(self):
        """The name of the error; closes the sheet that explains it to the person."""
        end = time.monotonic() + chromium.WAIT_S
        while not self.settled() and time.monotonic() < end:
            self.display.press("Escape")
            time.sleep(0.2)
        return self.result().get("error")

    def exchange(self):
        """What Chromium says that it sent to the phone and got from it, without secret results."""
        with open(self.browser.log, "rb") as log:
            log.seek(self.log_begin)
            lines = log.read().decode(errors="replace").splitlines()
        mark = "ctap2_device_operation"
        return "\n".join(line[line.index(mark):] for line in lines if mark in line)

    def steps(self):
        """Seconds that each part took: [(what, seconds)], as far as it came."""
        events = self.phone.events if self.phone is not None else []
        moments = self.times | {event["state"]: event["time"] for event in events}
        return [(what, moments[end] - moments[begin]) for what, begin, end in STEPS
                if begin in moments and end in moments]


# Where the time goes, by the moments that page, test and phone noted.
STEPS = [
    ("site: the options", "click", "asked"),
    ("browser: its dialog and code", "asked", "code"),
    ("phone: starts, reads the picture", "scan", "scanned"),
    ("tunnel: the phone connects", "scanned", "advertising"),
    ("advert, browser's connection, handshake", "advertising", "secured"),
    ("browser: its request", "secured", "answering"),
    ("phone: its answer", "answering", "answered"),
    ("browser: the promise", "answered", "answer"),
    ("site: the verdict", "answer", "verdict"),
    ("all, click to verdict", "click", "verdict"),
    ("all, scan to verdict", "scan", "verdict"),
]
