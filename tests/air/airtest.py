# SPDX-License-Identifier: BSD-2-Clause
"""A private bus with a virtual air on it, and clients that record what they see."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

AIR = os.environ["HYBRIDGE_AIR"]
DEADLINE_S = 20  # for anything that must happen; generous, since the machine may be busy

PROPERTIES = "org.freedesktop.DBus.Properties"
ADAPTER = "org.bluez.Adapter1"
MANAGER = "org.bluez.LEAdvertisingManager1"
DEVICE = "org.bluez.Device1"
ADVERT = "org.bluez.LEAdvertisement1"

FFF9 = "0000fff9-0000-1000-8000-00805f9b34fb"
FDE2 = "0000fde2-0000-1000-8000-00805f9b34fb"
TWENTY = bytes(range(20))

ADVERT_XML = """<node><interface name="org.bluez.LEAdvertisement1">
<method name="Release"/></interface></node>"""


def iterate(seconds):
    """Lets the main loop run for a while."""
    until(lambda: False, seconds, fail=False)


def until(condition, seconds=DEADLINE_S, fail=True):
    """Runs the main loop until condition() is true; returns its value."""
    context = GLib.MainContext.default()
    end = time.monotonic() + seconds
    timer = GLib.timeout_add(20, lambda: True)
    try:
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            context.iteration(True)
            # conditions look at everything heard so far: not after every single signal
            for _ in range(200):
                if not context.iteration(False):
                    break
    finally:
        GLib.source_remove(timer)
    if fail:
        raise AssertionError("waited %d s in vain" % seconds)
    return None


def service_data(data, uuid=FFF9, **more):
    """LEAdvertisement1 properties of a broadcast of service data."""
    properties = {"Type": GLib.Variant("s", "broadcast"),
                  "ServiceData": GLib.Variant("a{sv}", {uuid: GLib.Variant("ay", data)})}
    properties.update(more)
    return properties


class Client:
    """One connection to the bus."""

    def __init__(self, address, listens=True):
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.set_exit_on_close(False)
        self.signals = []  # (path, interface, name, unpacked arguments)
        self.released = []
        self.get_alls = []
        if listens:
            self.bus.signal_subscribe("org.bluez", None, None, None, None,
                                      Gio.DBusSignalFlags.NONE, self._on_signal)

    def close(self):
        if not self.bus.is_closed():
            self.bus.close_sync(None)

    def _on_signal(self, _bus, _sender, path, interface, name, arguments):
        self.signals.append((path, interface, name, arguments.unpack()))

    def call(self, path, interface, method, arguments=None, name="org.bluez"):
        """Calls while the main loop runs, so that our own objects can answer meanwhile."""
        box = []

        def done(bus, result):
            try:
                box.append((bus.call_finish(result), None))
            except GLib.Error as error:
                box.append((None, error))

        self.bus.call(name, path, interface, method, arguments, None,
                      Gio.DBusCallFlags.NO_AUTO_START, DEADLINE_S * 1000, None, done)
        until(lambda: box)
        reply, error = box[0]
        if error is not None:
            raise error
        return reply.unpack() if reply is not None else ()

    def error(self, *arguments, **more):
        """The D-Bus error name and message that a call ends with."""
        try:
            self.call(*arguments, **more)
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error)
            return name, error.message.replace("GDBus.Error:%s: " % name, "")
        raise AssertionError("no error")

    def objects(self):
        return self.call("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]

    def get(self, path, interface, name):
        return self.call(path, PROPERTIES, "Get", GLib.Variant("(ss)", (interface, name)))[0]

    def set(self, path, interface, name, value):
        return self.call(path, PROPERTIES, "Set", GLib.Variant("(ssv)", (interface, name, value)))

    def set_error(self, path, interface, name, value):
        return self.error(path, PROPERTIES, "Set", GLib.Variant("(ssv)", (interface, name, value)))

    def filter(self, hci, **properties):
        self.call("/org/bluez/" + hci, ADAPTER, "SetDiscoveryFilter",
                  GLib.Variant("(a{sv})", (properties,)))

    def discover(self, hci, duplicates=False):
        """Scans as a hybrid client does."""
        self.filter(hci, Transport=GLib.Variant("s", "le"),
                    DuplicateData=GLib.Variant("b", duplicates))
        self.start(hci)

    def start(self, hci):
        self.call("/org/bluez/" + hci, ADAPTER, "StartDiscovery")

    def stop(self, hci):
        self.call("/org/bluez/" + hci, ADAPTER, "StopDiscovery")

    def offer(self, path, properties):
        """Exports an advert on our side; its properties may be changed in place."""
        info = Gio.DBusNodeInfo.new_for_xml(ADVERT_XML).interfaces[0]

        def on_call(_bus, _sender, _path, _interface, method, _arguments, invocation):
            if method == "Release":
                self.released.append(path)
            invocation.return_value(None)

        self.bus.register_object(path, info, on_call, None, None)
        # properties are answered by hand, so that tests can offer ones of the wrong type
        xml = """<node><interface name="org.freedesktop.DBus.Properties"><method name="GetAll">
            <arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
            <signal name="PropertiesChanged"><arg type="s"/><arg type="a{sv}"/><arg type="as"/></signal>
            </interface></node>"""

        def on_get_all(_bus, _sender, _path, _interface, _method, arguments, invocation):
            self.get_alls.append(arguments.unpack()[0])
            invocation.return_value(GLib.Variant("(a{sv})", (properties,)))

        self.bus.register_object(path, Gio.DBusNodeInfo.new_for_xml(xml).interfaces[0],
                                 on_get_all, None, None)

    def register(self, hci, path):
        self.call("/org/bluez/" + hci, MANAGER, "RegisterAdvertisement",
                  GLib.Variant("(oa{sv})", (path, {})))

    def register_error(self, hci, path):
        return self.error("/org/bluez/" + hci, MANAGER, "RegisterAdvertisement",
                          GLib.Variant("(oa{sv})", (path, {})))

    def unregister(self, hci, path):
        self.call("/org/bluez/" + hci, MANAGER, "UnregisterAdvertisement",
                  GLib.Variant("(o)", (path,)))

    def advertise(self, hci, data=TWENTY, uuid=FFF9, path="/advert0", **more):
        self.offer(path, service_data(data, uuid, **more))
        self.register(hci, path)

    def heard(self, hci):
        """Everything signalled as service data by devices of an adapter, in order:
        (path, uuid, bytes)."""
        found = []
        prefix = "/org/bluez/%s/dev_" % hci
        for path, _interface, name, arguments in self.signals:
            if name == "InterfacesAdded":
                path, properties = arguments[0], arguments[1].get(DEVICE, {})
            elif name == "PropertiesChanged" and arguments[0] == DEVICE:
                properties = arguments[1]
            else:
                continue
            if path.startswith(prefix):
                for uuid, data in properties.get("ServiceData", {}).items():
                    found.append((path, uuid, bytes(data)))
        return found

    def changes(self, path, interface, name):
        """The values a property was signalled with."""
        return [arguments[1][name] for where, _, signal_name, arguments in self.signals
                if where == path and signal_name == "PropertiesChanged"
                and arguments[0] == interface and name in arguments[1]]

    def removed(self):
        return [arguments[0] for _, _, name, arguments in self.signals
                if name == "InterfacesRemoved"]


class AirCase(unittest.TestCase):
    """Starts a bus and an air; `air_arguments` are its options."""

    air_arguments = ()

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="air-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.address = "unix:path=%s/bus" % self.dir
        self.bus = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1",
                                     "--address=" + self.address],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(self.end, self.bus)
        self.address = self.bus.stdout.readline().strip()
        self.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.address)
        self.air = self.start_air(*self.air_arguments)

    def start_air(self, *arguments):
        air = subprocess.Popen([AIR, *arguments], env=self.environment, stdout=subprocess.PIPE,
                               text=True)
        self.addCleanup(self.end, air, (0, 12))
        self.assertEqual(air.stdout.readline(), "ready\n")
        return air

    def end(self, process, statuses=None):
        if process.poll() is None:
            process.terminate()
        status = process.wait(DEADLINE_S)
        process.stdout.close()
        if statuses is not None:
            self.assertIn(status, statuses)

    def client(self, listens=True):
        client = Client(self.address, listens)
        self.addCleanup(client.close)
        return client

    def command(self, *words):
        """Sends one command with `hybridge-air call`."""
        return subprocess.run([AIR, "call", *words], env=self.environment, check=True,
                              capture_output=True, text=True).stdout

    def state(self):
        """What `hybridge-air call state` says, as Python values."""
        return GLib.Variant.parse(GLib.VariantType("a{sv}"), self.command("state"), None,
                                  None).unpack()

    def command_error(self, *words):
        done = subprocess.run([AIR, "call", *words], env=self.environment, capture_output=True,
                              text=True)
        self.assertNotEqual(done.returncode, 0)
        return done.returncode, done.stderr

    def interrupt(self, process, how=signal.SIGINT):
        process.send_signal(how)
        return process.wait(DEADLINE_S)
