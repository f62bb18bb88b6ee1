#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Broken frames, limits at their edge, silent and vanishing peers, memory. Plain and by TLS."""

import os
import socket
import struct
import threading
import time
import unittest

from relaytest import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Gone, both, connect_path,
                       tunnel_id)

MESSAGE_MAX = 1024 * 1024 + 1024
MIB = 1024 * 1024

SANITIZED = "asan" in os.environ.get("HYBRIDGE_RELAY", "")


class Frames:
    def expelled(self, relay, data, code, peer_code=1008):
        """Sends @data as one end: it is closed with @code, its peer with @peer_code."""
        for offender in (0, 1):
            ends = self.pair(relay)
            make = data if callable(data) else (lambda _: data)
            ends[offender].send(make(ends[offender]))
            self.assertEqual(ends[1 - offender].closed(), peer_code)
            self.assertEqual(ends[offender].closed(), code)

    def test_text_closes_with_1003(self):
        relay = self.relay()
        self.expelled(relay, lambda end: end.frame(TEXT, b"text"), 1003)
        self.expelled(relay, lambda end: end.frame(TEXT, b""), 1003)
        self.expelled(relay, lambda end: end.frame(TEXT, b"half", final=False), 1003)
        self.expelled(relay, lambda end: end.frame(TEXT, b"\xff\xfe"), 1003)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="protocol"}'), 8)

    def test_an_empty_message_closes_with_1002(self):
        relay = self.relay()
        self.expelled(relay, lambda end: end.frame(BINARY, b""), 1002)
        self.expelled(relay, lambda end: end.frame(BINARY, b"", final=False) +
                      end.frame(CONTINUATION, b"", final=False) + end.frame(CONTINUATION, b""),
                      1002)

    def test_a_message_too_long_closes_with_1009(self):
        relay = self.relay()
        self.expelled(relay, lambda end: end.frame(BINARY, bytes(MESSAGE_MAX + 1)), 1009)
        self.expelled(relay, lambda end: end.frame(BINARY, bytes(MESSAGE_MAX), final=False) +
                      end.frame(CONTINUATION, b"x"), 1009)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="too-long"}'), 4)

    def test_a_claimed_length_is_enough_to_close(self):
        relay = self.relay()
        for length in (MESSAGE_MAX + 1, 2**31, 2**32, 2**63 - 1):
            first, second = self.pair(relay)
            first.say(b"x", length=length)
            self.assertEqual(second.closed(), 1008)
            opcode, payload = first.read_frame()
            self.assertEqual((opcode, payload), (CLOSE, struct.pack(">H", 1009)))

    def test_the_longest_message_passes_and_is_settable(self):
        relay = self.relay("--message-size", "100")
        first, second = self.pair(relay)
        first.say(bytes(100))
        self.assertEqual(second.hear(), bytes(100))
        first.say(bytes(101))
        self.assertEqual(first.closed(), 1009)

    def test_broken_frames_end_the_tunnel(self):
        relay = self.relay()
        for broken in (lambda end: end.frame(3, b"x"), lambda end: end.frame(7, b"x"),
                       lambda end: end.frame(11, b""), lambda end: end.frame(15, b""),
                       lambda end: end.frame(CONTINUATION, b"x"),
                       lambda end: end.frame(BINARY, b"x", rsv=4),
                       lambda end: end.frame(BINARY, b"x", rsv=1),
                       lambda end: end.frame(PING, b"x", final=False),
                       lambda end: end.frame(BINARY, b"x", final=False) +
                       end.frame(BINARY, b"y")):
            first, second = self.pair(relay)
            first.send(broken(first))
            self.assertEqual(second.closed(), 1008)
            self.assertEqual(first.closed(), 1002)

    def test_control_frames_too_long_end_the_tunnel(self):
        relay = self.relay()
        for opcode in (PING, PONG, CLOSE):
            first, second = self.pair(relay)
            first.say(bytes(126), opcode)
            self.assertIn(second.closed(), (1001, 1002, 1008))
            self.assertTrue(first.ended())

    def test_a_length_with_its_top_bit_set_ends_the_tunnel(self):
        first, second = self.pair(self.relay())
        first.send(b"\x82\xff" + b"\xff" * 8 + bytes(4))
        self.assertIn(second.closed(), (1001, 1008))
        self.assertTrue(first.ended())

    def test_an_unmasked_frame_is_refused(self):
        relay = self.relay()
        first, second = self.pair(relay)
        first.say(b"bare", masked=False)
        self.assertEqual(first.closed(), 1002)
        self.assertEqual(second.closed(), 1008)
        self.pair(relay)

    def test_ping_floods_are_survived(self):
        relay = self.relay()
        first, second = self.pair(relay)
        for _ in range(200):
            first.send(b"".join(first.frame(PING, b"ping") for _ in range(50)))
            first.send(b"".join(first.frame(PONG, b"pong") for _ in range(50)))
        first.say(b"after the flood")
        self.assertEqual(second.hear(), b"after the flood")
        opcode, payload = first.read_frame()
        self.assertEqual((opcode, payload), (PONG, b"ping"))

    def test_empty_fragments_without_end_hold_no_memory(self):
        relay = self.relay()
        first, second = self.pair(relay)
        first.say(b"", final=False)
        for _ in range(100):
            first.send(first.frame(CONTINUATION, b"", final=False) * 100)
        first.say(b"end", CONTINUATION)
        self.assertEqual(second.hear(), b"end")

    def test_random_bytes_after_the_upgrade_are_survived(self):
        relay = self.relay()
        for _ in range(40):
            first, second = self.pair(relay)
            try:
                first.send(os.urandom(2000))
            except OSError:
                pass
            first.reset()
            second.closed()
        self.quiet(relay)
        self.pair(relay)


