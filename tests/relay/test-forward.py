#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tunnels whose two ends came to different workers: order, content, pace and end. Plain and TLS."""

import os
import socket
import ssl
import struct
import threading
import unittest

from attacks import request
from hostile import SANITIZED, until
from relaytest import BINARY, CLOSE, PING, Gone, both, connect_path, tunnel_id

WORKERS = ("--workers", "3")


class Forwarding:
    def misrouted(self, relay, count=1, **how):
        """(new, connect) of that many tunnels with an end on another worker each."""
        found = []
        while len(found) < count:
            before = relay.metric("tunnels_forwarded_total")
            ends = self.pair(relay, **how)
            if relay.metric("tunnels_forwarded_total") > before:
                found.append(ends)
            else:
                for end in ends:
                    end.close()
        return found

    def fill(self, end, message=bytes(200000)):
        """Says things until the relay takes no more."""
        end.socket.settimeout(0.2)
        data = end.frame(BINARY, message)
        try:
            while True:
                end.send(data)
        except OSError:
            pass
        end.socket.settimeout(20)

    def test_many_tunnels_under_load(self):
        relay = self.relay(*WORKERS, "--messages", "1000", "--buffer", "64k")
        pairs = [self.pair(relay) for _ in range(12)]
        self.assertGreater(relay.metric("tunnels_forwarded_total"), 0)
        sizes = [1, 81, 4096, 65536, 300000, 32768, 32769, 1000000, 5, 16384]
        sizes = sizes[:7] if SANITIZED else sizes
        sent = [bytes([n]) + os.urandom(size) for n, size in enumerate(sizes)]
        wrong = []

        def say(end):
            for message in sent:
                end.say(message)

        def hear(end):
            try:
                if [end.hear() for _ in sent] != sent:
                    wrong.append("another message")
            except Exception as error:
                wrong.append(repr(error))

        # A TLS socket of Python's is not for two threads at once: both ways one after the other.
        for way in ((0, 1), (1, 0)) if self.tls else (None,):
            threads = []
            for ends in pairs:
                for one, other in (way,) if way else ((0, 1), (1, 0)):
                    threads.append(threading.Thread(target=say, args=(ends[one],)))
                    threads.append(threading.Thread(target=hear, args=(ends[other],)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(wrong, [])
        for first, second in pairs:
            first.leave()
            self.assertEqual(second.closed(), 1000)
            self.assertEqual(first.closed(), 1000)
            first.close()
            second.close()
        relay.settled()

    def test_early_messages_come_first(self):
        relay = self.relay(*WORKERS)
        for _ in range(12):
            first, tunnel = self.waiting(relay)
            for n in range(8):
                first.say(b"early %d" % n * 100)
            second = self.client(relay)
            second.upgrade(connect_path(tunnel))
            first.say(b"late")
            self.assertEqual([second.hear() for _ in range(8)],
                             [b"early %d" % n * 100 for n in range(8)])
            self.assertEqual(second.hear(), b"late")
        self.assertGreater(relay.metric("tunnels_forwarded_total"), 0)

    def test_messages_right_behind_the_request(self):
        relay = self.relay(*WORKERS)
        for _ in range(12):
            first, tunnel = self.waiting(relay)
            second = self.client(relay)
            second.send(request(connect_path(tunnel)) + second.frame(BINARY, b"one") +
                        second.frame(BINARY, b"two" * 1000))
            self.assertEqual(second.answer()[0], 101)
            second.say(b"three")
            self.assertEqual([first.hear() for _ in range(3)], [b"one", b"two" * 1000, b"three"])
        self.assertGreater(relay.metric("tunnels_forwarded_total"), 0)

    def test_a_close_right_behind_the_request(self):
        relay = self.relay(*WORKERS)
        for _ in range(12):
            first, tunnel = self.waiting(relay)
            second = self.client(relay)
            second.send(request(connect_path(tunnel)) + second.frame(BINARY, b"all") +
                        second.frame(CLOSE, struct.pack(">H", 4001)))
            self.assertEqual(second.answer()[0], 101)
            self.assertEqual(second.closed(), 4001)
            self.assertEqual(first.hear(), b"all")
            self.assertEqual(first.closed(), 4001)
        self.assertGreater(relay.metric("tunnels_forwarded_total"), 0)

    def test_broken_frames_right_behind_the_request(self):
        relay = self.relay(*WORKERS)
        for _ in range(12):
            first, tunnel = self.waiting(relay)
            second = self.client(relay)
            second.send(request(connect_path(tunnel)) + b"\xff\xff\xff\xff")
            self.assertEqual(second.answer()[0], 101)
            self.assertEqual(second.closed(), 1002)
            self.assertEqual(first.closed(), 1008)

    def test_both_ends_leave_at_once(self):
        relay = self.relay(*WORKERS)
        for first, second in self.misrouted(relay, 20):
            first.leave(4001)
            second.leave(4002)
            # Its own code back, or the other's if that was here first.
            self.assertIn(first.closed(), (4001, 4002))
            self.assertIn(second.closed(), (4001, 4002))
            first.close()
            second.close()
        relay.settled()

    def test_a_joiner_that_leaves_while_it_joins(self):
        relay = self.relay(*WORKERS)
        for _ in range(30):
            first, tunnel = self.waiting(relay)
            second = self.client(relay)
            second.send(request(connect_path(tunnel)))
            second.reset()
            # Whether it had joined by then is chance; if not, another one may.
            third = self.client(relay)
            third.request(connect_path(tunnel))
            if third.answer()[0] == 101:
                first.say(b"here")
                try:
                    third.hear()
                except (AssertionError, Gone):
                    pass
            first.reset()
            third.reset()
        relay.settled()
        self.assertEqual(relay.metric("tunnels_forwarded"), 0)

    def test_a_first_end_that_leaves_while_somebody_joins(self):
        relay = self.relay(*WORKERS)
        for _ in range(30):
            first, tunnel = self.waiting(relay)
            second = self.client(relay)
            second.send(request(connect_path(tunnel)))
            first.reset()
            if second.answer()[0] == 101:
                self.assertEqual(second.closed(), 1001)
            second.close()
        relay.settled()
        self.assertEqual(relay.metric("tunnels_forwarded"), 0)

    def test_a_slow_reader_stops_its_peer_on_the_other_worker(self):
        relay = self.relay(*WORKERS, "--messages", "1000000", "--buffer", "64k", "--bytes", "1G")
        for ends in self.misrouted(relay, 2):
            for reader, writer in (ends, reversed(ends)):
                self.fill(writer)
                stalled = relay.metric("message_bytes_total{from=\"new\"}") + \
                    relay.metric("message_bytes_total{from=\"connect\"}")
                self.assertLess(relay.metric("queued_bytes"), 4 * 1024 * 1024)
                # It has to read on for its peer to go on.
                for _ in range(10):
                    reader.hear()
                self.assertGreater(stalled, 0)
                reader.socket.settimeout(0.3)
                try:
                    while True:
                        reader.hear()
                except (OSError, Gone):
                    pass
                reader.socket.settimeout(20)
                break
        self.assertEqual(relay.metric("connections"), 4)

    def test_two_ends_that_never_read_leave_nothing(self):
        relay = self.relay(*WORKERS, "--messages", "1000000", "--buffer", "64k", "--memory", "64M",
                           "--reader-time", "0")
        for ends in self.misrouted(relay, 3, rcvbuf=4096):
            for end in ends:
                self.fill(end)
            for end in ends:
                end.reset()
        relay.settled(5)
        self.assertEqual(relay.metric("tunnels_forwarded"), 0)

    def test_two_ends_that_are_too_slow_leave_nothing(self):
        relay = self.relay(*WORKERS, "--messages", "1000000", "--buffer", "64k", "--memory", "64M",
                           "--reader-time", "0.5", "--close-time", "0.5")
        for ends in self.misrouted(relay, 2, rcvbuf=4096):
            for end in ends:
                self.fill(end)
        relay.settled(10)
        self.assertEqual(relay.metric("tunnels_forwarded"), 0)


ForwardingPlain, ForwardingTls = both(Forwarding)
del Forwarding

if __name__ == "__main__":
    unittest.main()
