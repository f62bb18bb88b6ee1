#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The objects of the air as any D-Bus client sees them: properties, errors, agents."""

import unittest
import xml.etree.ElementTree

from airtest import (ADAPTER, DEVICE, MANAGER, PROPERTIES, AirCase, Gio, GLib, iterate, until)

HCI0 = "/org/bluez/hci0"
AGENTS = "org.bluez.AgentManager1"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
ERROR = "org.freedesktop.DBus.Error."


class Objects(AirCase):
    air_arguments = ("--adapters", "16")

    def setUp(self):
        super().setUp()
        self.c = self.client()

    def test_sixteen_adapters_have_their_own_addresses(self):
        objects = self.c.objects()
        self.assertEqual(set(objects), {"/org/bluez"} | {"/org/bluez/hci%d" % i
                                                         for i in range(16)})
        self.assertEqual(set(objects[HCI0]), {ADAPTER, MANAGER, INTROSPECTABLE, PROPERTIES})
        self.assertEqual(len({objects["/org/bluez/hci%d" % i][ADAPTER]["Address"]
                              for i in range(16)}), 16)

    def test_adapter_looks_like_bluez(self):
        adapter = self.c.objects()[HCI0][ADAPTER]
        self.assertEqual(set(adapter), {
            "Address", "AddressType", "Name", "Alias", "Class", "Powered", "PowerState",
            "Discoverable", "DiscoverableTimeout", "Pairable", "PairableTimeout", "Discovering",
            "UUIDs", "Modalias", "Roles"})
        self.assertEqual((adapter["Powered"], adapter["PowerState"], adapter["Discovering"],
                          adapter["AddressType"], adapter["Roles"]),
                         (True, "on", False, "public", ["central", "peripheral"]))

    def test_settable_properties(self):
        for name, value in (("Alias", GLib.Variant("s", "study")),
                            ("Powered", GLib.Variant("b", False)),
                            ("Powered", GLib.Variant("b", True)),
                            ("Discoverable", GLib.Variant("b", True)),
                            ("DiscoverableTimeout", GLib.Variant("u", 7)),
                            ("Pairable", GLib.Variant("b", False)),
                            ("PairableTimeout", GLib.Variant("u", 8))):
            with self.subTest(name=name):
                self.c.set(HCI0, ADAPTER, name, value)
                self.assertEqual(self.c.get(HCI0, ADAPTER, name), value.unpack())
                until(lambda n=name, v=value: v.unpack() in self.c.changes(HCI0, ADAPTER, n))

    def test_unchanged_power_is_not_signalled(self):
        self.c.set(HCI0, ADAPTER, "Powered", GLib.Variant("b", True))
        iterate(0.2)
        self.assertEqual(self.c.changes(HCI0, ADAPTER, "Powered"), [])

    def test_empty_alias_brings_the_name_back(self):
        self.c.set(HCI0, ADAPTER, "Alias", GLib.Variant("s", "study"))
        self.c.set(HCI0, ADAPTER, "Alias", GLib.Variant("s", ""))
        self.assertEqual(self.c.get(HCI0, ADAPTER, "Alias"), self.c.get(HCI0, ADAPTER, "Name"))
        self.assertEqual(
            self.c.set_error(HCI0, ADAPTER, "Alias", GLib.Variant("s", "x" * 249))[0],
            "org.bluez.Error.InvalidArguments")

    def test_discoverable_needs_power_and_times_out(self):
        self.c.set(HCI0, ADAPTER, "Powered", GLib.Variant("b", False))
        self.assertEqual(self.c.set_error(HCI0, ADAPTER, "Discoverable", GLib.Variant("b", True)),
                         ("org.bluez.Error.Failed", "Not Powered"))
        self.c.set(HCI0, ADAPTER, "Powered", GLib.Variant("b", True))
        self.c.set(HCI0, ADAPTER, "DiscoverableTimeout", GLib.Variant("u", 1))
        self.c.set(HCI0, ADAPTER, "Discoverable", GLib.Variant("b", True))
        until(lambda: self.c.changes(HCI0, ADAPTER, "Discoverable") == [True, False])

    def test_errors_of_properties(self):
        get = lambda *names: self.c.error(HCI0, PROPERTIES, "Get", GLib.Variant("(ss)", names))
        self.assertEqual(get(ADAPTER, "Nonsense"),
                         (ERROR + "InvalidArgs", "No such property 'Nonsense'"))
        self.assertEqual(get("a.b", "Powered"), (ERROR + "InvalidArgs", "No such interface 'a.b'"))
        self.assertEqual(self.c.error(HCI0, PROPERTIES, "GetAll", GLib.Variant("(s)", ("a.b",)))[0],
                         ERROR + "InvalidArgs")
        for name, value, error in (("Nonsense", GLib.Variant("b", True), "UnknownProperty"),
                                   ("Address", GLib.Variant("s", ""), "PropertyReadOnly"),
                                   ("Powered", GLib.Variant("s", "on"), "InvalidSignature"),
                                   ("Powered", GLib.Variant("i", 1), "InvalidSignature")):
            with self.subTest(name=name):
                self.assertEqual(self.c.set_error(HCI0, ADAPTER, name, value)[0], ERROR + error)

    def test_errors_of_calls(self):
        for path, interface, method, arguments, error in (
                ("/org/bluez/hci16", ADAPTER, "StartDiscovery", None, "UnknownObject"),
                ("/elsewhere", ADAPTER, "StartDiscovery", None, "UnknownObject"),
                (HCI0, ADAPTER, "Nonsense", None, "UnknownMethod"),
                (HCI0, "a.b", "Nonsense", None, "UnknownMethod"),
                (HCI0, DEVICE, "Connect", None, "UnknownMethod"),
                (HCI0, ADAPTER, "StartDiscovery", GLib.Variant("(s)", ("x",)), "UnknownMethod"),
                (HCI0, ADAPTER, "RemoveDevice", GLib.Variant("(s)", ("x",)), "UnknownMethod"),
                (HCI0, MANAGER, "RegisterAdvertisement", GLib.Variant("(o)", ("/x",)),
                 "UnknownMethod")):
            with self.subTest(method=method, path=path):
                self.assertEqual(self.c.error(path, interface, method, arguments)[0],
                                 ERROR + error)

    def test_introspection_describes_what_is_there(self):
        text = self.c.call(HCI0, INTROSPECTABLE, "Introspect")[0]
        interfaces = [i.get("name") for i in xml.etree.ElementTree.fromstring(text)]
        self.assertEqual(sorted(interfaces), sorted([INTROSPECTABLE, PROPERTIES, ADAPTER, MANAGER]))
        text = self.c.call("/org/bluez", INTROSPECTABLE, "Introspect")[0]
        nodes = {n.get("name") for n in xml.etree.ElementTree.fromstring(text).iter("node")}
        self.assertEqual(nodes - {None}, {"hci%d" % i for i in range(16)})
        self.c.call("/org", INTROSPECTABLE, "Introspect")
        self.assertIn(AGENTS, text)

    def test_optional_property_that_is_missing_is_an_error(self):
        self.c.discover("hci0")
        self.client().advertise("hci1")
        path = until(lambda: self.c.heard("hci0"))[0][0]
        self.assertEqual(self.c.error(path, PROPERTIES, "Get",
                                      GLib.Variant("(ss)", (DEVICE, "TxPower"))),
                         (ERROR + "InvalidArgs", "No such property 'TxPower'"))

    def test_device_can_be_named_and_trusted_but_not_connected(self):
        phone = self.client()
        self.c.discover("hci0")
        phone.advertise("hci1")
        path = until(lambda: self.c.heard("hci0"))[0][0]
        for name, value in (("Alias", GLib.Variant("s", "Ann")),
                            ("Trusted", GLib.Variant("b", True)),
                            ("Blocked", GLib.Variant("b", True))):
            self.c.set(path, DEVICE, name, value)
            until(lambda n=name, v=value: self.c.changes(path, DEVICE, n) == [v.unpack()])
        self.c.set(path, DEVICE, "Alias", GLib.Variant("s", ""))
        self.assertRegex(self.c.get(path, DEVICE, "Alias"), "^([0-9A-F]{2}-){5}[0-9A-F]{2}$")
        for method, arguments, error in (
                ("Connect", None, "Failed"), ("Pair", None, "Failed"),
                ("Disconnect", None, "NotConnected"), ("CancelPairing", None, "DoesNotExist"),
                ("ConnectProfile", GLib.Variant("(s)", ("fff9",)), "Failed"),
                ("DisconnectProfile", GLib.Variant("(s)", ("fff9",)), "InvalidArguments")):
            self.assertEqual(self.c.error(path, DEVICE, method, arguments)[0],
                             "org.bluez.Error." + error)

    def test_call_without_reply_is_carried_out(self):
        message = Gio.DBusMessage.new_method_call("org.bluez", HCI0, ADAPTER, "StartDiscovery")
        message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
        self.c.bus.send_message(message, Gio.DBusSendMessageFlags.NONE)
        until(lambda: self.c.changes(HCI0, ADAPTER, "Discovering") == [True])


