#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What ble/ does when Bluetooth misbehaves: faults of the virtual air, and a bluetoothd of the
test's own for answers that no real one gives on request.

usage: test-fault.py --programs DIR --air PROGRAM [TEST…]
"""

import subprocess

import case
from bus import ADAPTER, DEADLINE_S, DEVICE, Air, Eyes, PrivateBus, Program, World
from gi.repository import Gio, GLib

FFF9 = '0000fff9-0000-1000-8000-00805f9b34fb'
DENY = '<deny send_destination="org.bluez" send_interface="{}"/>'


class BusFaultTest(case.unittest.TestCase):
    """The system bus itself."""

    def setUp(self):
        self.bus = PrivateBus()
        self.addCleanup(self.bus.close)
        self.environment = {'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address}

    def program(self, name, *arguments):
        program = Program(f'{case.options.programs}/{name}', *arguments, env=self.environment)
        self.addCleanup(program.stop)
        return program

    def start_air(self):
        air = Program(case.options.air, '--adapters', '2', env=self.environment)
        self.addCleanup(air.stop)
        air.wait_line('^ready')
        return air

    def test_no_bus_is_trouble_until_it_comes(self):
        self.bus.stop()
        listen = self.program('ble-listen')
        listen.wait_line('^trouble service The system bus')
        self.program('ble-say', 'fff9', '00').wait_line('^error service The system bus')
        self.bus.start()
        listen.wait_line('^trouble service The Bluetooth service is not running')
        self.start_air()
        listen.wait_line('^ready')

    def test_both_sides_outlast_a_restart_of_the_bus(self):
        air = self.start_air()
        listen = self.program('ble-listen', '--adapter', 'hci1')
        say = self.program('ble-say', '--adapter', 'hci0', 'fff9', '0102')
        listen.wait_line('^advert hci1 fff9 0102$')
        self.bus.stop()
        listen.wait_line('^trouble service The connection to the system bus was lost')
        air.stop()
        self.bus.start()
        self.start_air()
        listen.wait_line('^ready')
        listen.wait_line('^advert hci1 fff9 0102$')
        self.assertEqual(say.stop(), 0)

    def test_denied_access_is_told(self):
        for interface in 'org.freedesktop.DBus.ObjectManager', ADAPTER:
            with self.subTest(interface=interface):
                bus = PrivateBus(DENY.format(interface))
                self.addCleanup(bus.close)
                self.environment = {'DBUS_SYSTEM_BUS_ADDRESS': bus.address}
                air = self.start_air()
                listen = self.program('ble-listen')
                listen.wait_line('^trouble service The Bluetooth service does not let this user in')
                listen.stop()
                air.stop()

    def test_denied_advertising_is_told(self):
        bus = PrivateBus(DENY.format('org.bluez.LEAdvertisingManager1'))
        self.addCleanup(bus.close)
        self.environment = {'DBUS_SYSTEM_BUS_ADDRESS': bus.address}
        air = self.start_air()
        self.program('ble-say', 'fff9', '00').wait_line(
            '^error service The Bluetooth service does not let this user in')
        air.stop()


class AirFaultTest(case.BusCase):
    """Faults that the air injects."""

    def setUp(self):
        case.world = Air(case.options.air)
        self.addCleanup(lambda: case.world.close())
        super().setUp()

    def call(self, *words):
        subprocess.run([case.options.air, 'call', *words], check=True, timeout=DEADLINE_S,
                       env={**case.os.environ, **case.world.environment()},
                       stdout=subprocess.DEVNULL)

    def test_rfkill_is_told(self):
        listen = self.listen()
        listen.wait_line('^ready')
        self.call('block', 'hci1', 'on')
        listen.wait_line('^trouble off Bluetooth is blocked by rfkill')
        self.call('block', 'hci1', 'off')
        self.power_on('hci1')
        listen.wait_line('^ready')

    def test_adapters_come_and_go(self):
        listen = self.program('ble-listen')
        listen.wait_line('^ready')
        self.call('remove', 'hci1')
        self.call('remove', 'hci0')
        listen.wait_line('^trouble missing This computer has no Bluetooth adapter')
        self.say(self.payload).wait_line('^error missing')
        self.call('add', 'hci1')
        self.call('add', 'hci0')
        self.power_on('hci0')
        self.power_on('hci1')
        listen.wait_line('^ready')
        self.say(self.payload).wait_line('^on-air')
        listen.wait_line(f'^advert hci1 fff9 {self.payload.hex()}')

    def test_a_released_advert_comes_back(self):
        self.eyes.discover('hci1', True)
        self.say(self.payload).wait_line('^on-air')
        self.wait_heard(self.payload)
        self.call('release', 'hci0')
        self.wait_instances(0)
        self.wait_instances(1)
        self.eyes.heard.clear()
        self.wait_heard(self.payload)

    def test_an_advert_moves_to_another_adapter(self):
        say = self.program('ble-say', 'fff9', self.payload.hex())
        say.wait_line('^on-air')
        self.wait_instances(1)
        self.eyes.discover('hci0', True)
        self.call('remove', 'hci0')
        self.call('add', 'hci0')
        self.power_on('hci0')
        self.eyes.discover('hci0', True)
        self.eyes.wait(lambda: self.eyes.reports('hci0', self.payload), 'report on hci0')

    def test_loss_only_delays(self):
        self.call('loss', '80')
        listen = self.listen()
        self.say(self.payload).wait_line('^on-air')
        listen.wait_line(f'^advert hci1 fff9 {self.payload.hex()}')

    def test_a_flood_is_bounded(self):
        self.call('foreign', 'fff9', '1000', '100')
        listen = self.listen()
        listen.wait_line('^advert')
        self.assertLess(listen.count_lines('^advert', 3), 4 * 500 + 1)
        listen.skip_lines()
        self.say(self.payload).wait_line('^on-air')
        listen.wait_line(f'^advert hci1 fff9 {self.payload.hex()}')


class FakeBluez(World):
    """An org.bluez with one adapter, whose answers a test decides."""

    XML = f"""<node>
        <interface name='org.freedesktop.DBus.ObjectManager'>
          <method name='GetManagedObjects'><arg type='a{{oa{{sa{{sv}}}}}}' direction='out'/></method>
        </interface>
        <interface name='{ADAPTER}'>
          <method name='SetDiscoveryFilter'><arg type='a{{sv}}' direction='in'/></method>
          <method name='StartDiscovery'/><method name='StopDiscovery'/>
        </interface></node>"""
    PATH = '/org/bluez/hci0'

    def __init__(self):
        self.private = PrivateBus()
        self.address = self.private.address
        self.calls = []  # of methods, by name
        self.errors = {}  # what a method answers: name of a D-Bus error, or None for no answer
        self.eyes = Eyes(self).__enter__()
        self.bus = self.eyes.bus
        interfaces = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces
        for path, interface in ('/', interfaces[0]), (self.PATH, interfaces[1]):
            self.bus.register_object(path, interface, self.on_call, None, None)
        self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName',
                           GLib.Variant('(su)', ('org.bluez', 0)), None, 0, -1, None)

    def on_call(self, _bus, _sender, _path, _interface, method, _args, invocation):
        self.calls.append(method)
        if method in self.errors:
            if self.errors[method] is not None:
                invocation.return_dbus_error(self.errors[method], 'no')
            return
        if method != 'GetManagedObjects':
            invocation.return_value(None)
            return
        adapter = {'Powered': GLib.Variant('b', True), 'Discovering': GLib.Variant('b', False)}
        invocation.return_value(GLib.Variant('(a{oa{sa{sv}}})', ({self.PATH: {ADAPTER: adapter}},)))

    def change(self, path, interface, **properties):
        self.bus.emit_signal(None, path, 'org.freedesktop.DBus.Properties', 'PropertiesChanged',
                             GLib.Variant('(sa{sv}as)', (interface, properties, [])))

    def device(self, service_data):
        """Says that a device sent this, an a{sv}."""
        self.change(self.PATH + '/dev_00_00_00_00_00_01', DEVICE, ServiceData=service_data)

    def wait_call(self, method, count=1):
        self.eyes.wait(lambda: self.calls.count(method) >= count, f'{count} calls of {method}')

    def close(self):
        self.eyes.__exit__()
        self.private.close()


class OddBluezTest(case.unittest.TestCase):
    """A bluetoothd with odd answers."""

    def setUp(self):
        self.bluez = FakeBluez()
        self.addCleanup(self.bluez.close)

    def listen(self):
        listen = Program(f'{case.options.programs}/ble-listen', env=self.bluez.environment())
        self.addCleanup(listen.stop)
        return listen

    def listen_ready(self):
        listen = self.listen()
        self.bluez.wait_call('StartDiscovery')
        self.bluez.change(self.bluez.PATH, ADAPTER, Discovering=GLib.Variant('b', True))
        self.flush(listen, '^ready')
        return listen

    def flush(self, program, pattern):
        """Waits for a line while the bus runs."""
        lines = []
        self.bluez.eyes.wait(lambda: lines.append(1) or self.has_line(program, pattern), pattern)

    @staticmethod
    def has_line(program, pattern):
        try:
            return program.wait_line(pattern, 0.05)
        except AssertionError:
            return None

    def test_order_of_calls(self):
        self.listen_ready()
        self.assertEqual(self.bluez.calls,
                         ['GetManagedObjects', 'SetDiscoveryFilter', 'StartDiscovery'])

    def test_a_scan_that_ends_by_itself_is_started_anew(self):
        self.listen_ready()
        self.bluez.change(self.bluez.PATH, ADAPTER, Discovering=GLib.Variant('b', False))
        self.bluez.wait_call('StartDiscovery', 2)
        self.assertEqual(self.bluez.calls[3:],
                         ['StopDiscovery', 'SetDiscoveryFilter', 'StartDiscovery'])

    def test_a_scan_that_hears_nothing_is_started_anew(self):
        listen = self.listen_ready()
        self.bluez.wait_call('StartDiscovery', 2)
        self.assertEqual(self.bluez.calls[3:],
                         ['StopDiscovery', 'SetDiscoveryFilter', 'StartDiscovery'])
        self.assertEqual(listen.seen, ['ready'])

    def test_refusals_have_their_trouble(self):
        for error, trouble in (
                ('org.bluez.Error.NotAuthorized', 'service The Bluetooth service does not let'),
                ('org.freedesktop.DBus.Error.AccessDenied', 'service The Bluetooth service does not'),
                ('org.bluez.Error.NotReady', 'off Bluetooth is switched off'),
                ('org.bluez.Error.Failed', 'failed The Bluetooth service did not start the scan')):
            with self.subTest(error=error):
                self.bluez.errors = {'StartDiscovery': error}
                listen = self.listen()
                self.flush(listen, f'^trouble {trouble}')
                self.bluez.errors = {}
                self.flush(listen, '^ready')
                listen.stop()

    def test_a_busy_controller_is_no_trouble_at_first(self):
        self.bluez.errors = {'StartDiscovery': 'org.bluez.Error.InProgress'}
        listen = self.listen()
        self.bluez.wait_call('StartDiscovery', 3)
        self.assertEqual(listen.seen, [])
        self.bluez.errors = {}
        self.flush(listen, '^ready')
        self.assertEqual(listen.seen, ['ready'])

    def test_silence_of_the_service_is_told(self):
        self.bluez.errors = {'GetManagedObjects': None}
        listen = self.listen()
        self.flush(listen, '^trouble service The Bluetooth service does not answer')
        self.bluez.errors = {}
        self.flush(listen, '^ready')

    def test_forms_of_uuids_and_bad_data(self):
        listen = self.listen_ready()
        data = {}
        for i, uuid in enumerate((FFF9, FFF9.upper(), 'fff9', '0xFFF9', '0000fff9')):
            data[uuid] = GLib.Variant('ay', bytes([i] * 20))
        data |= {'fff8': GLib.Variant('ay', b'other'), 'fde2': GLib.Variant('s', 'text'),
                 '': GLib.Variant('ay', b'none'), '0xfde2': GLib.Variant('ay', b''),
                 '0000fde2': GLib.Variant('ay', bytes(256))}
        self.bluez.device(GLib.Variant('a{sv}', data))
        self.bluez.device(GLib.Variant('s', 'no data'))
        self.bluez.device(GLib.Variant('a{sv}', {'fff9': GLib.Variant('ay', b'last')}))
        self.flush(listen, '^advert hci0 fff9 6c617374$')
        self.assertEqual(sorted(line for line in listen.seen if 'advert' in line),
                         [f'advert hci0 fff9 {bytes([i] * 20).hex()}' for i in range(5)] +
                         ['advert hci0 fff9 6c617374'])

    def test_signals_of_odd_types_are_ignored(self):
        listen = self.listen_ready()
        for interface, name, args in (
                ('org.freedesktop.DBus.Properties', 'PropertiesChanged',
                 GLib.Variant('(s)', (DEVICE,))),
                ('org.freedesktop.DBus.Properties', 'PropertiesChanged',
                 GLib.Variant('(ss)', (ADAPTER, 'x'))),
                ('org.freedesktop.DBus.ObjectManager', 'InterfacesAdded',
                 GLib.Variant('(s)', ('x',))),
                ('org.freedesktop.DBus.ObjectManager', 'InterfacesRemoved',
                 GLib.Variant('(o)', (self.bluez.PATH,)))):
            for path in '/', self.bluez.PATH:
                self.bluez.bus.emit_signal(None, path, interface, name, args)
        self.bluez.change(self.bluez.PATH, ADAPTER, Powered=GLib.Variant('s', 'yes'))
        self.bluez.device(GLib.Variant('a{sv}', {'fff9': GLib.Variant('ay', b'last')}))
        self.flush(listen, '^advert hci0 fff9 6c617374$')


if __name__ == '__main__':
    case.main()
