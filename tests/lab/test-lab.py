#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-lab as a program: what a command finds in a lab, and that nothing stays behind.

usage: test-lab.py BUILD-DIR [TEST…]
"""
import json
import os
import pathlib
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "program"), str(TESTS / "phone")]

import harness  # noqa: E402
from harness import CAUSES, WAIT_S, Process  # noqa: E402
from terminal import Terminal  # noqa: E402

# Registers and signs in, with the code going through pipes.
SIGN_IN = r"""
set -eu
ceremony() {
	mkfifo "$HYBRIDGE_LAB/code"
	hybridge "$@" --adapter hci0 --print-uri >"$HYBRIDGE_LAB/code" 2>/dev/null &
	exec 3<"$HYBRIDGE_LAB/code"
	read -r uri <&3
	echo "$uri" | hybridge-lab scan $phone - 2>/dev/null
	cat <&3
	wait $!
	rm "$HYBRIDGE_LAB/code"
}
phone=
ceremony register --rp example.com --user ada
ceremony login --rp example.com
"""


def take_signals():
    """In a child: what a shell has its background commands ignore, which they pass on."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def running(word):
    """Processes with @word on their command lines, as "PID COMMAND"."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if word in line and state != "Z" and folder.name != str(os.getpid()):
            found.append(f"{folder.name} {line}")
    return found


class LabTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.tmp = self.world.folder / "tmp"
        self.env = self.world.env
        self.env.pop("DISPLAY", None)

    def lab(self, *args, **more):
        process = Process([harness.programs.lab, *args], self.env | more, preexec=take_signals)
        self.addCleanup(process.kill)
        return process

    def up(self, *args, **more):
        """In it no screen is started, unless that is asked for."""
        screen = () if "--screen" in args else ("--screen", "none")
        return self.lab("up", *screen, *args, **more)

    def sh(self, script, *options):
        """A finished lab around a script."""
        lab = self.up(*options, "--", "sh", "-c", script)
        lab.status = lab.wait()
        self.assert_nothing_left()
        return lab

    def assert_nothing_left(self):
        end = time.monotonic() + WAIT_S
        while running(str(self.tmp)) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(running(str(self.tmp)), [])
        self.assertEqual(os.listdir(self.tmp), [])

    def wait_until(self, what, found):
        end = time.monotonic() + WAIT_S
        while not found():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.01)


class UpTest(LabTest):
    def test_signs_in(self):
        lab = self.sh(SIGN_IN)
        self.assertEqual(lab.status, 0, lab.describe())
        said = [line for line in lab.stdout if "example.com" in line]
        self.assertIn("Made a passkey for ada at example.com", said)
        self.assertIn("Signed in to example.com as ada", said)

    def test_environment(self):
        lab = self.sh("env")
        found = dict(line.split("=", 1) for line in lab.stdout if "=" in line)
        folder = found["HYBRIDGE_LAB"]
        self.assertTrue(folder.startswith(str(self.tmp)))
        self.assertTrue(found["PATH"].startswith(f"{folder}/bin:"))
        self.assertIn(folder, found["DBUS_SYSTEM_BUS_ADDRESS"])
        self.assertEqual(found["HYBRIDGE_CONFIG"], f"{folder}/hybridge.conf")
        self.assertNotIn("DISPLAY", found)
        self.assertNotIn("HYBRIDGE_LAB_SITE", found)
        self.assertEqual(found["HOME"], self.env["HOME"])

    def test_only_its_owner_may_look(self):
        lab = self.sh('stat -c "%a %n" "$HYBRIDGE_LAB" "$HYBRIDGE_LAB"/*')
        for line in lab.stdout:
            mode, path = line.split(" ", 1)
            if "/dbus-" not in path:  # a socket, whose mode says nothing
                self.assertEqual(int(mode, 8) & 0o077, 0, line)
        # Whoever has the authority's key could be any relay to the browser.
        keys = self.sh('grep -l "PRIVATE KEY" "$HYBRIDGE_LAB"/*')
        self.assertEqual([os.path.basename(path) for path in keys.stdout], ["relay.key"])

    def test_certificate(self):
        """For the relay's names and no other, signed by the lab's authority."""
        lab = self.sh('cd "$HYBRIDGE_LAB"; for host in cable.ua5v.com cable.auth.com '
                      'cable.wufkweyy3uaxb.com localhost; do openssl verify -CAfile ca.pem '
                      '-purpose sslserver -verify_hostname $host relay.pem >&2; echo $?; done',
                      "--domain", "266")
        self.assertEqual(lab.stdout, ["0", "0", "0", "2"], lab.describe())

    def test_command_runs_as_it_would_outside(self):
        """Its umask, its signals, its input, its output, its status."""
        os.umask(0o022)
        done = subprocess.run(
            [harness.programs.lab, "up", "--screen", "none", "--", "sh", "-c",
             "cat; umask; grep SigBlk /proc/self/status; ulimit -c; exit 7"],
            input="typed\n", env=self.env, capture_output=True, text=True, timeout=WAIT_S)
        self.assertEqual(done.returncode, 7)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ["typed", "0022"])
        self.assertEqual(int(lines[2].split()[1], 16), 0)
        outside = subprocess.run(["sh", "-c", "ulimit -c"], capture_output=True, text=True)
        self.assertEqual(lines[3], outside.stdout.strip())

    def test_killed_command(self):
        self.assertEqual(self.sh("kill -9 $$").status, 128 + signal.SIGKILL)

    def test_what_the_command_leaves_behind_ends(self):
        """Also what left the terminal, and takes no polite word. The folder in its arguments is
        what assert_nothing_left() knows it by."""
        lab = self.sh("""
            sh -c 'sleep 1000; :' "$HYBRIDGE_LAB" &
            (setsid sh -c 'trap "" TERM; echo up; sleep 1000; :' "$HYBRIDGE_LAB" &) | head -n 1
        """)
        self.assertEqual(lab.stdout, ["up"])
        self.assertEqual(lab.status, 0, lab.describe())

    def test_without_a_command_it_stays(self):
        lab = self.up()
        line = lab.first_line()
        self.assertTrue(line.startswith(". "), line)
        outside = subprocess.run(["sh", "-c", f"{line}\n{SIGN_IN}"], env=self.env,
                                 capture_output=True, text=True, timeout=WAIT_S)
        self.assertEqual(outside.returncode, 0, outside.stdout + outside.stderr)
        lab.signal(signal.SIGINT)
        self.assertEqual(lab.wait(), 0, lab.describe())
        self.assert_nothing_left()

    def test_keeps_its_folder_when_asked(self):
        folder = self.world.folder / "kept with blanks"
        folder.mkdir(mode=0o755)
        lab = self.sh("true", "--keep", folder)
        self.assertEqual(lab.status, 0, lab.describe())
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        self.assertIn("relay.log", os.listdir(folder))
        again = self.up("--keep", folder, "--", "true")
        self.assertEqual(again.wait(), CAUSES["usage"], again.describe())

    def test_folders_with_odd_names(self):
        odd = self.tmp / "a b'c%20;d=é"
        odd.mkdir()
        lab = self.up("--", "sh", "-c", SIGN_IN, TMPDIR=str(odd))
        self.assertEqual(lab.wait(), 0, lab.describe())
        self.assertEqual(os.listdir(odd), [])
        odd.rmdir()

    def test_two_labs_at_once(self):
        labs = [self.up("--", "sh", "-c", SIGN_IN) for _ in range(2)]
        for lab in labs:
            self.assertEqual(lab.wait(), 0, lab.describe())
        self.assert_nothing_left()

    def test_lab_in_a_lab(self):
        lab = self.sh("hybridge-lab up --screen none -- sh -c " + shlex.quote(SIGN_IN))
        self.assertEqual(lab.status, 0, lab.describe())

    def test_phones_and_domain(self):
        lab = self.sh(SIGN_IN.replace("phone=\n", "phone='--phone 3'\n") +
                      "hybridge-lab phone --phone 3 passkeys list --json\n"
                      "hybridge-lab phone passkeys list --json\n"
                      "hybridge-lab air state\n", "--phones", "3", "--domain", "266")
        self.assertEqual(lab.status, 0, lab.describe())
        self.assertEqual(lab.stdout[-2], "[]")
        self.assertIn("hci3", lab.stdout[-1])
        self.assertNotIn("hci4", lab.stdout[-1])

    def test_site(self):
        lab = self.sh("echo $HYBRIDGE_LAB_SITE; python3 -c 'import os, urllib.request as u; "
                      "print(u.urlopen(os.environ[\"HYBRIDGE_LAB_SITE\"] + \"/api/session\")"
                      ".read().decode())'", "--site")
        self.assertEqual(lab.status, 0, lab.describe())
        self.assertRegex(lab.stdout[0], r"^http://localhost:\d+$")
        self.assertEqual(json.loads(lab.stdout[1])["rpId"], "localhost")

    def test_tells_when_a_part_is_lost(self):
        lab = self.up("--", "sh", "-c", "echo begun; exec sleep 1000")
        lab.first_line()
        relay = [int(line.split()[0]) for line in running(str(self.tmp)) if "relay.key" in line]
        os.kill(min(relay), signal.SIGKILL)  # its worker came later
        lab.wait_for("word of it", lambda: "The relay has ended by itself" in
                     "\n".join(lab.stderr))
        lab.signal(signal.SIGTERM)
        lab.wait()
        self.assert_nothing_left()


class EndTest(LabTest):
    def test_interrupted_at_any_time(self):
        for step in range(8):
            lab = self.up("--", "sleep", "1000")
            time.sleep(step * 0.05)
            lab.signal(signal.SIGINT)
            self.assertIn(lab.wait(), (CAUSES["cancelled"], 130, -signal.SIGINT), lab.describe())
            self.assert_nothing_left()

    def started(self, trap=":"):
        """A lab whose command has set its trap, and runs until a signal ends it."""
        lab = self.up("--", "sh", "-c", f"{trap}; echo begun; while :; do sleep 0.05; done")
        lab.first_line()
        return lab

    def test_signals_are_the_commands(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
            lab = self.started(f"trap 'echo got it; exit 5' {number.name[3:]}")
            lab.signal(number)
            self.assertEqual(lab.wait(), 5, lab.describe())
            self.assertIn("got it", lab.stdout)
            self.assert_nothing_left()

    def test_ctrl_c_comes_once(self):
        """The terminal gives it to the lab and to the command; the lab must not pass it on."""
        script = "trap 'echo got it' INT; echo begun; sleep 2; sleep 1; echo over"
        terminal = Terminal(self, [harness.programs.lab, "up", "--screen", "none", "--", "sh", "-c",
                                   script], self.env)
        terminal.wait("begun")
        terminal.type("\x03")
        terminal.wait("over")
        self.assertEqual(terminal.status(), 0, terminal.text)
        self.assertEqual(terminal.text.count("got it"), 1, terminal.text)
        self.assert_nothing_left()

    def test_third_signal_takes_no_excuse(self):
        lab = self.started("trap '' INT TERM")
        for _ in range(3):
            lab.signal(signal.SIGINT)
            time.sleep(0.2)
        self.assertEqual(lab.wait(), 128 + signal.SIGKILL, lab.describe())
        self.assert_nothing_left()

    def test_killed_lab_takes_its_parts_with_it(self):
        lab = self.started()
        lab.kill()
        self.wait_until("parts still run", lambda: not running(str(self.tmp)))
        for folder in self.tmp.iterdir():
            shutil.rmtree(folder)


class MistakeTest(LabTest):
    def assert_usage(self, lab, *words):
        self.assertEqual(lab.wait(), CAUSES["usage"], lab.describe())
        for word in words:
            self.assertIn(word, "\n".join(lab.stderr))
        self.assert_nothing_left()

    def test_bad_options(self):
        for args, word in ((["--phones", "0"], "--phones"), (["--phones", "16"], "--phones"),
                           (["--domain", "2"], "--domain"), (["--domain", "65536"], "--domain"),
                           (["--screen", "big"], "--screen"), (["--size", "10x10"], "--size"),
                           (["--size", "1x2;reboot"], "--size"),
                           (["--browser", "/nonexistent/browser"], "no browser"),
                           (["--keep", "/proc/1/x"], "/proc/1/x"), (["--nonsense"], "--nonsense")):
            with self.subTest(args):
                lab = self.up(*args, "--", "true")
                self.assertIn(lab.wait(), (CAUSES["usage"], CAUSES["storage"]), lab.describe())
                self.assertIn(word, "\n".join(lab.stderr))
                self.assert_nothing_left()

    def test_folders_that_cannot_be(self):
        for name in ("with:colon", "x" * 90):
            (self.tmp / name).mkdir()
            lab = self.up("--", "true", TMPDIR=str(self.tmp / name))
            self.assertEqual(lab.wait(), CAUSES["usage"], lab.describe())
            self.assertIn("set TMPDIR", lab.stderr[0])
            (self.tmp / name).rmdir()

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a folder to somebody else")
    def test_folder_of_somebody_else(self):
        other = self.world.folder / "other"
        other.mkdir()
        os.chown(other, 65534, 65534)
        self.assert_usage(self.up("--keep", other, "--", "true"), "somebody else's")

    def test_command_that_is_not_there(self):
        self.assert_usage(self.up("--", "/nonexistent/command"), "/nonexistent/command")

    def test_outside_of_a_lab(self):
        for args in (["scan"], ["phone", "passkeys", "list"], ["air", "state"],
                     ["picture", "--code", "x.png"]):
            with self.subTest(args):
                self.assert_usage(self.lab(*args), "There is no lab here")

    def test_phones_that_are_not_there(self):
        for number in ("0", "2", "x", ""):
            for command in (f"scan --phone '{number}' -", f"scan - --phone='{number}'",
                            f"phone passkeys list --phone '{number}'"):
                lab = self.sh(f"hybridge-lab {command}")
                self.assertEqual(lab.status, CAUSES["usage"], lab.describe())
        lab = self.sh("hybridge-lab phone")
        self.assertIn("A command of hybridge-phone is needed", lab.stderr[0])

    def test_no_screen(self):
        for command in ("scan", "picture x.png", "picture --code x.png"):
            lab = self.sh(f"hybridge-lab {command}")
            self.assertEqual(lab.status, CAUSES["usage"], lab.describe())
            self.assertIn("There is no X screen", "\n".join(lab.stderr))

    def test_picture_takes_one_file(self):
        for args in ([], ["a", "b"], ["--code"], ["--nonsense"]):
            self.assert_usage(self.lab("picture", *args), "picture takes one FILE")

    def test_parts_that_are_missing_or_fail(self):
        """A lab says which part does not start, and leaves nothing."""
        build = self.world.folder / "build"
        shutil.copytree(harness.programs.lab.parent, build / "bridge/lab",
                        ignore=shutil.ignore_patterns("*.p"))
        empty = self.world.folder / "empty"
        empty.mkdir()
        names = {"ble/air/hybridge-air": "air", "bridge/relay/hybridge-relay": "relay",
                 "bridge/phone/hybridge-phone": "phone", "bridge/site/hybridge-site": "site"}
        for program in names:
            (build / program).parent.mkdir(parents=True)
            (build / program).symlink_to(harness.programs.build / program)
        for program, name in names.items():
            for script in ("#!/bin/sh\necho broken >&2\nexit 3\n", None):
                with self.subTest(name, script=script):
                    (build / program).unlink()
                    if script is not None:
                        (build / program).write_text(script)
                        (build / program).chmod(0o755)
                    lab = Process([build / "bridge/lab/hybridge-lab", "up", "--screen", "none",
                                   "--site", "--", "echo", "came to it"], self.env)
                    self.addCleanup(lab.kill)
                    self.assertNotEqual(lab.wait(), 0, lab.describe())
                    self.assertEqual(lab.stdout, [])
                    self.assertIn(name, lab.stderr[0])
                    self.assertIn("broken" if script else "cannot be started", lab.stderr[0])
                    self.assert_nothing_left()
            (build / program).unlink(missing_ok=True)
            (build / program).symlink_to(harness.programs.build / program)


@unittest.skipUnless(shutil.which("Xvfb"), "Xvfb is not installed")
class ScreenTest(LabTest):
    def test_screen_of_its_own(self):
        picture = self.world.folder / "picture.png"
        lab = self.sh(f"echo $DISPLAY; hybridge-lab picture {shlex.quote(str(picture))}",
                      "--screen", "new", "--size", "800x600")
        self.assertEqual(lab.status, 0, lab.describe())
        self.assertRegex(lab.stdout[0], r"^:\d+$")
        head = picture.read_bytes()[:24]
        self.assertEqual(head[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual((int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")),
                         (800, 600))
        self.assertEqual(stat.S_IMODE(picture.stat().st_mode), 0o600)


    def test_screen_is_for_those_who_have_its_key(self):
        lab = self.sh("hybridge-lab picture $HYBRIDGE_LAB/mine.png && XAUTHORITY=/dev/null "
                      "hybridge-lab picture $HYBRIDGE_LAB/others.png", "--screen", "new")
        self.assertEqual(lab.status, CAUSES["usage"], lab.describe())
        self.assertIn("does not answer", "\n".join(lab.stderr))

    def test_empty_display_is_none(self):
        lab = self.up("--screen", "auto", "--", "sh", "-c", "echo $DISPLAY", DISPLAY="")
        self.assertEqual(lab.wait(), 0, lab.describe())
        self.assertRegex(lab.stdout[0], r"^:\d+$")


if __name__ == "__main__":
    harness.main()
