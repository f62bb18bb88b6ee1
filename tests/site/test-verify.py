#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-verify as a program: a registration and a sign-in by keys of the openssl command."""

import base64
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from softphone import Phone, b64  # noqa: E402

PROGRAM = os.environ.get("HYBRIDGE_VERIFY", "hybridge-verify")
RP = "example.com"
ORIGIN = "https://login.example.com"


class VerifyTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hyb-verify-")
        self.addCleanup(self.folder.cleanup)
        self.state = os.path.join(self.folder.name, "state.json")
        self.phone = Phone(self.folder.name, RP, ORIGIN)

    def run_verify(self, *arguments, text=""):
        return subprocess.run([PROGRAM, *arguments], input=text, text=True, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def ask(self, command, *arguments):
        done = self.run_verify(command, "--state", self.state, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return json.loads(done.stdout)

    def ask_register(self, *arguments):
        return self.ask("options-register", "--rp", RP, "--origin", ORIGIN, "--user", "joe",
                        *arguments)

    def give(self, command, response, *arguments):
        return self.run_verify(command, "--state", self.state, "-", *arguments, text=response)

    def register(self):
        done = self.give("register", self.phone.register(self.ask_register()))
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, f"Registered joe at {RP}\n", ""))

    def assert_refused(self, done, step):
        self.assertEqual(done.returncode, 1, done)
        outcome = json.loads(done.stdout)
        self.assertEqual((outcome["verified"], outcome["step"]), (False, step))
        self.assertEqual(done.stderr, f"hybridge-verify: {outcome['message']}.\n")

    def assert_usage(self, done):
        self.assertEqual((done.returncode, done.stdout), (2, ""), done)
        self.assertRegex(done.stderr, r"^hybridge-verify: .+\.\n"
                         r"See \"hybridge-verify[a-z -]* --help\"\.\n$")

    def test_registers_and_signs_in(self):
        self.register()
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o600)
        done = self.give("login", self.phone.login(self.ask("options-login")))
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, f"Signed in as joe at {RP}\n", ""))

    def test_reads_a_file(self):
        path = os.path.join(self.folder.name, "response.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.phone.register(self.ask_register()))
        done = self.run_verify("register", "--state", self.state, path)
        self.assertEqual(done.returncode, 0, done)

    def test_prints_json(self):
        done = self.give("register", self.phone.register(self.ask_register()), "--json")
        outcome = json.loads(done.stdout)
        self.assertIs(outcome["verified"], True)
        self.assertEqual(outcome["credential"]["id"], b64(self.phone.id))
        self.assertEqual(outcome["credential"]["userName"], "joe")

    def test_options(self):
        first = self.ask_register("--alg", "RS256,-7", "--uv", "required", "--rk", "discouraged")
        second = self.ask_register()
        self.assertNotEqual(first["challenge"], second["challenge"])
        self.assertEqual(len(base64.urlsafe_b64decode(first["challenge"] + "=")), 32)
        self.assertEqual([p["alg"] for p in first["pubKeyCredParams"]], [-257, -7])
        self.assertEqual(first["authenticatorSelection"],
                         {"residentKey": "discouraged", "requireResidentKey": False,
                          "userVerification": "required"})
        self.register()
        listed = [{"type": "public-key", "id": b64(self.phone.id)}]
        self.assertEqual(self.ask_register()["excludeCredentials"], listed)
        self.assertEqual(self.ask_register()["user"]["id"], self.phone.user)
        self.assertEqual(self.ask("options-login", "--user", "joe")["allowCredentials"], listed)
        self.assertEqual(self.ask("options-login")["allowCredentials"], [])

    def test_a_response_counts_once(self):
        self.register()
        response = self.phone.login(self.ask("options-login"))
        self.assertEqual(self.give("login", response).returncode, 0)
        self.assert_refused(self.give("login", response, "--json"), "not-asked")
        self.ask("options-login")
        self.assert_refused(self.give("login", response, "--json"), "challenge")

    def test_refusals(self):
        self.register()
        options = self.ask("options-login")
        bad_origin = self.phone.login(options, origin="https://evil.test")
        self.assert_refused(self.give("login", bad_origin, "--json"), "origin")
        self.assert_refused(self.give("login", "{}", "--json"), "response")
        self.assert_refused(self.give("login", "x" * 2000000, "--json"), "response")
        response = json.loads(self.phone.login(options))
        signature = response["response"]["signature"]
        response["response"]["signature"] = b64(os.urandom(70))
        self.assert_refused(self.give("login", json.dumps(response), "--json"), "signature")
        response["response"]["signature"] = signature
        self.assertEqual(self.give("login", json.dumps(response)).returncode, 0)

    def test_without_json_a_refusal_prints_no_result(self):
        self.ask_register()
        done = self.give("register", "{}")
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_damaged_state(self):
        self.ask_register()
        with open(self.state, "r+", encoding="utf-8") as file:
            file.truncate(40)
        self.assert_refused(self.give("register", "{}", "--json"), "state")
        done = self.run_verify("options-register", "--state", self.state, "--user", "joe")
        self.assertEqual(done.returncode, 1)

    def test_missing_state(self):
        self.assert_refused(self.give("register", "{}", "--json"), "state")

    def test_usage(self):
        for arguments in (
                ["frobnicate"], ["register"], ["register", "--state", self.state],
                ["register", "--state", self.state, "a", "b"],
                ["register", "--state", self.state, "/nonexistent/response.json"],
                ["options-register", "--state", self.state],
                ["options-register", "--state", self.state, "--user", "joe"],
                ["options-register", "--state", self.state, "--user", "joe", "--rp", RP,
                 "--origin", "https://example.org"],
                ["options-register", "--state", self.state, "--user", "joe", "--rp", RP,
                 "--origin", ORIGIN, "--alg", "DES"],
                ["options-register", "--state", self.state, "--user", "joe", "--rp", RP,
                 "--origin", ORIGIN, "--uv", "maybe"],
                ["options-login", "--state", self.state, "--frobnicate"]):
            with self.subTest(arguments=arguments):
                self.assert_usage(self.run_verify(*arguments))
                self.assertFalse(os.path.exists(self.state))

    def test_other_site_than_the_state(self):
        self.ask_register()
        self.assert_usage(self.run_verify("options-login", "--state", self.state, "--rp",
                                          "example.org"))

    def test_help_and_version(self):
        for arguments in (["--help"], ["register", "--help"]):
            done = self.run_verify(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("Usage:", done.stdout)
        done = self.run_verify("--version")
        self.assertRegex(done.stdout, r"^hybridge-verify \d")


if __name__ == "__main__":
    tap.main()
