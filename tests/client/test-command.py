#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The hybridge command line: usage: test-command.py BUILD-DIR [TEST…]

Arguments, files, signals, what is drawn on a terminal; decode and domain. Whole ceremonies are
tests/program's."""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import sys
import termios
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "program")]

import harness  # noqa: E402

LOGIN = ["login", "--rp", "example.com"]
REGISTER = ["register", "--rp", "example.com", "--user", "ada"]
ORIGIN = ["--origin", "https://example.com"]

# Key 0 is P-256's generator, the secret is 16 bytes of 0x5a, made in 2023: encode() below.
GENERATOR = bytes.fromhex("036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
SECRET = bytes([0x5a]) * 16
WIDTHS = {1: 3, 2: 5, 3: 8, 4: 10, 5: 13, 6: 15, 7: 17}


def encode(cbor):
    """Base 10 as hybrid.md §2.2 has it, written anew."""
    chunks = [cbor[at:at + 7] for at in range(0, len(cbor), 7)]
    return "FIDO:/" + "".join(
        str(int.from_bytes(chunk, "little")).zfill(WIDTHS[len(chunk)]) for chunk in chunks)


def code(key=GENERATOR, count=b"\xa6", more=b"\x02\x02\x03\x1a\x65\x4a\x39\x10\x04\xf4\x05\x62mc"):
    return encode(count + b"\x00\x58\x21" + key + b"\x01\x50" + SECRET + more)


class CommandTest(harness.TestCase):
    def hybridge(self, *args, stdin=None, env=None):
        # Apart from the terminal that the tests run on, if they do: hybridge would find it.
        process = self.world.run(harness.programs.computer, *args, stdin=stdin, env=env,
                                 preexec=os.setsid)
        process.status = process.wait()
        return process

    def lines(self, *args, **options):
        process = self.hybridge(*args, **options)
        self.assertEqual(process.status, 0, process.describe())
        self.assertEqual(process.stderr, [])
        return process.stdout

    def refused(self, *args, said="", **options):
        process = self.hybridge(*args, **options)
        self.assertEqual(process.status, 2, process.describe())
        self.assertEqual(process.stdout, [])
        self.assertEqual(len(process.stderr), 2, process.describe())
        self.assertIn(said, process.stderr[0])
        return process


class UsageTest(CommandTest):
    def test_help(self):
        for args in (["--help"], ["-h"], ["help"]):
            self.assertIn("hybridge COMMAND", self.lines(*args)[0])
        for command in ("register", "login", "decode", "domain"):
            with self.subTest(command):
                text = "\n".join(self.lines(command, "--help"))
                self.assertIn(f"hybridge {command}", text)
                self.assertIn("Examples:", text)

    def test_version(self):
        self.assertRegex(self.lines("--version")[0], r"^hybridge [0-9]+\.[0-9]+\.[0-9]+$")

    def test_bad_arguments(self):
        for args, said in (
                ([], "command"), (["dance"], "dance"), (["--no-such"], "--no-such"),
                (["login"], "--rp"), (["login", "extra", "--rp", "example.com"], "extra"),
                ([*LOGIN, "--no-such"], "--no-such"),
                ([*LOGIN, "--request", "x", *ORIGIN], "--rp"),
                (["login", "--request", "x"], "--origin"),
                (["login", "--request", "/nonexistent", *ORIGIN], "/nonexistent"),
                (["login", "--request", "/", *ORIGIN], "cannot be read"),
                (["login", "--request", "x", *ORIGIN, "--allow", "AQ"], "--allow"),
                (["login", "--request", "x", *ORIGIN, "--user-verification", "required"],
                 "--user-verification"),
                (["register", "--request", "x", *ORIGIN, "--user", "ada"], "--user"),
                (["register", "--request", "x", *ORIGIN, "--alg", "ES256"], "--alg"),
                (["register", "--rp", "example.com"], "--user"),
                ([*REGISTER, "--alg", "RSA"], "--alg"), ([*REGISTER, "--alg", ""], "--alg"),
                ([*REGISTER, "--alg", "99999999999"], "--alg"),
                ([*REGISTER, "--resident-key", "maybe"], "--resident-key"),
                ([*REGISTER, "--user-verification", "maybe"], "--user-verification"),
                ([*REGISTER, "--exclude", "A"], "base64url"),
                ([*REGISTER, "--user", "x" * 1025], "user.name"),
                ([*LOGIN, "--user-verification", "maybe"], "--user-verification"),
                ([*LOGIN, "--allow", ""], "base64url"), ([*LOGIN, "--allow", "AQ=="], "base64url"),
                ([*LOGIN, "--allow", "A+"], "base64url"),
                (["login", "--rp", ""], "RP ID"), (["login", "--rp", "com"], "RP ID"),
                (["login", "--rp", "127.0.0.1"], "RP ID"),
                (["login", "--rp", "https://example.com"], "RP ID"),
                (["login", "--rp", "m\u00fcnchen.de"], "xn--"),
                ([*LOGIN, "--origin", "http://example.com"], "https://"),
                ([*LOGIN, "--origin", "https://example.org"], "RP ID"),
                ([*LOGIN, "--origin", "https://example.com/"], "host name"),
                ([*LOGIN, "--qr", "code.jpg"], ".png"), ([*LOGIN, "--timeout", "0"], "--timeout"),
                ([*LOGIN, "--timeout", "301"], "--timeout"), ([*LOGIN, "--timeout", "x"], "x"),
                ([*LOGIN, "--bluetooth-wait", "-1"], "--bluetooth-wait"),
                ([*LOGIN, "--resolve", "here"], ""), ([*LOGIN, "--cacert", "/nonexistent"], ""),
                ([*LOGIN, "--config", "/nonexistent"], "")):
            with self.subTest(args):
                self.refused(*args, said=said)

    def test_bad_requests(self):
        for text, said in (("", "JSON"), ("{", "JSON"), ("[]", "JSON"), ("{}", "challenge"),
                           ('{"challenge": 7}', "challenge must be text"),
                           ('{"challenge": "!"}', "challenge must be base64url"),
                           ('{"challenge": "AA", "rpId": "example.org"}', "RP ID"),
                           ('{"challenge": "AA", "timeout": -1}', "timeout"),
                           ('{"challenge": "AA"' + " " * (1 << 20) + "}", "large")):
            with self.subTest(text[:40]):
                self.refused("login", "--request", "-", *ORIGIN, stdin=text, said=said)

    def test_request_from_a_file(self):
        path = self.world.folder / "request.json"
        path.write_text('{"publicKey": {"challenge": 1}}')
        self.refused("login", "--request", path, *ORIGIN, said="challenge must be text")

    def test_output_that_cannot_be_written(self):
        for args in (["domain", "0"], ["domain", "--all"], ["decode", code()],
                     [*LOGIN, "--print-uri"]):
            with self.subTest(args), open("/dev/full", "w") as full:
                done = subprocess.run([harness.programs.computer, *args], env=self.world.env,
                                      stdin=subprocess.DEVNULL, stdout=full,
                                      stderr=subprocess.PIPE, timeout=harness.WAIT_S)
                self.assertEqual(done.returncode, 60, done.stderr)


class DomainTest(CommandTest):
    def test_names(self):
        self.assertEqual(
            self.lines("domain", "0", "1", "256", "0x101", "6076", "65535"),
            ["cable.ua5v.com", "cable.auth.com", "cable.qz2ekwmnd332c.info",
             "cable.4a6bwmj6hiyyd.net", "cable.ietkrmlbd3.com", "cable.lw6vahpb5pldb.net"])

    def test_identifiers(self):
        self.assertEqual(
            self.lines("domain", "cable.ua5v.com", "CABLE.ietkrmlbd3.com",
                       "cable.lw6vahpb5pldb.net"), ["0", "6076", "65535"])

    def test_json(self):
        self.assertEqual(json.loads(self.lines("domain", "1", "cable.idf2t42w4hpdc.org",
                                               "--json")[0]),
                         [{"id": 1, "domain": "cable.auth.com"},
                          {"id": 512, "domain": "cable.idf2t42w4hpdc.org"}])

    def test_all(self):
        lines = self.lines("domain", "--all")
        self.assertEqual(len(lines), 65282)
        self.assertEqual(len({line.split("\t")[1] for line in lines}), 65282)
        self.assertEqual(lines[0], "0\tcable.ua5v.com")
        self.assertEqual(lines[2], "256\tcable.qz2ekwmnd332c.info")
        everything = json.loads(self.lines("domain", "--all", "--json")[0])
        self.assertEqual([f"{one['id']}\t{one['domain']}" for one in everything], lines)

    def test_list(self):
        everything = self.lines("domain", "--all")
        self.assertEqual(self.lines("domain", "--list"), everything[2:])
        parts = {tld: self.lines("domain", "--list", "--tld", tld)
                 for tld in ("com", "org", "net", "info")}
        for tld, lines in parts.items():
            self.assertTrue(all(line.endswith("." + tld) for line in lines))
            self.assertGreater(len(lines), 16000)
        self.assertEqual(sorted(sum(parts.values(), [])), sorted(everything[2:]))
        self.assertEqual(self.lines("domain", "--list", "--tld", "ORG"), parts["org"])
        listed = json.loads(self.lines("domain", "--list", "--tld", "info", "--json")[0])
        self.assertEqual([f"{one['id']}\t{one['domain']}" for one in listed], parts["info"])

    def test_list_of_which_only_the_beginning_is_read(self):
        for form in ([], ["--json"]):
            with self.subTest(form):
                process = subprocess.Popen(
                    [harness.programs.computer, "domain", "--list", *form], env=self.world.env,
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                process.stdout.read(10)
                process.stdout.close()
                self.assertEqual(process.wait(harness.WAIT_S), -signal.SIGPIPE)
                self.assertEqual(process.stderr.read(), b"")
                process.stderr.close()

    def test_refused(self):
        for args in ([], ["2"], ["255"], ["65536"], ["-1"], ["0x"], ["0x10000"], [""],
                     ["cable.example.com"], ["--all", "0"], ["99999999999999999999"],
                     ["--list", "0"], ["--list", "--all"], ["--tld", "com", "256"],
                     ["--all", "--tld", "com"], ["--list", "--tld", "de"], ["--check"],
                     ["--check", "--list"], ["--check", "2"], ["--check", "cable.example.com"],
                     ["256", "--cacert", "/dev/null"], ["256", "--resolve", "a:1:127.0.0.1"],
                     ["--check", "256", "--cacert", "/dev/null"],
                     ["--check", "256", "--resolve", "a"],
                     ["--check", "256", "--config", "/nonexistent"]):
            with self.subTest(args):
                self.refused("domain", *args)


class DomainCheckTest(CommandTest):
    """Names as NAMES says; nothing is asked outside this machine."""

    NAME, BARE = harness.RELAY_HOST, harness.RELAY_HOST.split(".", 1)[1]
    NAMES = "com/ns=a.test"  # DNS itself is there

    def environment(self, names):
        return {"LD_PRELOAD": str(harness.programs.build / "tests/common/names.so"),
                "HYBRIDGE_NAMES": names,
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def check(self, names, *more):
        """(words, JSON)"""
        env = self.environment(names)
        lines = self.lines("domain", "--check", str(harness.DOMAIN), *more, env=env)
        self.assertEqual(lines[0], f"{harness.DOMAIN}\t{self.NAME}")
        (found,) = json.loads(self.lines("domain", "--check", self.NAME, "--json", *more,
                                         env=env)[0])
        self.assertEqual((found["id"], found["domain"], found["registrable"]),
                         (harness.DOMAIN, self.NAME, self.BARE))
        return "\n".join(lines[1:]), found

    def test_free(self):
        words, found = self.check(self.NAMES)
        self.assertIn("free, as far as DNS tells", words)
        self.assertIn("registrar", words)
        self.assertEqual((found["status"], found["addresses"], found["nameServers"]),
                         ("free", [], []))
        self.assertNotIn("relay", found)

    def test_taken_without_an_address(self):
        words, found = self.check(f"{self.NAMES} {self.BARE}/ns=ns1.test")
        self.assertIn("taken", words)
        self.assertIn("no address, so no relay", words)
        self.assertEqual((found["status"], found["nameServers"]), ("taken", ["ns1.test"]))

    def test_taken_and_nothing_there(self):
        words, found = self.check(f"{self.NAMES} {self.NAME}=127.0.0.1,127.0.0.2")
        self.assertIn("taken", words)
        self.assertIn("no relay answers", words)
        self.assertEqual(found["addresses"], ["127.0.0.1", "127.0.0.2"])
        self.assertEqual(found["relay"]["cause"], "relay-unreachable")
        # An address is enough, even if the rest of DNS is silent.
        self.assertIn("taken", self.check(f"{self.NAME}=127.0.0.1 {self.BARE}/ns=?")[0])

    def test_assigned(self):
        (line, words, _) = self.lines("domain", "--check", "1", env=self.environment(self.NAMES))
        self.assertIn("taken", words)
        self.assertEqual(line, "1\tcable.auth.com")

    def test_dns_that_does_not_answer(self):
        for names in ("", f"{self.NAMES} {self.NAME}=?", f"{self.NAMES} {self.BARE}/ns=?",
                      "com/ns=?"):
            with self.subTest(names):
                process = self.hybridge("domain", "--check", "266", env=self.environment(names))
                self.assertEqual(process.status, 20, process.describe())
                self.assertEqual(process.stdout, [])
                self.assertIn("DNS does not answer", process.stderr[0])

    def test_interrupted(self):
        for names in (f"{self.NAME}=forever",):
            process = self.world.run(harness.programs.computer, "domain", "--check", "266",
                                     env=self.environment(names))
            threads = pathlib.Path(f"/proc/{process.pid}/task")
            while process.running() and len(list(threads.iterdir())) < 3:
                time.sleep(0.01)
            time.sleep(0.1)
            process.signal(signal.SIGINT)
            self.assertEqual(process.wait(), 50, process.describe())

    def test_relay(self):
        self.world.make_authority()
        self.world.start_relay()
        words, found = self.check(self.NAMES, *self.world.net())
        self.assertIn("a relay answers there", words)
        self.assertIn("DNS was not asked", words)
        self.assertEqual((found["status"], found["relay"]), ("not-asked", {"answers": True}))

    def test_what_is_no_relay(self):
        self.world.make_authority()
        for faults, cause in ((harness.Faults(status_new=404), "relay-refused"),
                              (harness.Faults(routing_id="none"), "protocol"),
                              (harness.Faults(subprotocol=False), "protocol")):
            with self.subTest(cause):
                self.world.start_relay(faults)
                words, found = self.check(self.NAMES, *self.world.net())
                self.assertIn("no relay answers there", words)
                self.assertEqual(found["relay"]["cause"], cause)
        _, found = self.check(self.NAMES, *self.world.net()[:2])
        self.assertEqual(found["relay"]["cause"], "relay-tls")


class DecodeTest(CommandTest):
    def test_fields(self):
        for text in (code(), code().lower()):
            shown = json.loads(self.lines("decode", text, "--json")[0])
            self.assertGreater(shown.pop("age"), 0)
            self.assertEqual(shown, {
                "hint": "mc", "time": 1699363088, "knownDomains": 2, "linking": False,
                "domains": ["cable.ua5v.com", "cable.auth.com"], "channels": [0],
                "publicKey": GENERATOR.hex()})

    def test_least_fields(self):
        shown = json.loads(self.lines("decode", code(count=b"\xa2", more=b""), "--json")[0])
        self.assertEqual(shown, {"hint": "ga", "knownDomains": 0, "domains": [], "channels": [0],
                                 "publicKey": GENERATOR.hex()})

    def test_bluetooth_channel(self):
        text = code(count=b"\xa5", more=b"\x02\x02\x05\x62ga\x06\x82\x00\x01")
        self.assertEqual(json.loads(self.lines("decode", text, "--json")[0])["channels"], [0, 1])
        self.assertIn("tunnel, Bluetooth", "\n".join(self.lines("decode", text)))

    def test_standard_input(self):
        self.assertEqual(self.lines("decode", "-", stdin=f"  {code()}\r\n\n"),
                         self.lines("decode", "-", stdin=code()))

    def test_secret_only_when_asked(self):
        hidden = self.lines("decode", code()) + self.lines("decode", code(), "--json")
        self.assertNotIn("5a5a5a", "".join(hidden))
        shown = json.loads(self.lines("decode", code(), "--json", "--secrets")[0])
        self.assertEqual(shown["secret"], SECRET.hex())
        self.assertIn(SECRET.hex(), "".join(self.lines("decode", code(), "--secrets")))

    def test_ages(self):
        def made(seconds):
            when = int(time.time()) - seconds
            more = b"\x02\x02\x03\x1a" + when.to_bytes(4, "big") + b"\x04\xf4\x05\x62mc"
            return self.lines("decode", code(more=more))[2]
        self.assertRegex(made(5), "[0-9]+ seconds ago$")
        self.assertRegex(made(500), "8 minutes ago$")
        self.assertRegex(made(3 * 3600), "3 hours ago .more than 10 minutes")
        self.assertRegex(made(-1000), "ahead of this computer's clock .more than")

    def test_times_out_of_range(self):
        for eight in (b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x00\x00\x01" + b"\0" * 5):
            more = b"\x02\x02\x03\x1b" + eight + b"\x04\xf4\x05\x62mc"
            self.lines("decode", code(more=more))
            json.loads(self.lines("decode", code(more=more), "--json")[0])

    def test_image(self):
        for name in ("code.png", "code.svg"):
            path = self.world.folder / name
            computer = self.world.run(harness.programs.computer, *LOGIN, "--qr", path,
                                      "--print-uri", "--bluetooth-wait", "100")
            uri = computer.first_line()
            computer.wait_for("picture", path.exists)
            if name == "code.png":
                both = [json.loads(self.lines("decode", *args, "--json", "--secrets",
                                              stdin=uri)[0])
                        for args in (["--image", path], ["-"])]
                for fields in both:
                    fields.pop("age")
                self.assertEqual(*both)
            else:
                self.refused("decode", "--image", path)
            self.interrupt(computer)
            self.assertEqual(computer.wait(), 50)

    def test_refused(self):
        point = bytes([3]) + b"\xff" * 32
        for args, said in (([], "One code"), ([code(), code()], "One code"),
                           (["-", "--image", "x.png"], "One code"), ([""], "FIDO:/"),
                           (["https://example.com"], "FIDO:/"), (["FIDO:/"], "damaged"),
                           ([code() + "0"], "damaged"), ([code()[:-1]], "damaged"),
                           ([code().replace("/", "/x")], "damaged"),
                           ([code() + " "  "1"], "damaged"), ([code(key=point)], "P-256"),
                           (["--image", "/nonexistent"], "/nonexistent"),
                           (["--image", "/etc/passwd"], "/etc/passwd")):
            with self.subTest(args):
                process = self.refused("decode", *args, said=said)
                self.assertNotIn("5a5a5a", "".join(process.stderr))

    def test_standard_input_that_is_too_long(self):
        self.refused("decode", "-", stdin="FIDO:/" + "0" * 5000, said="too large")


class Terminal:
    """A program on a pseudo-terminal, and what it wrote there."""

    def __init__(self, test, *args, rows=24, columns=80, env=None):
        self.test, self.written = test, b""
        self.master, follower = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            [harness.programs.computer, *args], env=test.world.env | {"TERM": "xterm"} | (env or {}),
            stdin=follower, stdout=subprocess.PIPE, stderr=follower, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(follower)
        test.addCleanup(self.close)

    def close(self):
        self.process.kill()
        self.process.communicate()
        os.close(self.master)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, pattern):
        end = time.monotonic() + harness.WAIT_S
        while not re.search(pattern, self.written.decode(errors="replace"), re.S):
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern}: {self.written!r}")
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.written += os.read(self.master, 65536)
                except OSError:  # the other side is closed
                    break
        text = self.written.decode()
        self.test.assertRegex(text, re.compile(pattern, re.S))
        return text

    def key(self, byte):
        os.write(self.master, byte)


class ScreenTest(CommandTest):
    WAIT = ["--bluetooth-wait", "100"]

    def code_lines(self, text):
        return [line for line in text.split("\r\n") if "\033[38;5;16;48;5;231m" in line]

    def test_fits_a_terminal_of_24_lines(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT)
        text = terminal.read_until("Bluetooth does not answer")
        lines = self.code_lines(text)
        self.assertEqual(len(lines), 23)
        for line in lines:
            self.assertEqual(len(re.sub("\033\\[[0-9;]*[mAJK]|\r", "", line)), 45)
        terminal.key(b"\x03")
        self.assertEqual(terminal.process.wait(harness.WAIT_S), 50)
        # Back to where the code began, all cleared, before the last word.
        terminal.read_until("Bluetooth does not answer.*\r\033\\[23A\033\\[J.*Cancelled")

    def test_cramped(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, rows=22)
        self.assertEqual(len(self.code_lines(terminal.read_until("Bluetooth does"))), 21)

    def test_too_small_then_larger(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, rows=10)
        text = terminal.read_until("too small for the.*QR code.*Bluetooth does not answer")
        self.assertEqual(self.code_lines(text), [])
        terminal.resize(24, 80)
        os.kill(terminal.process.pid, signal.SIGWINCH)
        terminal.read_until("\033\\[38;5;16.*Bluetooth does not answer")

    def test_without_utf_8(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, rows=60, columns=100,
                            env={"LC_ALL": "C"})
        text = terminal.read_until("Bluetooth does not answer")
        self.assertNotIn("\u2588", text)
        self.assertGreater(text.count("\033[48;5;16m"), 300)

    def test_terminal_that_only_takes_lines(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, env={"TERM": "dumb"})
        text = terminal.read_until("Bluetooth does not answer")
        self.assertIn("\u2588", text)
        self.assertIn("Scan the code with your phone.\r\n", text)
        self.assertNotIn("\033", text)

    def test_narrow_line_stays_one_line(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, rows=30, columns=46)
        text = terminal.read_until("Bluetooth does not answer: start its service")
        terminal.key(b"\x03")
        self.assertNotIn("service, and", terminal.read_until("Cancelled"))
        self.assertIn("Bluetooth does not answer: start its service", text)

    def test_no_code_beside_print_uri(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, "--print-uri")
        self.assertEqual(self.code_lines(terminal.read_until("Bluetooth does not answer")), [])
        self.assertTrue(terminal.process.stdout.readline().startswith(b"FIDO:/"))

    def test_code_beside_print_uri_if_asked(self):
        terminal = Terminal(self, *LOGIN, *self.WAIT, "--print-uri", "--terminal")
        self.assertEqual(len(self.code_lines(terminal.read_until("Bluetooth does not"))), 23)

    def test_no_escape_codes_without_a_terminal(self):
        process = self.hybridge(*LOGIN, "--bluetooth-wait", "0")
        self.assertEqual(process.status, 12)
        self.assertNotIn("\033", "".join(process.stderr))
        self.assertEqual([len(line) for line in process.stderr[:23]], [45] * 23)


class RunTest(CommandTest):
    def test_names_that_command_a_terminal(self):
        self.world.start()
        phone = self.world.phone()
        command = ["register", "--rp", "example.com", "--user", "a\033[2J\u202ed\u00e4"]
        computer = self.world.computer(*command)
        scan = phone.scan(computer.first_line())
        self.assert_ok(computer, scan)
        self.assertEqual(computer.stdout[1], "Registered a\ufffd[2J\ufffdd\u00e4 at example.com")

    def test_picture_lives_as_long_as_the_code(self):
        path = self.world.folder / "code.png"
        computer = self.world.run(harness.programs.computer, *LOGIN, "--qr", path,
                                  "--bluetooth-wait", "100")
        computer.wait_for("picture", path.exists)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.interrupt(computer)
        self.assertEqual(computer.wait(), 50)
        self.assertFalse(path.exists())
        self.assertEqual([name for name in os.listdir(self.world.folder) if "code" in name], [])

    def test_picture_that_cannot_be_written(self):
        process = self.hybridge(*LOGIN, "--qr", "/nonexistent/code.png", "--events")
        self.assert_cause(process, "storage")

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                computer = self.world.computer(*LOGIN, "--bluetooth-wait", "100")
                computer.wait_state("qr-shown")
                computer.signal(number)
                self.assert_cause(computer, "cancelled")

    def test_switched_on_while_the_code_is_shown(self):
        self.world.start()
        phone = self.world.phone()
        self.world.set_powered(harness.COMPUTER_ADAPTER, False)
        computer = self.world.computer(*REGISTER, "--bluetooth-wait", "100")
        computer.wait_for("trouble", lambda: self.bluetooth(computer) == ["bluetooth-off"])
        self.world.set_powered(harness.COMPUTER_ADAPTER, True)
        computer.wait_for("listening", lambda: "listening" in self.bluetooth(computer))
        self.assert_ok(computer, phone.scan(computer.first_line()))

    def test_switched_off_while_the_code_is_shown(self):
        self.world.start()
        computer = self.world.computer(*REGISTER, "--timeout", "6", "--bluetooth-wait", "5")
        computer.wait_state("qr-shown")
        self.until_scanning()
        self.world.set_powered(harness.COMPUTER_ADAPTER, False)
        computer.wait_for("trouble", lambda: self.bluetooth(computer) == ["bluetooth-off"])
        self.assert_cause(computer, "bluetooth-off")

    def bluetooth(self, computer):
        return [event["bluetooth"] for event in computer.events if "bluetooth" in event]

    def until_scanning(self):
        end = time.monotonic() + harness.WAIT_S
        while not self.world.adapter_property(harness.COMPUTER_ADAPTER, "Adapter1", "Discovering"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)


if __name__ == "__main__":
    harness.main()
