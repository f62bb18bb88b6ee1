#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Behind a proxy: whom limits apply to, and what of a header is believed. Plain and by TLS."""

import os
import socket
import ssl
import struct
import time
import unittest

from relaytest import Gone, both, certificate, connect_path, tunnel_id

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PROXY, LOCAL = 0x21, 0x20
TCP4, TCP6, UNIX, UNSPECIFIED = 0x11, 0x21, 0x31, 0x00

WORKERS = ("--workers", "2")
BALANCED = ("--trust", "127.0.0.1", "--proxy-protocol", *WORKERS)


def header(source, command=PROXY, family=None, extra=b"", length=None):
    """A PROXY header, version 2, for a connection from @source."""
    version = socket.AF_INET6 if ":" in source else socket.AF_INET
    block = socket.inet_pton(version, source) * 2 + struct.pack(">HH", 40000, 443) + extra
    if family is None:
        family = TCP6 if ":" in source else TCP4
    length = len(block) if length is None else length
    return SIGNATURE + bytes([command, family]) + struct.pack(">H", length) + block


class Balanced:
    """--trust and --proxy-protocol."""

    def opened(self, relay, first, **how):
        """A new tunnel's first end whose connection begins with @first."""
        client = self.client(relay, first=first, **how)
        client.upgrade("/cable/new/" + tunnel_id())
        return client

    def dropped(self, relay, first, **how):
        with self.assertRaises((Gone, OSError)):
            self.opened(relay, first, **how)

    def test_a_tunnel_passes(self):
        relay = self.relay(*BALANCED)
        for source in ("192.0.2.7", "2001:db8::7"):
            tunnel = tunnel_id()
            first = self.client(relay, first=header(source))
            first.upgrade("/cable/new/" + tunnel)
            second = self.client(relay, first=header("198.51.100.9", extra=bytes(500)))
            second.upgrade(connect_path(tunnel))
            first.say(bytes(70000))
            self.assertEqual(second.hear(), bytes(70000))

    def test_named_addresses_are_counted(self):
        relay = self.relay(*BALANCED, "--address-connections", "4")
        held = [self.opened(relay, header("192.0.2.7")) for _ in range(4)]
        for _ in range(3):
            self.dropped(relay, header("192.0.2.7"))
        self.assertEqual(relay.metric('refusals_total{cause="address"}'), 3)
        for _ in range(4):
            self.opened(relay, header("192.0.2.8"))
        # One /64 is one peer; an IPv4 address is the same in both families.
        for n in range(4):
            self.opened(relay, header(f"2001:db8::{n}:1"))
        self.dropped(relay, header("2001:db8::ffff:2"))
        self.opened(relay, header("2001:db8:0:1::1"))
        self.dropped(relay, header("::ffff:192.0.2.7"))
        held[0].reset()
        while relay.metric("connections") > 12:
            time.sleep(0.01)
        self.opened(relay, header("192.0.2.7"))

    def test_tunnels_of_a_named_address_are_counted(self):
        relay = self.relay(*BALANCED, "--address-tunnels", "3")
        for _ in range(3):
            self.opened(relay, header("192.0.2.7"))
        client = self.client(relay, first=header("192.0.2.7"))
        client.request("/cable/new/" + tunnel_id())
        self.assertEqual(client.answer()[0], 429)
        self.opened(relay, header("192.0.2.8"))

    def test_who_is_not_trusted_speaks_for_nobody(self):
        relay = self.relay(*BALANCED, "--request-time", "0.5")
        # From another address it is the beginning of TLS, or of a request, and neither.
        if self.tls:
            self.dropped(relay, header("192.0.2.7"), source="127.0.0.2")
        else:
            client = self.client(relay, first=header("192.0.2.7"), source="127.0.0.2")
            self.assertEqual(client.answer()[0], 400)
        self.opened(relay, b"", source="127.0.0.2")

    def test_without_a_header_nobody_is_served(self):
        relay = self.relay(*BALANCED, "--proxy-time", "0.4")
        with self.assertRaises((Gone, OSError)):
            client = self.client(relay)
            client.request("/cable/new/" + tunnel_id())
            client.answer()
        self.assertEqual(relay.metric("tunnels_opened_total"), 0)

    def test_broken_headers_are_dropped(self):
        relay = self.relay(*BALANCED, "--proxy-time", "5", "--request-time", "5")
        good = header("192.0.2.7")
        broken = [good[:12] + b"\x11" + good[13:], good[:12] + b"\x31" + good[13:],
                  good[:12] + b"\x22" + good[13:], header("192.0.2.7", family=0x12),
                  header("192.0.2.7", family=0x41), header("192.0.2.7", length=11),
                  header("2001:db8::1", length=35), header("192.0.2.7", length=65535),
                  header("192.0.2.7", length=2049), b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n",
                  b"\r\n\r\n\0\r\nQUIX\n" + good[12:], os.urandom(50)]
        begin = time.monotonic()
        for data in broken:
            self.dropped(relay, data)
        self.assertLess(time.monotonic() - begin, 4)
        self.assertEqual(relay.metric('refusals_total{cause="proxy"}'), len(broken))
        self.opened(relay, good)

    def test_slow_headers_are_dropped(self):
        relay = self.relay(*BALANCED, "--proxy-time", "0.4", "--request-time", "30", "--tls-time",
                           "30")
        bare = type("Bare", (), {"port": relay.port, "tls": False})
        good = header("192.0.2.7")
        for cut in (0, 1, 12, 15, 16, len(good) - 1):
            client = self.client(bare, first=good[:cut])
            self.assertTrue(client.ended(), cut)
        self.assertEqual(relay.metric('refusals_total{cause="timeout"}'), 6)

    def test_a_header_in_single_bytes_is_read(self):
        relay = self.relay(*BALANCED)
        bare = type("Bare", (), {"port": relay.port, "tls": False})
        client = self.client(bare)
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in header("192.0.2.7", extra=bytes(30)):
            client.send(bytes([byte]))
        if self.tls:
            context = ssl.create_default_context(cafile=certificate()[0])
            client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
        client.upgrade("/cable/new/" + tunnel_id())

    def test_checks_of_the_balancer_are_bounded_by_nothing(self):
        relay = self.relay(*BALANCED, "--address-connections", "1")
        for command, family in ((LOCAL, UNSPECIFIED), (LOCAL, TCP4), (PROXY, UNSPECIFIED),
                                (PROXY, UNIX)):
            self.opened(relay, header("192.0.2.7", command=command, family=family))
        self.opened(relay, SIGNATURE + bytes([LOCAL, 0, 0, 0]))
        self.assertEqual(relay.metric("connections"), 5)

    def test_a_header_alone_is_no_end(self):
        relay = self.relay(*BALANCED)
        bare = type("Bare", (), {"port": relay.port, "tls": False})
        for cut in (5, 16, 28):
            client = self.client(bare, first=header("192.0.2.7")[:cut])
            client.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(client.ended())
            client.close()
        relay.settled()


