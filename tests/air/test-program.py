#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-air as a program: its arguments, scripts, exit statuses and the control interface."""

import os
import signal
import subprocess
import unittest

from airtest import AIR, DEADLINE_S, FFF9, TWENTY, AirCase, GLib, iterate, until

CONTROL = ("/org/hybridge/air", "org.hybridge.Air1")


class Program(AirCase):
    def run_air(self, *arguments, **environment):
        return subprocess.run([AIR, *arguments], env=dict(self.environment, **environment),
                              capture_output=True, text=True, timeout=DEADLINE_S)

    def script(self, text, name="script"):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def restart_with(self, text, *arguments):
        self.assertEqual(self.interrupt(self.air), 0)
        self.air = self.start_air("--script", self.script(text), *arguments)


class Arguments(Program):
    def test_help_and_version(self):
        done = self.run_air("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("--adapters", "--script", "--age-out", "--address-rotation", "foreign",
                     "damage"):
            self.assertIn(word, done.stdout)
        done = self.run_air("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^hybridge-air \d+\.\d+\.\d+\n$")

    def test_bad_arguments(self):
        for arguments in (["--adapters", "0"], ["--adapters", "17"], ["--adapters", "x"],
                          ["--interval", "9"], ["--age-out", "0"], ["--address-rotation", "-1"],
                          ["--seed", "-1"], ["--nonsense"], ["nonsense"], ["call"],
                          ["--script", "/does/not/exist"]):
            with self.subTest(arguments=arguments):
                done = self.run_air(*arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr, "^hybridge-air: .")

    def test_taken_name_and_missing_bus(self):
        done = self.run_air()
        self.assertEqual((done.returncode, done.stdout), (12, ""))
        self.assertIn("is taken on this bus", done.stderr)
        for arguments in ((), ("call", "clear")):
            done = self.run_air(*arguments, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/does/not/exist")
            self.assertEqual((done.returncode, done.stdout), (12, ""))
            self.assertIn("No system bus", done.stderr)
        self.assertEqual(self.interrupt(self.air), 0)
        done = self.run_air("call", "clear")
        self.assertEqual(done.returncode, 12)
        self.assertIn("No hybridge-air runs on this bus", done.stderr)

    def test_name_of_bluez_taken_by_somebody_else(self):
        self.assertEqual(self.interrupt(self.air), 0)
        self.client().call("/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
                           GLib.Variant("(su)", ("org.bluez", 4)), name="org.freedesktop.DBus")
        done = self.run_air()
        self.assertEqual((done.returncode, done.stdout), (12, ""))
        self.assertIn("org.bluez is taken", done.stderr)

    def test_signals_end_it_cleanly_and_the_bus_may_go(self):
        self.assertEqual(self.interrupt(self.air, signal.SIGTERM), 0)
        self.air = self.start_air()
        self.bus.terminate()
        self.assertEqual(self.air.wait(DEADLINE_S), 12)


class Call(Program):
    def test_refused_commands(self):
        for words, sentence in ((["nonsense"], "There is no command 'nonsense'"),
                                (["loss"], "'loss' needs: PERCENT"),
                                (["loss", "101"], "'101' is not right for 'loss'"),
                                (["loss", "-1"], "'-1' is not right"),
                                (["loss", "1", "2"], "'loss' takes only: PERCENT"),
                                (["clear", "x"], "'clear' takes only: no arguments"),
                                (["power", "hci0"], "'power' needs: hciN on|off"),
                                (["power", "hci16", "on"], "'hci16' is not right"),
                                (["power", "hci0", "maybe"], "'maybe' is not right"),
                                (["power", "hci5", "on"], "There is no adapter hci5"),
                                (["suffix", "abc"], "'abc' is not right"),
                                (["suffix", "zz"], "'zz' is not right"),
                                (["rewrite", "fff9"], "'rewrite' needs"),
                                (["foreign", "xyz", "1"], "'xyz' is not right"),
                                (["replay", "0"], "'0' is not right"),
                                (["x"] * 9, "too many words"),
                                (["x" * 1100], "longer than 1024"),
                                ([" "], "There is no command")):
            with self.subTest(words=words):
                status, text = self.command_error(*words)
                self.assertEqual(status, 2)
                self.assertIn(sentence, text)

    def test_state(self):
        self.assertEqual(self.state(), {"running": True, **{
            "hci%d" % i: {"powered": True, "blocked": False, "discovering": False,
                          "stalled": False, "adverts": 0, "devices": 0} for i in range(2)}})

    def test_control_interface(self):
        client = self.client()
        events = []
        client.bus.signal_subscribe("org.hybridge.Air", CONTROL[1], "Event", CONTROL[0], None, 0,
                                    lambda *a: events.append(a[5].unpack()[0]))
        client.call(*CONTROL, "Command", GLib.Variant("(s)", ("loss 0",)), name="org.hybridge.Air")
        name, message = client.error(*CONTROL, "Command", GLib.Variant("(s)", ("fly",)),
                                     name="org.hybridge.Air")
        self.assertEqual((name, message),
                         ("org.hybridge.Air1.Error.Command", "There is no command 'fly'"))
        client.discover("hci1", duplicates=True)
        client.advertise("hci0")
        client.advertise("hci0", path="/advert1")
        until(lambda: len(events) == 3)
        iterate(0.3)
        self.assertEqual(events, ["first-discovery", "first-advert", "first-heard"])


class Script(Program):
    def test_commands_run_at_their_times(self):
        self.restart_with("# a day\n\n0 power hci0 off\n 0.3\tpower  hci0 on \n")
        client = self.client()
        until(lambda: client.get("/org/bluez/hci0", "org.bluez.Adapter1", "Powered") is False)
        until(lambda: client.get("/org/bluez/hci0", "org.bluez.Adapter1", "Powered") is True)

    def test_commands_wait_for_events(self):
        self.restart_with("on first-advert suffix ff\n"
                          "on first-heard+0.2 suffix eeee\n"
                          "on first-discovery rssi hci1 -77\n", "--interval", "20")
        client = self.client()
        client.discover("hci1", duplicates=True)
        client.advertise("hci0")
        until(lambda: client.heard("hci1")[-1:] and client.heard("hci1")[-1][2] == TWENTY + b"\xff")
        until(lambda: client.heard("hci1")[-1][2] == TWENTY + b"\xee\xee")
        path = client.heard("hci1")[-1][0]
        self.assertEqual(client.changes(path, "org.bluez.Device1", "RSSI")[-1], -77)

    def test_impossible_command_is_a_warning(self):
        self.restart_with("0 power hci9 off\n0 rssi hci0 -1\n0.1 remove hci1\n")
        client = self.client()
        until(lambda: "/org/bluez/hci1" not in client.objects())

    def test_bad_scripts_name_their_line(self):
        for text, line, sentence in (
                ("fly\n", 1, "'fly' is no time"),
                ("\n# x\n0 fly\n", 3, "There is no command 'fly'"),
                ("0\n", 1, "There is no command"),
                ("0 loss 101", 1, "'101' is not right"),
                ("-1 loss 1", 1, "'-1' is no time"),
                ("1e3 loss 1", 1, "'1e3' is no time"),
                ("0x1 loss 1", 1, "'0x1' is no time"),
                ("1.2.3 loss 1", 1, "'1.2.3' is no time"),
                ("86401 loss 1", 1, "'86401' is no time"),
                (". loss 1", 1, "'.' is no time"),
                ("on first-light loss 1", 1, "'first-light' is no event"),
                ("on first-advert+x loss 1", 1, "'first-advert+x' is no event"),
                ("on first-advert+ loss 1", 1, "is no event"),
                ("on", 1, "'' is no event"),
                ("on first-advert", 1, "There is no command"),
                ("0 loss 1\n0 loss " + "1" * 1100, 2, "longer than 1024"),
                (b"0 loss 1\n\xff\n", 2, "not UTF-8"),
                (b"0 loss 1\0\n", None, "not a text file"),
                ("\n" * 10001, None, "more than 10000 lines")):
            with self.subTest(text=text[:40]):
                path = self.script(text)
                done = self.run_air("--script", path)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(sentence, done.stderr)
                if line is not None:
                    self.assertIn("%s:%d: " % (path, line), done.stderr)

    def test_seed_repeats_the_addresses(self):
        seen = []
        for _ in range(2):
            self.restart_with("0 foreign fff9 20 2\n", "--seed", "7")
            client = self.client()
            client.discover("hci0")
            until(lambda c=client: len(c.heard("hci0")) >= 2)
            seen.append(sorted(client.heard("hci0")))
            client.close()
        self.assertEqual(seen[0], seen[1])
        self.assertEqual({h[1] for h in seen[0]}, {FFF9})


if __name__ == "__main__":
    unittest.main(verbosity=2)
