#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each bound at its edge: as much as it says passes, one more does not. With three workers, so that
what is counted is counted over all of them."""

import os
import socket
import threading
import time
import unittest

from hostile import until
from relaytest import (BINARY, CONTINUATION, PATIENCE, PING, PONG, Client, Gone, RelayTestCase,
                       both, connect_path, tunnel_id)

WORKERS = ("--workers", "3")

KIB = 1024


class Counted(RelayTestCase):
    """Connections and tunnels."""

    def dropped(self, relay, **how):
        with self.assertRaises((Gone, OSError)):
            client = self.client(relay, **how)
            client.request("/cable/new/" + tunnel_id())
            client.answer()

    def test_connections(self):
        relay = self.relay(*WORKERS, "--connections", "30")
        held = [self.waiting(relay)[0] for _ in range(30)]
        for _ in range(10):
            self.dropped(relay)
        self.assertEqual(relay.metric('refusals_total{cause="connections"}'), 10)
        for client in held[:7]:
            client.reset()
        until(lambda: relay.metric("connections") == 23)
        for _ in range(7):
            self.waiting(relay)
        self.dropped(relay)

    def test_connections_to_the_metrics_are_others(self):
        relay = self.relay(*WORKERS, "--connections", "2")
        self.pair(relay)
        self.dropped(relay)
        self.assertEqual(relay.get("/healthz")[0], 200)

    def test_tunnels(self):
        relay = self.relay(*WORKERS, "--tunnels", "20")
        held = [self.waiting(relay) for _ in range(20)]
        for _ in range(10):
            self.assertEqual(self.status(relay, "/cable/new/" + tunnel_id()), 503)
        for _, tunnel in held:
            self.client(relay).upgrade(connect_path(tunnel))
        self.assertEqual(self.status(relay, "/cable/new/" + tunnel_id()), 503)
        for first, _ in held[:5]:
            first.reset()
        until(lambda: relay.metric('tunnels{state="paired"}') == 15)
        for _ in range(5):
            self.waiting(relay)
        self.assertEqual(self.status(relay, "/cable/new/" + tunnel_id()), 503)

    def test_connections_of_one_address(self):
        relay = self.relay(*WORKERS, "--address-connections", "15",
                           listen=("127.0.0.1:0", "[::1]:0"))
        held = [self.waiting(relay)[0] for _ in range(15)]
        for _ in range(5):
            self.dropped(relay)
        # Another address is another's.
        self.client(relay, source="127.0.0.2").upgrade("/cable/new/" + tunnel_id())
        relay.port = relay.ports[1]
        for _ in range(15):
            self.client(relay, source="::1").upgrade("/cable/new/" + tunnel_id())
        self.dropped(relay, source="::1")
        relay.port = relay.ports[0]
        self.assertEqual(relay.metric('refusals_total{cause="address"}'), 6)
        held[0].reset()
        until(lambda: relay.metric("connections") == 30)
        self.waiting(relay)
        self.dropped(relay)

    def test_tunnels_of_one_address(self):
        relay = self.relay(*WORKERS, "--address-tunnels", "5")
        begin = time.monotonic()
        statuses = [self.status(relay, "/cable/new/" + tunnel_id()) for _ in range(12)]
        seconds = time.monotonic() - begin
        self.assertEqual(statuses[:5], [101] * 5)
        # One more for each fifth of a second that went by meanwhile.
        self.assertLessEqual(statuses.count(101), 5 + 5 * seconds + 1)
        self.assertEqual(set(statuses), {101, 429})
        client = self.client(relay, source="127.0.0.2")
        client.upgrade("/cable/new/" + tunnel_id())
        until(lambda: self.status(relay, "/cable/new/" + tunnel_id()) == 101)

    def test_refusals_of_one_address(self):
        relay = self.relay(*WORKERS, "--address-refusals", "12")
        first, tunnel = self.waiting(relay)
        for _ in range(12):
            self.assertEqual(self.status(relay, "/cable/connect/000000/" + tunnel_id()), 404)
        for _ in range(5):
            self.dropped(relay)
        second = self.client(relay, source="127.0.0.2")
        second.upgrade(connect_path(tunnel))
        # Who is in is not put out.
        first.say(b"still here")
        self.assertEqual(second.hear(), b"still here")


class Sized:
    """Messages."""

    def passes(self, relay, messages):
        """One end says these, the other hears them."""
        first, second = self.pair(relay)
        first.send(b"".join(first.frame(BINARY, message) for message in messages))
        self.assertEqual([second.hear() for _ in messages], messages)
        first.say(b"", PING)
        self.assertEqual(first.read_frame(), (PONG, b""))

    def refused(self, relay, messages):
        """The close codes of an end that says these, and of the other."""
        first, second = self.pair(relay)
        first.send(b"".join(first.frame(BINARY, message) for message in messages))
        return first.closed(), second.closed()

    def test_message_size(self):
        relay = self.relay(*WORKERS, "--message-size", "10000")
        self.passes(relay, [bytes(10000)] * 3)
        self.assertEqual(self.refused(relay, [bytes(10001)]), (1009, 1008))
        first, second = self.pair(relay)
        first.say(bytes(5000), final=False)
        first.say(bytes(4999), CONTINUATION, final=False)
        first.say(b"x", CONTINUATION)
        self.assertEqual(len(second.hear()), 10000)
        first.say(bytes(5000), final=False)
        first.say(bytes(5000), CONTINUATION, final=False)
        first.say(b"x", CONTINUATION)
        self.assertEqual(first.closed(), 1009)
        self.assertEqual(second.closed(), 1008)

    def test_messages(self):
        relay = self.relay(*WORKERS, "--messages", "7")
        for _ in range(4):
            self.passes(relay, [b"x"] * 7)
            self.assertEqual(self.refused(relay, [b"x"] * 8), (1008, 1008))

    def test_bytes(self):
        relay = self.relay(*WORKERS, "--bytes", "10000")
        for _ in range(4):
            self.passes(relay, [bytes(9000), bytes(1000)])
            self.assertEqual(self.refused(relay, [bytes(9000), bytes(1001)]), (1008, 1008))

    def test_bytes_of_each_end_count_for_themselves(self):
        relay = self.relay(*WORKERS, "--bytes", "10000", "--messages", "2")
        for _ in range(4):
            first, second = self.pair(relay)
            for one, other in ((first, second), (second, first)):
                for size in (4000, 6000):
                    one.say(bytes(size))
                    self.assertEqual(len(other.hear()), size)

    def kept(self, relay, messages):
        """An end says these before anybody has joined, and who joins hears them."""
        first, tunnel = self.waiting(relay)
        first.send(b"".join(first.frame(BINARY, message) for message in messages))
        first.say(b"", PING)
        self.assertEqual(first.read_frame(), (PONG, b""))
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        self.assertEqual([second.hear() for _ in messages], messages)

    def not_kept(self, relay, messages):
        """The close code of an end that says these before anybody has joined."""
        first, _ = self.waiting(relay)
        first.send(b"".join(first.frame(BINARY, message) for message in messages))
        return first.closed()

    def test_queued_messages(self):
        relay = self.relay(*WORKERS, "--queue-messages", "5")
        for _ in range(4):
            self.kept(relay, [b"x"] * 5)
            self.assertEqual(self.not_kept(relay, [b"x"] * 6), 1008)

    def test_queued_bytes(self):
        relay = self.relay(*WORKERS, "--queue-bytes", "5000")
        for _ in range(4):
            self.kept(relay, [bytes(4000), bytes(1000)])
            self.assertEqual(self.not_kept(relay, [bytes(4000), bytes(1001)]), 1008)

    def test_no_queue_at_all(self):
        relay = self.relay(*WORKERS, "--queue-messages", "0")
        self.kept(relay, [])
        self.assertEqual(self.not_kept(relay, [b"x"]), 1008)

    def test_memory(self):
        relay = self.relay(*WORKERS, "--memory", "600k", "--queue-bytes", "100k")
        ended = 'tunnels_ended_total{cause="memory"}'
        ends = []
        for n in range(12):
            first, _ = self.waiting(relay)
            first.say(bytes(95 * KIB))
            until(lambda: relay.metric('messages_total{from="new"}') + relay.metric(ended) == n + 1)
            ends.append(first)
        # Six fit, or a few less: a message that comes in pieces takes more than its bytes.
        self.assertIn(relay.metric(ended), (6, 7, 8))
        for end in ends[-6:]:
            self.assertEqual(end.closed(), 1013)
        self.assertLessEqual(relay.metric("queued_bytes"), 600 * KIB)
        for end in ends:
            end.reset()
        relay.settled()
        self.kept(relay, [bytes(95 * KIB)])

    def test_memory_of_one_address(self):
        relay = self.relay(*WORKERS, "--address-memory", "300k")
        ended = 'tunnels_ended_total{cause="memory"}'
        greedy = []
        for n in range(10):
            first, _ = self.waiting(relay, source="127.0.0.2")
            first.say(bytes(50 * KIB))
            until(lambda: relay.metric('messages_total{from="new"}') + relay.metric(ended) >= n + 1)
            greedy.append(first)
        # Five fit, or a few less: a message that comes in pieces takes more than its bytes.
        self.assertIn(relay.metric(ended), (5, 6, 7))
        self.assertEqual(greedy[-1].closed(), 1013)
        modest, _ = self.waiting(relay, source="127.0.0.3")
        modest.say(bytes(50 * KIB))
        until(lambda: relay.metric("queued_bytes") > 200 * KIB)
        greedy[0].close()
        until(lambda: relay.metric('tunnels_ended_total{cause="vanished"}') > 0)
        again, _ = self.waiting(relay, source="127.0.0.2")
        before = relay.metric('messages_total{from="new"}')
        again.say(bytes(40 * KIB))
        until(lambda: relay.metric('messages_total{from="new"}') > before)

    def test_memory_for_both_ends(self):
        # Who waits in vain for memory takes its peer along.
        relay = self.relay(*WORKERS, "--memory", "100k")
        first, second = self.pair(relay)
        first.say(bytes(110 * KIB))
        self.assertEqual(first.closed(), 1013)
        self.assertEqual(second.closed(), 1013)

    def test_buffer(self):
        relay = self.relay(*WORKERS, "--buffer", "0", "--messages", "1000", "--bytes", "1G")
        for _ in range(4):
            first, second = self.pair(relay)
            for n in range(20):
                first.say(b"%d" % n * 1000)
            for n in range(20):
                self.assertEqual(second.hear(), b"%d" % n * 1000)


class Requests:
    def request(self, path, pad):
        """An upgrade request with a header field that makes it @pad bytes long."""
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: fido.cable", "X: "]
        head = "\r\n".join(lines)
        return (head + "x" * (pad - len(head) - 4) + "\r\n\r\n").encode()

    def sized(self, relay, size, pieces=1):
        client = self.client(relay)
        data = self.request("/cable/new/" + tunnel_id(), size)
        self.assertEqual(len(data), size)
        step = len(data) // pieces
        for at in range(0, len(data), step):
            client.send(data[at:at + step])
        return client.answer()[0]

    def test_request_size(self):
        relay = self.relay(*WORKERS, "--request-size", "2000")
        for pieces in (1, 3, 100):
            self.assertEqual(self.sized(relay, 2000, pieces), 101)
            self.assertEqual(self.sized(relay, 2001, pieces), 431)

    def test_path_size(self):
        relay = self.relay(*WORKERS, "--path-size", "100")
        for size, status in ((100, 404), (101, 414), (1000, 414)):
            self.assertEqual(self.status(relay, "/" + "x" * (size - 1)), status)

    def test_fields(self):
        relay = self.relay(*WORKERS)
        for count, status in ((58, 101), (59, 431)):
            client = self.client(relay)
            client.request("/cable/new/" + tunnel_id(), **{f"X{n}": "y" for n in range(count)})
            self.assertEqual(client.answer()[0], status)


class Waits:
    """Every wait ends what it is for, and only that."""

    # As long as a wait for one thing must not end another.
    SHORT, LONG = "0.4", "30"

    def timed(self, relay, client, least=0.3):
        begin = time.monotonic()
        self.assertTrue(client.ended())
        self.assertGreater(time.monotonic() - begin, least)

    def test_tls_time(self):
        relay = self.relay(*WORKERS, "--tls-time", self.SHORT, "--request-time", self.LONG)
        bare = type("Plain", (), {"port": relay.port, "tls": False})
        if self.tls:
            self.timed(relay, self.client(bare))
            self.assertEqual(relay.metric('refusals_total{cause="timeout"}'), 1)
        client = self.client(relay)
        time.sleep(0.7)
        client.upgrade("/cable/new/" + tunnel_id())

    def test_request_time(self):
        relay = self.relay(*WORKERS, "--request-time", self.SHORT, "--tls-time", self.LONG)
        client = self.client(relay)
        client.send(b"GET /")
        self.timed(relay, client)
        self.assertEqual(relay.metric('refusals_total{cause="timeout"}'), 1)
        # Bytes do not buy time.
        client = self.client(relay)
        begin = time.monotonic()
        try:
            while time.monotonic() < begin + 10:
                client.send(b"x")
                time.sleep(0.05)
        except OSError:
            pass
        self.assertLess(time.monotonic() - begin, 10)

    def test_unpaired_idle_and_life_time(self):
        for wait, cause, alone in (("unpaired-time", "unpaired", True),
                                   ("idle-time", "idle", False),
                                   ("lifetime", "lifetime", False), ("lifetime", "lifetime", True)):
            times = {"unpaired-time": self.LONG, "idle-time": self.LONG, "lifetime": self.LONG}
            times[wait] = self.SHORT
            options = [word for name, value in times.items() for word in ("--" + name, value)]
            relay = self.relay(*WORKERS, *options)
            begin = time.monotonic()
            ends = self.waiting(relay)[:1] if alone else self.pair(relay)
            for end in ends:
                self.assertEqual(end.closed(), 1008)
            self.assertGreater(time.monotonic() - begin, 0.3)
            self.assertEqual(relay.metric(f'tunnels_ended_total{{cause="{cause}"}}'), 1)

    def test_close_time(self):
        relay = self.relay(*WORKERS, "--close-time", self.SHORT, "--request-time", self.LONG)
        first, second = self.pair(relay)
        first.leave()
        self.assertEqual(second.read_frame()[0], 8)
        self.timed(relay, second)
        client = self.client(relay)
        client.send(b"nonsense\r\n\r\n")
        client.answer()
        begin = time.monotonic()
        until(lambda: relay.metric("connections") == 0)
        self.assertGreater(time.monotonic() - begin, 0.1)

    def test_reader_time(self):
        relay = self.relay(*WORKERS, "--reader-time", self.SHORT, "--close-time", self.SHORT,
                           "--messages", "100000", "--bytes", "1G")
        first, second = self.pair(relay, rcvbuf=4096)
        second.socket.settimeout(5)
        begin = time.monotonic()
        try:
            while True:
                second.say(bytes(300000))
        except OSError:
            pass
        self.assertGreater(time.monotonic() - begin, 0.3)
        second.socket.settimeout(20)
        self.assertIn(second.closed(), (1008, None))
        self.assertEqual(relay.metric('tunnels_ended_total{cause="slow"}'), 1)


class Interleaving:
    def test_a_pong_does_not_cut_a_message_that_is_half_written(self):
        relay = self.relay("--workers", "1")
        slow, tunnel = self.waiting(relay, rcvbuf=4096)
        other = self.client(relay)
        other.upgrade(connect_path(tunnel))
        text = os.urandom(1024 * 1024)
        sender = threading.Thread(target=lambda: [other.say(text) for _ in range(6)])
        sender.start()
        time.sleep(0.3)
        for number in range(3):
            slow.say(b"ping %d" % number, PING)
        # Only the last ping has to be answered.
        messages = []
        pongs = []
        while len(messages) < 6 or b"ping 2" not in pongs:
            opcode, payload = slow.read_frame()
            (messages if opcode == BINARY else pongs).append(payload)
        sender.join()
        self.assertTrue(messages == [text] * 6)


class Operators(RelayTestCase):
    def test_there_are_sixteen_at_a_time(self):
        relay = self.relay("--workers", "1")
        idle = [socket.create_connection(("127.0.0.1", relay.metrics_port), PATIENCE)
                for _ in range(16)]
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", relay.metrics_port), PATIENCE) as more:
            try:
                self.assertEqual(more.recv(1), b"")
            except ConnectionResetError:
                pass
        self.assertLess(time.monotonic() - begin, 5)
        for one in idle:
            one.close()
        self.pair(relay)
        self.assertEqual(relay.get("/healthz")[0], 200)


SizedPlain, SizedTls = both(Sized)
RequestsPlain, RequestsTls = both(Requests)
WaitsPlain, WaitsTls = both(Waits)
InterleavingPlain, InterleavingTls = both(Interleaving)
del Sized, Requests, Waits, Interleaving

if __name__ == "__main__":
    unittest.main()
