#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""hybridge-relay --doctor: at a relay that is well, and at each way a relay can be broken."""

import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from faulty_relay import Faults, FaultyRelay
from relaytest import PATIENCE, RELAY, RelayTestCase, certificate, openssl, scratch

NAMES = os.environ.get("NAMES_MODULE", "build/tests/common/names.so")

USAGE, UNREACHABLE, TLS, REFUSED, LEFT, PROTOCOL, CANCELLED = 2, 20, 21, 22, 31, 32, 50
CAUSES = {USAGE: "usage", UNREACHABLE: "relay-unreachable", TLS: "relay-tls",
          REFUSED: "relay-refused", LEFT: "phone-left", PROTOCOL: "protocol",
          CANCELLED: "cancelled"}

TO_TLS = ["name", "tcp", "tls", "certificate"]
SIGN_IN = ["new", "connect", "message", "message", "round-trip", "joined-twice", "close",
           "after-close", "unknown-tunnel"]
RULES = ["upper-case", "origin", "compression", "early-message", "size", "tunnels"]


def environment(names=None):
    env = {name: value for name, value in os.environ.items() if name != "G_MESSAGES_DEBUG"}
    env |= {"HOME": "/nonexistent", "G_DEBUG": "fatal-criticals"}
    if names is not None:
        # A blank in the path would part it in two; the folder may have one.
        env |= {"LD_PRELOAD": os.path.basename(NAMES), "HYBRIDGE_NAMES": names,
                "LD_LIBRARY_PATH": os.path.dirname(NAMES),
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    return env


def doctor(*options, names=None):
    """(exit status, stdout, stderr)"""
    done = subprocess.run((RELAY, "--doctor") + options, capture_output=True, text=True,
                          timeout=4 * PATIENCE, env=environment(names))
    return done.returncode, done.stdout, done.stderr


def issue(name, days, *subject):
    """A certificate of the test authority's for @subject, its validity @days from now."""
    certificate()
    path = os.path.join(scratch(), name)
    with open(path + ".san", "w") as extension:
        extension.write("subjectAltName=" + ",".join(subject) + "\n")
    openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-days",
            str(days), "-extfile", path + ".san", "-out", path)
    return path


class DoctorTestCase(RelayTestCase):
    def report(self, status, *options, names=None):
        """The JSON of an examination that ends with @status."""
        code, out, err = doctor(*options, "--json", names=names)
        self.assertEqual(code, status, out + err)
        report = json.loads(out)
        self.assertEqual((report["exit"], report["ok"]), (status, status == 0))
        self.assertEqual(report.get("cause"), CAUSES.get(status))
        for step in report["steps"]:
            self.assertGreaterEqual(step["ms"], 0)
            self.assertTrue(step["detail"])
        if status == 0:
            self.assertEqual(err, "")
        else:
            self.assertRegex(err, r"^hybridge-relay: [^\n]*\.\n[A-Z][^\n]*\.\n$")
        return report

    def names(self, report, status=None):
        return [step["step"] for step in report["steps"] if status in (None, step["status"])]

    def step(self, report, name):
        return next(step for step in report["steps"] if step["step"] == name)

    def secure(self, *options):
        self.tls = True
        return self.relay(*options)

    def faulty(self, cert=None, key=None, **faults):
        relay = FaultyRelay(Faults(**faults), cert=cert, key=key)
        relay.start()
        self.addCleanup(relay.stop)
        return relay

    def fails(self, status, step, words, *options, **faults):
        """A relay with @faults is found out at @step."""
        relay = self.faulty(**faults)
        report = self.report(status, f"ws://127.0.0.1:{relay.port}", *options)
        failed = [one for one in report["steps"] if one["status"] == "failed"]
        self.assertEqual(failed[0]["step"], step)
        self.assertEqual(failed[0]["cause"], CAUSES[status])
        for word in words:
            self.assertIn(word, failed[0]["detail"])
        return report


