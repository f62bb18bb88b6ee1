#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each fault, as a listener on the bus sees it."""

import unittest

from airtest import ADAPTER, FDE2, FFF9, MANAGER, TWENTY, AirCase, GLib, iterate, until

HCI0, HCI1 = "/org/bluez/hci0", "/org/bluez/hci1"


class Fault(AirCase):
    """hci0 advertises, hci1 listens with duplicates."""

    air_arguments = ("--adapters", "2", "--interval", "20")

    def setUp(self):
        super().setUp()
        self.phone, self.computer = self.client(), self.client()
        self.computer.discover("hci1", duplicates=True)

    def hears(self, data, uuid=FFF9, seconds=20, fail=True):
        """Waits until the listener hears exactly this, from now on."""
        self.computer.signals.clear()

        def heard():
            news = self.computer.heard("hci1")
            self.computer.signals.clear()
            return any(h[1:] == (uuid, data) for h in news)

        return until(heard, seconds, fail)

    def test_total_loss_is_silence_until_it_is_lifted(self):
        self.command("loss", "100")
        self.phone.advertise("hci0")
        self.assertIsNone(self.hears(TWENTY, seconds=0.5, fail=False))
        self.command("loss", "0")
        self.hears(TWENTY)

    def test_partial_loss_lets_some_through(self):
        self.command("loss", "60")
        self.phone.advertise("hci0")
        self.hears(TWENTY)

    def test_delayed_advert_arrives_after_its_sender_is_gone(self):
        self.command("delay", "700")
        self.phone.advertise("hci0")
        self.phone.close()
        self.assertEqual(self.computer.heard("hci1"), [])
        self.hears(TWENTY)

    def test_duplicate_repeats_each_advert(self):
        self.command("loss", "100")
        self.phone.advertise("hci0")
        self.command("duplicate", "3")
        self.command("loss", "0")
        self.hears(TWENTY)

    def test_damage_flips_one_bit(self):
        self.command("damage", "159")
        self.phone.advertise("hci0")
        self.hears(TWENTY[:19] + bytes([TWENTY[19] ^ 0x80]))
        self.command("damage", "off")
        self.hears(TWENTY)

    def test_damage_beyond_the_data_does_nothing(self):
        self.command("damage", "160")
        self.phone.advertise("hci0")
        self.hears(TWENTY)

    def test_suffix_truncate_lengthen(self):
        self.phone.advertise("hci0")
        self.command("suffix", "a0b1c2")
        self.hears(TWENTY + b"\xa0\xb1\xc2")
        self.command("suffix", "off")
        self.command("truncate", "19")
        self.hears(TWENTY[:19])
        self.command("truncate", "0")
        self.hears(b"")
        self.command("truncate", "off")
        self.command("lengthen", "200")
        self.hears(TWENTY + bytes(200))
        self.command("lengthen", "off")
        self.hears(TWENTY)

    def test_rewrite_changes_the_uuid(self):
        self.phone.advertise("hci0")
        self.hears(TWENTY)
        self.command("rewrite", "fff9", "fde2")
        self.hears(TWENTY, FDE2)
        self.command("rewrite", "off")
        self.hears(TWENTY)

    def test_foreign_phone_looks_valid_and_stops(self):
        self.command("foreign", "fde2", "50")
        first = until(lambda: self.computer.heard("hci1"))[0]
        self.assertEqual(first[1], FDE2)
        self.assertEqual(len(first[2]), 20)
        iterate(0.3)
        self.assertEqual(len(set(self.computer.heard("hci1"))), 1, "it is one phone")
        self.command("foreign", "fde2", "0")
        iterate(0.1)
        self.computer.signals.clear()
        iterate(0.3)
        self.assertEqual(self.computer.heard("hci1"), [])

    def test_many_foreign_phones_each_keep_their_own_advert(self):
        self.command("foreign", "fff9", "200", "5")
        until(lambda: len({h[0] for h in self.computer.heard("hci1")}) == 5)
        iterate(0.3)
        self.assertEqual(len(set(self.computer.heard("hci1"))), 5)

    def test_flood_is_bounded_and_leaves_the_real_advert_audible(self):
        # Python keeps up with few signals only, so the worst comes while nobody here listens
        self.computer.close()
        self.phone.close()
        deaf = self.client(listens=False)
        deaf.discover("hci1", duplicates=True)
        self.command("foreign", "fff9", "3000", "0")
        until(lambda: self.state()["hci1"]["devices"] == 512)
        iterate(0.5)
        self.assertEqual(self.state()["hci1"]["devices"], 512)
        self.command("foreign", "fff9", "50", "0")
        self.phone, self.computer = self.client(), self.client()
        self.phone.advertise("hci0")
        self.hears(TWENTY)
        self.command("clear")
        self.hears(TWENTY)

    def test_replay_repeats_an_old_advert_from_elsewhere(self):
        self.assertIn("No such advert", self.command_error("replay", "first")[1])
        self.phone.advertise("hci0")
        original = until(lambda: self.computer.heard("hci1"))[0]
        self.phone.unregister("hci0", "/advert0")
        self.phone.advertise("hci0", data=bytes(20), path="/advert1")
        self.hears(bytes(20))
        self.phone.unregister("hci0", "/advert1")
        iterate(0.2)
        for which, data in (("first", TWENTY), ("last", bytes(20)), ("1", TWENTY),
                            ("2", bytes(20))):
            self.computer.signals.clear()
            self.command("replay", which)
            path, _uuid, heard = until(lambda: self.computer.heard("hci1"))[0]
            self.assertEqual(heard, data)
            self.assertNotEqual(path, original[0])
        self.computer.signals.clear()
        self.command("replay", "last", "3")
        until(lambda: len({h[0] for h in self.computer.heard("hci1")}) == 3)

    def test_power_off_and_on_by_command(self):
        self.phone.advertise("hci0")
        self.hears(TWENTY)
        self.command("power", "hci1", "off")
        until(lambda: self.computer.changes(HCI1, ADAPTER, "Powered") == [False])
        self.assertEqual(self.computer.changes(HCI1, ADAPTER, "Discovering"), [False])
        self.command("power", "hci1", "on")
        self.computer.discover("hci1")
        self.hears(TWENTY, seconds=20)

    def test_blocked_adapter_cannot_be_switched_on(self):
        self.command("block", "hci1", "on")
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Powered"), False)
        self.assertEqual(self.computer.get(HCI1, ADAPTER, "PowerState"), "off-blocked")
        self.assertEqual(
            self.computer.set_error(HCI1, ADAPTER, "Powered", GLib.Variant("b", True)),
            ("org.bluez.Error.Blocked", "Blocked through rfkill"))
        self.assertEqual(self.command_error("power", "hci1", "on")[1],
                         "hybridge-air: Blocked through rfkill.\n")
        self.command("block", "hci1", "off")
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Powered"), False)
        self.computer.set(HCI1, ADAPTER, "Powered", GLib.Variant("b", True))

    def test_stall_is_silent(self):
        self.phone.advertise("hci0")
        self.hears(TWENTY)
        self.command("stall", "hci1", "on")
        iterate(0.1)
        self.assertIsNone(self.hears(TWENTY, seconds=0.4, fail=False))
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Discovering"), True)
        self.computer.stop("hci1")
        self.computer.start("hci1")
        self.assertIsNone(self.hears(TWENTY, seconds=0.4, fail=False),
                          "a stall lasts until it is lifted")
        self.command("stall", "hci1", "off")
        self.hears(TWENTY)

    def test_adapter_removed_and_added(self):
        self.phone.advertise("hci0")
        self.command("remove", "hci0")
        until(lambda: self.phone.released == ["/advert0"])
        until(lambda: HCI0 in self.computer.removed())
        self.assertNotIn(HCI0, self.computer.objects())
        self.assertIn("There is no adapter hci0", self.command_error("remove", "hci0")[1])
        self.command("add", "hci0")
        until(lambda: any(s[2] == "InterfacesAdded" and s[3][0] == HCI0
                          for s in self.computer.signals))
        self.assertIn(MANAGER, self.computer.objects()[HCI0])
        self.assertIn("is there already", self.command_error("add", "hci0")[1])
        self.phone.register("hci0", "/advert0")
        self.hears(TWENTY)

    def test_release_command_calls_the_client(self):
        self.phone.advertise("hci0")
        self.command("release", "hci0")
        until(lambda: self.phone.released == ["/advert0"])
        self.assertEqual(self.phone.get(HCI0, MANAGER, "ActiveInstances"), 0)

    def test_rotate_changes_the_address(self):
        self.phone.advertise("hci0")
        first = until(lambda: self.computer.heard("hci1"))[0][0]
        self.command("rotate", "hci0")
        until(lambda: {h[0] for h in self.computer.heard("hci1")} - {first})

    def test_deny_answers_access_denied(self):
        self.command("deny", "on")
        for path, interface, method in ((HCI1, ADAPTER, "StartDiscovery"),
                                        ("/", "org.freedesktop.DBus.ObjectManager",
                                         "GetManagedObjects")):
            self.assertEqual(self.computer.error(path, interface, method)[0],
                             "org.freedesktop.DBus.Error.AccessDenied")
        self.command("deny", "off")
        self.computer.objects()

    def owner(self):
        try:
            return self.computer.call("/org/freedesktop/DBus", "org.freedesktop.DBus",
                                      "GetNameOwner", GLib.Variant("(s)", ("org.bluez",)),
                                      name="org.freedesktop.DBus")[0]
        except GLib.Error:
            return None

    def test_daemon_goes_cleanly_and_comes_back(self):
        self.phone.advertise("hci0")
        before = self.owner()
        self.command("daemon", "off")
        self.assertIsNone(self.owner())
        until(lambda: self.phone.released == ["/advert0"])
        until(lambda: HCI0 in self.computer.removed() and HCI1 in self.computer.removed())
        self.assertIn("'running': <false>", self.command("state"))
        self.command("daemon", "on")
        self.assertNotIn(self.owner(), (None, before))
        self.assertIs(self.computer.get(HCI1, ADAPTER, "Discovering"), False)
        self.phone.register("hci0", "/advert0")
        self.computer.discover("hci1")
        self.hears(TWENTY)

    def test_daemon_crash_says_nothing(self):
        self.phone.advertise("hci0")
        self.computer.signals.clear()
        self.command("daemon", "crash")
        self.assertIsNone(self.owner())
        iterate(0.3)
        self.assertEqual(self.phone.released, [])
        self.assertEqual(self.computer.removed(), [])
        self.command("daemon", "on")
        self.assertEqual(self.phone.get(HCI0, MANAGER, "ActiveInstances"), 0)

    def test_clear_lifts_every_fault_of_the_air(self):
        for line in ("loss 100", "delay 5000", "duplicate 2", "damage 3", "suffix ff",
                     "truncate 1", "lengthen 9", "rewrite fff9 fde2", "foreign fde2 10"):
            self.command(*line.split())
        self.phone.advertise("hci0")
        self.command("clear")
        self.hears(TWENTY)


if __name__ == "__main__":
    unittest.main(verbosity=2)
