# SPDX-License-Identifier: BSD-2-Clause
"""A world for sign-ins in a real browser: harness.py's, and Chromium as the computer.

    class Test(bench.TestCase):
        def test_it(self):
            phone = self.bench.phone()
            ceremony = self.bench.create(self.site.creation())
            scan = ceremony.scan(phone)
            response = ceremony.result()

One browser serves all tests of a class; each test has phones and a page of its own.
"""
import http.server
import json
import os
import pathlib
import shutil
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "program")]

import chromium  # noqa: E402
import harness  # noqa: E402
import webauthn  # noqa: E402

# What each tunnel service identifier stands for (hybrid.md §5).
HOSTS = {0: "cable.ua5v.com", 1: "cable.auth.com", harness.DOMAIN: harness.RELAY_HOST}

# Chromium takes the first adapter.
BROWSER_ADAPTER = "hci0"
PHONE_ADAPTER = "hci1"

# Where "Use a phone or tablet" is in Chromium's list of devices, on a window of that size. A click
# there does nothing once the code is shown; the Return key would cancel.
PHONE_IN_LIST = (500, 328)
# Against clicks that were not meant, Chromium ignores those in the first half second of a dialog,
# and then each that follows an ignored one too soon.
CLICK_S = 2

WAIT_S = chromium.WAIT_S

PAGE = b"<!doctype html><meta charset=utf-8><title>Test site</title><h1>Test site</h1>"

# Settles always: with the response's JSON, or with the name and text of the error.
SCRIPT = """
(async () => {
  try {
    const publicKey = PublicKeyCredential.parse%sOptionsFromJSON(%s);
    const credential = await navigator.credentials.%s({publicKey});
    return {response: credential.toJSON()};
  } catch (error) {
    return {error: error.name, message: error.message};
  }
})()
"""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class NoAir:
    """In place of the air's process where there is none."""

    def running(self):
        return False