class Well(DoctorTestCase):
    def test_a_plain_relay(self):
        relay = self.relay("--node", "258")
        report = self.report(0, f"ws://127.0.0.1:{relay.port}")
        self.assertEqual(self.names(report), ["name", "tcp"] + SIGN_IN + RULES)
        self.assertEqual(self.names(report, "ok"), self.names(report))
        self.assertEqual(report["url"], f"ws://127.0.0.1:{relay.port}")
        new = self.step(report, "new")
        self.assertEqual((new["routingId"], new["node"]), (f"0102{new['worker']:02x}", 258))
        seen = self.step(report, "tunnels")["routingIds"]
        self.assertEqual((sum(seen.values()), {name[:4] for name in seen}), (8, {"0102"}))
        self.assertEqual(self.step(report, "close")["code"], 4001)
        self.assertEqual(self.step(report, "size")["bytes"], 1024 * 1024)
        self.assertEqual(self.step(report, "joined-twice")["httpStatus"], 409)
        self.assertGreater(self.step(report, "round-trip")["medianMs"], 0)
        self.quiet(relay)

    def test_a_line_for_each_step(self):
        relay = self.relay()
        for url in (f"ws://127.0.0.1:{relay.port}", f"http://127.0.0.1:{relay.port}/"):
            code, out, err = doctor(url)
            self.assertEqual((code, err), (0, ""))
            lines = out.splitlines()
            for line, step in zip(lines, ["name", "tcp"] + SIGN_IN + RULES):
                self.assertRegex(line, rf"^ok +\d+\.\d ms  {step}: .")
            self.assertEqual(lines[-1],
                             f"ws://127.0.0.1:{relay.port} is well: 17 steps, 0 warnings.")
        self.quiet(relay)
        self.assertNotIn("vanished", relay.errors())

    def test_by_tls(self):
        relay = self.secure("--cert", issue("long.pem", 60, "DNS:localhost", "IP:127.0.0.1"))
        ca = certificate()[0]
        report = self.report(0, f"wss://127.0.0.1:{relay.port}", "--cacert", ca)
        self.assertEqual(self.names(report, "ok"), TO_TLS + SIGN_IN + RULES)
        self.assertEqual(self.step(report, "tls")["protocol"], "TLSv1.3")
        found = self.step(report, "certificate")
        self.assertEqual(found["names"], ["localhost", "127.0.0.1"])
        self.assertEqual(found["issuer"], "Test CA")
        self.assertIn(found["daysLeft"], (59, 60))
        self.assertIn(ca, found["detail"])

    def test_by_name_and_resolve(self):
        relay = self.secure("--cert", issue("named.pem", 60, "DNS:relay.test"))
        for url, port in (("relay.test", 443), ("https://RELAY.test", 443), ("relay.test:7", 7)):
            with self.subTest(url):
                report = self.report(0, url, "--cacert", certificate()[0], "--resolve",
                                     f"relay.test:{port}:127.0.0.1:{relay.port}")
                self.assertEqual(self.names(report, "ok"), TO_TLS + SIGN_IN + RULES)

    def test_an_address_of_ipv6(self):
        try:
            relay = self.relay("--origin-check", listen=("[::1]:0", ))
        except AssertionError:
            self.skipTest("this machine has no IPv6")
        report = self.report(0, f"ws://[::1]:{relay.port}")
        self.assertEqual(self.names(report, "ok"), self.names(report))

    def test_a_certificate_that_ends_soon(self):
        relay = self.secure()
        report = self.report(0, f"127.0.0.1:{relay.port}", "--cacert", certificate()[0])
        self.assertEqual(self.names(report, "warning"), ["certificate"])
        self.assertIn("renew", self.step(report, "certificate")["detail"])
        self.assertEqual(report["warnings"], 1)

    def test_a_small_relay(self):
        relay = self.relay("--message-size", "16k", "--messages", "16")
        report = self.report(0, f"ws://127.0.0.1:{relay.port}")
        self.assertEqual(self.names(report, "warning"), ["size"])
        self.assertEqual(self.step(report, "size")["bytes"], 16384)

    def test_several_addresses(self):
        relay = self.relay(listen=("127.0.0.1:0", ))
        other = self.relay(listen=(f"127.0.0.2:{relay.port}", ))
        # Two relays that know nothing of each other: each works, both together do not.
        report = self.report(REFUSED, f"ws://relay.test:{relay.port}",
                             names="relay.test=127.0.0.1,127.0.0.2")
        self.assertEqual(self.step(report, "name")["addresses"], ["127.0.0.1", "127.0.0.2"])
        self.assertEqual(self.names(report, "failed"), ["tunnels"])
        self.assertEqual([step["address"] for step in report["steps"]
                          if step["step"] in ("tcp", "address")], ["127.0.0.1", "127.0.0.2"] * 2)
        self.assertIn("routing ID", self.step(report, "tunnels")["detail"])
        self.quiet(other)

    def test_one_relay_by_several_addresses(self):
        relay = self.relay(listen=("0.0.0.0:0", ))
        report = self.report(0, f"ws://relay.test:{relay.port}",
                             names="relay.test=127.0.0.1,127.0.0.2,127.0.0.3")
        self.assertEqual(self.names(report).count("address"), 3)

    def test_one_address_of_two_is_dead(self):
        relay = self.relay()
        report = self.report(UNREACHABLE, f"ws://relay.test:{relay.port}",
                             names="relay.test=127.0.0.1,127.0.0.2")
        self.assertEqual(self.names(report, "failed"), ["tcp"])
        self.assertIn("127.0.0.2", report["steps"][2]["detail"])
        self.assertEqual(self.names(report)[-1], "tunnels")


