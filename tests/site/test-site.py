#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-site as a program: browsers that behave, clients that do not, a whole round by phone.

usage: test-site.py BUILD-DIR [TEST…]
"""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import sqlite3
import stat
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "program"))

import harness  # noqa: E402
from softphone import Phone, b64  # noqa: E402

BODY_MAX = 1024 * 1024
WAIT_S = harness.WAIT_S


class Browser:
    """Its cookie, and requests as a page of the site makes them."""

    def __init__(self, port):
        self.port, self.cookie = port, None
        self.origin = f"http://localhost:{port}"

    def send(self, method, path, body=None, **headers):
        """(status, headers, body); a header of None is left out, _ stands for -."""
        wanted = {"Host": f"localhost:{self.port}", "Cookie": self.cookie}
        if method not in ("GET", "HEAD"):
            wanted |= {"Origin": self.origin, "Content-Type": "application/json"}
            body = "{}" if body is None else body
        wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        with contextlib.closing(link):
            link.request(method, path, body=body, headers={
                name: value for name, value in wanted.items() if value is not None})
            answer = link.getresponse()
            set_cookie = answer.getheader("Set-Cookie")
            if set_cookie is not None:
                self.cookie = None if "Max-Age=0" in set_cookie else set_cookie.split(";")[0]
            return answer.status, answer.headers, answer.read()

    def ask(self, method, path, body=None, **headers):
        """(status, JSON)"""
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        status, _, text = self.send(method, path, body, **headers)
        return status, json.loads(text)

    def good(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert status == 200, (method, path, status, answer)
        return answer

    def session(self):
        return self.good("GET", "/api/session")

    def register(self, phone, name=None):
        options = self.good("POST", "/api/register/options", {"name": name} if name else {})
        return self.good("POST", "/api/register", phone.register(options))

    def login(self, phone, name=None):
        options = self.good("POST", "/api/login/options", {"name": name} if name else {})
        return self.good("POST", "/api/login", phone.login(options))


class SiteCase(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.program = harness.programs.build / "bridge/site/hybridge-site"
        self.database = self.world.folder / "data" / "site.db"
        self.sites = []
        self.addCleanup(self.end_sites)

    def end_sites(self):
        """Whatever was done to it, a site ends by a signal, and says nothing but its events."""
        for site in self.sites:
            if site.running():
                site.signal(signal.SIGTERM)
                self.assertEqual(site.wait(), 0, site.describe())
                self.assertEqual(site.stderr, [], site.describe())

    def start(self, *args):
        site = self.world.run(self.program, "--database", self.database, "--events", "--port", "0",
                              *args)
        self.sites.append(site)
        found = re.fullmatch(r"listening on http://localhost:(\d+)", site.first_line())
        site.port = int(found[1])
        return site

    def phone(self, browser):
        return Phone(self.world.folder, "localhost", browser.origin)

    def states(self, site, *wanted):
        site.wait_for(f"events {wanted}", lambda: len(site.events) >= len(wanted))
        self.assertEqual([event["state"] for event in site.events], list(wanted))

    def assert_alive(self, site):
        self.assertEqual(Browser(site.port).session()["rpId"], "localhost")

    def assert_refused(self, outcome, status, step):
        self.assertEqual((outcome[0], outcome[1]["step"]), (status, step), outcome)
        self.assertRegex(outcome[1]["message"], r"[^.]$")
        self.assertRegex(outcome[1]["advice"], r"\.$")


class ProgramTest(SiteCase):
    def run_site(self, *args):
        site = self.world.run(self.program, *args)
        return site.wait(), site

    def test_signals_end_it(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            site = self.start()
            site.signal(number)
            self.assertEqual(site.wait(), 0, site.describe())

    def test_a_signal_ends_it_while_somebody_waits(self):
        site = self.start()
        with socket.create_connection(("127.0.0.1", site.port)) as link:
            link.sendall(b"POST /api/login HTTP/1.1\r\n")
            self.assert_alive(site)
            site.signal(signal.SIGTERM)
            self.assertEqual(site.wait(), 0, site.describe())

    def test_files_are_private(self):
        self.start()
        self.assertEqual(stat.S_IMODE(self.database.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.database.parent.stat().st_mode), 0o700)

    def test_default_database(self):
        site = self.world.run(self.program, "--port", "0",
                              env={"XDG_DATA_HOME": str(self.world.folder / "xdg")})
        self.sites.append(site)
        site.first_line()
        self.assertTrue((self.world.folder / "xdg/hybridge/site.db").is_file())

    def test_loopback_alone(self):
        site = self.start()
        with socket.socket() as link:
            with self.assertRaises(OSError):
                link.connect(("127.0.0.2", site.port))

    def test_name(self):
        site = self.start("--name", "  Ada’s shop ")
        self.assertEqual(Browser(site.port).session()["site"], "Ada’s shop")

    def test_usage(self):
        taken = self.start()
        for args in (["--port", "65536"], ["--port", "-1"], ["--port", "x"], ["--name", " "],
                     ["--name", "x" * 65], ["extra"], ["--port", str(taken.port)]):
            with self.subTest(args):
                status, site = self.run_site("--database", self.database, *args)
                self.assertEqual(status, 2, site.describe())
                self.assertEqual(site.stderr[-1], 'See "hybridge-site --help".')

    def test_storage(self):
        folder = self.world.folder
        (folder / "text").write_text("no database, but long enough to look like one\n" * 20)
        newer = self.world.folder / "newer.db"
        self.start("--database", newer).signal(signal.SIGTERM)
        self.sites[0].wait()
        with contextlib.closing(sqlite3.connect(newer)) as database:
            database.execute("PRAGMA user_version=9")
        for path, sentence in ((folder, "cannot be opened"), (folder / "text", "is not a site"),
                               (newer, "newer version"), ("/proc/no/site.db", "cannot be made")):
            with self.subTest(path):
                status, site = self.run_site("--port", "0", "--database", path)
                self.assertEqual((status, site.stdout), (60, []), site.describe())
                self.assertIn(sentence, site.stderr[0])


class RoundTest(SiteCase):
    def test_register_and_sign_in(self):
        site = self.start()
        browser = Browser(site.port)
        phone = self.phone(browser)
        self.assertIs(browser.session()["accounts"], False)
        made = browser.register(phone, "Ada")
        self.assertEqual(made["account"]["displayName"], "Ada")
        self.assertEqual(made["passkey"]["transports"], ["hybrid", "internal"])
        self.assertEqual(made["passkey"]["label"], "Phone")
        self.assertIsNone(made["passkey"]["lastUsedAt"])
        self.assertEqual(browser.session()["passkeys"], [made["passkey"]])
        browser.good("POST", "/api/logout")
        self.assertIsNone(browser.session()["account"])
        used = browser.login(phone)
        self.assertEqual(used["account"], made["account"])
        self.assertEqual(used["passkey"]["signCount"], 2)
        left = browser.good("DELETE", f"/api/passkeys/{b64(phone.id)}")
        self.assertEqual(left, {"rpId": "localhost", "userId": made["account"]["id"],
                                "allAcceptedCredentialIds": []})
        self.states(site, "asked-registration", "registered", "signed-out", "asked-sign-in",
                    "signed-in", "passkey-deleted")
        self.assertEqual({event.get("account") for event in site.events}, {"Ada", None})

    def test_refusals_are_told(self):
        site = self.start()
        browser = Browser(site.port)
        phone = self.phone(browser)
        self.assert_refused(browser.ask("POST", "/api/login/options", {}), 404, "account")
        options = browser.good("POST", "/api/register/options", {"name": "Ada"})
        response = phone.register(options, origin="https://evil.test")
        self.assert_refused(browser.ask("POST", "/api/register", response), 403, "origin")
        self.assert_refused(browser.ask("POST", "/api/register", response), 409, "not-asked")
        self.states(site, "refused", "asked-registration", "refused", "refused")
        self.assertEqual(site.events[2]["account"], "Ada")
        self.assertEqual(site.events[2]["step"], "origin")

    def test_killed_and_started_again(self):
        site = self.start()
        browser = Browser(site.port)
        phones = [self.phone(browser) for _ in range(3)]
        for number, phone in enumerate(phones):
            browser.register(phone, f"Name {number}")
        browser.good("POST", "/api/login/options", {})
        site.kill()
        site = self.start()
        browser = Browser(site.port)
        for number, phone in enumerate(phones):
            phone.origin = browser.origin
            self.assertEqual(browser.login(phone)["account"]["name"], f"Name {number}")

    def test_many_at_once(self):
        """Browsers of two sites on one database, none of which loses what another wrote."""
        sites = [self.start(), self.start()]
        browsers = [Browser(sites[number % 2].port) for number in range(8)]
        phones = [self.phone(browser) for browser in browsers]

        def use(number):
            for again in range(3):
                browsers[number].register(phones[number], f"Name {number} {again}")
                browsers[number].login(phones[number])
                phones[number] = self.phone(browsers[number])

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(use, number) for number in range(8)]:
                done.result()
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            counts = database.execute(
                "SELECT count(*), min(sign_count), max(sign_count) FROM passkey").fetchone()
        self.assertEqual(counts, (24, 2, 2))

    def test_one_name_once(self):
        """Of many who ask for a name at once, one gets it."""
        site = self.start()
        browsers = [Browser(site.port) for _ in range(6)]
        answers = [self.phone(browser).register(
            browser.good("POST", "/api/register/options", {"name": "Ada"}))
            for browser in browsers]
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            done = list(pool.map(
                lambda pair: pair[0].ask("POST", "/api/register", pair[1]),
                zip(browsers, answers)))
        self.assertEqual(sorted(status for status, _ in done), [200] + [409] * 5)


class PageTest(SiteCase):
    def test_page(self):
        site = self.start()
        browser = Browser(site.port)
        for path, kind in (("/", "text/html; charset=utf-8"),
                           ("/site.js", "text/javascript; charset=utf-8"),
                           ("/style.css", "text/css; charset=utf-8"),
                           ("/icon.svg", "image/svg+xml")):
            status, headers, body = browser.send("GET", path)
            self.assertEqual((status, headers["Content-Type"]), (200, kind))
            self.assertIn("default-src 'self'", headers["Content-Security-Policy"])
            self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertIsNone(headers["Access-Control-Allow-Origin"])
            self.assertIsNone(headers["Set-Cookie"])
            self.assertEqual(len(body), int(headers["Content-Length"]))
            status, headers, body = browser.send("HEAD", path)
            self.assertEqual((status, body), (200, b""))

    def test_page_needs_nothing_inline(self):
        """What the policy forbids does not stand in it."""
        _, _, page = Browser(self.start().port).send("GET", "/")
        self.assertNotRegex(page.decode(),
                            r"<style|style=|\son[a-z]+=|<script>|javascript:|https?:")

    def test_page_has_what_its_script_looks_for(self):
        browser = Browser(self.start().port)
        page = browser.send("GET", "/")[2].decode()
        script = browser.send("GET", "/site.js")[2].decode()
        ids = set(re.findall(r'\bid="([a-z-]+)"', page))
        self.assertEqual(len(ids), len(re.findall(r'\bid="', page)))
        self.assertLessEqual(set(re.findall(r'\$\("([a-z-]+)"\)', script)), ids)
        self.assertLessEqual(set(re.findall(r'(?:for|aria-labelledby|aria-describedby)="([a-z-]+)"',
                                            page)), ids)
        for field in re.findall(r'<(?:input|select|textarea)[^>]*\bid="([a-z-]+)"', page):
            self.assertIn(f'for="{field}"', page)

    def test_answers_are_not_stored(self):
        status, headers, _ = Browser(self.start().port).send("GET", "/api/session")
        self.assertEqual((status, headers["Cache-Control"]), (200, "no-store"))

    def test_cookie(self):
        browser = Browser(self.start().port)
        browser.register(self.phone(browser), "Ada")
        _, headers, _ = browser.send("POST", "/api/register/options")
        self.assertIsNone(headers["Set-Cookie"])
        browser.cookie = None
        _, headers, _ = browser.send("POST", "/api/login/options")
        self.assertRegex(headers["Set-Cookie"], rf"^hybridge-site-{browser.port}=[\w-]{{43}}; "
                         "HttpOnly; SameSite=Strict; Path=/$")


class HostileTest(SiteCase):
    """Each ends with a site that answers as before."""

    def setUp(self):
        super().setUp()
        self.site = self.start()
        self.browser = Browser(self.site.port)

    def tearDown(self):
        self.assert_alive(self.site)
        super().tearDown()

    def connect(self):
        link = socket.create_connection(("127.0.0.1", self.site.port), timeout=WAIT_S)
        self.addCleanup(link.close)
        return link

    def talk(self, data):
        """What comes back until the site hangs up."""
        link = self.connect()
        received = b""
        with contextlib.suppress(ConnectionError):
            link.sendall(data)
            while piece := link.recv(65536):
                received += piece
        return received

    def head(self, method="POST", path="/api/logout", **headers):
        wanted = {"Host": f"localhost:{self.site.port}", "Origin": self.browser.origin,
                  "Content-Type": "application/json", "Content-Length": "2"}
        wanted |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in wanted.items() if value is not None]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()

    def assert_status(self, received, *statuses):
        self.assertRegex(received, rb"^HTTP/1\.1 \d{3} ")
        self.assertIn(int(received[9:12]), statuses, received)

    def test_foreign_requests(self):
        for headers, status in (({"Origin": "http://evil.test"}, 403), ({"Origin": None}, 403),
                                ({"Origin": "null"}, 403), ({"Host": "evil.test"}, 421),
                                ({"Host": None}, 421), ({"Content_Type": "text/plain"}, 415),
                                ({"Content_Type": None}, 415),
                                ({"Origin": None, "Sec_Fetch_Site": "cross-site"}, 403),
                                ({"Origin": None, "Sec_Fetch_Site": "same-origin"}, 200)):
            with self.subTest(headers):
                self.assert_status(self.talk(self.head(**headers) + b"{}"), status)

    def test_unknown_routes_and_methods(self):
        for method, path, status in (
                ("GET", "/nothing", 404), ("POST", "/api/nothing", 404), ("GET", "/api/login", 405),
                ("DELETE", "/", 405), ("PATCH", "/api/session", 405), ("PUT", "/api/login", 405),
                ("OPTIONS", "/api/login", 405), ("GET", "/../../etc/passwd", 404),
                ("GET", "/%2e%2e/etc/passwd", 404), ("GET", "/?x=1", 200)):
            with self.subTest(f"{method} {path}"):
                received = self.talk(self.head(method, path) + b"{}")
                if received:
                    self.assert_status(received, status, 400)

    def test_body_at_its_bound(self):
        for size, status in ((BODY_MAX, 400), (BODY_MAX + 1, 413), (3 * BODY_MAX, 413)):
            with self.subTest(size):
                answer = self.browser.ask("POST", "/api/login", "x" * size)
                self.assert_refused(answer, status, "request")

    def test_refused_before_the_body_is_read(self):
        answer = self.browser.ask("POST", "/api/login", "x" * BODY_MAX, Origin="http://evil.test")
        self.assert_refused(answer, 403, "request")

    def test_endless_body(self):
        """It is cut off long before its end."""
        link = self.connect()
        sent = 0
        with contextlib.suppress(ConnectionError):
            link.sendall(self.head(Content_Length="2000000000"))
            while sent < 64 * BODY_MAX:
                link.sendall(b"x" * 65536)
                sent += 65536
        self.assertLess(sent, 64 * BODY_MAX)

    def test_lengths_that_lie(self):
        for length, status in (("-1", 400), ("abc", 400), ("2, 2", 400), ("0x2", 400),
                               ("99999999999999999999", 400), ("2 ", 200), (None, 411)):
            with self.subTest(length):
                received = self.talk(self.head(Content_Length=length) + b"{}")
                if received:
                    self.assert_status(received, status)
        received = self.talk(self.head(Content_Length=None, Transfer_Encoding="chunked") +
                             b"2\r\n{}\r\n0\r\n\r\n")
        self.assert_status(received, 411, 400)
        # More than was said does not count.
        received = self.talk(self.head() + b"{}" + self.head() + b"{}")
        self.assertEqual(received.count(b"HTTP/1.1 "), 1)

    def test_peer_that_leaves(self):
        whole = self.head(Content_Length="20") + b"{}" * 10
        for size in range(0, len(whole), 7):
            with self.connect() as link:
                link.sendall(whole[:size])

    def test_garbage(self):
        for data in (b"\0" * 1000, os.urandom(5000), b"\x16\x03\x01\x02\x00\x01" * 50,
                     b"\r\n" * 500, b"BREW /pot HTCPCP/1.0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET http://evil.test/ HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                     self.head(path="/" + "x" * 100000), self.head(X="y" * 100000),
                     self.head(Cookie="y" * 7000), self.head(Host="\xff\xfe"),
                     b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
                     self.head("GET", "/", Upgrade="websocket", Connection="Upgrade",
                               Sec_WebSocket_Key="x3JJHMbDL1EzLkh9GBhXDw==",
                               Sec_WebSocket_Version="13"),
                     self.head("GET", "/", Upgrade="h2c", Connection="Upgrade, HTTP2-Settings",
                               HTTP2_Settings="AAMAAABkAAQAAP__")):
            with self.subTest(data[:40]):
                link = self.connect()
                with contextlib.suppress(OSError):  # it may be gone at any point
                    link.sendall(data)
                    link.shutdown(socket.SHUT_WR)
                    while link.recv(65536):
                        pass
                self.assert_alive(self.site)

    def test_slow_peers(self):
        """Heads and bodies that never end are cut off, and keep nobody else waiting."""
        begun = [self.head()[:30], self.head(Content_Length="100") + b"{", b""]
        links = [self.connect() for _ in begun]
        for link, data in zip(links, begun):
            link.sendall(data)
        end = time.monotonic() + WAIT_S
        while links:
            self.assertLess(time.monotonic(), end, "still connected")
            self.assert_alive(self.site)
            for link in select.select(links, [], [], 0.5)[0]:
                with contextlib.suppress(ConnectionError):
                    self.assertEqual(link.recv(1), b"")
                links.remove(link)

    def test_many_connections(self):
        """More than there is room for: the oldest make room."""
        links = [self.connect() for _ in range(200)]
        self.assert_alive(self.site)
        for link in links[100:]:
            with contextlib.suppress(ConnectionError):
                link.sendall(self.head()[:20])
        self.assert_alive(self.site)

    def is_sanitized(self):
        """Sanitizers keep freed memory for a while."""
        options = harness.programs.build / "meson-info/intro-buildoptions.json"
        return any(option["name"] == "b_sanitize" and option["value"] != "none"
                   for option in json.loads(options.read_text()))

    def test_memory(self):
        """Large requests and forgotten sessions leave nothing behind."""
        for _ in range(30):
            self.browser.ask("POST", "/api/login", "[" * BODY_MAX)
        for _ in range(1500):
            Browser(self.site.port).send("POST", "/api/register/options", '{"name":"x"}')
        usage = pathlib.Path(f"/proc/{self.site.pid}/status").read_text()
        if not self.is_sanitized():
            self.assertLess(int(re.search(r"VmHWM:\s+(\d+)", usage)[1]), 64 * 1024)


class PhoneTest(SiteCase):
    """The real computer and phone, over bus, air and relay."""

    def setUp(self):
        super().setUp()
        self.world.start()
        self.site = self.start()
        self.browser = Browser(self.site.port)

    def ceremony(self, phone, command, options):
        computer, scanning = self.world.ceremony(
            phone, command, "--request", "-", "--origin", self.browser.origin, "--json",
            stdin=json.dumps(options))
        self.assert_ok(computer, scanning)
        return "\n".join(computer.stdout[1:])

    def test_round(self):
        phone = self.world.phone()
        options = self.browser.good("POST", "/api/register/options", {"name": "Ada"})
        made = self.browser.good("POST", "/api/register",
                                 self.ceremony(phone, "register", options))
        self.assertEqual(made["passkey"]["attachment"], "cross-platform")
        self.assertIn("hybrid", made["passkey"]["transports"])
        self.browser.good("POST", "/api/logout")
        for body in ({}, {"name": "Ada", "userVerification": "required"}):
            options = self.browser.good("POST", "/api/login/options", body)
            used = self.browser.good("POST", "/api/login", self.ceremony(phone, "login", options))
            self.assertEqual(used["account"], made["account"])
        self.states(self.site, "asked-registration", "registered", "signed-out", "asked-sign-in",
                    "signed-in", "asked-sign-in", "signed-in")


if __name__ == "__main__":
    harness.main()