class Limits:
    def test_one_message_too_many_closes_with_1008(self):
        relay = self.relay("--messages", "3")
        first, second = self.pair(relay)
        for i in range(3):
            first.say(b"%d" % i)
            second.say(b"%d" % i)
        self.assertEqual([second.hear() for _ in range(3)], [b"0", b"1", b"2"])
        self.assertEqual([first.hear() for _ in range(3)], [b"0", b"1", b"2"])
        first.say(b"x")
        self.assertEqual(first.closed(), 1008)
        self.assertEqual(second.closed(), 1008)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="too-many"}'), 1)

    def test_the_default_allows_64_messages(self):
        first, second = self.pair(self.relay())
        for i in range(64):
            first.say(b"%d" % i)
        for i in range(64):
            self.assertEqual(second.hear(), b"%d" % i)
        first.say(b"one more")
        self.assertEqual(second.closed(), 1008)

    def test_the_early_queue_has_a_number_and_a_size(self):
        relay = self.relay("--queue-messages", "2", "--queue-bytes", "1000")
        first, _ = self.waiting(relay)
        for _ in range(3):
            first.say(b"x")
        self.assertEqual(first.closed(), 1008)
        first, _ = self.waiting(relay)
        first.say(bytes(500))
        first.say(bytes(501))
        self.assertEqual(first.closed(), 1008)
        first, tunnel = self.waiting(relay)
        first.say(bytes(500))
        first.say(bytes(500))
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        self.assertEqual([second.hear() for _ in range(2)], [bytes(500)] * 2)
        first.say(bytes(5000))
        self.assertEqual(second.hear(), bytes(5000))

    def test_nobody_joining_closes_with_1008(self):
        relay = self.relay("--unpaired-time", "0.3")
        first, tunnel = self.waiting(relay)
        self.assertEqual(first.closed(), 1008)
        self.assertEqual(self.status(relay, connect_path(tunnel)), 404)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="unpaired"}'), 1)

    def test_a_joined_tunnel_outlives_the_unpaired_time(self):
        relay = self.relay("--unpaired-time", "0.3", "--idle-time", "1")
        first, second = self.pair(relay)
        self.assertEqual(first.closed(), 1008)
        self.assertEqual(second.closed(), 1008)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="idle"}'), 1)

    def test_a_lifetime_ends_even_a_busy_tunnel(self):
        relay = self.relay("--lifetime", "0.5", "--idle-time", "10", "--messages", "1000000")
        first, second = self.pair(relay)
        try:
            while True:
                first.say(b"still here")
                second.hear()
        except (AssertionError, Gone, OSError):
            pass
        self.quiet(relay)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="lifetime"}'), 1)

    def test_pings_do_not_keep_a_tunnel(self):
        relay = self.relay("--idle-time", "0.5")
        first, second = self.pair(relay)
        try:
            while True:
                first.say(b"", PING)
                if first.read_frame()[0] != PONG:
                    break
        except (Gone, OSError):
            pass
        self.assertEqual(second.closed(), 1008)

    def test_too_many_tunnels_are_503_and_cost_nobody_else(self):
        relay = self.relay("--tunnels", "2")
        first, tunnel = self.waiting(relay)
        self.waiting(relay)
        self.assertEqual(self.status(relay, "/cable/new/" + tunnel_id()), 503)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.leave()
        second.closed()
        first.closed()
        while relay.metric('tunnels{state="paired"}'):
            pass
        self.waiting(relay)

    def test_too_many_connections_are_dropped(self):
        relay = self.relay("--connections", "5")
        held = [self.waiting(relay)[0] for _ in range(5)]
        for _ in range(3):
            with self.assertRaises((Gone, OSError)):
                self.waiting(relay)
        self.assertEqual(relay.metric('refusals_total{cause="connections"}'), 3)
        for client in held:
            client.close()
        while relay.metric("connections") > 0:
            pass
        self.pair(relay)

    def test_too_many_connections_of_one_address_are_dropped(self):
        relay = self.relay("--address-connections", "3")
        held = [self.waiting(relay)[0] for _ in range(3)]
        with self.assertRaises((Gone, OSError)):
            self.waiting(relay)
        self.assertEqual(relay.metric('refusals_total{cause="address"}'), 1)
        held[0].reset()
        while relay.metric('tunnels{state="waiting"}') > 2:
            pass
        self.waiting(relay)

    def test_loopback_is_a_proxy_until_told_otherwise(self):
        relay = self.relay()
        for _ in range(130):
            self.assertEqual(self.status(relay, "/cable/connect/000000/" + tunnel_id()), 404)
        self.pair(relay)

    def test_guessing_is_slowed_down(self):
        relay = self.relay("--address-refusals", "5")
        for _ in range(5):
            self.assertEqual(self.status(relay, "/cable/connect/000000/" + tunnel_id()), 404)
        with self.assertRaises((Gone, OSError)):
            self.status(relay, "/cable/connect/000000/" + tunnel_id())
        self.assertEqual(relay.get("/healthz")[0], 200)


