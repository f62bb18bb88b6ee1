#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Secrets stay where they belong: not in argv, the environment, output, logs or files of others.

usage: test-secret.py BUILD-DIR [TEST…]
"""
import os
import pathlib
import resource
import stat

import harness
from webauthn import encode

REGISTER = ["register", "--rp", "example.com", "--user", "ada"]


def decode_uri(uri):
    """The bytes of a FIDO:/ URI: 17 digits for 7 bytes (hybrid.md §2.1)."""
    digits = uri.removeprefix("FIDO:/")
    data = b""
    sizes = {3: 1, 5: 2, 8: 3, 10: 4, 13: 5, 15: 6, 17: 7}
    for at in range(0, len(digits), 17):
        group = digits[at:at + 17]
        data += int(group).to_bytes(sizes[len(group)], "little")
    return data


def qr_secret(uri):
    """Key 1 of the map: 16 bytes after 01 50."""
    data = decode_uri(uri)
    at = data.index(b"\x01\x50") + 2
    return data[at:at + 16]


def forms(secret):
    return {secret.hex(), secret.hex().upper(), encode(secret), encode(secret[:15])}


def describe_process(pid):
    """What everybody, or the same user, can read of a process."""
    folder = pathlib.Path(f"/proc/{pid}")
    return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes() + \
        (folder / "comm").read_bytes()


class SecretTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.world.start()
        self.phone = self.world.phone()

    def assert_absent(self, uri, text, where):
        digits = uri.removeprefix("FIDO:/")
        for form in [*forms(qr_secret(uri)), digits, digits[:51], digits[-51:]]:
            self.assertNotIn(form.encode() if isinstance(text, bytes) else form, text, where)

    def test_uri_is_what_it_should_be(self):
        """Otherwise the other tests would look for the wrong bytes."""
        computer = self.world.computer(*REGISTER)
        uri = computer.first_line()
        self.assertEqual(len(qr_secret(uri)), 16)
        decoded = self.world.run(harness.programs.computer, "decode", "-", stdin=uri + "\n")
        decoded.wait()
        self.assertEqual(decode_uri(uri)[:1], b"\xa6"[:1], decoded.describe())
        self.interrupt(computer)
        computer.wait()

    def test_not_in_argv_or_environment(self):
        computer = self.world.computer(*REGISTER)
        uri = computer.first_line()
        scan = self.phone.scan(uri, approve="none")
        computer.wait_state("waiting-for-person")
        for process in (computer, scan, self.world.relay, self.world.air):
            self.assert_absent(uri, describe_process(process.pid), process.name)
        self.interrupt(computer)
        computer.wait()
        scan.wait()

    def test_uri_given_as_argument_is_wiped_and_warned_about(self):
        computer = self.world.computer(*REGISTER)
        uri = computer.first_line()
        scan = self.world.run(harness.programs.phone, "scan", uri, "--store", self.phone.store,
                              "--adapter", harness.PHONE_ADAPTER, "--approve", "none", "--events",
                              *self.world.net())
        computer.wait_state("waiting-for-person")
        cmdline = pathlib.Path(f"/proc/{scan.pid}/cmdline").read_bytes()
        self.assert_absent(uri, cmdline, "cmdline")
        self.assertIn("standard input", "\n".join(scan.stderr))
        self.interrupt(computer)
        computer.wait()
        scan.wait()

    def test_not_in_debug_output(self):
        """Not even with everything switched on, at either end, the relay or the air."""
        self.world.env["G_MESSAGES_DEBUG"] = "all"
        computer, scan = self.world.ceremony(self.phone, *REGISTER, "--json")
        self.assertEqual((computer.status, scan.status), (0, 0), computer.describe())
        uri = computer.stdout[0]
        for process in (computer, scan):
            output = [line for line in process.stdout if line != uri] + process.stderr
            self.assert_absent(uri, "\n".join(output), process.name)
            self.assert_absent(uri, str(process.events), process.name)
        for process in (self.world.relay, self.world.air):
            self.assert_absent(uri, "\n".join(process.stdout + process.stderr), process.name)

    def test_not_in_files_of_others(self):
        """What a ceremony leaves can be read by its owner alone, and holds no QR secret."""
        computer, scan = self.world.ceremony(self.phone, *REGISTER)
        self.assertEqual((computer.status, scan.status), (0, 0))
        uri = computer.stdout[0]
        seen = 0
        for folder, _, names in os.walk(self.phone.store):
            for path in [pathlib.Path(folder)] + [pathlib.Path(folder, name) for name in names]:
                mode = path.stat().st_mode
                self.assertEqual(mode & 0o077, 0, f"{path} is {stat.filemode(mode)}")
                if path.is_file():
                    seen += 1
                    self.assert_absent(uri, path.read_bytes(), str(path))
                    self.assertNotIn(qr_secret(uri), path.read_bytes(), str(path))
        self.assertGreater(seen, 0)

    @staticmethod
    def allow_cores():
        limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))

    def assert_no_core(self, process):
        # A process that holds secrets is not dumpable: root owns its /proc files.
        limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core"))
        self.assertEqual(core.split()[4], "0", f"{process.name}: {core}")

    def test_no_end_leaves_a_core(self):
        computer = self.world.computer(*REGISTER, preexec=self.allow_cores)
        scan = self.phone.scan(computer.first_line(), approve="none", preexec=self.allow_cores)
        computer.wait_state("waiting-for-person")
        self.assert_no_core(computer)
        self.assert_no_core(scan)
        self.interrupt(computer)
        computer.wait()
        scan.wait()

    def test_the_relay_leaves_no_core(self):
        relay = self.world.run(harness.programs.relay, "--listen", "127.0.0.1:0", "--cert",
                               self.world.authority.cert, "--key", self.world.authority.key,
                               preexec=self.allow_cores)
        relay.first_line()
        self.assert_no_core(relay)
        self.interrupt(relay)
        self.assertEqual(relay.wait(), 0)


if __name__ == "__main__":
    harness.main()
