#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the relay answers to requests, good and bad. Against the real program, plain and by TLS."""

import os
import socket
import ssl
import subprocess
import unittest
import warnings

from relaytest import PATIENCE, Client, Gone, both, certificate, connect_path, tunnel_id


class Statuses:
    def answer(self, relay, data):
        """(status, headers) of raw bytes, or None if the relay just leaves."""
        client = self.client(relay)
        try:
            client.send(data)
            status, headers, _ = client.answer()
        except (Gone, ConnectionError, ssl.SSLError):
            return None
        return status, {name.lower(): value for name, value in headers}

    def test_unknown_paths_are_404(self):
        relay = self.relay()
        tunnel = tunnel_id()
        for path in ("/", "/cable", "/cable/new", "/cable/new/", "/cable/new/" + tunnel[:-1],
                     f"/cable/new/{tunnel}0", f"/cable/new/{tunnel}/", "/cable/new/C0FFEE",
                     "/cable/new/not_hex_digits_here_but_32_chars", f"/cable/new/{tunnel}?a=b",
                     f"/CABLE/new/{tunnel}", f"/cable/connect/{tunnel}",
                     f"/cable/connect/C0FF/{tunnel}", f"/cable/connect/C0FFE/{tunnel}",
                     f"/cable/connect/C0FFEEC0/{tunnel}", f"/cable/connect/C0FFEG/{tunnel}",
                     f"/cable/connect/000000/{tunnel}/1234", "/cable/connect/000000/",
                     "/cable/contact/AAAA", f"/cable/custom/{tunnel}", "/metrics", "/healthz",
                     "/..", "/%00", "/cable/new/%zz"[:-3] + "%c3%28"):
            self.assertEqual(self.status(relay, path), 404, path)

    def test_a_path_without_a_slash_is_404(self):
        relay = self.relay()
        for path in ("cable/new/" + tunnel_id(), "*", "http://localhost/cable/new/" + tunnel_id()):
            self.assertEqual(self.status(relay, path), 404, path)

    def test_long_paths_are_404_then_414(self):
        relay = self.relay()
        for size in (60, 255, 1000, 1023, 1024, 1025, 2000, 5000, 20000):
            path = "/cable/new/" + "0" * (size - len("/cable/new/"))
            self.assertEqual(self.status(relay, path), 404 if size <= 1024 else 414, size)

    def test_an_unknown_tunnel_is_404(self):
        relay = self.relay()
        self.assertEqual(self.status(relay, "/cable/connect/000000/" + tunnel_id()), 404)
        self.assertEqual(relay.metric('refusals_total{cause="tunnel"}'), 1)

    def test_another_routing_id_is_404(self):
        relay = self.relay()
        _, tunnel = self.waiting(relay)
        self.assertEqual(self.status(relay, "/cable/connect/0000ff/" + tunnel), 404)
        self.assertEqual(self.status(relay, "/cable/connect/000100/" + tunnel), 404)
        self.client(relay).upgrade(connect_path(tunnel))

    def test_other_methods_are_405_and_name_get(self):
        relay = self.relay()
        for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW", "PROPFIND"):
            line = f"{method} /cable/new/{tunnel_id()} HTTP/1.1\r\nHost: x\r\n".encode()
            for rest in (b"", b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Version: 13\r\n"
                         b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                         b"Sec-WebSocket-Protocol: fido.cable\r\n"):
                status, headers = self.answer(relay, line + rest + b"Content-Length: 0\r\n\r\n")
                self.assertEqual(status, 405, method)
                self.assertEqual(headers["allow"], "GET")

    def test_a_body_does_not_hide_the_answer(self):
        relay = self.relay()
        for size in (1, 1000, 300000):
            body = (b"POST /cable/new/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" %
                    (tunnel_id().encode(), size)) + bytes(size)
            self.assertEqual(self.answer(relay, body)[0], 405)

    def test_a_wrong_or_missing_subprotocol_is_400(self):
        relay = self.relay()
        path = "/cable/new/" + tunnel_id()
        client = self.client(relay)
        client.request(path, drop=("Sec-WebSocket-Protocol",))
        self.assertEqual(client.answer()[0], 400)
        for wrong in ("", "fido", "fido.cable2", "FIDO.CABLE", "fido cable", "xfido.cable",
                      "fido.cable;q=1", "relay"):
            self.assertEqual(self.status(relay, path, Sec_WebSocket_Protocol=wrong), 400, wrong)
        self.client(relay).upgrade(path)

    def test_incomplete_upgrades_are_refused(self):
        relay = self.relay()
        path = "/cable/new/" + tunnel_id()
        for missing, status in (("Upgrade", 426), ("Connection", 400), ("Host", 400),
                                ("Sec-WebSocket-Key", 400), ("Sec-WebSocket-Version", 426)):
            client = self.client(relay)
            client.request(path, drop=(missing,))
            self.assertEqual(client.answer()[0], status, missing)
        for name, value, status in (("Sec_WebSocket_Version", "12", 426),
                                    ("Sec_WebSocket_Version", "8", 426),
                                    ("Sec_WebSocket_Version", "thirteen", 426),
                                    ("Sec_WebSocket_Key", "short", 400),
                                    ("Sec_WebSocket_Key", "A" * 300, 400),
                                    ("Connection", "keep-alive", 400),
                                    ("Upgrade", "h2c", 400)):
            self.assertEqual(self.status(relay, path, **{name: value}), status, name)
        self.client(relay).upgrade(path)

    def test_another_upgrade_is_refused_once(self):
        relay = self.relay()
        for upgrade in ("foo", "websockets", "h2c"):
            client = self.client(relay)
            client.request("/cable/new/" + tunnel_id(), Upgrade=upgrade)
            self.assertEqual(client.answer()[0], 400)
            self.assertTrue(client.ended())
            self.assertEqual(client.buffer, b"")
        self.assertEqual(relay.metric("tunnels_opened_total"), 0)

    def test_a_plain_get_is_told_to_upgrade(self):
        relay = self.relay()
        status, headers = self.answer(
            relay, b"GET /cable/new/%s HTTP/1.1\r\nHost: x\r\n\r\n" % tunnel_id().encode())
        self.assertEqual(status, 426)
        self.assertEqual(headers["upgrade"].lower(), "websocket")
        self.assertEqual(headers["sec-websocket-version"], "13")

    def test_an_old_http_cannot_upgrade(self):
        relay = self.relay()
        client = self.client(relay)
        client.send((f"GET /cable/new/{tunnel_id()} HTTP/1.0\r\nHost: x\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     "Sec-WebSocket-Protocol: fido.cable\r\n\r\n").encode())
        self.assertEqual(client.answer()[0], 400)

    def test_long_headers_are_431(self):
        relay = self.relay()
        path = "/cable/new/" + tunnel_id()
        for name in ("Sec_WebSocket_Extensions", "Cookie"):
            for size in (8192, 20000, 70000):
                self.assertEqual(self.status(relay, path, **{name: "a" * size}), 431, name)

    def test_the_longest_headers_are_read(self):
        relay = self.relay()
        self.client(relay).upgrade("/cable/new/" + tunnel_id(),
                                   Sec_WebSocket_Protocol="x" * 51 + "," + "y" * 62 + ",fido.cable",
                                   Sec_WebSocket_Extensions="e" * 250,
                                   Connection="k" * 62 + ", keep-alive," + "l" * 40 + ",upgrade",
                                   User_Agent="u" * 3000)

    def test_garbage_is_answered_or_dropped_and_never_more(self):
        relay = self.relay("--address-refusals", "1000000", "--request-time", "0.3")
        for data in (b"\r\n\r\n", b"hello\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n",
                     b"\xff" * 5000, b"GET\r\n\r\n", b"GET  HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/9.9\r\n\r\n", b"G E T / HTTP/1.1\r\n\r\n", b"A" * 100000,
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000,
                     b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
                     b"GET /%zz HTTP/1.1\r\n\r\n", b"GET /cable/new/%0 HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\nHost: x\n\n", b"CONNECT localhost:22 HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\nGET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
                     b"GET / HTTP/1.1\r\nHost: " + b"h" * 70000 + b"\r\n\r\n",
                     b"GET /" + b"&" * 2000 + b" HTTP/1.1\r\n\r\n",
                     b"GET /" + b"/.." * 2000 + b" HTTP/1.1\r\n\r\n"):
            answer = self.answer(relay, data)
            self.assertTrue(answer is None or 400 <= answer[0] <= 505, (data[:40], answer))
        for _ in range(50):
            answer = self.answer(relay, os.urandom(500) + b"\r\n\r\n")
            self.assertTrue(answer is None or 400 <= answer[0] < 500)
        self.pair(relay)

    def test_unknown_words_get_a_400(self):
        relay = self.relay()
        for data in (b"hello\r\n\r\n", b"\x00\x01\x02\x03\r\n\r\n", b"hi there, relay\r\n\r\n"):
            self.assertEqual(self.answer(relay, data)[0], 400, data)

    def test_a_request_cut_anywhere_opens_nothing(self):
        relay = self.relay()
        whole = Client.request
        for cut in range(0, 200, 7):
            client = self.client(relay)
            sent = []
            real, client.send = client.send, sent.append
            whole(client, "/cable/new/" + tunnel_id())
            real(sent[0][:cut])
            client.close()
        self.quiet(relay)
        self.assertEqual(relay.metric("tunnels_opened_total"), 0)
        self.pair(relay)

    def test_a_request_in_single_bytes_is_read(self):
        relay = self.relay()
        client = self.client(relay)
        sent = []
        real, client.send = client.send, sent.append
        client.request("/cable/new/" + tunnel_id())
        client.send = real
        for byte in sent[0]:
            client.send(bytes([byte]))
        self.assertEqual(client.answer()[0], 101)

    def test_the_answer_is_the_last_word(self):
        relay = self.relay()
        client = self.client(relay)
        request = b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
        client.send(request * 3)
        status, headers, _ = client.answer()
        self.assertEqual(status, 404)
        self.assertIn(("Connection", "close"), headers)
        self.assertTrue(client.ended())
        self.assertEqual(client.buffer, b"")

    def test_slow_requests_are_cut_off(self):
        relay = self.relay("--request-time", "0.3", "--tls-time", "0.3")
        for begin in (b"", b"GET /cable/new/", b"GET / HTTP/1.1\r\nHost:"):
            client = self.client(relay)
            client.send(begin)
            self.assertTrue(client.ended())
        self.assertEqual(relay.metric('refusals_total{cause="timeout"}'), 3)

    def test_origins_are_checked_on_demand(self):
        relay = self.relay("--origin-check")
        path = "/cable/new/"
        for origin in ("wss://localhost", "https://localhost:443", "wss://LOCALHOST", "localhost"):
            self.client(relay).upgrade(path + tunnel_id(), Origin=origin)
        self.client(relay).upgrade(path + tunnel_id())
        self.client(relay).upgrade(path + tunnel_id(), Origin="wss://[::1]:1", Host="[::1]:8443")
        for origin in ("wss://localhos", "wss://localhost.example", "wss://example", "null",
                       "wss://", "wss://[::1]", "x" * 400):
            self.assertEqual(self.status(relay, path + tunnel_id(), Origin=origin), 403, origin)


class Metrics:
    def test_health_and_metrics_are_served_apart(self):
        relay = self.relay()
        self.assertEqual(relay.get("/healthz"), (200, "ok\n"))
        self.assertEqual(relay.get("/cable/new/" + tunnel_id())[0], 404)
        first, _ = self.waiting(relay)
        self.assertEqual(relay.metric('tunnels{state="waiting"}'), 1)
        self.assertEqual(relay.metric('tunnels{state="paired"}'), 0)
        self.pair(relay)
        self.assertEqual(relay.metric('tunnels{state="paired"}'), 1)
        first.say(bytes(100))
        first.say(b"", 9)
        first.read_frame()
        self.assertEqual(relay.metric('messages_total{from="new"}'), 1)
        self.assertEqual(relay.metric('message_bytes_total{from="new"}'), 100)
        self.assertGreater(relay.metric("queued_bytes"), 100)
        first.close()
        while relay.metric('tunnels{state="waiting"}'):
            pass
        self.assertEqual(relay.metric("queued_bytes"), 0)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="vanished"}'), 1)

    def test_the_metrics_listener_does_not_upgrade(self):
        relay = self.relay()
        client = socket.create_connection(("127.0.0.1", relay.metrics_port), PATIENCE)
        with client:
            client.sendall((f"GET /cable/new/{tunnel_id()} HTTP/1.1\r\nHost: x\r\n"
                            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                            "Sec-WebSocket-Protocol: fido.cable\r\n\r\n").encode())
            self.assertNotIn(b"101", client.recv(1000)[:20])
        self.assertEqual(relay.metric("tunnels_opened_total"), 0)


StatusesPlain, StatusesTls = both(Statuses)
MetricsPlain, MetricsTls = both(Metrics)
del Statuses, Metrics


class TlsOnly(StatusesTls.__mro__[2]):
    """What only TLS can do wrong."""

    tls = True

    def handshake(self, relay, **limits):
        context = ssl.create_default_context(cafile=certificate()[0])
        context.set_alpn_protocols(limits.pop("alpn", ["http/1.1"]))
        for name, value in limits.items():
            setattr(context, name, value)
        with socket.create_connection(("127.0.0.1", relay.port), PATIENCE) as bare:
            with context.wrap_socket(bare, server_hostname="localhost") as secure:
                return secure.version(), secure.selected_alpn_protocol(), secure.compression()

    def test_versions_and_alpn(self):
        relay = self.relay()
        self.assertEqual(self.handshake(relay), ("TLSv1.3", "http/1.1", None))
        self.assertEqual(self.handshake(relay, alpn=["h2", "http/1.1"])[1], "http/1.1")
        self.assertEqual(self.handshake(relay, maximum_version=ssl.TLSVersion.TLSv1_2),
                         ("TLSv1.2", "http/1.1", None))

    def test_old_versions_are_refused(self):
        relay = self.relay()
        warnings.simplefilter("ignore", DeprecationWarning)
        with self.assertRaises((ssl.SSLError, OSError)):
            self.handshake(relay, minimum_version=ssl.TLSVersion.TLSv1,
                           maximum_version=ssl.TLSVersion.TLSv1_1)

    def test_x25519_is_preferred(self):
        relay = self.relay()
        for how in (("-tls1_2", "-groups", "P-256:X25519"), ("-groups", "X25519:P-256")):
            said = subprocess.run(("openssl", "s_client", "-connect", f"127.0.0.1:{relay.port}",
                                   *how), input=b"", capture_output=True)
            self.assertIn(b"Server Temp Key: X25519", said.stdout)

    def test_a_renegotiation_is_refused(self):
        relay = self.relay()
        said = subprocess.run(("openssl", "s_client", "-tls1_2", "-connect",
                               f"127.0.0.1:{relay.port}"), input=b"R\n", capture_output=True)
        self.assertIn(b"no renegotiation", said.stderr)

    def test_plain_http_to_the_tls_port_is_dropped(self):
        relay = self.relay()
        with socket.create_connection(("127.0.0.1", relay.port), PATIENCE) as bare:
            bare.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                self.assertNotIn(b"HTTP/1", bare.recv(1000))
            except ConnectionError:
                pass
        self.pair(relay)

    def test_a_handshake_cut_or_silent_is_dropped(self):
        relay = self.relay("--tls-time", "0.3")
        for begin in (b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                      b"\x16\x03\x01\xff\xff" + bytes(500), b"\x15\x03\x01\x00\x02\x02\x28"):
            with socket.create_connection(("127.0.0.1", relay.port), PATIENCE) as bare:
                bare.sendall(begin)
                try:
                    while bare.recv(1000):
                        pass
                except ConnectionError:
                    pass
        self.pair(relay)


if __name__ == "__main__":
    unittest.main()