class Memory:
    def test_a_slow_reader_slows_its_peer(self):
        # Between workers more is under way: test-forward.py has its own bound.
        relay = self.relay("--messages", "100000", "--buffer", "64k", "--reader-time", "0",
                           "--workers", "1")
        first, second = self.pair(relay, rcvbuf=4096)
        message = os.urandom(65536)
        sent = 0
        second.socket.settimeout(0.5)
        try:
            while sent < 2000:
                second.say(message)
                sent += 1
        except (TimeoutError, socket.timeout):
            pass
        self.assertLess(sent, 2000)
        self.assertLess(relay.metric("queued_bytes"), 4 * 65536 + 128 * 1024)
        for _ in range(sent):
            self.assertEqual(first.hear(), message)

    def test_a_reader_that_reads_again_gets_everything(self):
        relay = self.relay("--messages", "100000", "--buffer", "16k")
        first, second = self.pair(relay)
        sizes = [1, 100, 5000, 70000, 300000, 1000000, 3, 16384, 200000] * 4
        sender = threading.Thread(target=lambda: [second.say(bytes([i]) * n)
                                                  for i, n in enumerate(sizes)])
        sender.start()
        for i, size in enumerate(sizes):
            self.assertEqual(first.hear(), bytes([i]) * size)
        sender.join()

    def test_a_flood_of_small_messages_is_paced(self):
        # Many messages to a TLS record, and a pause in the middle of one.
        relay = self.relay("--messages", "1000000", "--buffer", "16k")
        first, second = self.pair(relay)
        batch = b"".join(second.frame(BINARY, bytes([i]) * 256) for i in range(60))
        sender = threading.Thread(target=lambda: [second.send(batch) for _ in range(300)])
        sender.start()
        for _ in range(300):
            for i in range(60):
                self.assertEqual(first.hear(), bytes([i]) * 256)
        sender.join()

    def test_a_reader_that_never_reads_is_dropped(self):
        relay = self.relay("--messages", "100000", "--buffer", "64k", "--reader-time", "0.5")
        first, second = self.pair(relay, rcvbuf=4096)
        second.socket.settimeout(5)
        try:
            while True:
                second.say(bytes(500000))
        except OSError:
            pass
        second.socket.settimeout(20)
        self.assertIn(second.closed(), (1008, None))
        self.quiet(relay)
        self.assertEqual(relay.metric('tunnels_ended_total{cause="slow"}'), 1)
        while relay.metric("connections") > 0:
            pass
        self.assertEqual(relay.metric("queued_bytes"), 0)

    def test_the_memory_limit_holds_for_all_tunnels(self):
        relay = self.relay("--memory", "4M", "--queue-bytes", "2M")
        ends = []
        codes = []
        for _ in range(8):
            first, _ = self.waiting(relay)
            first.say(bytes(MIB - 5000))
            first.say(b"", PING)
            ends.append(first)
        for end in ends:
            opcode, payload = end.read_frame()
            codes.append(opcode if opcode == PONG else struct.unpack(">H", payload[:2])[0])
        self.assertIn(1013, codes)
        self.assertIn(PONG, codes)
        self.assertLessEqual(relay.metric("queued_bytes"), 4 * MIB)
        for end in ends:
            end.reset()
        self.quiet(relay)
        self.pair(relay)

    def test_claimed_lengths_cost_no_memory(self):
        relay = self.relay()
        before = relay.memory()
        for _ in range(60):
            first, _ = self.pair(relay)
            first.say(b"x" * 10, length=MESSAGE_MAX)
            first.say(b"", PING)
        self.assertLess(relay.metric("queued_bytes"), 60 * 1024)
        if not SANITIZED:
            self.assertLess(relay.memory() - before, 60 * (200 if self.tls else 100) * 1024)

    @unittest.skipIf(SANITIZED, "a sanitizer keeps what was freed")
    def test_memory_comes_back(self):
        relay = self.relay("--connections", "300", "--address-connections", "300")

        def round_trip(count):
            pairs = [self.pair(relay) for _ in range(count)]
            for first, second in pairs:
                first.say(bytes(20000))
                second.hear()
            for ends in pairs:
                ends[0].reset()
                ends[1].close()
            self.quiet(relay)
            while relay.metric("connections") > 0:
                pass

        round_trip(50)
        settled = relay.memory()
        for _ in range(4):
            round_trip(50)
        self.assertLess(relay.memory(), settled + 2 * MIB)

    @unittest.skipIf(SANITIZED, "a sanitizer needs more")
    def test_a_waiting_end_is_small(self):
        relay = self.relay("--address-connections", "1000")
        self.waiting(relay)
        before = relay.memory()
        for _ in range(200):
            self.waiting(relay)
        each = (relay.memory() - before) / 200
        self.assertLess(each, (40 if self.tls else 8) * 1024)


