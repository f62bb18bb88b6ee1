#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Adapters in one air hear each other, and discovery reports it as BlueZ 5.66 does."""

import unittest

from airtest import (ADAPTER, ADVERT, DEVICE, FFF9, PROPERTIES, TWENTY, AirCase, GLib, iterate,
                     until)

HCI1 = "/org/bluez/hci1"
NOT_READY = ("org.bluez.Error.NotReady", "Resource Not Ready")
IN_PROGRESS = ("org.bluez.Error.InProgress", "Operation already in progress")
INVALID = ("org.bluez.Error.InvalidArguments", "Invalid arguments in method call")


class Case(AirCase):
    air_arguments = ("--adapters", "3", "--interval", "50")

    def setUp(self):
        super().setUp()
        self.phone, self.computer = self.client(), self.client()

    def first_heard(self, hci="hci1"):
        return until(lambda: self.computer.heard(hci))[0]

    def added(self, hci="hci1"):
        return [s[3] for s in self.computer.signals if s[2] == "InterfacesAdded"
                and s[3][0].startswith("/org/bluez/%s/dev_" % hci)]

    def discovery_error(self, method, arguments=None):
        return self.computer.error(HCI1, ADAPTER, method, arguments)


class Hearing(Case):
    def test_others_hear_an_advert_and_its_sender_does_not(self):
        for hci in ("hci0", "hci1", "hci2"):
            self.computer.discover(hci)
        self.phone.advertise("hci0")
        for hci in ("hci1", "hci2"):
            self.assertEqual(self.first_heard(hci)[1:], (FFF9, TWENTY))
        iterate(0.3)
        self.assertEqual(self.computer.heard("hci0"), [])

    def test_device_looks_like_bluez(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        device = self.computer.objects()[path][DEVICE]
        self.assertEqual(device["AddressType"], "random")
        self.assertEqual(device["Adapter"], HCI1)
        self.assertTrue(path.endswith("/dev_" + device["Address"].replace(":", "_")))
        self.assertEqual(device["Alias"], device["Address"].replace(":", "-"))
        for name in ("Paired", "Bonded", "Trusted", "Blocked", "Connected", "ServicesResolved",
                     "LegacyPairing"):
            self.assertIs(device[name], False)
        self.assertEqual(device["UUIDs"], [])
        self.assertEqual(set(device) - {"Address", "AddressType", "Alias", "Paired", "Bonded",
                                        "Trusted", "Blocked", "LegacyPairing", "RSSI",
                                        "Connected", "UUIDs", "Adapter", "ServiceData",
                                        "ServicesResolved"}, set())

    def test_first_report_is_interfaces_added_with_everything(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        self.first_heard()
        (_path, interfaces), = self.added()
        self.assertEqual(set(interfaces), {DEVICE, PROPERTIES,
                                           "org.freedesktop.DBus.Introspectable"})
        self.assertEqual(bytes(interfaces[DEVICE]["ServiceData"][FFF9]), TWENTY)
        self.assertIn("RSSI", interfaces[DEVICE])

    def test_service_data_is_a_sv_of_ay(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        reply = self.computer.bus.call_sync(
            "org.bluez", path, PROPERTIES, "Get",
            GLib.Variant("(ss)", (DEVICE, "ServiceData")), None, 0, 5000, None)
        value = reply.get_child_value(0).get_variant()
        self.assertEqual(value.get_type_string(), "a{sv}")
        inner = value.get_child_value(0).get_child_value(1).get_variant()
        self.assertEqual(inner.get_type_string(), "ay")

    def test_unchanged_data_is_not_repeated_but_rssi_is(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        until(lambda: len(self.computer.changes(path, DEVICE, "RSSI")) > 5)
        self.assertEqual(len(self.computer.heard("hci1")), 1)

    def test_duplicate_data_repeats_every_advert(self):
        self.computer.discover("hci1", duplicates=True)
        self.phone.advertise("hci0")
        until(lambda: len(self.computer.heard("hci1")) > 5)
        self.assertEqual(len(self.added()), 1)

    def test_changed_data_is_signalled_without_duplicates(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        new = {FFF9: GLib.Variant("ay", bytes(20))}
        self.phone.bus.emit_signal(None, "/advert0", PROPERTIES, "PropertiesChanged", GLib.Variant(
            "(sa{sv}as)", (ADVERT, {"ServiceData": GLib.Variant("a{sv}", new)}, [])))
        until(lambda: (path, FFF9, bytes(20)) in self.computer.heard("hci1"))
        self.assertEqual(len(self.computer.heard("hci1")), 2)

    def test_one_client_with_duplicates_makes_them_for_all(self):
        other = self.client()
        self.computer.discover("hci1")
        other.discover("hci1", duplicates=True)
        self.phone.advertise("hci0")
        until(lambda: len(self.computer.heard("hci1")) > 3)

    def test_late_client_finds_the_cached_device(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        late = self.client()
        self.assertEqual(bytes(late.objects()[path][DEVICE]["ServiceData"][FFF9]), TWENTY)

    def test_nothing_is_heard_without_discovery_or_power(self):
        self.phone.advertise("hci0")
        iterate(0.3)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.computer.discover("hci1")
        self.first_heard()
        self.phone.set("/org/bluez/hci0", ADAPTER, "Powered", GLib.Variant("b", False))
        iterate(0.1)
        self.computer.signals.clear()
        iterate(0.3)
        self.assertEqual(self.computer.signals, [])

    def test_two_adverts_are_two_devices(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        self.phone.advertise("hci0", data=bytes(20), path="/advert1")
        until(lambda: len({h[0] for h in self.computer.heard("hci1")}) == 2)

    def test_peripheral_advert_has_the_public_address(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0", Type=GLib.Variant("s", "peripheral"),
                             LocalName=GLib.Variant("s", "Ann's phone"),
                             ServiceUUIDs=GLib.Variant("as", ["fff9"]))
        device = self.computer.objects()[self.first_heard()[0]][DEVICE]
        self.assertEqual(device["Address"],
                         self.phone.get("/org/bluez/hci0", ADAPTER, "Address"))
        self.assertEqual(device["AddressType"], "public")
        self.assertEqual(device["Alias"], "Ann's phone")
        self.assertEqual(device["UUIDs"], [FFF9])


class Ageing(Case):
    air_arguments = ("--adapters", "2", "--interval", "50", "--age-out", "1")

    def test_silent_device_ages_out(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        iterate(1.5)
        self.assertIn(path, self.computer.objects(), "it is still heard")
        self.phone.unregister("hci0", "/advert0")
        until(lambda: path in self.computer.removed())
        self.assertNotIn(path, self.computer.objects())


class Rotation(Case):
    air_arguments = ("--adapters", "2", "--interval", "50", "--address-rotation", "1")

    def test_random_address_changes(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        until(lambda: len({h[0] for h in self.computer.heard("hci1")}) >= 2)
        for address in {h[0] for h in self.computer.heard("hci1")}:
            self.assertLess(int(address[-17:-15], 16), 0x40, "non-resolvable private")


class Sessions(Case):
    def test_discovering_follows_the_first_and_the_last_client(self):
        other = self.client()
        self.computer.start("hci1")
        until(lambda: self.computer.changes(HCI1, ADAPTER, "Discovering") == [True])
        other.start("hci1")
        self.computer.stop("hci1")
        iterate(0.1)
        self.assertIs(other.get(HCI1, ADAPTER, "Discovering"), True)
        other.stop("hci1")
        until(lambda: self.computer.changes(HCI1, ADAPTER, "Discovering") == [True, False])

    def test_errors_of_start_and_stop(self):
        self.assertEqual(self.discovery_error("StopDiscovery"),
                         ("org.bluez.Error.Failed", "No discovery started"))
        self.computer.start("hci1")
        self.assertEqual(self.discovery_error("StartDiscovery"), IN_PROGRESS)
        self.computer.set(HCI1, ADAPTER, "Powered", GLib.Variant("b", False))
        for method in ("StartDiscovery", "StopDiscovery"):
            self.assertEqual(self.discovery_error(method), NOT_READY)
        self.assertEqual(self.discovery_error("SetDiscoveryFilter",
                                              GLib.Variant("(a{sv})", ({},))), NOT_READY)

    def test_client_that_leaves_ends_its_discovery(self):
        other = self.client()
        other.discover("hci1")
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Discovering"), True)
        other.close()
        until(lambda: self.computer.changes(HCI1, ADAPTER, "Discovering")[-1:] == [False])

    def test_power_off_ends_discovery_and_drops_devices(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        self.computer.set(HCI1, ADAPTER, "Powered", GLib.Variant("b", False))
        until(lambda: path in self.computer.removed())
        self.computer.set(HCI1, ADAPTER, "Powered", GLib.Variant("b", True))
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Discovering"), False)
        self.computer.start("hci1")

    def test_broadcaster_is_forgotten_when_the_last_discovery_ends(self):
        other = self.client()
        self.computer.discover("hci1")
        other.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        self.computer.stop("hci1")
        iterate(0.1)
        self.assertEqual(self.computer.removed(), [])
        other.stop("hci1")
        until(lambda: path in self.computer.removed())

    def test_connectable_device_stays_without_its_rssi(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0", Type=GLib.Variant("s", "peripheral"))
        path = self.first_heard()[0]
        self.computer.stop("hci1")
        until(lambda: any(s[0] == path and s[2] == "PropertiesChanged" and s[3][2] == ["RSSI"]
                          for s in self.computer.signals))
        self.assertNotIn("RSSI", self.computer.objects()[path][DEVICE])

    def test_remove_device(self):
        self.computer.discover("hci1")
        self.phone.advertise("hci0")
        path = self.first_heard()[0]
        self.phone.unregister("hci0", "/advert0")
        self.computer.call(HCI1, ADAPTER, "RemoveDevice", GLib.Variant("(o)", (path,)))
        until(lambda: path in self.computer.removed())
        self.assertEqual(self.discovery_error("RemoveDevice", GLib.Variant("(o)", (path,))),
                         ("org.bluez.Error.DoesNotExist", "Does Not Exist"))


class Filters(Case):
    def test_names(self):
        self.assertEqual(self.computer.call(HCI1, ADAPTER, "GetDiscoveryFilters")[0],
                         ["UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData",
                          "Discoverable", "Pattern"])

    def test_bad_filters(self):
        for name, value in (("Transport", GLib.Variant("s", "wifi")),
                            ("Transport", GLib.Variant("b", True)),
                            ("Nonsense", GLib.Variant("b", True)),
                            ("UUIDs", GLib.Variant("as", ["xyz"])),
                            ("UUIDs", GLib.Variant("s", FFF9)),
                            ("RSSI", GLib.Variant("n", 21)),
                            ("RSSI", GLib.Variant("n", -128)),
                            ("RSSI", GLib.Variant("i", -50)),
                            ("Pathloss", GLib.Variant("q", 138)),
                            ("DuplicateData", GLib.Variant("s", "true")),
                            ("Pattern", GLib.Variant("s", "x" * 300))):
            with self.subTest(name=name, value=value.print_(True)):
                self.assertEqual(self.discovery_error("SetDiscoveryFilter", GLib.Variant(
                    "(a{sv})", ({name: value},))), INVALID)
        self.assertEqual(self.discovery_error("SetDiscoveryFilter", GLib.Variant(
            "(a{sv})", ({"RSSI": GLib.Variant("n", -50),
                         "Pathloss": GLib.Variant("q", 10)},))), INVALID)

    def test_without_a_filter_only_discoverable_devices_are_reported(self):
        self.computer.start("hci1")
        self.phone.advertise("hci0")
        iterate(0.4)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.phone.advertise("hci0", data=b"\1" * 20, path="/advert1",
                             Type=GLib.Variant("s", "peripheral"),
                             Discoverable=GLib.Variant("b", True))
        self.assertEqual(self.first_heard()[2], b"\1" * 20)

    def test_empty_filter_is_no_filter(self):
        self.computer.filter("hci1", Transport=GLib.Variant("s", "le"))
        self.computer.filter("hci1")
        self.computer.start("hci1")
        self.phone.advertise("hci0")
        iterate(0.4)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.computer.filter("hci1", Transport=GLib.Variant("s", "le"))
        self.first_heard()

    def test_bredr_alone_is_more_than_the_adapter_can(self):
        self.computer.filter("hci1", Transport=GLib.Variant("s", "bredr"))
        self.assertEqual(self.discovery_error("StartDiscovery"), IN_PROGRESS)

    def test_uuid_filter_looks_at_lists_not_at_service_data(self):
        self.computer.filter("hci1", UUIDs=GLib.Variant("as", ["fff9"]))
        self.computer.start("hci1")
        self.phone.advertise("hci0")
        iterate(0.4)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.phone.advertise("hci0", data=b"\2" * 20, path="/advert1",
                             ServiceUUIDs=GLib.Variant("as", [FFF9]))
        self.assertEqual(self.first_heard()[2], b"\2" * 20)

    def test_rssi_filter_drops_what_is_too_weak(self):
        self.computer.filter("hci1", RSSI=GLib.Variant("n", -60))
        self.computer.start("hci1")
        self.command("rssi", "hci1", "-61")
        self.phone.advertise("hci0")
        iterate(0.4)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.command("rssi", "hci1", "-60")
        path = self.first_heard()[0]
        self.assertEqual(self.computer.get(path, DEVICE, "RSSI"), -60)

    def test_pathloss_needs_a_known_power(self):
        self.computer.filter("hci1", Pathloss=GLib.Variant("q", 60))
        self.computer.start("hci1")
        self.phone.advertise("hci0")
        iterate(0.4)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.phone.advertise("hci0", data=b"\3" * 20, path="/advert1",
                             Includes=GLib.Variant("as", ["tx-power"]))
        self.assertEqual(self.first_heard()[2], b"\3" * 20)

    def test_pattern_matches_the_start_of_a_name_or_an_address(self):
        self.computer.filter("hci1", Pattern=GLib.Variant("s", "Ann"))
        self.computer.start("hci1")
        self.phone.advertise("hci0", LocalName=GLib.Variant("s", "Bob's"))
        iterate(0.4)
        self.assertEqual(self.computer.heard("hci1"), [])
        self.phone.advertise("hci0", data=b"\4" * 20, path="/advert1",
                             LocalName=GLib.Variant("s", "Ann's"))
        self.assertEqual(self.first_heard()[2], b"\4" * 20)

    def test_discoverable_filter_makes_the_adapter_discoverable_meanwhile(self):
        self.computer.filter("hci1", Discoverable=GLib.Variant("b", True))
        self.computer.start("hci1")
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Discoverable"), True)
        self.computer.stop("hci1")
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Discoverable"), False)


if __name__ == "__main__":
    unittest.main(verbosity=2)
