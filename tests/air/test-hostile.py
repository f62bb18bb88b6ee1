#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client that means harm: wrong types, endless registrations, leaving in the middle."""

import os
import random
import unittest

from airtest import (ADAPTER, ADVERT, DEVICE, FFF9, MANAGER, PROPERTIES, TWENTY, AirCase, Client,
                     Gio, GLib, iterate, service_data, until)

HCI0, HCI1 = "/org/bluez/hci0", "/org/bluez/hci1"
AGENTS = "org.bluez.AgentManager1"
SEED = int(os.environ.get("HYBRIDGE_SEED", "1"))

VALUES = (GLib.Variant("b", True), GLib.Variant("y", 255), GLib.Variant("n", -32768),
          GLib.Variant("q", 65535), GLib.Variant("u", 4294967295), GLib.Variant("d", 1e308),
          GLib.Variant("s", ""), GLib.Variant("s", "x" * 5000), GLib.Variant("o", "/"),
          GLib.Variant("g", "a{sv}"), GLib.Variant("ay", b""), GLib.Variant("ay", bytes(5000)),
          GLib.Variant("as", []), GLib.Variant("as", ["fff9"] * 500), GLib.Variant("a{sv}", {}),
          GLib.Variant("a{sv}", {"fff9": GLib.Variant("ay", bytes(300))}),
          GLib.Variant("a{sv}", {"fff9": GLib.Variant("v", GLib.Variant("ay", b""))}),
          GLib.Variant("a{qv}", {7: GLib.Variant("ay", bytes(27))}),
          GLib.Variant("a{yv}", {i: GLib.Variant("ay", b"") for i in range(256)}),
          GLib.Variant("v", GLib.Variant("v", GLib.Variant("b", False))),
          GLib.Variant("(ss)", ("a", "b")), GLib.Variant("aav", []))
METHODS = ((ADAPTER, "StartDiscovery"), (ADAPTER, "StopDiscovery"),
           (ADAPTER, "SetDiscoveryFilter"), (ADAPTER, "RemoveDevice"),
           (ADAPTER, "GetDiscoveryFilters"), (MANAGER, "RegisterAdvertisement"),
           (MANAGER, "UnregisterAdvertisement"), (AGENTS, "RegisterAgent"),
           (AGENTS, "UnregisterAgent"), (PROPERTIES, "Get"), (PROPERTIES, "GetAll"),
           (PROPERTIES, "Set"), (DEVICE, "Connect"), (DEVICE, "Pair"),
           ("org.freedesktop.DBus.ObjectManager", "GetManagedObjects"),
           ("org.freedesktop.DBus.Introspectable", "Introspect"))
PATHS = ("/", "/org", "/org/bluez", HCI0, HCI1, "/org/bluez/hci99", HCI1 + "/dev_00")
FILTER_KEYS = ("UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData", "Discoverable", "Pattern")
ADVERT_KEYS = ("Type", "ServiceUUIDs", "SolicitUUIDs", "ManufacturerData", "ServiceData",
               "Includes", "LocalName", "Appearance", "Duration", "Timeout", "Data",
               "Discoverable", "DiscoverableTimeout", "SecondaryChannel")


