#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""LEAdvertisingManager1 takes and refuses adverts as BlueZ 5.66 does."""

import unittest

from airtest import (ADAPTER, DEVICE, FFF9, MANAGER, TWENTY, AirCase, GLib, iterate, service_data,
                     until)

HCI0 = "/org/bluez/hci0"
PARSE = ("org.bluez.Error.Failed", "Failed to parse advertisement.")
REGISTER = ("org.bluez.Error.Failed", "Failed to register advertisement")


class Advertising(AirCase):
    air_arguments = ("--adapters", "2", "--interval", "50")

    def setUp(self):
        super().setUp()
        self.phone, self.computer = self.client(), self.client()

    def refusal(self, properties):
        """What registering an advert with these properties ends with; None when it is taken."""
        self.number = getattr(self, "number", 0) + 1
        path = "/refused%d" % self.number
        self.phone.offer(path, properties)
        try:
            self.phone.register("hci0", path)
        except GLib.Error:
            return self.phone.register_error("hci0", path)
        self.phone.unregister("hci0", path)
        return None

    def counts(self):
        return tuple(self.phone.get(HCI0, MANAGER, name)
                     for name in ("ActiveInstances", "SupportedInstances"))

    def test_manager_looks_like_bluez(self):
        manager = self.phone.objects()[HCI0][MANAGER]
        self.assertEqual(manager, {"ActiveInstances": 0, "SupportedInstances": 5,
                                   "SupportedIncludes": ["tx-power", "appearance", "local-name"]})

    def test_properties_are_asked_for_by_interface(self):
        self.phone.advertise("hci0")
        self.assertEqual(self.phone.get_alls, ["org.bluez.LEAdvertisement1"])

    def test_counts_and_their_limit(self):
        for i in range(5):
            self.phone.advertise("hci0", path="/advert%d" % i)
            self.assertEqual(self.counts(), (i + 1, 4 - i))
        until(lambda: self.phone.changes(HCI0, MANAGER, "ActiveInstances")[-1:] == [5])
        self.phone.offer("/advert5", service_data(TWENTY))
        self.assertEqual(self.phone.register_error("hci0", "/advert5"),
                         ("org.bluez.Error.NotPermitted", "Maximum advertisements reached"))
        self.phone.register("hci1", "/advert5")
        self.phone.unregister("hci0", "/advert2")
        self.assertEqual(self.counts(), (4, 1))
        until(lambda: self.phone.changes(HCI0, MANAGER, "SupportedInstances")[-1:] == [1])

    def test_twice_and_unknown(self):
        self.phone.advertise("hci0")
        self.assertEqual(self.phone.register_error("hci0", "/advert0"),
                         ("org.bluez.Error.AlreadyExists", "Already Exists"))
        stranger = self.client()
        self.assertEqual(
            stranger.error(HCI0, MANAGER, "UnregisterAdvertisement",
                           GLib.Variant("(o)", ("/advert0",))),
            ("org.bluez.Error.DoesNotExist", "Does Not Exist"), "an advert belongs to its client")
        self.phone.unregister("hci0", "/advert0")
        self.assertEqual(
            self.phone.error(HCI0, MANAGER, "UnregisterAdvertisement",
                             GLib.Variant("(o)", ("/advert0",))),
            ("org.bluez.Error.DoesNotExist", "Does Not Exist"))

    def test_legacy_limit_of_31_bytes(self):
        uuids = {"ServiceUUIDs": GLib.Variant("as", [FFF9])}
        for size, more, want in ((27, {}, None), (28, {}, PARSE), (23, uuids, None),
                                 (24, uuids, REGISTER), (27, uuids, REGISTER),
                                 (28, uuids, PARSE), (0, {}, None)):
            with self.subTest(size=size, more=list(more)):
                self.assertEqual(self.refusal(service_data(bytes(size), **more)), want)
        self.assertEqual(self.counts(), (0, 5), "what is refused leaves nothing behind")

    def test_discoverable_peripheral_has_three_bytes_less(self):
        more = {"Type": GLib.Variant("s", "peripheral"), "Discoverable": GLib.Variant("b", True)}
        self.assertIsNone(self.refusal(service_data(bytes(24), **more)))
        self.assertEqual(self.refusal(service_data(bytes(25), **more)), REGISTER)

    def test_wrong_types_and_values(self):
        for name, value in (("Type", GLib.Variant("s", "shout")),
                            ("Type", GLib.Variant("b", True)),
                            ("ServiceUUIDs", GLib.Variant("as", ["nonsense"])),
                            ("ServiceUUIDs", GLib.Variant("s", FFF9)),
                            ("SolicitUUIDs", GLib.Variant("as", ["fff"])),
                            ("ManufacturerData", GLib.Variant("a{sv}", {})),
                            ("ManufacturerData", GLib.Variant("a{qv}", {
                                1: GLib.Variant("s", "text")})),
                            ("ManufacturerData", GLib.Variant("a{qv}", {
                                1: GLib.Variant("ay", bytes(28))})),
                            ("ServiceData", GLib.Variant("a{sv}", {
                                "fff9": GLib.Variant("s", "text")})),
                            ("ServiceData", GLib.Variant("a{sv}", {
                                "fff9x": GLib.Variant("ay", TWENTY)})),
                            ("ServiceData", GLib.Variant("ay", TWENTY)),
                            ("Data", GLib.Variant("a{yv}", {0x16: GLib.Variant("ay", TWENTY)})),
                            ("Discoverable", GLib.Variant("b", True)),
                            ("Includes", GLib.Variant("s", "tx-power")),
                            ("LocalName", GLib.Variant("i", 1)),
                            ("Appearance", GLib.Variant("i", 1)),
                            ("Duration", GLib.Variant("s", "")),
                            ("Timeout", GLib.Variant("u", 1)),
                            ("SecondaryChannel", GLib.Variant("s", "2M"))):
            with self.subTest(name=name, value=value.print_(True)):
                self.assertEqual(self.refusal({"Type": GLib.Variant("s", "broadcast"),
                                               name: value}), PARSE)
        self.assertIsNone(self.refusal({"Nonsense": GLib.Variant("s", "is ignored")}))

    def test_includes_exclude_their_own_properties(self):
        for include, name, value in (("local-name", "LocalName", GLib.Variant("s", "x")),
                                     ("appearance", "Appearance", GLib.Variant("q", 1))):
            self.assertEqual(self.refusal({"Includes": GLib.Variant("as", [include]),
                                           name: value}), PARSE)

    def test_everything_that_is_said_is_heard(self):
        self.computer.discover("hci1")
        self.phone.offer("/advert0", {
            "Type": GLib.Variant("s", "broadcast"),
            "ServiceUUIDs": GLib.Variant("as", ["180d"]),
            "ServiceData": GLib.Variant("a{sv}", {"fff9": GLib.Variant("ay", b"\1\2")}),
            "ManufacturerData": GLib.Variant("a{qv}", {0xffff: GLib.Variant("ay", b"\3")}),
            "Includes": GLib.Variant("as", ["tx-power"]),
            "Appearance": GLib.Variant("q", 64),
            "LocalName": GLib.Variant("s", "phone"),
        })
        self.phone.register("hci0", "/advert0")
        path = until(lambda: self.computer.heard("hci1"))[0][0]
        device = self.computer.objects()[path][DEVICE]
        self.assertEqual(bytes(device["ServiceData"][FFF9]), b"\1\2")
        self.assertEqual(bytes(device["ManufacturerData"][0xffff]), b"\3")
        self.assertEqual(device["UUIDs"], ["0000180d-0000-1000-8000-00805f9b34fb"])
        self.assertEqual((device["Name"], device["Alias"]), ("phone", "phone"))
        self.assertEqual((device["Appearance"], device["TxPower"]), (64, 0))

    def test_long_uuid_keeps_its_form(self):
        uuid = "01234567-89ab-cdef-0123-456789abcdef"
        self.computer.discover("hci1")
        self.phone.advertise("hci0", data=b"\5", uuid=uuid)
        self.assertEqual(until(lambda: self.computer.heard("hci1"))[0][1:], (uuid, b"\5"))

    def test_client_that_leaves_takes_its_adverts_along(self):
        self.computer.discover("hci1", duplicates=True)
        self.phone.advertise("hci0")
        self.phone.advertise("hci0", path="/advert1")
        until(lambda: self.computer.heard("hci1"))
        self.phone.close()
        until(lambda: self.computer.changes(HCI0, MANAGER, "ActiveInstances")[-1:] == [0])
        iterate(0.1)
        self.computer.signals.clear()
        iterate(0.3)
        self.assertEqual(self.computer.heard("hci1"), [])

    def test_timeout_releases(self):
        self.phone.advertise("hci0", Timeout=GLib.Variant("q", 1))
        until(lambda: self.phone.released == ["/advert0"])
        self.assertEqual(self.counts(), (0, 5))

    def test_power_off_silences_and_power_on_resumes(self):
        self.computer.discover("hci1", duplicates=True)
        self.phone.advertise("hci0")
        first = until(lambda: self.computer.heard("hci1"))[0][0]
        self.phone.set(HCI0, ADAPTER, "Powered", GLib.Variant("b", False))
        iterate(0.1)
        self.computer.signals.clear()
        self.assertEqual(self.phone.get(HCI0, MANAGER, "ActiveInstances"), 1)
        iterate(0.3)
        self.assertEqual((self.computer.heard("hci1"), self.phone.released), ([], []))
        self.phone.set(HCI0, ADAPTER, "Powered", GLib.Variant("b", True))
        self.assertNotEqual(until(lambda: self.computer.heard("hci1"))[0][0], first)
        self.assertEqual(self.phone.register_error("hci0", "/advert0")[0],
                         "org.bluez.Error.AlreadyExists")

    def test_powered_off_adapter_takes_no_adverts(self):
        self.phone.set(HCI0, ADAPTER, "Powered", GLib.Variant("b", False))
        self.assertEqual(self.refusal(service_data(TWENTY)), REGISTER)

    def test_mute_client_gets_an_empty_broadcast(self):
        self.phone.register("hci0", "/nothing/there")
        self.assertEqual(self.counts(), (1, 4))

    def test_stopping_air_releases(self):
        self.phone.advertise("hci0")
        self.assertEqual(self.interrupt(self.air), 0)
        until(lambda: self.phone.released == ["/advert0"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
