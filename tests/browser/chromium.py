# SPDX-License-Identifier: BSD-2-Clause
"""Unmodified Chromium on a display of its own, driven over the DevTools protocol's pipe.

    display = Display(env)
    browser = Chromium(display, folder, ["MAP example.com 127.0.0.1:8443"])
    page = browser.open("http://localhost:8080/")
    page.evaluate("1 + 1")
"""
import contextlib
import fcntl
import itertools
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import threading
import time

WAIT_S = 60
SCREEN = (1000, 900)
HIGH_FD = 20  # above the pipe's fixed descriptors 3 and 4

# What the tests call besides python3: (program, Debian package).
TOOLS = [("chromium", "chromium"), ("Xvfb", "xvfb"), ("xdotool", "xdotool"),
         ("certutil", "libnss3-tools")]

FLAGS = [
    "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--disable-extensions",
    "--disable-gpu", "--disable-dev-shm-usage", "--password-store=basic", "--lang=en-US",
    "--window-position=0,0", f"--window-size={SCREEN[0]},{SCREEN[1]}", "--remote-debugging-pipe",
    "--enable-logging=stderr",
    "--vmodule=*/fido/*=2,*/bluetooth/*=2,*device_event_log*=2,*bluez*=2",
]


def missing():
    """The Debian packages that are not installed."""
    return [package for program, package in TOOLS if shutil.which(program) is None]


def write_cookie(path):
    """An X authority file: one cookie for any host and screen (libXau's format)."""
    fields = [b"", b"", b"MIT-MAGIC-COOKIE-1", os.urandom(16)]
    path.write_bytes(b"\xff\xff" + b"".join(struct.pack(">H", len(f)) + f for f in fields))
    path.chmod(0o600)


class Display:
    """An X server without a screen, for those alone who have its cookie."""

    def __init__(self, env):
        self.cookie = pathlib.Path(tempfile.mkstemp(prefix="hybridge-x-")[1])
        write_cookie(self.cookie)
        read, write = os.pipe()
        self.popen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24",
             "-nolisten", "tcp", "-noreset", "-auth", self.cookie], env=env, pass_fds=[write],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as stream:
            number = stream.readline().strip()
        if not number:
            raise AssertionError("Xvfb does not start")
        self.name = f":{number}"
        self.env = env | {"DISPLAY": self.name, "XAUTHORITY": str(self.cookie)}

    def press(self, *keys):
        subprocess.run(["xdotool", "key", *keys], env=self.env, check=True, capture_output=True,
                       timeout=WAIT_S)

    def type(self, text):
        subprocess.run(["xdotool", "type", text], env=self.env, check=True, capture_output=True,
                       timeout=WAIT_S)

    def click(self, x, y):
        subprocess.run(["xdotool", "mousemove", str(x), str(y), "click", "1"], env=self.env,
                       check=True, capture_output=True, timeout=WAIT_S)

    def close(self):
        """Asks it to end, so that it removes its lock and socket."""
        self.popen.terminate()
        self.popen.wait(WAIT_S)
        self.cookie.unlink()


class Failure(AssertionError):
    """An answer of the DevTools protocol that is an error."""


class Chromium:
    """The browser; close() ends it with everything that it started."""

    def __init__(self, display, folder, host_rules, authority=None):
        """@folder (made here) keeps the profile, the certificates and the log."""
        folder.mkdir()
        self.display = display
        self.log = folder / "log"
        home = folder / "home"
        (home / ".pki/nssdb").mkdir(parents=True)
        (folder / "tmp").mkdir()
        self.env = display.env | {"HOME": str(home), "TMPDIR": str(folder / "tmp"),
                          "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        self.trust(home / ".pki/nssdb", authority)
        rules = ", ".join([*host_rules, "MAP * ~NOTFOUND", "EXCLUDE localhost"])
        command = ["chromium", *FLAGS, f"--user-data-dir={folder / 'profile'}",
                   f"--host-resolver-rules={rules}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")
        self.start([*command, "about:blank"])

    def trust(self, database, authority):
        """Certificate checks stay on: a test's authority becomes one of the user's."""
        name = f"sql:{database}"
        subprocess.run(["certutil", "-N", "--empty-password", "-d", name], check=True,
                       capture_output=True, env=self.env)
        if authority is not None:
            subprocess.run(["certutil", "-A", "-d", name, "-t", "C,,", "-n", "test", "-i",
                            authority], check=True, capture_output=True, env=self.env)

    def start(self, command):
        pipes = [*os.pipe(), *os.pipe()]
        theirs_in, ours_out, ours_in, theirs_out = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
                                                    for fd in pipes]
        for fd in pipes:
            os.close(fd)
        with open(self.log, "wb") as log:
            self.popen = subprocess.Popen(
                ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "chromium", *command],
                env=self.env, pass_fds=[theirs_in, theirs_out], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.out, self.input = os.fdopen(ours_out, "wb", 0), os.fdopen(ours_in, "rb")
        self.ids = itertools.count(1)
        self.changed = threading.Condition()
        self.answers, self.ended = {}, False
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        data = b""
        while piece := self.input.raw.read(65536):
            data += piece
            *messages, data = data.split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    with self.changed:
                        self.answers[message["id"]] = message
                        self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def send(self, method, session=None, **params):
        """Its number, for answer()."""
        number = next(self.ids)
        message = {"id": number, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = session
        self.out.write(json.dumps(message).encode() + b"\0")
        return number

    def answered(self, number):
        with self.changed:
            return number in self.answers

    def answer(self, number, wait_s=WAIT_S):
        with self.changed:
            self.changed.wait_for(lambda: number in self.answers or self.ended, wait_s)
            message = self.answers.pop(number, None)
        if message is None:
            what = "is gone" if self.ended else "does not answer"
            raise Failure(f"Chromium {what}\n{self.last_words()}")
        if "error" in message:
            raise Failure(message["error"]["message"])
        return message["result"]

    def wait_for_log(self, words):
        end = time.monotonic() + WAIT_S
        while words not in self.log.read_text(errors="replace"):
            if time.monotonic() > end:
                raise Failure(f"Chromium does not say {words!r}\n{self.last_words()}")
            time.sleep(0.01)

    def last_words(self):
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(["-- Chromium's last words", *lines[-20:]])

    def call(self, method, session=None, **params):
        return self.answer(self.send(method, session, **params))

    def open(self, url):
        """A new page, in front of the others."""
        target = self.call("Target.createTarget", url=url)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, target, session)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.send("Browser.close")
        try:
            self.popen.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        self.reader.join(WAIT_S)
        self.out.close()
        self.input.close()


class Page:
    def __init__(self, browser, target, session):
        self.browser, self.target, self.session = browser, target, session
        self.load()

    def load(self):
        """Until the page is there: what is asked of the blank one before it may get lost."""
        end = time.monotonic() + WAIT_S
        ready = "document.readyState === 'complete' && location.protocol === 'http:'"
        while time.monotonic() < end:
            with contextlib.suppress(Failure):
                if self.evaluate(ready):
                    return
            time.sleep(0.01)
        raise Failure("the page does not load")

    def begin(self, expression):
        """Starts to evaluate; Chromium.answer() has the result once a promise is settled."""
        return self.browser.send("Runtime.evaluate", self.session, expression=expression,
                                 awaitPromise=True, returnByValue=True, userGesture=True)

    def result(self, number):
        result = self.browser.answer(number)
        if "exceptionDetails" in result:
            raise Failure(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    def evaluate(self, expression):
        return self.result(self.begin(expression))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
