#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-phone's command line: stores, passkeys, codes that are none, and what each says."""

import json
import os
import pathlib
import signal
import stat
import subprocess
import unittest

from lab import PHONE, LabCase, Process

PASSPHRASE = "correct horse battery\n"


class CliTest(LabCase):
    def assert_fails(self, done, status, words):
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(words, done.stderr)
        self.assertEqual(done.stdout, "")

    def with_passphrase(self, *arguments, text=PASSPHRASE):
        return self.run_phone(*arguments, "--store", self.store, "--passphrase-fd", "0", input=text)

    def passkeys(self, *arguments, store=None):
        return self.run_phone("passkeys", *arguments, "--store", store or self.store)

    def listed(self, store=None):
        done = self.passkeys("list", "--json", store=store)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def register(self, user, store=None):
        computer, uri = self.computer("make", "example.com", user)
        phone = self.scan(uri, "--approve", "auto", store=store)
        self.assertEqual(phone.status(), 0, phone.err.all())
        computer.status()

    # help

    def test_help_and_version(self):
        done = self.run_phone("--help")
        self.assertEqual(done.returncode, 0)
        for name in ("init", "scan", "passkeys"):
            self.assertIn(name, done.stdout)
            more = self.run_phone(name, "--help")
            self.assertEqual(more.returncode, 0)
            self.assertIn("Examples:", more.stdout)
            self.assertIn("--store=DIR", more.stdout)
        done = self.run_phone("--version")
        self.assertEqual((done.returncode, done.stdout.split()[0]), (0, "hybridge-phone"))

    def test_usage(self):
        for arguments in ((), ("sync",), ("init", "extra"), ("init", "--domain", "7"),
                          ("init", "--domain", "65536"), ("init", "--domain", "-1"),
                          ("init", "--name", ""), ("init", "--no-such-option"),
                          ("passkeys",), ("passkeys", "sync"), ("passkeys", "rename", "x"),
                          ("passkeys", "delete"), ("passkeys", "export"), ("passkeys", "import"),
                          ("passkeys", "list", "x"), ("scan",), ("scan", "-", "extra"),
                          ("scan", "-", "--domain", "65536"), ("scan", "--image", "a", "-"),
                          ("scan", "-", "--resolve", "nonsense")):
            done = self.run_phone(*arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))

    # stores

    def test_store_is_private(self):
        os.umask(0o022)
        done = self.run_phone("init", "--test", "--store", self.store)
        self.assertEqual(done.returncode, 0)
        self.assertIn("test store", done.stderr)
        self.assertEqual(stat.S_IMODE(self.store.stat().st_mode), 0o700)
        self.assertEqual([(f.name, stat.S_IMODE(f.stat().st_mode)) for f in self.store.iterdir()],
                         [("passkeys.db", 0o600)])
        self.assert_fails(self.run_phone("init", "--test", "--store", self.store), 60, "already")

    def test_default_store(self):
        done = self.run_phone("init", "--test")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.lab / "data/hybridge/phone/passkeys.db").exists())

    def test_no_passphrase(self):
        self.assert_fails(self.with_passphrase("init", text=""), 2, "No passphrase")
        self.assert_fails(self.with_passphrase("init", text="short\n"), 2, "at least 8")
        self.assert_fails(self.with_passphrase("init", text="x" * 1025 + "\n"), 2, "too long")
        self.assert_fails(self.run_phone("init", "--store", self.store, start_new_session=True), 2,
                          "no terminal")
        self.assertFalse(self.store.exists())

    def test_each_storage_failure_has_its_sentence(self):
        sentences = set()

        def fails(*arguments, run=self.passkeys):
            done = run(*arguments)
            self.assertEqual(done.returncode, 60, done.stderr)
            sentences.add(done.stderr.split("\n")[0].replace(str(self.dir), ""))

        fails("list")  # missing
        self.assertEqual(self.with_passphrase("init").returncode, 0)
        self.assertEqual(self.passkeys("list").returncode, 0)
        fails("passkeys", "export", self.dir / "backup",  # wrong passphrase
              run=lambda *a: self.with_passphrase(*a, text="wrong passphrase\n"))
        store = self.store / "passkeys.db"
        store.chmod(0o644)
        fails("list")  # open to others
        store.chmod(0o600)
        whole = store.read_bytes()
        store.write_bytes(whole[:-1])
        fails("list")  # truncated
        store.write_bytes(whole[:60] + b"\0\0\0\x63" + whole[64:])
        fails("list")  # newer
        store.write_bytes(b"not a store")
        fails("list")
        store.unlink()
        store.mkdir()
        fails("list")
        self.assertEqual(len(sentences), 7, sentences)

    def test_disk_full(self):
        """On a disk of its own, too small for a store."""
        small = self.dir / "small"
        small.mkdir()
        script = (f"mount -t tmpfs -o size=16k,mode=700 none {small} && "
                  f"{PHONE} init --test --store {small}/store; "
                  f"status=$?; ls -A {small}/store; exit $status")
        done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                               script], capture_output=True, text=True, env=self.environment)
        if "unshare" in done.stderr or "mount:" in done.stderr:
            self.skipTest("no mount namespaces here: " + done.stderr.strip())
        self.assert_fails(done, 60, "The disk is full")

    def test_no_secret_leaves_the_process(self):
        self.init()
        computer, uri = self.computer("make", "example.com", "alice")
        phone = self.scan(uri, "--approve", "none")
        phone.err.wait('"answering"')
        proc = pathlib.Path("/proc/%d" % phone.popen.pid)
        self.assertRegex((proc / "limits").read_text(), r"Max core file size +0 +0 ")
        if os.geteuid() != 0 and os.environ.get("HYBRIDGE_SANITIZE", "none") == "none":
            # Not dumpable: the process's files belong to root, so no debugger of this user.
            self.assertEqual((proc / "environ").stat().st_uid, 0)
        self.assertNotIn(uri.encode(), (proc / "cmdline").read_bytes())
        phone.popen.send_signal(signal.SIGTERM)
        self.assertEqual(phone.status(), 50)
        for text in (phone.out.all(), phone.err.all()):
            self.assertNotIn(uri[6:40], text)

    def test_uri_in_argv(self):
        self.init()
        _, uri = self.computer("make", "example.com", "alice")
        phone = Process(self, [PHONE, "scan", uri, "--store", self.store, "--approve", "none",
                               "--events", *self.net()], self.environment)
        phone.err.wait("could read the code")
        phone.err.wait('"answering"')
        cmdline = pathlib.Path("/proc/%d/cmdline" % phone.popen.pid).read_bytes()
        self.assertNotIn(uri[6:40].encode(), cmdline)
        phone.popen.send_signal(signal.SIGTERM)
        self.assertEqual(phone.status(), 50)

    # codes

    def test_codes_that_are_none(self):
        self.init()
        for text in ("", "\n", "hello\n", "FIDO:/\n", "FIDO:/999\n", "http://example.com\n",
                     "FIDO:/" + "1" * 170 + "\n", "FIDO:/12a\n", "x" * 100000,
                     "FIDO:/\0\0\n"):
            done = self.run_phone("scan", "-", "--store", self.store, "--approve", "auto",
                                  input=text)
            self.assertEqual(done.returncode, 2, (text[:20], done.stderr))

    def test_image(self):
        self.init()
        _, uri = self.computer("make", "example.com", "alice")
        picture = self.dir / "code.png"
        subprocess.run(["qrencode", "-o", picture, "-m", "4", "-s", "4"], input=uri, text=True,
                       check=True)
        done = self.run_phone("scan", "--image", picture, "--store", self.store, "--approve",
                              "auto", "--json", *self.net())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["result"], "registered")
        (self.dir / "text").write_text("hello")
        self.assert_fails(self.run_phone("scan", "--image", self.dir / "text", "--store",
                                         self.store, "--approve", "auto"), 2, "neither a PNG")

    def test_scan_with_passphrase(self):
        self.assertEqual(self.with_passphrase("init").returncode, 0)
        computer, uri = self.computer("make", "example.com", "alice")
        done = self.with_passphrase("scan", "-", "--approve", "auto", *self.net(),
                                    text=uri + "\n" + PASSPHRASE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("test store", done.stderr)
        computer.out.wait("^status 0x00")
        done = self.with_passphrase("scan", "-", "--approve", "auto", text=uri + "\nwrong one\n")
        self.assert_fails(done, 60, "does not open")

    def test_nobody_to_ask(self):
        self.init()
        _, uri = self.computer("make", "example.com", "alice")
        done = self.run_phone("scan", "-", "--store", self.store, input=uri,
                              start_new_session=True)
        self.assert_fails(done, 2, "no terminal")

    # passkeys

    def test_passkeys(self):
        self.init()
        self.assertEqual(self.listed(), [])
        self.assertIn("No passkeys", self.passkeys("list").stdout)
        self.register("alice")
        self.register("bob")
        bob, alice = self.listed()
        self.assertEqual((bob["userName"], alice["userName"]), ("bob", "alice"))
        self.assertEqual((alice["rpId"], alice["algorithm"], alice["discoverable"],
                          alice["credProtect"], alice["signCount"], alice["backedUp"]),
                         ("example.com", "ES256", True, 1, 0, False))
        self.assertEqual(json.loads(self.passkeys("list", "--rp", "example.org", "--json").stdout),
                         [])
        self.assertEqual(self.passkeys("rename", alice["credentialId"][:8], "at home").returncode, 0)
        self.assertEqual(self.listed()[1]["label"], "at home")
        self.assertIn("at home", self.passkeys("list").stdout)
        self.assertEqual(self.passkeys("rename", alice["credentialId"], "").returncode, 0)
        self.assertNotIn("label", self.listed()[1])
        self.assert_fails(self.passkeys("rename", "zzzz", "x"), 2, "No passkey has the ID")
        self.assert_fails(self.passkeys("rename", "", "x"), 2, "No passkey has the ID")
        self.assert_fails(self.passkeys("delete", "--yes", bob["credentialId"], "zzzz"), 2,
                          "No passkey has the ID")
        self.assertEqual(len(self.listed()), 2)
        self.assert_fails(self.run_phone("passkeys", "delete", bob["credentialId"], "--store",
                                         self.store, start_new_session=True), 2, "no terminal")
        self.assertEqual(self.passkeys("delete", "--yes", bob["credentialId"]).returncode, 0)
        self.assertEqual([p["userName"] for p in self.listed()], ["alice"])

    def test_backup(self):
        self.assertEqual(self.with_passphrase("init").returncode, 0)
        computer, uri = self.computer("make", "example.com", "alice")
        self.assertEqual(self.with_passphrase("scan", "-", "--approve", "auto", *self.net(),
                                              text=uri + "\n" + PASSPHRASE).returncode, 0)
        backup = self.dir / "backup.db"
        done = self.with_passphrase("passkeys", "export", backup)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(stat.S_IMODE(backup.stat().st_mode), 0o600)
        self.assertTrue(self.listed()[0]["backedUp"])
        self.assertEqual([f.name for f in self.dir.iterdir() if "partial" in f.name], [])
        self.assert_fails(self.with_passphrase("passkeys", "export", backup), 60, "already")
        other = self.dir / "other"
        done = self.run_phone("init", "--store", other, "--passphrase-fd", "0",
                              input="another passphrase\n")
        self.assertEqual(done.returncode, 0)
        for text, status in (("another passphrase\nwrong passphrase\n", 60),
                             ("another passphrase\n" + PASSPHRASE, 0)):
            done = self.run_phone("passkeys", "import", backup, "--store", other,
                                  "--passphrase-fd", "0", input=text)
            self.assertEqual(done.returncode, status, done.stderr)
        self.assertEqual([p["userName"] for p in self.listed(other)], ["alice"])
        computer, uri = self.computer("get", "example.com")
        done = self.run_phone("scan", "-", "--store", other, "--passphrase-fd", "0", "--approve",
                              "auto", *self.net(), input=uri + "\nanother passphrase\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.listed(other)[0]["signCount"], 65537)

    def test_two_phones_at_once(self):
        """One store, two ceremonies: both answered, both kept."""
        self.init()
        computers = [self.computer("make", "example.com", user) for user in ("alice", "bob")]
        phones = [self.scan(uri, "--approve", "auto") for _, uri in computers]
        self.assertEqual([phone.status() for phone in phones], [0, 0])
        self.assertEqual({p["userName"] for p in self.listed()}, {"alice", "bob"})


if __name__ == "__main__":
    unittest.main()
