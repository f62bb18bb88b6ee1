# SPDX-License-Identifier: BSD-2-Clause
"""A world for whole ceremonies: private bus, virtual air, relay, a computer and phones.

    class Test(harness.TestCase):
        def test_it(self):
            self.world.start()
            phone = self.world.phone()
            computer, scan = self.world.ceremony(phone, "login", "--rp", "example.com")

Everything that is started here is ended and removed here; a program that is still running at the
end of a test, an advert that is still on the air or an adapter that still scans fails the test.
"""
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from gi.repository import Gio, GLib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "relay")]

from faulty_relay import FaultyRelay, Faults  # noqa: E402, F401

# An identifier of our own, and the host name that proto/ derives from it (hybrid.md §5).
DOMAIN = 266
RELAY_HOST = "cable.wufkweyy3uaxb.com"

COMPUTER_ADAPTER = "hci1"
PHONE_ADAPTER = "hci0"

WAIT_S = 60  # for something that should take milliseconds, on a machine that is very busy
QUIET_S = 10  # for adverts and scans to end after their program did

CAUSES = {
    "usage": 2, "bluetooth-missing": 10, "bluetooth-off": 11, "bluetooth-service": 12,
    "phone-not-seen": 13, "relay-unreachable": 20, "relay-tls": 21, "relay-refused": 22,
    "handshake-failed": 30, "phone-left": 31, "protocol": 32, "unsupported-phone": 33,
    "no-passkey": 40, "already-registered": 41, "declined": 42, "timed-out": 43,
    "not-verified": 44, "unsupported-request": 45, "phone-error": 47, "cancelled": 50,
    "storage": 60, "internal": 70,
}

BUS_CONFIG = """<busconfig>
<type>session</type>
<listen>unix:dir={folder}</listen>
<auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/>
<allow own="*"/>
</policy>
</busconfig>
"""


class Programs:
    """Where the build put them; set by main()."""

    def __init__(self, build):
        build = pathlib.Path(build)
        self.build = build
        self.computer = build / "bridge/cli/hybridge"
        self.phone = build / "bridge/phone/hybridge-phone"
        self.relay = build / "bridge/relay/hybridge-relay"
        self.air = build / "ble/air/hybridge-air"
        self.verify = build / "bridge/site/hybridge-verify"
        self.site = build / "bridge/site/hybridge-site"
        self.lab = build / "bridge/lab/hybridge-lab"
        self.tests = build / "tests/program"


programs = None


class Process:
    """A program that runs, its output read line by line as it comes."""

    def __init__(self, command, env, stdin=None, preexec=None):
        self.name = os.path.basename(str(command[0]))
        self.changed = threading.Condition()
        self.stdout, self.stderr, self.events = [], [], []
        self.popen = subprocess.Popen(
            [str(word) for word in command], env=env, preexec_fn=preexec,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.popen.stdin.write(stdin.encode())
                self.popen.stdin.close()
        self.readers = [threading.Thread(target=self.read, args=pair, daemon=True) for pair in
                        [(self.popen.stdout, self.on_stdout), (self.popen.stderr, self.on_stderr)]]
        for reader in self.readers:
            reader.start()

    @property
    def pid(self):
        return self.popen.pid

    def read(self, stream, handle):
        for line in stream:
            with self.changed:
                handle(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        stream.close()
        with self.changed:
            self.changed.notify_all()

    def on_stdout(self, line):
        self.stdout.append(line)

    def on_stderr(self, line):
        if line.startswith('{"time":'):
            self.events.append(json.loads(line))
        else:
            self.stderr.append(line)

    def wait_for(self, what, found):
        """Waits until @found() is true; fails when the program ends or WAIT_S pass before."""
        end = time.monotonic() + WAIT_S
        with self.changed:
            while not found():
                if not any(reader.is_alive() for reader in self.readers):
                    break
                self.changed.wait(0.2)
                if time.monotonic() > end:
                    break
            if not found():
                raise AssertionError(f"{self.name}: no {what}\n{self.describe()}")

    def first_line(self):
        self.wait_for("first line", lambda: len(self.stdout) > 0)
        return self.stdout[0]

    def wait_state(self, state):
        self.wait_for(f"state {state}", lambda: state in self.states())

    def states(self):
        """In their order; what comes several times in a row (with other details) counts once."""
        return [state for state, _ in itertools.groupby(event["state"] for event in self.events)]

    def failure(self):
        """The "failed" event."""
        return next((event for event in self.events if event["state"] == "failed"), None)

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self):
        """The exit status."""
        try:
            status = self.popen.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end\n{self.describe()}") from None
        for reader in self.readers:
            reader.join(WAIT_S)
        return status

    def describe(self):
        return "\n".join([f"status {self.popen.poll()}", f"states {self.states()}", "-- stderr",
                          *self.stderr, "-- stdout", *self.stdout])

    def running(self):
        return self.popen.poll() is None

    def kill(self):
        if self.running():
            self.popen.kill()
        self.popen.wait()
        for reader in self.readers:
            reader.join(WAIT_S)


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, capture_output=True)


