# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of ble/ have in common: a world, eyes on its bus, ble-listen and ble-say."""

import argparse
import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import tap  # noqa: E402
from bus import MANAGER, Advert, Eyes, Program  # noqa: E402

QUIET_S = 0.8  # long enough for several reports if there were any
SETTLE_S = 0.3  # for reports that are under way

options = None  # of the command line, by main()
world = None  # the test's, or its module's
payloads = 0


class BusCase(unittest.TestCase):
    def setUp(self):
        self.eyes = self.enterContext(Eyes(world))
        self.payload = self.fresh()

    def enterContext(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    @staticmethod
    def fresh(length=20):
        """Bytes that no other test has sent."""
        global payloads
        payloads += 1
        return bytes([payloads]) + bytes(range(1, length))

    def program(self, name, *arguments):
        program = Program(os.path.join(options.programs, name), *arguments, env=world.environment())
        self.addCleanup(program.stop)
        return program

    def listen(self, adapter='hci1', *uuids):
        return self.program('ble-listen', '--adapter', adapter, *uuids)

    def say(self, payload, adapter='hci0', uuid='fff9'):
        return self.program('ble-say', '--adapter', adapter, uuid, payload.hex())

    def advert(self, path, *arguments, **options):
        advert = Advert(self.eyes, path, *arguments, **options)
        self.addCleanup(advert.close)
        return advert

    def wait_heard(self, payload):
        self.eyes.wait(lambda: self.eyes.reports('hci1', payload), 'report of the advert')
        return self.eyes.reports('hci1', payload)

    def assertSilent(self, payload):
        """No report of the payload from now on, once those under way have come."""
        self.eyes.watch(SETTLE_S)
        self.eyes.heard.clear()
        self.eyes.watch(QUIET_S)
        self.assertEqual(self.eyes.reports('hci1', payload), [])

    def power_off(self, adapter):
        """Until power_on() or the end of the test."""
        self.eyes.power(adapter, False)
        self.addCleanup(self.power_on, adapter)

    def power_on(self, adapter):
        with Eyes(world) as eyes:
            eyes.power(adapter, True)

    def instances(self):
        return self.eyes.get('/org/bluez/hci0', MANAGER, 'ActiveInstances')

    def wait_instances(self, count):
        self.eyes.wait(lambda: self.instances() == count, f'{count} active instances')


def main():
    """The program behind a test file."""
    global options
    # So that what was started is also ended when the test is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser()
    parser.add_argument('--programs', required=True, help='folder with ble-listen and ble-say')
    parser.add_argument('--air', help='hybridge-air')
    parser.add_argument('--bluez', action='store_true', help="this machine's bluetoothd")
    options, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    tap.main()