class Bench(harness.World):
    """Bus, air, relay, site and browser."""

    def __init__(self, **options):
        super().__init__()
        self.env |= {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        (self.folder / "run").mkdir(mode=0o700)
        self.ceremonies = []
        try:
            self.start_all(**options)
        except BaseException:
            self.close()
            raise

    def start_all(self, bluetooth=True, powered=True, faults=None, trusted=True, browsers=1):
        """@trusted: the browser knows the relay's certificate authority."""
        self.start_bus()
        self.air = NoAir()
        if bluetooth:
            self.start_air(1 + browsers)
            if not powered:
                self.set_powered(BROWSER_ADAPTER, False)
        self.make_authority()
        self.start_relay(faults)
        self.start_site()
        self.browsers = [self.start_browser(f"chromium-{n}", trusted) for n in range(browsers)]

    def start_browser(self, name, trusted):
        display = chromium.Display(self.env)
        self.stack.callback(display.close)
        rules = [f"MAP {host} 127.0.0.1:{self.port}" for host in HOSTS.values()]
        browser = chromium.Chromium(display, self.folder / name, rules,
                                    self.authority.ca if trusted else None)
        self.stack.callback(browser.close)
        return browser

    def make_authority(self):
        self.authority = harness.Authority(self.folder / "ca", ",DNS:".join(HOSTS.values()))

    def start_site(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.stack.callback(lambda: (server.shutdown(), server.server_close(), thread.join()))
        self.origin = f"http://localhost:{server.server_port}"

    def net(self, port=None, cacert=None):
        options = ["--cacert", cacert or self.authority.ca]
        for host in HOSTS.values():
            options += ["--resolve", f"{host}:443:127.0.0.1:{port or self.port}"]
        return options

    def phone(self, name="phone", domain=0):
        return super().phone(name, domain)

    def create(self, options, **more):
        """navigator.credentials.create(). With residentKey "preferred", which is the default here,
        or "required", Chromium shows the code at once, else a list of devices before."""
        selection = {"residentKey": "preferred", "authenticatorAttachment": "cross-platform"}
        selection |= options.get("authenticatorSelection", {})
        options = options | {"authenticatorSelection": selection, "hints": ["hybrid"]}
        return Ceremony(self, "Creation", "create", options,
                        listed=selection["residentKey"] == "discouraged", **more)

    def get(self, options, **more):
        return Ceremony(self, "Request", "get", options | {"hints": ["hybrid"]}, **more)

    def figures(self):
        """Seconds that parts of the finished ceremonies took: [(what, median, most, how many)]."""
        found = []
        for what, begin, end in (("click to code", "click", "code"),
                                 ("scan to answer", "scan", "answer")):
            spans = sorted(c.times[end] - c.times[begin] for c in self.ceremonies
                           if begin in c.times and end in c.times)
            if spans:
                found.append((what, spans[len(spans) // 2], spans[-1], len(spans)))
        return found


class Ceremony:
    """One call of the WebAuthn API, from the click to its promise's end."""

    def __init__(self, bench, kind, method, options, listed=False, browser=0):
        """@listed: Chromium asks first which kind of device to use."""
        self.bench, self.options, self.listed = bench, options, listed
        self.browser = bench.browsers[browser]
        self.display = self.browser.display
        self.page = self.browser.open(bench.origin)
        self.image = bench.folder / f"screen-{browser}.png"
        self.times = {"click": time.monotonic()}
        bench.ceremonies.append(self)
        self.promise = self.page.begin(SCRIPT % (kind, json.dumps(options), method))

    def code_is_visible(self):
        self.display.picture(self.image)
        decode = harness.Process([harness.programs.computer, "decode", "--image", self.image],
                                 self.bench.env)
        return decode.wait() == 0

    def picture(self):
        """A screenshot on which the code is; the browser draws it when it is ready."""
        end = time.monotonic() + WAIT_S
        next_click = time.monotonic() + CLICK_S / 2
        while "code" not in self.times:
            if self.code_is_visible():
                self.times["code"] = time.monotonic()
            elif self.settled():
                raise AssertionError(f"no code: {self.result()}")
            elif time.monotonic() > end:
                self.keep_picture()
                raise AssertionError("no code on the screen")
            elif self.listed and time.monotonic() > next_click:
                self.display.click(*PHONE_IN_LIST)
                next_click = time.monotonic() + CLICK_S
        return self.image

    def keep_picture(self):
        """For whoever looks into a failure: HYBRIDGE_KEEP names a folder."""
        keep = os.environ.get("HYBRIDGE_KEEP")
        if keep:
            picture = pathlib.Path(keep) / f"screen-{time.monotonic_ns()}.png"
            self.display.picture(picture)
            shutil.copy(self.browser.log, picture.with_suffix(".log"))

    def scan(self, phone, *args, approve="auto", adapter=PHONE_ADAPTER):
        """The phone takes its picture of the screen; the process runs on."""
        command = self.scan_command(phone, *args, approve=approve, adapter=adapter)
        self.times["scan"] = time.monotonic()
        return self.bench.run(*command)

    def scan_command(self, phone, *args, approve="auto", adapter=PHONE_ADAPTER):
        return [harness.programs.phone, "scan", "--image", self.picture(), "--store", phone.store,
                "--adapter", adapter, "--approve", approve, "--events", *args, *self.bench.net()]

    def settled(self):
        return self.browser.answered(self.promise)

    def result(self):
        """What the page gets: {"response": …} or {"error": …}."""
        try:
            result = self.page.result(self.promise)
        except AssertionError:
            self.keep_picture()
            raise
        self.times["answer"] = time.monotonic()
        self.page.close()
        return result

    def response(self):
        result = self.result()
        if "response" not in result:
            raise AssertionError(result)
        return result["response"]

    def error(self):
        """The name of the error; closes the sheet that explains it to the person."""
        end = time.monotonic() + WAIT_S
        while not self.settled() and time.monotonic() < end:
            self.display.press("Escape")
            time.sleep(0.2)
        return self.result().get("error")


class TestCase(harness.TestCase):
    options = {}  # for Bench

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench(**cls.options)
        cls.addClassCleanup(cls.bench.close)
        cls.addClassCleanup(cls.print_figures)

    @classmethod
    def print_figures(cls):
        for what, median, most, count in cls.bench.figures():
            print(f"# {cls.__name__}: {what} {median:.2f} s, at most {most:.2f} s, {count} times")

    def setUp(self):
        self.world = self.bench
        self.bench.processes.clear()
        self.addCleanup(self.check_nothing_left)
        self.site = webauthn.Site("localhost", self.bench.origin)
        self.names = iter(f"{self.id().rsplit('.', 1)[1]}-{n}" for n in range(100))

    def phone(self, **more):
        return self.bench.phone(next(self.names), **more)

    def register(self, phone, scan=(), **creation):
        """A passkey made and checked: (options, response, its AuthData)."""
        options = self.site.creation(**creation)
        ceremony = self.bench.create(options)
        scanning = ceremony.scan(phone, *scan)
        response = ceremony.response()
        self.assert_ok(scanning)
        return options, response, self.site.registered(options, response)

    def sign_in(self, phone, scan=(), **request):
        """A sign-in, checked: (response, its AuthData)."""
        options = self.site.request(**request)
        ceremony = self.bench.get(options)
        scanning = ceremony.scan(phone, *scan)
        response = ceremony.response()
        self.assert_ok(scanning)
        return response, self.site.signed_in(options, response)


def main():
    """The program behind a test file: FILE BUILD-DIR [TEST…]."""
    packages = chromium.missing()
    if packages:
        print(f"1..0 # SKIP not installed: {' '.join(packages)}")
        sys.exit(0)
    harness.main()
