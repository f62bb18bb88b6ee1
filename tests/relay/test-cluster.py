#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tunnels between nodes that know each other by NATS servers, and what is lost when a part of
this dies."""

import collections
import hashlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

from cluster import (CLOSE, JOIN, PIECE, PING, TAKEN, Cluster, ClusterTestCase, FakeNode,
                     until)
from crowd import Crowd
from relaytest import PATIENCE, RELAY, certificate, connect_path, tunnel_id

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

MIB = 1024 * 1024
SANITIZED = "asan" in os.environ.get("HYBRIDGE_RELAY", "")

# A node that fell silent is given up after seven seconds, looked for each second.
SILENCE = 12


class Carrying(ClusterTestCase):
    """What needs no part to die: one cluster for all."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Cluster(options=["--reader-time", "1.5"])

    @classmethod
    def tearDownClass(cls):
        cls.shared.stop()

    def node(self, number):
        return self.shared.node(number)

    def test_messages_pass_between_all_nodes(self):
        for first_node in (1, 2, 3):
            for second_node in (1, 2, 3):
                first, second = self.across(self.node(first_node), self.node(second_node))
                for size in (1, 125, 32767, 32768, 32769, 65536):
                    sent = os.urandom(size)
                    first.say(sent)
                    self.assertEqual(second.hear(), sent)
                    second.say(sent)
                    self.assertEqual(first.hear(), sent)

    def test_the_routing_id_names_the_node(self):
        first, tunnel = self.waiting(self.node(3))
        self.assertRegex(connect_path(tunnel), "^/cable/connect/00030[01]/")

    def test_early_messages_arrive_in_order(self):
        first, tunnel = self.waiting(self.node(1))
        sent = [os.urandom(size) for size in (81, 1, 40000, 528)]
        for message in sent:
            first.say(message)
        second = self.join(self.node(2), tunnel)
        second.say(b"early as well")
        self.assertEqual([second.hear() for _ in sent], sent)
        self.assertEqual(first.hear(), b"early as well")

    def test_a_message_sent_along_with_the_request_arrives(self):
        first, tunnel = self.waiting(self.node(1))
        second = self.client(self.node(2))
        second.request(connect_path(tunnel))
        second.say(b"at once")
        self.assertEqual(second.answer()[0], 101)
        self.assertEqual(first.hear(), b"at once")

    def test_large_messages_arrive_whole_and_in_order(self):
        first, second = self.across(self.node(1), self.node(2))
        sent = [os.urandom(MIB) for _ in range(6)]
        for receiver, sender in ((first, second), (second, first)):
            for message in sent:
                sender.say(message)
                self.assertEqual(hashlib.sha256(receiver.hear()).digest(),
                                 hashlib.sha256(message).digest())

    def test_a_message_that_is_too_long_ends_both(self):
        first, second = self.across(self.node(1), self.node(2))
        second.say(b"x", length=1025 * 1024 + 1)
        self.assertEqual(second.closed(), 1009)
        self.assertEqual(first.closed(), 1008)

    def test_closes_pass_with_their_code(self):
        for code in (1000, 1001, 3000, 4999):
            for leaver in (0, 1):
                ends = self.across(self.node(1), self.node(2))
                ends[leaver].leave(code)
                self.assertEqual(ends[1 - leaver].closed(), code)
                self.assertEqual(ends[leaver].closed(), code)

    def test_what_was_sent_before_leaving_still_arrives(self):
        for leaver in (0, 1):
            ends = self.across(self.node(1), self.node(2))
            sent = [os.urandom(40000) for _ in range(3)]
            for message in sent:
                ends[leaver].say(message)
            ends[leaver].leave()
            self.assertEqual([ends[1 - leaver].hear() for _ in sent], sent)
            self.assertEqual(ends[1 - leaver].closed(), 1000)

    def test_a_vanished_end_is_told_as_going_away(self):
        for how in ("close", "reset"):
            for leaver in (0, 1):
                ends = self.across(self.node(1), self.node(2))
                getattr(ends[leaver], how)()
                self.assertEqual(ends[1 - leaver].closed(), 1001)

    def test_who_leaves_before_the_answer_leaves_no_tunnel(self):
        first, tunnel = self.waiting(self.node(1))
        second = self.client(self.node(2))
        second.request(connect_path(tunnel))
        second.reset()
        self.assertEqual(first.closed(), 1001)

    def test_refusals(self):
        first, tunnel = self.waiting(self.node(1))
        path = connect_path(tunnel)
        for route, why in (("0063ff", "no such node"), ("0001ff", "no such worker"),
                           ("ffffff", "no such node")):
            begun = time.monotonic()
            answer = self.refused(self.node(2), f"/cable/connect/{route}/{tunnel}")
            self.assertEqual(answer, 404, why)
            self.assertLess(time.monotonic() - begun, 2)
        unknown = path.replace(tunnel, tunnel_id())
        self.assertEqual(self.refused(self.node(2), unknown), 404)
        second = self.join(self.node(2), tunnel)
        for number in (1, 2, 3):
            self.assertEqual(self.refused(self.node(number), path), 409)
        second.say(b"unharmed")
        self.assertEqual(first.hear(), b"unharmed")
        first.leave()
        second.closed()
        self.assertEqual(self.refused(self.node(3), path), 404)

    def test_one_of_two_who_come_at_once_is_refused(self):
        for _ in range(10):
            first, tunnel = self.waiting(self.node(1))
            clients = [self.client(self.node(number)) for number in (2, 3)]
            for client in clients:
                client.request(connect_path(tunnel))
            self.assertEqual(sorted(c.answer()[0] for c in clients), [101, 409])

    @unittest.skipIf(SANITIZED, "a sanitizer keeps what was freed")
    def test_guesses_are_forgotten(self):
        """Names of nodes that strangers think of cost nothing that stays."""
        node = self.node(3)
        self.refused(node, "/cable/connect/777700/" + tunnel_id())
        before = node.memory()
        for i in range(2000):
            route = f"{0x1000 + i:04x}00"
            self.assertEqual(self.refused(node, f"/cable/connect/{route}/{tunnel_id()}"), 404)
        self.assertLess(node.memory() - before, 2 * MIB)

    def test_a_slow_reader_stalls_its_peer_and_is_cut_off(self):
        for slow in (0, 1):
            first, tunnel = self.waiting(self.node(1), rcvbuf=4096)
            second = self.join(self.node(2), tunnel, rcvbuf=4096)
            ends = (first, second)
            sender = ends[1 - slow]
            before = self.node(1).memory() + self.node(2).memory()
            sender.socket.settimeout(1)
            sent = 0
            with self.assertRaises(TimeoutError):
                for _ in range(60):
                    sender.say(bytes(MIB - 100))
                    sent += 1
            after = self.node(1).memory() + self.node(2).memory()
            self.assertLess(sent, 30)
            if not SANITIZED:  # which keeps what was freed
                self.assertLess(after - before, 16 * MIB)
            sender.socket.settimeout(PATIENCE)
            self.assertEqual(sender.closed(), 1008)
            ends[slow].ended()

    def test_a_slow_reader_that_goes_on_gets_all(self):
        first, second = self.across(self.node(1), self.node(2), rcvbuf=4096)
        sent = [bytes([i]) * 600000 for i in range(60)]
        data = b"".join(first.frame(2, message) for message in sent)
        first.socket.setblocking(False)
        for i in range(5):
            try:
                while data:
                    data = data[first.socket.send(data):]
            except BlockingIOError:
                pass
            time.sleep(0.1)
        self.assertTrue(data)
        heard = []
        for _ in sent:
            try:
                while data:
                    data = data[first.socket.send(data):]
            except BlockingIOError:
                pass
            heard.append(second.hear())
        self.assertEqual(heard, sent)

    def test_reload_disturbs_nobody(self):
        first, second = self.across(self.node(1), self.node(2))
        for number in (1, 2):
            self.node(number).process.send_signal(signal.SIGHUP)
        until(lambda: "read again" in self.node(1).errors() and
              "read again" in self.node(2).errors())
        first.say(b"still here")
        self.assertEqual(second.hear(), b"still here")
        third, _ = self.across(self.node(2), self.node(1))
        third.leave()