class Authority:
    """A throw-away certificate authority and a certificate for the relay, as files."""

    def __init__(self, folder, host=RELAY_HOST):
        folder.mkdir()
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        (folder / "relay.ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
                "-subj", "/CN=test", cwd=folder)
        openssl("req", *key, "-keyout", "relay.key", "-out", "relay.csr", "-subj", "/CN=relay",
                cwd=folder)
        openssl("x509", "-req", "-in", "relay.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days",
                "2", "-extfile", "relay.ext", "-out", "relay.pem", cwd=folder)
        self.ca, self.cert, self.key = folder / "ca.pem", folder / "relay.pem", folder / "relay.key"


class Phone:
    """A phone's store, and the ways to use it."""

    def __init__(self, world, store, domain):
        self.world, self.store, self.domain = world, store, domain

    def run(self, *args, stdin=None):
        """A finished hybridge-phone command."""
        process = self.world.run(programs.phone, *args, "--store", self.store, stdin=stdin)
        process.status = process.wait()
        return process

    def scan(self, uri, *args, approve="auto", port=None, cacert=None, preexec=None,
             adapter=PHONE_ADAPTER):
        """Scans @uri; the process runs on."""
        return self.world.run(
            programs.phone, "scan", "-", "--store", self.store, "--adapter", adapter, "--approve",
            approve, "--events", *args, *self.world.net(port, cacert), stdin=uri + "\n",
            preexec=preexec)

    def passkeys(self):
        listed = self.run("passkeys", "list", "--json")
        if listed.status != 0:
            raise AssertionError(listed.describe())
        return json.loads("\n".join(listed.stdout))


