# SPDX-License-Identifier: BSD-2-Clause
"""What the bus test needs: a world with bluetoothd or hybridge-air in it, and eyes on its bus."""

import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

import gi

gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

DEADLINE_S = 60  # for anything that should happen at all; emulation on a busy machine is slow

ADAPTER = 'org.bluez.Adapter1'
DEVICE = 'org.bluez.Device1'
MANAGER = 'org.bluez.LEAdvertisingManager1'

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    {rules}
  </policy>
</busconfig>
"""


def error_parts(error):
    """The D-Bus name and the message of an error that came over the bus."""
    name = Gio.DBusError.get_remote_error(error)
    return name, error.message.removeprefix(f'GDBus.Error:{name}: ')


# What a sanitizer finds ends a program with a status that no test expects.
SANITIZED = 99
SANITIZERS = {'ASAN_OPTIONS': f'exitcode={SANITIZED}', 'LSAN_OPTIONS': f'exitcode={SANITIZED}',
              'UBSAN_OPTIONS': f'halt_on_error=1:exitcode={SANITIZED}'}


class Program:
    """A child process whose lines of output can be waited for."""

    def __init__(self, *command, env=None):
        self.name = os.path.basename(command[0])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **SANITIZERS, **(env or {})})
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip('\n'))
        self.lines.put(None)

    def wait_line(self, pattern, seconds=DEADLINE_S):
        """The first line from here on that matches the regular expression."""
        end = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f'{self.name}: no {pattern!r} in {self.seen}') from None
            if line is None:
                self.lines.put(None)
                raise AssertionError(f'{self.name} ended without {pattern!r}: {self.seen}')
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def skip_lines(self):
        """Forgets what was printed until now."""
        while not self.lines.empty():
            self.seen.append(self.lines.get())

    def count_lines(self, pattern, seconds):
        """How many lines match within the time."""
        end, count = time.monotonic() + seconds, 0
        while True:
            try:
                line = self.lines.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                return count
            if line is None:
                return count
            self.seen.append(line)
            count += bool(re.search(pattern, line))

    def stop(self, number=signal.SIGTERM):
        """Ends it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        if status == SANITIZED:
            raise AssertionError(f'{self.name}: a sanitizer found something')
        return status


class World:
    """A bus with org.bluez on it, and at least two adapters that hear each other."""

    address = None
    service = None

    def start_service(self):
        raise NotImplementedError

    def stop_service(self, number=signal.SIGTERM):
        self.service.stop(number)
        self.service = None

    def close(self):
        if self.service is not None:
            self.stop_service()

    def environment(self):
        return {'DBUS_SYSTEM_BUS_ADDRESS': self.address}


