#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a tunnel carries, and how it ends. Against the real program, plain and by TLS."""

import asyncio
import os
import ssl
import struct
import unittest

import websockets

from relaytest import (BINARY, CLOSE, CONTINUATION, PING, PONG, Relay, both, certificate,
                       connect_path, tunnel_id)

MESSAGE_MAX = 1024 * 1024 + 1024


class Carrying:
    def test_messages_pass_both_ways_unchanged(self):
        first, second = self.pair(self.relay())
        for size in (1, 81, 125, 126, 127, 1023, 1024, 1025, 4096, 65535, 65536, MESSAGE_MAX):
            sent = os.urandom(size)
            second.say(sent)
            self.assertEqual(first.hear(), sent)
            first.say(sent)
            self.assertEqual(second.hear(), sent)

    def test_both_hex_cases_name_one_tunnel(self):
        relay = self.relay()
        for new, connect in ((str.upper, str.lower), (str.lower, str.upper)):
            tunnel = "00ab" + os.urandom(14).hex()
            first = self.client(relay)
            headers = first.upgrade("/cable/new/" + new(tunnel))
            routes = [v for n, v in headers if n.lower() == "x-cable-routing-id"]
            self.assertEqual(len(routes), 1)
            self.assertRegex(routes[0], r"^[0-9a-fA-F]{6}$")
            second = self.client(relay)
            second.upgrade(f"/cable/connect/{connect(routes[0])}/{connect(tunnel)}")
            first.say(b"met")
            self.assertEqual(second.hear(), b"met")

    def test_the_subprotocol_is_echoed_to_both(self):
        relay = self.relay()
        tunnel = tunnel_id()
        for path in (lambda: "/cable/new/" + tunnel, lambda: connect_path(tunnel)):
            headers = self.client(relay).upgrade(path())
            self.assertIn(("sec-websocket-protocol", "fido.cable"),
                          [(n.lower(), v) for n, v in headers])

    def test_the_subprotocol_may_be_one_of_several(self):
        relay = self.relay()
        headers = self.client(relay).upgrade("/cable/new/" + tunnel_id(),
                                             Sec_WebSocket_Protocol="other, fido.cable")
        self.assertIn(("sec-websocket-protocol", "fido.cable"),
                      [(n.lower(), v) for n, v in headers])

    def test_connect_gets_no_routing_id(self):
        relay = self.relay()
        _, tunnel = self.waiting(relay)
        headers = self.client(relay).upgrade(connect_path(tunnel))
        self.assertNotIn("x-cable-routing-id", [n.lower() for n, _ in headers])

    def test_the_routing_id_names_the_node(self):
        relay = self.relay("--node", "43981")
        tunnel = tunnel_id()
        headers = dict(self.client(relay).upgrade("/cable/new/" + tunnel))
        route = headers["X-caBLE-Routing-ID"]
        self.assertRegex(route, "^abcd0[0-9a-f]$")
        self.assertEqual(self.status(relay, "/cable/connect/000000/" + tunnel), 404)
        self.client(relay).upgrade(f"/cable/connect/{route.upper()}/" + tunnel)

    def test_what_comes_before_the_second_end_is_kept_in_order(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        sent = [os.urandom(size) for size in (81, 1, 4000, 528)]
        for message in sent:
            first.say(message)
        first.say(b"", PING)
        self.assertEqual(first.read_frame(), (PONG, b""))
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        self.assertEqual([second.hear() for _ in sent], sent)

    def test_a_message_begun_before_and_ended_after_the_join_arrives(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        first.say(b"one ", final=False)
        first.say(b"", PING)
        first.read_frame()
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.say(b"two", CONTINUATION)
        self.assertEqual(second.hear(), b"one two")

    def test_fragments_become_one_message(self):
        first, second = self.pair(self.relay())
        sent = os.urandom(3000)
        first.say(sent[:1], final=False)
        first.say(sent[1:1], CONTINUATION, final=False)
        first.say(b"between", PING)
        first.say(sent[1:2000], CONTINUATION, final=False)
        first.say(sent[2000:], CONTINUATION)
        self.assertEqual(first.read_frame(), (PONG, b"between"))
        self.assertEqual(second.hear(), sent)

    def test_a_message_of_single_bytes_in_single_packets_arrives(self):
        first, second = self.pair(self.relay())
        for byte in first.frame(BINARY, b"slowly"):
            first.send(bytes([byte]))
        self.assertEqual(second.hear(), b"slowly")

    def test_many_messages_in_one_packet_arrive_in_order(self):
        first, second = self.pair(self.relay())
        sent = [struct.pack(">H", i) for i in range(60)]
        first.send(b"".join(first.frame(BINARY, message) for message in sent))
        self.assertEqual([second.hear() for _ in sent], sent)

    def test_a_message_sent_along_with_the_request_arrives(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        second = self.client(relay)
        request = (f"GET {connect_path(tunnel)} HTTP/1.1\r\nHost: localhost\r\n"
                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n")
        second.send(request.encode() + second.frame(BINARY, b"at once"))
        self.assertEqual(second.answer()[0], 101)
        self.assertEqual(first.hear(), b"at once")

    def test_pings_are_answered_not_forwarded_not_counted(self):
        first, second = self.pair(self.relay("--messages", "2"))
        for payload in (b"", b"a", bytes(125)):
            for _ in range(3):
                first.say(payload, PING)
                self.assertEqual(first.read_frame(), (PONG, payload))
            first.say(payload, PONG)
        for message in (b"one", b"two"):
            first.say(message)
            self.assertEqual(second.hear(), message)

    def test_compression_is_declined(self):
        relay = self.relay()
        tunnel = tunnel_id()
        offer = "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame, unknown; a=b"
        for path in (lambda: "/cable/new/" + tunnel, lambda: connect_path(tunnel)):
            headers = self.client(relay).upgrade(path(), Sec_WebSocket_Extensions=offer)
            self.assertNotIn("sec-websocket-extensions", [n.lower() for n, _ in headers])

    def test_any_origin_or_none_is_served(self):
        relay = self.relay()
        self.client(relay).upgrade("/cable/new/" + tunnel_id())
        for origin in ("wss://localhost", "https://elsewhere.example", "null", "\xff"):
            self.client(relay).upgrade("/cable/new/" + tunnel_id(), Origin=origin)

    def test_tunnels_do_not_mix(self):
        relay = self.relay()
        pairs = [self.pair(relay) for _ in range(8)]
        for i, (first, second) in enumerate(pairs):
            first.say(b"from %d" % i)
            second.say(b"to %d" % i)
        for i, (first, second) in enumerate(pairs):
            self.assertEqual(second.hear(), b"from %d" % i)
            self.assertEqual(first.hear(), b"to %d" % i)


class Ending:
    def test_a_close_reaches_the_other_end_with_its_code(self):
        relay = self.relay()
        for code in (1000, 1001, 1011, 3000, 4001, 4999):
            for leaver in (0, 1):
                ends = self.pair(relay)
                ends[leaver].leave(code)
                self.assertEqual(ends[1 - leaver].closed(), code)
                self.assertEqual(ends[leaver].closed(), code)

    def test_a_close_without_a_code_is_a_normal_one(self):
        first, second = self.pair(self.relay())
        first.say(b"", CLOSE)
        self.assertEqual(second.closed(), 1000)

    def test_a_code_that_may_not_be_sent_becomes_a_protocol_error(self):
        relay = self.relay()
        for payload in (struct.pack(">H", 999), struct.pack(">H", 1005), b"\x03"):
            first, second = self.pair(relay)
            first.say(payload, CLOSE)
            self.assertEqual(first.closed(), 1002)
            self.assertEqual(second.closed(), 1008)

    def test_a_vanished_end_is_told_as_going_away(self):
        relay = self.relay()
        for how in ("close", "reset"):
            for leaver in (0, 1):
                ends = self.pair(relay)
                getattr(ends[leaver], how)()
                self.assertEqual(ends[1 - leaver].closed(), 1001)

    def test_what_was_sent_before_leaving_still_arrives(self):
        relay = self.relay()
        first, second = self.pair(relay)
        sent = [os.urandom(40000) for _ in range(3)]
        for message in sent:
            first.say(message)
        first.leave()
        self.assertEqual([second.hear() for _ in sent], sent)
        self.assertEqual(second.closed(), 1000)

    def test_a_tunnel_works_once(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        self.assertEqual(self.status(relay, connect_path(tunnel)), 409)
        self.assertEqual(self.status(relay, "/cable/new/" + tunnel), 409)
        first.say(b"unharmed")
        self.assertEqual(second.hear(), b"unharmed")
        second.leave()
        self.assertEqual(first.closed(), 1000)
        self.assertEqual(self.status(relay, connect_path(tunnel)), 404)

    def test_a_second_new_does_not_harm_the_first(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        self.assertEqual(self.status(relay, "/cable/new/" + tunnel.upper()), 409)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.say(b"mine")
        self.assertEqual(second.hear(), b"mine")

    def test_a_phone_that_comes_back_gets_a_new_tunnel(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        first.leave()
        first.closed()
        self.quiet(relay)
        self.assertEqual(self.status(relay, connect_path(tunnel)), 404)
        again = self.client(relay)
        again.upgrade("/cable/new/" + tunnel)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        second.say(b"hello again")
        self.assertEqual(again.hear(), b"hello again")

    def test_sigterm_closes_every_tunnel_as_going_away(self):
        for how in (15, 2):
            relay = Relay(tls=self.tls)
            first, second = self.pair(relay)
            waiting, _ = self.waiting(relay)
            bare = self.client(relay)
            relay.process.send_signal(how)
            for client in (first, second, waiting):
                self.assertEqual(client.closed(), 1001)
            self.assertTrue(bare.ended())
            self.assertEqual(relay.stop(), 0)

    def test_sigterm_does_not_wait_for_a_silent_end(self):
        relay = Relay("--close-time", "0.2", tls=self.tls)
        first, _ = self.pair(relay)
        relay.process.terminate()
        self.assertEqual(first.read_frame()[0], CLOSE)
        self.assertEqual(relay.stop(), 0)

    def test_each_tunnel_leaves_one_line_without_its_id(self):
        relay = self.relay()
        first, tunnel = self.waiting(relay)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.say(b"a secret body")
        second.hear()
        second.leave()
        first.closed()
        self.quiet(relay)
        relay.process.terminate()
        relay.process.wait()
        relay._reader.join()
        lines = [line for line in relay.error_lines if ": tunnel " in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("1+0 messages, 13+0 bytes", lines[0])
        for word in (tunnel, tunnel.upper(), "secret", "127.0.0.1"):
            self.assertNotIn(word, relay.errors())


class OtherClient:
    """A websocket implementation that is not ours."""

    def test_a_tunnel_between_two_library_clients(self):
        relay = self.relay()
        context = ssl.create_default_context(cafile=certificate()[0]) if self.tls else None
        url = f"{'wss' if self.tls else 'ws'}://localhost:{relay.port}/cable/"
        tunnel = tunnel_id()

        async def ceremony():
            how = {"subprotocols": ["fido.cable"], "ssl": context, "max_size": MESSAGE_MAX,
                   "compression": "deflate"}
            async with websockets.connect(url + "new/" + tunnel.upper(), **how) as phone:
                route = phone.response_headers["X-caBLE-Routing-ID"]
                async with websockets.connect(f"{url}connect/{route}/{tunnel}", **how) as client:
                    self.assertEqual(phone.subprotocol, "fido.cable")
                    self.assertEqual(phone.extensions, [])
                    await client.send(bytes(81))
                    self.assertEqual(await phone.recv(), bytes(81))
                    await phone.send([b"in ", b"three ", b"parts"])
                    self.assertEqual(await client.recv(), b"in three parts")
                    await client.send(bytes(MESSAGE_MAX))
                    self.assertEqual(len(await phone.recv()), MESSAGE_MAX)
                    await (await phone.ping())
                    await client.close(4321)
                    with self.assertRaises(websockets.ConnectionClosed) as closed:
                        await phone.recv()
                    self.assertEqual(closed.exception.rcvd.code, 4321)

        asyncio.run(asyncio.wait_for(ceremony(), 60))


CarryingPlain, CarryingTls = both(Carrying)
EndingPlain, EndingTls = both(Ending)
OtherClientPlain, OtherClientTls = both(OtherClient)
del Carrying, Ending, OtherClient

if __name__ == "__main__":
    unittest.main()
