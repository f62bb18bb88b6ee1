# SPDX-License-Identifier: BSD-2-Clause
"""A private bus with a virtual air, a relay with a throw-away authority, a phone and a computer."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

PHONE = os.environ["HYBRIDGE_PHONE"]
COMPUTER = os.environ["HYBRIDGE_COMPUTER"]
RELAY = os.environ["HYBRIDGE_RELAY"]
AIR = os.environ["HYBRIDGE_AIR"]
HOST = "cable.ua5v.com"  # tunnel service 0
WAIT_S = 60  # for what must happen; nothing comes near it on a free machine


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


def make_certificates(folder):
    """authority.pem, and relay.pem with relay.key for HOST."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "authority.key", "-out", "authority.pem", "-subj",
            "/CN=authority", "-days", "2", cwd=folder)
    openssl("req", "-x509", *curve, "-keyout", "other.key", "-out", "other.pem", "-subj",
            "/CN=other", "-days", "2", cwd=folder)
    (folder / "relay.ext").write_text(f"subjectAltName=DNS:{HOST}\n")
    openssl("req", *curve, "-keyout", "relay.key", "-out", "relay.csr", "-subj", "/CN=relay",
            cwd=folder)
    openssl("x509", "-req", "-in", "relay.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
            "-extfile", "relay.ext", "-days", "2", "-out", "relay.pem", cwd=folder)


class Lines:
    """The lines of a stream as they come, kept; wait() finds one."""

    def __init__(self, stream):
        self.stream, self.lines, self.ended = stream, [], False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.stream:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        self.stream.close()

    def wait(self, pattern):
        """The first line that matches, or AssertionError with what came instead."""
        def found():
            return next((line for line in self.lines if re.search(pattern, line)), None)

        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, WAIT_S)
            line = found()
        if line is None:
            raise AssertionError("no line %r in %r" % (pattern, self.lines))
        return line

    def all(self):
        self.reader.join(WAIT_S)
        return "\n".join(self.lines)


class Process:
    """A started program with its output at hand; ended by kill at the latest."""

    def __init__(self, case, arguments, environment, stdin=subprocess.DEVNULL, **more):
        self.popen = subprocess.Popen(arguments, env=environment, stdin=stdin,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      **more)
        self.out, self.err = Lines(self.popen.stdout), Lines(self.popen.stderr)
        case.addCleanup(self.end)

    def end(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()

    def status(self):
        return self.popen.wait(WAIT_S)


class LabCase(unittest.TestCase):
    """One bus, air and relay for all tests of a class; a folder for each test."""

    @classmethod
    def setUpClass(cls):
        cls.lab = pathlib.Path(tempfile.mkdtemp(prefix="hyb-phone-lab-"))
        cls.addClassCleanup(shutil.rmtree, cls.lab)
        make_certificates(cls.lab)
        bus = cls.start("dbus-daemon", "--session", "--nofork", "--print-address=1",
                        f"--address=unix:path={cls.lab}/bus")
        cls.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.stdout.readline().strip(),
                               XDG_DATA_HOME=str(cls.lab / "data"),
                               XDG_CONFIG_HOME=str(cls.lab / "config"))
        air = cls.start(AIR, "--adapters", "2")
        assert air.stdout.readline() == "ready\n"
        relay = cls.start(RELAY, "--listen", "127.0.0.1:0", "--cert", cls.lab / "relay.pem",
                          "--key", cls.lab / "relay.key")
        cls.port = int(relay.stdout.readline().rsplit(":", 1)[1])

    @classmethod
    def start(cls, *arguments):
        process = subprocess.Popen(arguments, env=getattr(cls, "environment", None), text=True,
                                   stdout=subprocess.PIPE)

        def stop():
            process.send_signal(signal.SIGTERM)
            process.wait(WAIT_S)
            process.stdout.close()

        cls.addClassCleanup(stop)
        return process

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="hyb-phone-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.store = self.dir / "store"

    def net(self, authority="authority", port=None):
        return ["--resolve", f"{HOST}:443:127.0.0.1:{port or self.port}",
                "--cacert", str(self.lab / f"{authority}.pem")]

    def run_phone(self, *arguments, **more):
        return subprocess.run([PHONE, *map(str, arguments)], env=self.environment, text=True,
                              capture_output=True, timeout=WAIT_S, **more)

    def init(self, *arguments):
        done = self.run_phone("init", "--store", self.store, *(arguments or ("--test",)))
        self.assertEqual(done.returncode, 0, done.stderr)

    def computer(self, *arguments):
        """A computer with its code on the screen; and that code."""
        computer = Process(self, [COMPUTER, "--adapter", "hci1", *self.net(), *arguments],
                           self.environment)
        return computer, computer.out.wait("^uri ").split()[1]

    def scan(self, uri, *arguments, net=None, store=None):
        """A phone that was given the code on standard input."""
        phone = Process(self, [PHONE, "scan", "-", "--store", str(store or self.store),
                               "--adapter", "hci0", "--events", *(net or self.net()), *arguments],
                        self.environment, stdin=subprocess.PIPE)
        phone.popen.stdin.write(uri + "\n")
        phone.popen.stdin.close()
        return phone

    def ceremony(self, request, *arguments, before=()):
        """Both to their ends; the computer's answer and the phone."""
        computer, uri = self.computer(*before, *request)
        phone = self.scan(uri, *(arguments or ("--approve", "auto")))
        phone.status()
        answer = computer.out.wait("^status ").split()[1]
        computer.status()
        return answer, phone

    def adverts(self):
        """How many adverts are on the air."""
        done = subprocess.run(["gdbus", "call", "--address",
                               self.environment["DBUS_SYSTEM_BUS_ADDRESS"], "-d", "org.bluez", "-o",
                               "/org/bluez/hci0", "-m", "org.freedesktop.DBus.Properties.Get",
                               "org.bluez.LEAdvertisingManager1", "ActiveInstances"],
                              capture_output=True, text=True, check=True)
        return int(re.search(r"0x[0-9a-f]+", done.stdout)[0], 16)