class PrivateBus:
    """A dbus-daemon of our own; @rules are further XML rules of its policy."""

    def __init__(self, rules=''):
        self.folder = tempfile.mkdtemp(prefix='hybridge-bus-')
        config = os.path.join(self.folder, 'bus.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(BUS_CONFIG.format(folder=self.folder, rules=rules))
        self.address = f'unix:path={self.folder}/bus'
        self.daemon = None
        self.config = config
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        self.daemon = Program('dbus-daemon', f'--config-file={self.config}', '--nofork',
                              '--print-address')
        self.daemon.wait_line('unix:')

    def stop(self):
        self.daemon.stop()

    def close(self):
        if self.daemon is not None:
            self.stop()
        shutil.rmtree(self.folder)


class Air(World):
    """hybridge-air on a private bus."""

    def __init__(self, program):
        self.program = program
        self.bus = PrivateBus()
        self.address = self.bus.address
        try:
            self.start_service()
        except BaseException:
            self.close()
            raise

    def start_service(self):
        self.service = Program(self.program, '--adapters', '2', env=self.environment())
        self.service.wait_line('^ready')

    def close(self):
        super().close()
        self.bus.close()


class Bluez(World):
    """bluetoothd on the system bus of the virtual machine."""

    address = 'unix:path=/run/dbus/system_bus_socket'

    def __init__(self):
        self.start_service()

    def start_service(self):
        self.service = Program('/usr/libexec/bluetooth/bluetoothd', '-n')
        with Eyes(self) as eyes:
            eyes.wait(lambda: len(eyes.powered()) >= 2, 'both adapters powered')


class Eyes:
    """A bus connection that records what BlueZ says and can call it."""

    def __init__(self, world):
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
                 Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.context = GLib.MainContext.new()
        self.context.push_thread_default()
        self.bus = Gio.DBusConnection.new_for_address_sync(world.address, flags, None, None)
        self.heard = []  # (path, Device1 properties as variants)
        self.bus.signal_subscribe('org.bluez', None, None, None, None,
                                  Gio.DBusSignalFlags.NONE, self._on_signal)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bus.close_sync(None)
        self.context.pop_thread_default()

    def _on_signal(self, _bus, _sender, path, _interface, name, args):
        if name == 'InterfacesAdded':
            path, interfaces = args.unpack()[0], args.get_child_value(1)
            properties = interfaces.lookup_value(DEVICE, None)
        elif name == 'PropertiesChanged' and args.get_child_value(0).get_string() == DEVICE:
            properties = args.get_child_value(1)
        else:
            return
        if properties is not None:
            self.heard.append((path, {key: properties.lookup_value(key, None)
                                      for key in properties.unpack()}))

    def wait(self, condition, what, seconds=DEADLINE_S):
        """Runs the bus until the condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f'no {what}; heard, last: {self.heard[-3:]}')
            if not self.context.iteration(False):
                time.sleep(0.03)

    def watch(self, seconds):
        """Runs the bus for a time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.context.iteration(False):
                time.sleep(0.01)

    def call(self, path, interface, method, args=None, reply=None):
        """A method call; its reply, unpacked."""
        answer = self.bus.call_sync('org.bluez', path, interface, method, args,
                                    reply and GLib.VariantType(reply),
                                    Gio.DBusCallFlags.NO_AUTO_START, DEADLINE_S * 1000, None)
        return answer.unpack()

    def error_of(self, *args, **kwargs):
        """The D-Bus name and the message of the error that a call ends with."""
        try:
            self.call(*args, **kwargs)
        except GLib.Error as error:
            return error_parts(error)
        return None, None

    def objects(self):
        """GetManagedObjects, unpacked down to the properties, which stay variants."""
        try:
            reply = self.bus.call_sync(
                'org.bluez', '/', 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', None,
                GLib.VariantType('(a{oa{sa{sv}}})'), Gio.DBusCallFlags.NO_AUTO_START, -1, None)
        except GLib.Error:
            return {}
        objects = {}
        for i in range(reply.get_child_value(0).n_children()):
            entry = reply.get_child_value(0).get_child_value(i)
            interfaces = entry.get_child_value(1)
            objects[entry.get_child_value(0).get_string()] = {
                name: {key: interfaces.lookup_value(name, None).lookup_value(key, None)
                       for key in properties}
                for name, properties in interfaces.unpack().items()}
        return objects

    def powered(self):
        return [path for path, interfaces in self.objects().items()
                if ADAPTER in interfaces and MANAGER in interfaces and
                interfaces[ADAPTER]['Powered'].get_boolean()]

    def get(self, path, interface, name):
        return self.call(path, 'org.freedesktop.DBus.Properties', 'Get',
                         GLib.Variant('(ss)', (interface, name)))[0]

    def set(self, path, interface, name, value):
        self.call(path, 'org.freedesktop.DBus.Properties', 'Set',
                  GLib.Variant('(ssv)', (interface, name, value)))

    def power(self, adapter, on):
        self.set(f'/org/bluez/{adapter}', ADAPTER, 'Powered', GLib.Variant('b', on))
        self.wait(lambda: self.get(f'/org/bluez/{adapter}', ADAPTER, 'Powered') == on,
                  f'{adapter} powered {on}')

    def discover(self, adapter, duplicates):
        """Starts discovery as a client platform does."""
        options = {'Transport': GLib.Variant('s', 'le')}
        if duplicates is not None:
            options['DuplicateData'] = GLib.Variant('b', duplicates)
        path = f'/org/bluez/{adapter}'
        self.call(path, ADAPTER, 'SetDiscoveryFilter', GLib.Variant('(a{sv})', (options,)))
        self.call(path, ADAPTER, 'StartDiscovery')

    def reports(self, adapter, payload):
        """What was heard on the adapter with exactly these bytes under fff9: [(path, properties)]."""
        found = []
        for path, properties in self.heard:
            data = properties.get('ServiceData')
            if path.startswith(f'/org/bluez/{adapter}/') and data is not None:
                value = data.lookup_value('0000fff9-0000-1000-8000-00805f9b34fb', None)
                if value is not None and bytes(value.unpack()) == payload:
                    found.append((path, properties))
        return found


class Advert:
    """An org.bluez.LEAdvertisement1 object on a connection, with properties as given."""

    XML = """<node><interface name='org.bluez.LEAdvertisement1'><method name='Release'/>
        <property name='Type' type='s' access='read'/>
        <property name='ServiceUUIDs' type='as' access='read'/>
        <property name='ServiceData' type='a{sv}' access='read'/></interface></node>"""

    def __init__(self, eyes, path, data, uuids=(), kind='broadcast'):
        self.eyes, self.path, self.released = eyes, path, False
        self.properties = {
            'Type': GLib.Variant('s', kind),
            'ServiceUUIDs': GLib.Variant('as', uuids),
            'ServiceData': GLib.Variant('a{sv}', {'fff9': GLib.Variant('ay', data)})}
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.id = eyes.bus.register_object(path, interface, self._on_call, self._on_get, None)

    def _on_call(self, _bus, _sender, _path, _interface, _method, _args, invocation):
        self.released = True
        invocation.return_value(None)

    def _on_get(self, _bus, _sender, _path, _interface, name):
        return self.properties[name]

    def register(self, adapter):
        """The D-Bus name and message of the error, or (None, None)."""
        result = []

        def done(bus, answer):
            try:
                bus.call_finish(answer)
                result.append((None, None))
            except GLib.Error as error:
                result.append(error_parts(error))

        # The bus must run meanwhile: BlueZ reads the properties before it answers.
        self.eyes.bus.call('org.bluez', f'/org/bluez/{adapter}', MANAGER, 'RegisterAdvertisement',
                           GLib.Variant('(oa{sv})', (self.path, {})), None,
                           Gio.DBusCallFlags.NO_AUTO_START, DEADLINE_S * 1000, None, done)
        self.eyes.wait(lambda: result, 'answer to RegisterAdvertisement')
        return result[0]

    def unregister(self, adapter):
        return self.eyes.error_of(f'/org/bluez/{adapter}', MANAGER, 'UnregisterAdvertisement',
                                  GLib.Variant('(o)', (self.path,)))

    def close(self):
        self.eyes.bus.unregister_object(self.id)