class Vanishing:
    def test_a_reset_at_every_stage_is_survived(self):
        relay = self.relay("--address-refusals", "1000000")

        def at_connect():
            self.client(relay).reset()

        def in_request():
            client = self.client(relay)
            client.send(b"GET /cable/new/")
            client.reset()

        def right_after_request():
            client = self.client(relay)
            client.request("/cable/new/" + tunnel_id())
            client.reset()

        def waiting():
            self.waiting(relay)[0].reset()

        def waiting_with_messages():
            first, _ = self.waiting(relay)
            first.say(bytes(1000))
            first.reset()

        def in_frame():
            first, second = self.pair(relay)
            first.say(b"x" * 10, length=1000)
            first.reset()
            self.assertEqual(second.closed(), 1001)

        def unread():
            first, second = self.pair(relay)
            for _ in range(20):
                first.say(bytes(30000))
            second.reset()
            self.assertEqual(first.closed(), 1001)

        def both_ends():
            first, second = self.pair(relay)
            first.say(b"x")
            first.reset()
            second.reset()

        def in_close():
            first, second = self.pair(relay)
            first.leave()
            first.reset()
            self.assertIn(second.closed(), (1000, 1001))

        def after_refusal():
            client = self.client(relay)
            client.request("/nothing")
            client.reset()

        for stage in (at_connect, in_request, right_after_request, waiting, waiting_with_messages,
                      in_frame, unread, both_ends, in_close, after_refusal):
            for _ in range(5):
                stage()
        self.quiet(relay)
        while relay.metric("connections") > 0:
            pass
        self.assertEqual(relay.metric("queued_bytes"), 0)
        self.pair(relay)

    def test_a_half_closed_end_has_left(self):
        relay = self.relay()
        first, second = self.pair(relay)
        first.socket.shutdown(socket.SHUT_WR)
        self.assertEqual(second.closed(), 1001)

    def test_a_close_without_an_echo_is_not_waited_for(self):
        relay = self.relay("--close-time", "0.3")
        first, second = self.pair(relay)
        first.leave()
        self.assertEqual(second.read_frame()[0], CLOSE)
        self.assertTrue(second.ended())
        self.assertTrue(first.ended())

    def test_an_unread_goodbye_costs_nothing(self):
        # There is something to read all the time: that more was said, and that nothing follows.
        relay = self.relay("--messages", "100000", "--buffer", "1M", "--close-time", "0.5")
        first, second = self.pair(relay, rcvbuf=4096)
        second.socket.settimeout(0.3)
        try:
            while True:
                second.say(bytes(500000))
        except OSError:
            pass
        first.leave()
        first.send(bytes(1000))
        first.socket.shutdown(socket.SHUT_WR)
        second.socket.settimeout(20)
        self.assertEqual(second.closed(), 1000)
        before = relay.cpu()
        time.sleep(0.8)
        self.assertLess(relay.cpu() - before, 0.1)
        self.assertEqual(relay.metric("connections"), 1)
        first.reset()
        relay.settled()

    def test_a_refused_peer_that_stays_is_dropped(self):
        relay = self.relay("--close-time", "0.3")
        client = self.client(relay)
        client.send(b"nonsense\r\n\r\n")
        self.assertEqual(client.answer()[0], 400)
        self.assertTrue(client.ended())
        while relay.metric("connections") > 0:
            pass


FramesPlain, FramesTls = both(Frames)
LimitsPlain, LimitsTls = both(Limits)
MemoryPlain, MemoryTls = both(Memory)
VanishingPlain, VanishingTls = both(Vanishing)
del Frames, Limits, Memory, Vanishing

if __name__ == "__main__":
    unittest.main()
