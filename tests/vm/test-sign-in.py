#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole sign-in over bluetoothd: the phone advertises on hci0, the computer listens on hci1.

usage: test-sign-in.py BUILD-DIR [TEST…]      inside the virtual machine, by tests/vm/check
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "program"))

from gi.repository import Gio, GLib  # noqa: E402

import harness  # noqa: E402

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"
BLUETOOTHD = "/usr/libexec/bluetooth/bluetoothd"
ORIGIN = "https://example.com"


class Machine(harness.World):
    """The world of a whole ceremony, with the machine's bus and bluetoothd for the air."""

    def start_bus(self):
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = SYSTEM_BUS
        self.bus = Gio.DBusConnection.new_for_address_sync(
            SYSTEM_BUS, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.set_exit_on_close(False)
        self.stack.callback(self.bus.close_sync, None)

    def start_air(self, adapters=2):
        self.air = self.service(BLUETOOTHD, "-n")
        self.air.wait_for("powered adapters", lambda: self.powered() >= adapters)

    def powered(self):
        try:
            objects = self.bus.call_sync(
                "org.bluez", "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", None,
                None, Gio.DBusCallFlags.NO_AUTO_START, harness.WAIT_S * 1000, None).unpack()[0]
        except GLib.Error:
            return 0  # not on the bus yet
        return sum(interfaces["org.bluez.Adapter1"]["Powered"] for interfaces in objects.values()
                   if {"org.bluez.Adapter1", "org.bluez.LEAdvertisingManager1"} <=
                   interfaces.keys())


class SignInTest(harness.TestCase):
    def setUp(self):
        self.world = Machine()
        self.addCleanup(self.world.close)
        self.addCleanup(self.check_nothing_left)
        self.state = self.world.folder / "site"

    def verify(self, command, *args, stdin=None):
        process = self.world.run(harness.programs.verify, command, "--state", self.state, *args,
                                 stdin=stdin)
        self.assertEqual(process.wait(), 0, process.describe())
        return "\n".join(process.stdout)

    def perform(self, command, phone, options):
        """Both ends to the end; the computer's response as it was printed."""
        computer, scanning = self.world.ceremony(
            phone, command, "--request", "-", "--origin", ORIGIN, "--json", stdin=options)
        self.assert_ok(computer, scanning)
        response = "\n".join(computer.stdout[1:])
        json.loads(response)
        return response

    def test_register_and_sign_in(self):
        self.world.start()
        phone = self.world.phone()
        options = self.verify("options-register", "--rp", "example.com", "--origin", ORIGIN,
                              "--user", "ada")
        self.verify("register", "-", stdin=self.perform("register", phone, options))
        options = self.verify("options-login", "--user", "ada")
        self.verify("login", "-", stdin=self.perform("login", phone, options))

    def test_bluetooth_off(self):
        self.world.start_bus()
        self.world.start_air()
        self.world.set_powered(harness.COMPUTER_ADAPTER, False)
        self.addCleanup(self.world.set_powered, harness.COMPUTER_ADAPTER, True)
        self.assert_cause(self.world.computer("login", "--rp", "example.com"), "bluetooth-off")

    def test_no_such_adapter(self):
        self.world.start_bus()
        self.world.start_air()
        self.assert_cause(self.world.computer("login", "--rp", "example.com", adapter="hci9"),
                          "bluetooth-missing")

    def test_no_bluetoothd(self):
        self.world.env["DBUS_SYSTEM_BUS_ADDRESS"] = SYSTEM_BUS
        self.assert_cause(self.world.computer("login", "--rp", "example.com"),
                          "bluetooth-service")


if __name__ == "__main__":
    harness.main()