class World:
    """The surroundings; start() makes the usual ones."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hybridge-test-"))
        self.stack.callback(shutil.rmtree, self.folder)
        self.processes = []  # of computers and phones, which have to end by themselves
        self.port = None
        self.authority = None
        self.bus = None
        self.env = {name: value for name, value in os.environ.items()
                    if not name.lower().endswith("_proxy") and not name.startswith("XDG_")}
        self.env |= {
            "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"),
            "LC_ALL": "C.UTF-8", "G_DEBUG": "fatal-criticals", "NO_COLOR": "1",
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
        }
        (self.folder / "home").mkdir()
        (self.folder / "tmp").mkdir()

    def close(self):
        self.stack.close()

    def adapters(self):
        """Paths of the adapters that are there now."""
        objects = self.bus.call_sync(
            "org.bluez", "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None, None,
            Gio.DBusCallFlags.NONE, WAIT_S * 1000, None).unpack()[0]
        return [path.rsplit("/", 1)[1] for path, interfaces in objects.items()
                if "org.bluez.Adapter1" in interfaces]

    def air_call(self, *words):
        """A command to the air: power, block, loss, foreign, daemon, …"""
        call = Process([programs.air, "call", *words], self.env)
        if call.wait() != 0:
            raise AssertionError(call.describe())
        return call.stdout

    def start(self, adapters=2, faults=None):
        """Bus, air, certificates, and a relay: the real one, or a faulty one."""
        self.start_bus()
        self.start_air(adapters)
        self.make_authority()
        self.start_relay(faults)

    def service(self, *command):
        """A program that runs until the end of the test."""
        process = Process(command, self.env)
        self.stack.callback(process.kill)
        return process

    def start_bus(self):
        config = self.folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(folder=urllib.parse.quote(str(self.folder))))
        self.bus_process = self.service("dbus-daemon", f"--config-file={config}", "--nofork",
                                        "--nosyslog", "--print-address=1")
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = self.bus_process.first_line()
        self.bus = Gio.DBusConnection.new_for_address_sync(
            self.env["DBUS_SYSTEM_BUS_ADDRESS"],
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.set_exit_on_close(False)
        self.stack.callback(self.bus.close_sync, None)

    def start_air(self, adapters=2):
        self.air = self.service(programs.air, "--adapters", adapters)
        if self.air.first_line() != "ready":
            raise AssertionError(self.air.describe())

    def make_authority(self):
        self.authority = Authority(self.folder / "ca")

    def start_relay(self, faults=None):
        if faults is not None:
            self.relay = self.stack.enter_context(
                FaultyRelay(faults, cert=str(self.authority.cert), key=str(self.authority.key)))
            self.port = self.relay.port
            return
        self.relay = self.service(programs.relay, "--listen", "127.0.0.1:0", "--cert",
                                  self.authority.cert, "--key", self.authority.key,
                                  "--drain-time", "0")
        self.port = int(self.relay.first_line().rsplit(":", 1)[1])

    def net(self, port=None, cacert=None):
        """The options that lead to the relay."""
        if self.authority is None:
            return []
        return ["--resolve", f"{RELAY_HOST}:443:127.0.0.1:{port or self.port}", "--cacert",
                cacert or self.authority.ca]

    def run(self, *command, stdin=None, preexec=None, env=None):
        """A computer or phone, which has to end by itself before the test does."""
        process = Process(command, self.env | (env or {}), stdin, preexec)
        self.processes.append(process)
        return process

    def computer(self, command, *args, port=None, cacert=None, stdin=None, preexec=None, env=None,
                 adapter=COMPUTER_ADAPTER):
        """hybridge register or login; prints its URI first."""
        return self.run(programs.computer, command, *args, "--print-uri", "--events", "--adapter",
                        adapter, *self.net(port, cacert), stdin=stdin, preexec=preexec, env=env)

    def phone(self, name="phone", domain=DOMAIN):
        store = self.folder / name
        phone = Phone(self, store, domain)
        made = phone.run("init", "--test", "--domain", domain, "--name", name)
        if made.status != 0:
            raise AssertionError(made.describe())
        return phone

    def ceremony(self, phone, command, *args, scan=(), approve="auto", **options):
        """Both ends until they end: (computer, scan), each with its .status."""
        computer = self.computer(command, *args, **options)
        scanning = phone.scan(computer.first_line(), *scan, approve=approve)
        computer.status = computer.wait()
        scanning.status = scanning.wait()
        return computer, scanning

    def adapter_property(self, adapter, interface, name):
        reply = self.bus.call_sync(
            "org.bluez", f"/org/bluez/{adapter}", "org.freedesktop.DBus.Properties", "Get",
            GLib.Variant("(ss)", (f"org.bluez.{interface}", name)), None,
            Gio.DBusCallFlags.NONE, WAIT_S * 1000, None)
        return reply.unpack()[0]

    def set_powered(self, adapter, powered):
        value = GLib.Variant("(ssv)", ("org.bluez.Adapter1", "Powered",
                                       GLib.Variant("b", powered)))
        self.bus.call_sync("org.bluez", f"/org/bluez/{adapter}", "org.freedesktop.DBus.Properties",
                           "Set", value, None, Gio.DBusCallFlags.NONE, WAIT_S * 1000, None)

    def noise(self):
        """What is on the air although nobody should be: a list of sentences."""
        found = []
        for adapter in self.adapters():
            if self.adapter_property(adapter, "LEAdvertisingManager1", "ActiveInstances") != 0:
                found.append(f"{adapter} still advertises")
            if self.adapter_property(adapter, "Adapter1", "Discovering"):
                found.append(f"{adapter} still scans")
        return found


class TestCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        self.addCleanup(self.check_nothing_left)

    def check_nothing_left(self):
        """Runs even after a failure, and then must not hide it."""
        left = [process for process in self.world.processes if process.running()]
        for process in left:
            process.kill()
        self.assertEqual([process.name for process in left], [], "still running at the end")
        self.assertEqual(sorted(os.listdir(self.world.folder / "tmp")), [], "left in TMPDIR")
        if self.world.bus is not None and self.world.air.running():
            end = time.monotonic() + QUIET_S
            while self.world.noise() and time.monotonic() < end:
                time.sleep(0.02)
            self.assertEqual(self.world.noise(), [])

    def assert_ok(self, *processes):
        for process in processes:
            self.assertEqual(process.wait(), 0, process.describe())
            self.assertEqual(process.states()[-1:], ["done"], process.describe())

    def assert_cause(self, process, cause, sentence=None):
        """The program ended with @cause: status, one event, sentence and advice."""
        status = process.wait()
        described = process.describe()
        self.assertEqual(status, CAUSES[cause], described)
        failures = [event for event in process.events if event["state"] == "failed"]
        self.assertEqual([(event["cause"], event["exit"]) for event in failures],
                         [(cause, CAUSES[cause])], described)
        message, advice = failures[0]["message"], failures[0]["advice"]
        self.assertEqual(process.states()[-1], "failed", described)
        self.assertFalse(message.endswith("."))
        self.assertTrue(advice.endswith("."))
        # What a person reads: the sentence, then the advice.
        self.assertIn(f"{process.name}: {message}.", process.stderr, described)
        self.assertEqual(process.stderr[-1], advice, described)
        self.assertNotRegex(message, "[0-9a-f]{8}|0x|nknown error")
        if sentence is not None:
            self.assertIn(sentence, message, described)

    def interrupt(self, process):
        process.signal(signal.SIGINT)


def main():
    """The program behind a test file: FILE BUILD-DIR [TEST…]."""
    global programs
    import tap
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BUILD-DIR [TEST…]")
    programs = Programs(os.path.abspath(sys.argv.pop(1)))
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    tap.main()