class Odd(ClusterTestCase):
    """A node that says what ours never would, or says it too late."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Cluster(nodes=1, servers=1, options=["--messages", "100000"])

    @classmethod
    def tearDownClass(cls):
        cls.shared.stop()

    def setUp(self):
        self.relay_under_test = self.shared.node(1)
        self.fake = FakeNode(self.shared.servers[0], 77)
        self.addCleanup(self.fake.close)
        # Each test's node is new to the relay, whatever the last one said.
        self.fake.epoch = int(time.monotonic() * 1000)

    def joined(self):
        """A phone that the odd node has joined, and where its tunnel is."""
        phone, tunnel = self.waiting(self.relay_under_test)
        return phone, self.fake.join(connect_path(tunnel))

    def test_it_speaks_the_language(self):
        phone, where = self.joined()
        self.fake.say(where, PIECE, b"half ", sequence=0)
        self.fake.say(where, PIECE, b"whole", sequence=1, final=True)
        self.assertEqual(phone.hear(), b"half whole")
        phone.say(b"back")
        self.assertEqual(self.fake.hear(), (PIECE, self.fake.session, b"back"))
        self.fake.say(where, CLOSE, struct.pack(">HB", 4000, 0))
        self.assertEqual(phone.closed(), 4000)

    def test_a_frame_that_was_lost_is_missed(self):
        """Also by the next sign of life, if nothing follows it."""
        for kind, payload in ((PIECE, b"second"), (TAKEN, bytes(4)), (PING, b"")):
            phone, where = self.joined()
            self.fake.frame(PIECE, b"lost")
            self.fake.say(where, kind, payload, final=True)
            self.assertEqual(phone.closed(), 1001)
            self.fake.epoch += 1

    def test_a_frame_from_before_is_ignored(self):
        phone, where = self.joined()
        self.fake.say(where, CLOSE, struct.pack(">HB", 4000, 0), epoch=self.fake.epoch - 1)
        self.fake.count -= 1
        self.fake.say(where, PIECE, b"goes on", final=True)
        self.assertEqual(phone.hear(), b"goes on")

    def test_a_new_epoch_ends_what_was_before(self):
        phone, where = self.joined()
        self.fake.epoch += 1
        self.fake.say(where, PING)
        self.assertEqual(phone.closed(), 1001)
        phone, where = self.joined()
        self.fake.say(where, PIECE, b"anew", final=True)
        self.assertEqual(phone.hear(), b"anew")

    def test_garbage_is_ignored(self):
        phone, where = self.joined()
        good = self.fake.frame(PIECE, b"good", final=True)
        for junk in (b"", b"\1", good[:20], b"\2" + good[1:], bytes(40), os.urandom(1000),
                     good[:1] + b"\xff" + good[2:], good[:2] + b"\x80" + good[3:],
                     good[:1] + bytes([JOIN]) + good[2:]):
            self.fake.send(where, junk)
        self.fake.send(where, good)
        self.assertEqual(phone.hear(), b"good")

    def test_a_flood_keeps_nobody_waiting(self):
        phone, where = self.joined()
        inside = self.across(self.relay_under_test, self.relay_under_test)
        flood = b"".join(
            b"PUB hybridge.relay.%s.%s.004d.00 120\r\n%s\r\n" %
            (where[:4].encode(), where[4:].encode(), self.fake.frame(PIECE, bytes(100), session=9))
            for _ in range(2000))
        reader = threading.Thread(target=self.fake.swallow)
        reader.start()
        self.addCleanup(reader.join)
        worst = 0
        before = self.relay_under_test.memory()
        for _ in range(30):
            self.fake.socket.sendall(flood)
            asked = time.monotonic()
            inside[0].say(b"quick?")
            self.assertEqual(inside[1].hear(), b"quick?")
            worst = max(worst, time.monotonic() - asked)
        self.assertLess(worst, 0.5)
        if not SANITIZED:
            self.assertLess(self.relay_under_test.memory() - before, 100 * MIB)
        # Its numbers do not go on where they were.
        self.assertEqual(phone.closed(), 1001)
        self.fake.socket.shutdown(socket.SHUT_RDWR)


class Parts(ClusterTestCase):
    """Each test has its own cluster, and ends a part of it."""

    def test_a_killed_worker_costs_its_tunnels(self):
        cluster = self.cluster(nodes=2)
        first, second = self.across(cluster.node(1), cluster.node(2))
        inside = self.across(cluster.node(2), cluster.node(2))
        begun = time.monotonic()
        for pid in cluster.node(1).workers():
            os.kill(pid, signal.SIGKILL)
        self.assertTrue(first.ended())
        self.assertEqual(second.closed(), 1001)
        self.assertLess(time.monotonic() - begun, 4)
        cluster.await_node(1)
        first, second = self.across(cluster.node(1), cluster.node(2))
        begun = time.monotonic()
        for pid in cluster.node(2).workers():
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(first.closed(), 1001)
        self.assertLess(time.monotonic() - begun, 4)
        self.assertTrue(second.ended())
        self.assertTrue(inside[0].ended())

    def test_draining_lets_those_who_wait_be_joined(self):
        cluster = self.cluster(nodes=2)
        node = cluster.node(1)
        extra = cluster.options
        node.stop()
        cluster.start_node(1, "--drain-time", "3", *extra)
        node = cluster.node(1)
        first, second = self.across(node, cluster.node(2))
        waiting, tunnel = self.waiting(node)
        waiting.say(b"kept")
        left, _ = self.waiting(node)
        begun = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        until(lambda: node.get("/healthz")[0] == 503)
        late = self.join(cluster.node(2), tunnel)
        self.assertEqual(late.hear(), b"kept")
        for end, other in ((late, waiting), (first, second)):
            end.say(b"goes on")
            self.assertEqual(other.hear(), b"goes on")
        first.leave(4000)
        self.assertEqual(second.closed(), 4000)
        self.assertEqual(first.closed(), 4000)
        self.assertEqual(late.closed(), 1001)
        self.assertGreater(time.monotonic() - begun, 2.5)
        self.assertEqual(waiting.closed(), 1001)
        self.assertEqual(left.closed(), 1001)
        for client in (first, waiting, left):
            client.close()
        self.assertEqual(node.stop(), 0)

    def test_without_its_server_a_node_goes_on_alone(self):
        cluster = self.cluster(nodes=2, servers=2, one_each=True, nats_options=["--no_advertise"])
        inside = self.across(cluster.node(1), cluster.node(1))
        first, second = self.across(cluster.node(1), cluster.node(2))
        _, waiting = self.waiting(cluster.node(2))
        cluster.servers[0].kill()
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(second.closed(), 1001)
        cluster.await_node(1, 503)
        self.assertEqual(cluster.node(1).get("/healthz")[0], 200)
        self.assertEqual(cluster.node(2).get("/readyz")[0], 200)
        self.assertEqual(self.refused(cluster.node(1), connect_path(waiting)), 503)
        inside[0].say(b"unharmed")
        self.assertEqual(inside[1].hear(), b"unharmed")
        self.across(cluster.node(1), cluster.node(1))
        cluster.start_server(cluster.servers[0])
        cluster.await_node(1)
        again = self.join(cluster.node(1), waiting)
        again.say(b"back")

    def test_a_node_starts_before_its_servers(self):
        cluster = self.cluster(nodes=1, servers=1)
        cluster.node(1).stop()
        cluster.servers[0].kill()
        cluster.start_node(1, wait=False)
        self.assertEqual(cluster.node(1).get("/readyz")[0], 503)
        self.across(cluster.node(1), cluster.node(1))
        cluster.start_server(cluster.servers[0])
        cluster.await_node(1)

    def test_a_stuck_server_blocks_nobody(self):
        cluster = self.cluster(nodes=2, servers=2, options=["--messages", "1000"])
        inside = self.across(cluster.node(1), cluster.node(1))
        first, second = self.across(cluster.node(1), cluster.node(2))
        cluster.servers[0].send(signal.SIGSTOP)
        data = first.frame(2, bytes(MIB))
        first.socket.setblocking(False)
        begun = time.monotonic()
        worst = 0
        while time.monotonic() - begun < 4:
            try:
                data = data[first.socket.send(data):] or first.frame(2, bytes(MIB))
            except (BlockingIOError, ConnectionError):
                pass
            asked = time.monotonic()
            inside[0].say(b"quick?")
            self.assertEqual(inside[1].hear(), b"quick?")
            inside[1].say(b"yes")
            inside[0].hear()
            worst = max(worst, time.monotonic() - asked)
            time.sleep(0.05)
        self.assertLess(worst, 0.5)
        first.socket.setblocking(True)
        first.socket.settimeout(PATIENCE)
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(second.closed(), 1001)
        until(lambda: cluster.servers[1] in cluster.servers_of(1), what="another server")
        cluster.await_node(1)
        # What the stuck one still had is of the past, and harms nobody when it comes.
        first, second = self.across(cluster.node(1), cluster.node(2))
        cluster.servers[0].send(signal.SIGCONT)
        for i in range(20):
            first.say(b"%d" % i)
            self.assertEqual(second.hear(), b"%d" % i)
            time.sleep(0.1)

    def test_a_stuck_node_is_given_up_and_comes_back(self):
        cluster = self.cluster(nodes=2)
        node = cluster.node(2)
        first, second = self.across(cluster.node(1), node)
        back, forth = self.across(node, cluster.node(1))
        inside = self.across(node, node)
        pids = node.workers()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(forth.closed(), 1001)
        self.assertLess(time.monotonic() - begun, SILENCE)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        # It must be told that its halves are alone, though nobody talks.
        self.assertEqual(second.closed(), 1001)
        self.assertEqual(back.closed(), 1001)
        inside[0].say(b"unharmed")
        self.assertEqual(inside[1].hear(), b"unharmed")
        first, second = self.across(cluster.node(1), node)
        first.say(b"as before")
        self.assertEqual(second.hear(), b"as before")

    def test_two_nodes_with_one_number_are_warned_about(self):
        cluster = self.cluster(nodes=2, options=["--node", "5"])
        until(lambda: any("node number 5" in cluster.node(n).errors() for n in (1, 2)))

    def test_nodes_without_a_number_choose_one(self):
        cluster = self.cluster(nodes=0, servers=1)
        routes = set()
        for _ in range(2):
            relay = self.relay("--nats", cluster.servers[0].url)
            _, tunnel = self.waiting(relay)
            routes.add(connect_path(tunnel).split("/")[3][:4])
        self.assertEqual(len(routes), 2)


class Big(ClusterTestCase):
    """Many tunnels that talk while each part of the cluster dies and comes back in turn."""

    ACROSS = 1000
    WITHIN = 60
    PAIRS = [(a, b) for a in (1, 2, 3) for b in (1, 2, 3)]

    def setUp(self):
        self.shared = self.cluster(options=["--messages", "100000", "--memory", "64M"])
        self.crowd = Crowd(self.shared)
        self.addCleanup(self.crowd.close)

    def fill(self):
        """As many tunnels as there should be, of each kind alike."""
        there = collections.Counter(tuple(end.node for end in t.ends) for t in self.crowd.tunnels)
        missing = []
        for a, b in self.PAIRS:
            wanted = self.WITHIN // 3 if a == b else -(-self.ACROSS // 6)
            missing += [(a, b)] * (wanted - there[a, b])
        self.crowd.open(missing)

    def lose(self, what, act, expected):
        """@act() ends a part: exactly those tunnels that @expected() says must be lost, and both
        ends must be told; the others go on without losing anything."""
        self.crowd.run(0.5)
        doomed = [t for t in self.crowd.tunnels if expected(t)]
        others = [t for t in self.crowd.tunnels if not expected(t)]
        act()
        begun = time.monotonic()
        told = self.crowd.run(PATIENCE, lambda: all(t.is_over() for t in doomed))
        seconds = time.monotonic() - begun
        before = {t: [end.heard for end in t.ends] for t in others if t.is_whole()}
        self.assertTrue(self.crowd.run(PATIENCE, lambda: all(
            end.heard >= heard + 2 for t in before for end, heard in zip(t.ends, before[t])
            if t.is_whole())), "not all go on")
        self.crowd.settle()
        lost = self.crowd.drop_lost()
        codes = collections.Counter(end.over for t in lost for end in t.ends)
        print(f"# {what}: {len(lost)} of {len(doomed) + len(others)} tunnels lost in "
              f"{seconds:.1f} s, {sum(not t.is_across() for t in lost)} of them within a node; "
              f"ends told {dict(codes)}", flush=True)
        self.assertTrue(told, f"{sum(not t.is_over() for t in doomed)} live on, or half")
        self.assertEqual(len([t for t in lost if not expected(t)]), 0)
        self.assertLessEqual(set(codes), {1001, "gone"})
        return lost

    def test_each_part_dies_in_turn(self):
        self.fill()
        first, second, third = self.shared.servers
        for server in (first, third, second):
            nodes = {n for n in (1, 2, 3) if server in self.shared.servers_of(n)}
            lost = self.lose(f"{server.name} killed, of nodes {sorted(nodes)}", server.kill,
                             lambda t: t.is_across() and t.nodes() & nodes)
            self.assertFalse([t for t in lost if "gone" in (end.over for end in t.ends)])
            for number in (1, 2, 3):
                self.shared.await_node(number)
            self.fill()
            self.lose(f"{server.name} started again",
                      lambda: self.shared.start_server(server), lambda t: False)
        for number in (1, 2, 3):
            self.lose(f"node {number} killed", lambda: self.shared.kill_node(number),
                      lambda t: number in t.nodes())
            self.shared.start_node(number)
            self.fill()
        self.lose("nothing", lambda: None, lambda t: False)


class Secured(ClusterTestCase):
    def test_tls_and_a_password(self):
        ca, cert, key = certificate()
        cluster = self.cluster(nodes=0, servers=1, nats_options=[
            "--tls", "--tlscert", cert, "--tlskey", key, "--user", "node", "--pass", "secret"])
        port = cluster.servers[0].port

        def node(url, number, *options):
            return self.relay("--workers", "1", "--node", str(number), "--nats", url, *options)

        url = f"tls://node:secret@localhost:{port}"
        first, second = (node(url, number, "--nats-ca", ca) for number in (1, 2))
        for relay in (first, second):
            until(lambda: relay.get("/readyz")[0] == 200)
        a, b = self.across(first, second)
        a.say(b"hidden")
        self.assertEqual(b.hear(), b"hidden")
        for relay in (node(url, 3), node(url.replace("secret", "wrong"), 4, "--nats-ca", ca)):
            until(lambda: "message servers" in relay.errors())
            self.assertEqual(relay.get("/readyz")[0], 503)
            self.assertNotIn("wrong", relay.errors())
            self.assertNotIn("secret", relay.errors())

    def test_check_config_looks_at_the_settings(self):
        for status, options in ((0, ["--nats", "nats://127.0.0.1:1,nats://localhost:2"]),
                                (2, ["--nats", ","]),
                                (2, ["--nats", "nats://127.0.0.1:1", "--nats-ca", __file__]),
                                (60, ["--nats", "nats://127.0.0.1:1", "--nats-ca", "/missing"])):
            done = subprocess.run([RELAY, "--plain", "--listen", "127.0.0.1:0", "--check-config",
                                   *options], capture_output=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, status, options)

    def test_who_was_refused_tries_again(self):
        cluster = self.cluster(nodes=0, servers=1, nats_options=["--user", "a", "--pass", "b"])
        server = cluster.servers[0]
        relay = self.relay("--workers", "1", "--node", "1", "--nats", server.url)
        until(lambda: "do not take this node: " in relay.errors())
        time.sleep(3)
        self.assertEqual(relay.errors().count("message servers"), 2)
        server.kill()
        server.options = []
        cluster.start_server(server)
        until(lambda: relay.get("/readyz")[0] == 200)


if __name__ == "__main__":
    tap.main()