class Forwarded:
    """--trust alone: X-Forwarded-For."""

    def opened(self, relay, *values, source=None):
        """The status of a new tunnel with these X-Forwarded-For."""
        client = self.client(relay, source=source)
        changes = {f"X_Forwarded_{'Fo' if n % 2 else 'fo'}{'r' if n < 2 else 'R'}": value
                   for n, value in enumerate(values)}
        client.request("/cable/new/" + tunnel_id(), **changes)
        return client.answer()[0]

    def test_named_addresses_are_counted(self):
        relay = self.relay("--trust", "127.0.0.1,10.0.0.0/8", *WORKERS, "--address-connections",
                           "3")
        for value in ("192.0.2.7", "203.0.113.9, 192.0.2.7", "192.0.2.7:4711"):
            self.assertEqual(self.opened(relay, value), 101)
        for value in ("192.0.2.7", "192.0.2.7, 10.1.2.3", "::ffff:192.0.2.7", "1, 192.0.2.7"):
            self.assertEqual(self.opened(relay, value), 429, value)
        # What stands left of a stranger is the stranger's invention.
        self.assertEqual(self.opened(relay, "192.0.2.7, 192.0.2.8"), 101)
        self.assertEqual(self.opened(relay, "192.0.2.7", "192.0.2.8"), 101)
        self.assertEqual(self.opened(relay, "192.0.2.8", "10.0.0.1"), 101)
        self.assertEqual(self.opened(relay, "192.0.2.8"), 429)

    def test_proxies_themselves_are_bounded_by_nothing(self):
        relay = self.relay("--trust", "127.0.0.1", *WORKERS, "--address-connections", "1")
        for values in ((), ("",), ("127.0.0.1",), ("nonsense",), (",,,",)):
            self.assertEqual(self.opened(relay, *values), 101, values)

    def test_who_is_not_trusted_speaks_for_nobody(self):
        relay = self.relay("--trust", "127.0.0.1", *WORKERS, "--address-connections", "2")
        for value in ("192.0.2.1", "192.0.2.2"):
            self.assertEqual(self.opened(relay, value, source="127.0.0.2"), 101)
        with self.assertRaises((Gone, OSError)):
            self.opened(relay, "192.0.2.3", source="127.0.0.2")
        self.assertEqual(self.opened(relay, "192.0.2.1"), 101)

    def test_without_trust_nobody_is_believed(self):
        relay = self.relay(*WORKERS, "--address-connections", "2")
        for value in ("192.0.2.1", "192.0.2.2"):
            self.assertEqual(self.opened(relay, value), 101)
        with self.assertRaises((Gone, OSError)):
            self.opened(relay, "192.0.2.3")

    def test_refusals_of_a_named_address(self):
        relay = self.relay("--trust", "127.0.0.1", *WORKERS, "--address-refusals", "3")
        for _ in range(3):
            self.assertEqual(self.status(relay, "/cable/connect/000000/" + tunnel_id(),
                                         X_Forwarded_For="192.0.2.7"), 404)
        self.assertEqual(self.opened(relay, "192.0.2.7"), 429)
        self.assertEqual(self.opened(relay, "192.0.2.8"), 101)


BalancedPlain, BalancedTls = both(Balanced)
ForwardedPlain, ForwardedTls = both(Forwarded)
del Balanced, Forwarded

if __name__ == "__main__":
    unittest.main()