class Agents(AirCase):
    air_arguments = ("--adapters", "1")

    def setUp(self):
        super().setUp()
        self.c = self.client()

    def agent(self, method, *arguments, client=None):
        return (client or self.c).call("/org/bluez", AGENTS, method,
                                       GLib.Variant("(%s)" % "os"[:len(arguments)], arguments))

    def agent_error(self, method, *arguments):
        return self.c.error("/org/bluez", AGENTS, method,
                            GLib.Variant("(%s)" % "os"[:len(arguments)], arguments))[0]

    def test_agents_come_and_go(self):
        self.agent("RegisterAgent", "/agent", "KeyboardDisplay")
        self.assertEqual(self.agent_error("RegisterAgent", "/agent", ""),
                         "org.bluez.Error.AlreadyExists")
        self.agent("RequestDefaultAgent", "/agent")
        for method in ("RequestDefaultAgent", "UnregisterAgent"):
            self.assertEqual(self.agent_error(method, "/other"), "org.bluez.Error.DoesNotExist")
        self.agent("UnregisterAgent", "/agent")
        self.assertEqual(self.agent_error("UnregisterAgent", "/agent"),
                         "org.bluez.Error.DoesNotExist")
        self.assertEqual(self.agent_error("RegisterAgent", "/agent", "Telepathy"),
                         "org.bluez.Error.InvalidArguments")

    def test_agents_are_limited_and_leave_with_their_clients(self):
        others = [self.client() for _ in range(64)]
        for other in others:
            self.agent("RegisterAgent", "/agent", "", client=other)
        self.assertEqual(self.agent_error("RegisterAgent", "/agent", ""),
                         "org.bluez.Error.Failed")
        others[0].close()
        iterate(0.2)
        self.agent("RegisterAgent", "/agent", "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