class Broken(DoctorTestCase):
    def test_a_name_that_does_not_exist(self):
        for names, word in (("", "no address"), ("relay.test=?", "name servers"),
                            ("relay.test=forever", "name servers")):
            with self.subTest(names):
                report = self.report(UNREACHABLE, "relay.test", "--request-time", "0.3",
                                     names=names)
                self.assertEqual(self.names(report), ["name"])
                self.assertIn(word, report["steps"][0]["detail"])

    def test_a_port_where_nothing_listens(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            where = "127.0.0.1:%d" % unused.getsockname()[1]
            for url in ("wss://" + where, "ws://" + where):
                report = self.report(UNREACHABLE, url)
                self.assertEqual(self.names(report, "failed"), ["tcp"])
                self.assertIn("nothing listens", report["steps"][1]["detail"])

    def test_bad_certificates(self):
        ca, cert, key = certificate()
        expired = issue("expired.pem", -1, "DNS:localhost", "IP:127.0.0.1")
        wrong = issue("wrong.pem", 60, "DNS:other.test")
        both = issue("both.pem", -1, "DNS:other.test")
        trusted = ("--cacert", ca)
        for used, options, words in ((expired, trusted, ["expired"]),
                                     (wrong, trusted, ["another name", "other.test"]),
                                     (both, trusted, ["expired", "another name"]),
                                     (cert, (), ["not from an authority", "--cacert"])):
            with self.subTest(words):
                relay = self.faulty(used, key)
                report = self.report(TLS, f"wss://localhost:{relay.port}", "--resolve",
                                     f"localhost:{relay.port}:127.0.0.1", *options)
                self.assertEqual(self.names(report), TO_TLS)
                for word in words:
                    self.assertIn(word, self.step(report, "certificate")["detail"])
                self.assertEqual(relay.requests, [])

    def test_tls_and_none_mixed_up(self):
        relay = self.relay()
        report = self.report(TLS, f"wss://127.0.0.1:{relay.port}")
        self.assertIn("ws://", self.step(report, "tls")["detail"])
        relay = self.secure()
        code, out, _ = doctor(f"ws://127.0.0.1:{relay.port}")
        self.assertIn(code, (REFUSED, PROTOCOL))
        self.assertIn("wss://", out)

    def test_statuses(self):
        for status, word in ((200, "web server"), (301, "redirects"), (400, "Upgrade"),
                             (403, "password"), (404, "/cable/"), (429, "limit"), (502, "log"),
                             (503, "--tunnels"), (418, "418")):
            with self.subTest(status):
                report = self.fails(REFUSED, "new", [str(status), word], status_new=status)
                self.assertEqual(self.names(report), ["name", "tcp", "new"])
        self.fails(REFUSED, "connect", ["404", "routing ID"], status_connect=404)
        self.fails(REFUSED, "connect", ["500"], status_connect=500)

    def test_headers(self):
        for faults, words in (({"routing_id": "none"}, ["no X-caBLE-Routing-ID"]),
                              ({"routing_id": "twice"}, ["several times"]),
                              ({"routing_id": "malformed"}, ["six hex digits"]),
                              ({"subprotocol": False}, ["fido.cable"]),
                              ({"accept_key": False}, ["Sec-WebSocket-Accept"])):
            with self.subTest(faults):
                self.fails(PROTOCOL, "new", words, **faults)

    def test_one_that_never_answers(self):
        for step, faults in (("new", {"stall_new": True}), ("connect", {"stall_connect": True}),
                             ("message", {"stall": ("a2c", 1)})):
            with self.subTest(step):
                report = self.fails(UNREACHABLE, step, ["within 0.3 s"], "--request-time", "0.3",
                                    **faults)
                took = next(one["ms"] for one in report["steps"] if one["status"] == "failed")
                self.assertGreaterEqual(took, 300)

    def test_messages(self):
        for status, words, faults in (
                (PROTOCOL, ["others came out"], {"flip": ("a2c", 1)}),
                (PROTOCOL, ["81 bytes", "80"], {"truncate": ("c2a", 1)}),
                (PROTOCOL, ["text"], {"inject": ("a2c", 1, "text")}),
                (PROTOCOL, ["others came out"], {"inject": ("c2a", 2, "empty")}),
                (PROTOCOL, ["longer"], {"inject": ("a2c", 1, "oversized"), "oversized": 1 << 22}),
                (PROTOCOL, [], {"repeat": ("c2a", 1)}),
                (PROTOCOL, [], {"repeat": ("a2c", 1)}),
                (LEFT, ["code 1011"], {"close": ("a2c", 1, 1011)}),
                (LEFT, ["broke off"], {"drop": ("c2a", 2)})):
            with self.subTest(faults):
                self.fails(status, "message", words, **faults)

    def test_what_is_odd_and_allowed(self):
        relay = self.faulty(ping=True, fragment=1000)
        report = self.report(0, f"ws://127.0.0.1:{relay.port}")
        self.assertEqual(self.names(report, "ok"), self.names(report))
        self.assertEqual(self.step(report, "after-close")["httpStatus"], 404)
        offers = [headers for _, headers in relay.requests
                  if "sec-websocket-extensions" in headers]
        self.assertEqual(len(offers), 1)
        origins = [headers["origin"] for _, headers in relay.requests if "origin" in headers]
        self.assertEqual(origins, [f"ws://127.0.0.1:{relay.port}"])

    def test_servers_of_another_kind(self):
        for said, status, word in ((b"", REFUSED, "closed without an answer"),
                                   (b"220 mail ready\r\n\r\n", PROTOCOL, "not HTTP"),
                                   (b"HTTP/1.1 101 Sw\r\nbad\r\n\r\n", PROTOCOL, "not HTTP"),
                                   (b"HTTP/1.1 101 Sw\r\n\r\n", PROTOCOL, "Upgrade"),
                                   (b"HTTP/1.1 \x00\xff", PROTOCOL, "not HTTP"),
                                   (b"x" * 20000, PROTOCOL, "not HTTP")):
            with self.subTest(said[:20]), socket.create_server(("127.0.0.1", 0)) as server:
                def serve():
                    for _ in range(2):  # the step tcp, then the step new
                        peer = server.accept()[0]
                        with peer:
                            if peer.recv(4096):
                                peer.sendall(said)
                thread = threading.Thread(target=serve)
                thread.start()
                report = self.report(status, f"ws://127.0.0.1:{server.getsockname()[1]}")
                thread.join()
                self.assertIn(word, self.step(report, "new")["detail"])

    def test_what_a_server_says_cannot_command_a_terminal(self):
        _, cert, key = certificate()
        openssl("req", "-x509", "-key", "key.pem", "-out", "odd.pem", "-days", "2", "-utf8",
                "-subj", "/CN=\033[2Jodd")
        relay = self.faulty(os.path.join(scratch(), "odd.pem"), key)
        code, out, err = doctor(f"wss://127.0.0.1:{relay.port}")
        self.assertEqual(code, TLS)
        self.assertNotIn("\033", out + err)
        self.assertIn("[2Jodd", out)


class Use(DoctorTestCase):
    def test_usage(self):
        good = "ws://127.0.0.1:1"
        for options in (["--doctor"], ["--doctor", ""], ["--doctor", "ftp://relay.test"],
                        ["--doctor", "wss://"], ["--doctor", "wss://relay.test/cable/new"],
                        ["--doctor", "wss://user@relay.test"], ["--doctor", "relay.test:0"],
                        ["--doctor", "relay.test:70000"], ["--doctor", "relay.test?x"],
                        ["--doctor", "relay test"], ["--doctor", "x" * 300],
                        ["--doctor", good, "--plain"], ["--doctor", good, "--check-config"],
                        ["--doctor", good, "--listen", "127.0.0.1:0"],
                        ["--doctor", good, "--resolve", "nonsense"],
                        ["--doctor", good, "--cacert", "/nonexistent"],
                        ["--doctor", good, "more"],
                        ["--plain", "--json"], ["--plain", "--cacert", certificate()[0]],
                        ["--plain", "--resolve", "relay.test:1:127.0.0.1"]):
            with self.subTest(options):
                done = subprocess.run([RELAY, *options], capture_output=True, text=True,
                                      timeout=PATIENCE, env=environment())
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""), done.stderr)
                self.assertRegex(done.stderr, r"^hybridge-relay: [^\n]*\.\nSee [^\n]*\.\n$")

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for form in ([], ["--json"]):
                with self.subTest(number, form=form):
                    relay = self.faulty(stall_new=True)
                    process = subprocess.Popen(
                        [RELAY, "--doctor", f"ws://127.0.0.1:{relay.port}", "--request-time", "0",
                         *form], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                        env=environment())
                    while not relay.requests:
                        pass
                    process.send_signal(number)
                    out, err = process.communicate(timeout=PATIENCE)
                    self.assertEqual(process.returncode, CANCELLED, err)
                    self.assertTrue(err.startswith("hybridge-relay: Cancelled.\n"))
                    if form:
                        self.assertEqual(json.loads(out)["cause"], "cancelled")
                    else:
                        self.assertIn("new: Cancelled", out)

    def test_interrupted_while_the_name_is_looked_up(self):
        process = subprocess.Popen([RELAY, "--doctor", "relay.test"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=environment("relay.test=forever"))
        while not os.path.exists(f"/proc/{process.pid}/task") or \
                len(os.listdir(f"/proc/{process.pid}/task")) < 2:
            pass
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, CANCELLED)

    def test_output_that_cannot_be_written(self):
        relay = self.relay()
        for form in ([], ["--json"]):
            with self.subTest(form), open("/dev/full", "w") as full:
                done = subprocess.run([RELAY, "--doctor", f"ws://127.0.0.1:{relay.port}", *form],
                                      stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE,
                                      env=environment())
                self.assertEqual(done.returncode, 60, done.stderr)


if __name__ == "__main__":
    unittest.main()
