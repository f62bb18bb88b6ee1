# SPDX-License-Identifier: BSD-2-Clause
"""A world for sign-ins in a real browser: harness.py's, and Chromium as the computer.

    class Test(bench.TestCase):
        def test_it(self):
            phone = self.phone()
            ada = self.register(phone)
            self.sign_in(phone, ada)

One browser and one site serve all tests of a class; each test has phones, accounts and a page of
its own. The site (hybridge-site) verifies every answer, and webauthn.py does so once more.
"""
import contextlib
import os
import pathlib
import sqlite3
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "program")]

import chromium  # noqa: E402
import harness  # noqa: E402
import webauthn  # noqa: E402
from ceremony import STEPS, Ceremony  # noqa: E402

# What each tunnel service identifier stands for (hybrid.md §5).
HOSTS = {0: "cable.ua5v.com", 1: "cable.auth.com", harness.DOMAIN: harness.RELAY_HOST}

# Chromium takes the first adapter.
BROWSER_ADAPTER = "hci0"

WAIT_S = chromium.WAIT_S


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
        if self.air.running():
            self.wait_for_bluetooth(browser)
        return browser

    def wait_for_bluetooth(self, browser):
        """Chromium asks for adapters when a page first needs to know of them. A sign-in that comes
        before the answer is offered no phone, and that stays so until it ends."""
        page = browser.open(self.origin)
        page.evaluate("PublicKeyCredential.getClientCapabilities()")
        browser.wait_for_log("using adapter")
        page.close()

    def make_authority(self):
        self.authority = harness.Authority(self.folder / "ca", ",DNS:".join(HOSTS.values()))

    def start_site(self):
        self.database = self.folder / "site.db"
        self.site, self.origin = self.run_site(self.database)

    def run_site(self, database, port=0):
        """A site, and its origin."""
        site = self.service(harness.programs.site, "--port", port, "--database", database,
                            "--events")
        return site, site.first_line().removeprefix("listening on ")

    def net(self, port=None, cacert=None):
        options = ["--cacert", cacert or self.authority.ca]
        for host in HOSTS.values():
            options += ["--resolve", f"{host}:443:127.0.0.1:{port or self.port}"]
        return options

    def phone(self, name="phone", domain=0):
        return super().phone(name, domain)

    def picture(self, display, path):
        camera = harness.Process([harness.programs.lab, "picture", path],
                                 display.env)
        if camera.wait() != 0:
            raise AssertionError(camera.describe())

    def add_passkeys(self, name, count, length):
        """Passkeys of phones that are not here, for the account of that name, in the site's
        database: their IDs are random, the rest is that of the account's own."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=WAIT_S)) as database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(passkey)")]
            others = ", ".join(columns[1:])
            with database:
                for _ in range(count):
                    database.execute(
                        f"INSERT INTO passkey (id, {others}) SELECT ?, {others} FROM passkey "
                        "WHERE account = (SELECT id FROM account WHERE name = ?) LIMIT 1",
                        (os.urandom(length), name))

    def figures(self):
        """Seconds that parts of the finished ceremonies took: [(what, [seconds…])]."""
        spans = {what: [] for what, _, _ in STEPS}
        for ceremony in self.ceremonies:
            if "verdict" in ceremony.times:
                for what, seconds in ceremony.steps():
                    spans[what].append(seconds)
        return [(what, found) for what, found in spans.items() if found]


class Account:
    """Somebody registered: the options and response of that, and its authenticator data."""

    def __init__(self, name, done, auth):
        self.name, self.auth = name, auth
        self.options, self.response = done["options"], done["response"]
        self.passkey = done["verdict"]["body"]["passkey"]

    @property
    def credential_id(self):
        return self.auth.credential_id


class TestCase(harness.TestCase):
    options = {}  # for Bench

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench(**cls.options)
        cls.addClassCleanup(cls.bench.close)
        cls.addClassCleanup(cls.print_figures)

    @classmethod
    def print_figures(cls):
        for what, seconds in cls.bench.figures():
            print(f"# {cls.__name__}: {what}: {statistics.median(seconds) * 1000:.0f} ms, at most "
                  f"{max(seconds) * 1000:.0f} ms, {len(seconds)} times")

    def setUp(self):
        self.world = self.bench
        self.bench.processes.clear()
        self.addCleanup(self.check_nothing_left)
        self.site = webauthn.Site("localhost", self.bench.origin)
        self.test = self.id().rsplit(".", 1)[1].removeprefix("test_")
        self.numbers = iter(range(1, 1000))

    def unique(self, name):
        return f"{name}-{self.test}-{next(self.numbers)}"

    def phone(self, **more):
        return self.bench.phone(self.unique("phone"), **more)

    def create(self, name=None, browser=0, **choices):
        """Starts a registration: of a new account, or of who is signed in already."""
        named = {} if name is None else {"name": name}
        return Ceremony(self.bench, "register", named | choices, browser)

    def get(self, account=None, browser=0, **choices):
        """Starts a sign-in: of somebody, or of whom the phone chooses."""
        named = {} if account is None else {"name": account.name}
        return Ceremony(self.bench, "login", named | choices, browser)

    def registered(self, name, ceremony):
        """The site's verdict on a registration, and our own."""
        done = ceremony.done()
        auth = self.site.registered(done["options"], done["response"])
        self.assertEqual(done["verdict"]["body"]["account"]["name"], name)
        return Account(name, done, auth)

    def register(self, phone, name=None, scan=(), **choices):
        name = name or self.unique("ada")
        ceremony = self.create(name, **choices)
        scanning = ceremony.scan(phone, *scan)
        account = self.registered(name, ceremony)
        self.assert_ok(scanning)
        return account

    def sign_in(self, phone, account=None, scan=(), **choices):
        """A sign-in that both sites accepted: the WebAuthn response. Without @account whoever the
        phone chooses."""
        ceremony = self.get(account, **choices)
        scanning = ceremony.scan(phone, *scan)
        done = ceremony.done()
        self.assert_ok(scanning)
        self.site.signed_in(done["options"], done["response"])
        if account is not None:
            self.assertEqual(done["verdict"]["body"]["account"]["name"], account.name)
        self.last = ceremony
        return done["response"]


def main():
    """The program behind a test file: FILE BUILD-DIR [TEST…]."""
    packages = chromium.missing()
    if packages:
        print(f"1..0 # SKIP not installed: {' '.join(packages)}")
        sys.exit(0)
    harness.main()
