#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Adapters in one air hear each other, as BlueZ reports it."""

import unittest

from airtest import ADAPTER, DEVICE, FFF9, TWENTY, AirCase, GLib, iterate, until


class Discovery(AirCase):
    air_arguments = ("--adapters", "3")

    def test_others_hear_an_advert_and_its_sender_does_not(self):
        phone, computer = self.client(), self.client()
        for hci in ("hci0", "hci1", "hci2"):
            computer.discover(hci)
        phone.advertise("hci0")
        for hci in ("hci1", "hci2"):
            _path, uuid, data = until(lambda h=hci: computer.heard(h))[0]
            self.assertEqual((uuid, data), (FFF9, TWENTY))
        iterate(0.3)
        self.assertEqual(computer.heard("hci0"), [])

    def test_device_looks_like_bluez(self):
        phone, computer = self.client(), self.client()
        computer.discover("hci1")
        phone.advertise("hci0")
        path = until(lambda: computer.heard("hci1"))[0][0]
        device = computer.objects()[path][DEVICE]
        self.assertEqual(device["AddressType"], "random")
        self.assertEqual(device["Adapter"], "/org/bluez/hci1")
        self.assertTrue(path.endswith("/dev_" + device["Address"].replace(":", "_")))
        self.assertEqual(device["Alias"], device["Address"].replace(":", "-"))
        for name in ("Paired", "Trusted", "Blocked", "Connected", "ServicesResolved",
                     "LegacyPairing"):
            self.assertIs(device[name], False)
        self.assertEqual(device["UUIDs"], [])
        self.assertIn("RSSI", device)


if __name__ == "__main__":
    unittest.main(verbosity=2)