class Hostile(AirCase):
    air_arguments = ("--adapters", "2", "--interval", "20", "--age-out", "1")

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def tearDown(self):
        """The air still does its work, and ends well."""
        self.command("clear")
        phone, computer = self.client(), self.client()
        for hci in ("hci0", "hci1"):
            phone.set("/org/bluez/" + hci, ADAPTER, "Powered", GLib.Variant("b", True))
        computer.discover("hci1", duplicates=True)
        phone.advertise("hci0")
        until(lambda: any(h[2] == TWENTY for h in computer.heard("hci1")))
        self.assertEqual(self.interrupt(self.air), 0)

    def send(self, client, path, interface, method, arguments):
        """A call whose answer nobody waits for."""
        message = Gio.DBusMessage.new_method_call("org.bluez", path, interface, method)
        if arguments is not None:
            message.set_body(arguments)
        client.bus.send_message(message, Gio.DBusSendMessageFlags.NONE)

    def settle(self, client):
        client.call("/", "org.freedesktop.DBus.Peer", "Ping")

    def any_arguments(self):
        values = [self.random.choice(VALUES) for _ in range(self.random.randrange(4))]
        return GLib.Variant.new_tuple(*values)

    def test_wrong_types_everywhere(self):
        client = self.client(listens=False)
        for _ in range(3000):
            interface, method = self.random.choice(METHODS)
            self.send(client, self.random.choice(PATHS), interface, method, self.any_arguments())
        self.settle(client)

    def test_odd_filters(self):
        client = self.client(listens=False)
        for _ in range(1000):
            filters = {self.random.choice(FILTER_KEYS): self.random.choice(VALUES)
                       for _ in range(3)}
            self.send(client, HCI1, ADAPTER, "SetDiscoveryFilter",
                      GLib.Variant("(a{sv})", (filters,)))
            self.send(client, HCI1, ADAPTER,
                      self.random.choice(("StartDiscovery", "StopDiscovery")), None)
        self.settle(client)

    def test_odd_properties(self):
        client = self.client(listens=False)
        for _ in range(1000):
            name = self.random.choice(("Alias", "Powered", "Discoverable", "Pairable",
                                       "DiscoverableTimeout", "PairableTimeout", "Class"))
            self.send(client, HCI0, PROPERTIES, "Set", GLib.Variant(
                "(ssv)", (ADAPTER, name, self.random.choice(VALUES))))
        self.settle(client)

    def test_odd_adverts_that_change_and_vanish(self):
        listener = self.client(listens=False)
        listener.discover("hci1", duplicates=True)
        for _ in range(60):
            client = Client(self.address, listens=False)
            for i in range(8):
                path = "/a%d" % i
                client.offer(path, {self.random.choice(ADVERT_KEYS): self.random.choice(VALUES)
                                    for _ in range(self.random.randrange(1, 4))})
                self.send(client, HCI0, MANAGER, "RegisterAdvertisement",
                          GLib.Variant("(oa{sv})", (path, {})))
            iterate(0.02)
            for i in range(8):
                client.bus.emit_signal(None, "/a%d" % i, PROPERTIES, "PropertiesChanged",
                                       self.random.choice((
                                           GLib.Variant("(sa{sv}as)", (ADVERT, {
                                               self.random.choice(ADVERT_KEYS):
                                               self.random.choice(VALUES)}, ["Type"])),
                                           GLib.Variant("(s)", ("x",)))))
            client.close()
        self.settle(listener)

    def test_answers_to_get_all_of_the_wrong_type(self):
        client = self.client()
        xml = """<node><interface name="org.freedesktop.DBus.Properties"><method name="GetAll">
            <arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method></interface></node>"""
        info = Gio.DBusNodeInfo.new_for_xml(xml).interfaces[0]
        bodies = (GLib.Variant("(s)", ("x",)), GLib.Variant("(as)", (["x"],)), None,
                  GLib.Variant("(v)", (GLib.Variant("a{sv}", {}),)),
                  GLib.Variant("(a{sv}s)", ({}, "x")))

        def answer(path):
            def on_call(_bus, _sender, _path, _interface, _method, _arguments, invocation):
                # past GDBus, which would not send such a reply
                reply = Gio.DBusMessage.new_method_reply(invocation.get_message())
                body = bodies[int(path[-1])]
                if body is not None:
                    reply.set_body(body)
                client.bus.send_message(reply, Gio.DBusSendMessageFlags.NONE)
            return on_call

        for i in range(len(bodies)):
            path = "/odd%d" % i
            client.bus.register_object(path, info, answer(path), None, None)
            client.register("hci0", path)
            client.unregister("hci0", path)

    def test_silent_advert_does_not_block_others(self):
        silent, phone = self.client(), self.client()
        silent.bus.register_object("/silent", Gio.DBusNodeInfo.new_for_xml(
            """<node><interface name="org.freedesktop.DBus.Properties"><method name="GetAll">
            <arg type="s" direction="in"/><arg type="a{sv}" direction="out"/></method>
            </interface></node>""").interfaces[0], lambda *a: None, None, None)
        self.send(silent, HCI0, MANAGER, "RegisterAdvertisement",
                  GLib.Variant("(oa{sv})", ("/silent", {})))
        phone.advertise("hci0")
        silent.unregister("hci0", "/silent")

    def test_more_discovering_clients_than_allowed(self):
        clients = [self.client(listens=False) for _ in range(65)]
        for client in clients[:64]:
            client.discover("hci1")
        self.assertEqual(clients[64].error(HCI1, ADAPTER, "StartDiscovery")[0],
                         "org.bluez.Error.InProgress")
        for client in clients:
            client.close()
        until(lambda: not self.state()["hci1"]["discovering"])

    def test_everything_is_pulled_out_while_it_is_in_use(self):
        phone, computer = self.client(), self.client(listens=False)
        for i in range(10):
            path = "/advert%d" % i
            phone.offer(path, service_data(TWENTY, FFF9))
            self.send(phone, HCI0, MANAGER, "RegisterAdvertisement",
                      GLib.Variant("(oa{sv})", (path, {})))
            self.send(computer, HCI1, ADAPTER, "StartDiscovery", None)
            self.command("delay", str(i * 10))
            self.command("remove", "hci%d" % (i % 2))
            iterate(0.03)
            self.command("add", "hci%d" % (i % 2))
            self.command("daemon", self.random.choice(("off", "crash")))
            iterate(0.03)
            self.command("daemon", "on")


if __name__ == "__main__":
    unittest.main(verbosity=2)
