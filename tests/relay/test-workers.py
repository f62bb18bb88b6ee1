#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Workers and supervisors that are killed or stopped in the middle of traffic. Plain and by TLS."""

import os
import re
import signal
import threading
import time
import unittest

from hostile import Measure, until
from relaytest import Gone, Relay, RelayTestCase, both, connect_path

PAIRS = 18
WORKERS = 3


def by_worker(relay, name):
    """What each worker counts under that name."""
    text = relay.get("/metrics")[1]
    found = re.findall(rf'^hybridge_relay_{name}{{worker="(\d+)"}} (\d+)$', text, re.M)
    return [int(value) for _, value in sorted(found, key=lambda row: int(row[0]))]


class Located:
    """A tunnel whose ends' workers are known."""

    def __init__(self, relay, make):
        counts = [by_worker(relay, "connections")]
        self.first, self.tunnel = make.waiting(relay)
        counts.append(by_worker(relay, "connections"))
        self.second = make.client(relay)
        self.second.upgrade(connect_path(self.tunnel))
        counts.append(by_worker(relay, "connections"))
        self.workers = [[after - before for before, after in zip(*rows)].index(1)
                        for rows in (counts[:2], counts[1:])]
        self.ends = (self.first, self.second)
        self.rounds = 0
        self.problem = None

    def talk(self, stop):
        """Asks and answers until told to stop, or until it breaks."""
        try:
            while not stop.is_set():
                message = os.urandom(2000)
                self.second.say(message)
                if self.first.hear() != message:
                    raise AssertionError("another message")
                self.first.say(message)
                if self.second.hear() != message:
                    raise AssertionError("another message")
                self.rounds += 1
        except (AssertionError, Gone, OSError) as problem:
            self.problem = problem


class Deaths:
    def test_a_killed_worker_takes_only_its_own_tunnels_along(self):
        relay = self.relay("--workers", str(WORKERS), "--messages", "1000000", "--bytes", "10G",
                           "--address-connections", "200", "--close-time", "0.5")
        pids = relay.workers()
        tunnels = [Located(relay, self) for _ in range(PAIRS)]
        stop = threading.Event()
        threads = [threading.Thread(target=tunnel.talk, args=(stop,)) for tunnel in tunnels]
        for thread in threads:
            thread.start()
        until(lambda: all(tunnel.rounds > 2 for tunnel in tunnels))
        os.kill(pids[1], signal.SIGKILL)
        lost = [tunnel for tunnel in tunnels if 1 in tunnel.workers]
        kept = [tunnel for tunnel in tunnels if 1 not in tunnel.workers]
        until(lambda: all(tunnel.problem for tunnel in lost))
        seen = [tunnel.rounds for tunnel in kept]
        until(lambda: all(tunnel.rounds > before + 2 for tunnel, before in zip(kept, seen)))
        stop.set()
        for thread in threads:
            thread.join()
        for tunnel in kept:
            self.assertIsNone(tunnel.problem)
        for tunnel in lost:
            for end, worker in zip(tunnel.ends, tunnel.workers):
                # Its own connections end; others are told.
                if worker == 1:
                    self.assertTrue(end.ended())
                else:
                    self.assertIn(end.closed(), (1001, None))
                end.close()
        until(lambda: by_worker(relay, "worker_up") == [1] * WORKERS)
        self.assertEqual(by_worker(relay, "worker_restarts_total"), [0, 1, 0])
        until(lambda: relay.metric("connections") == 2 * len(kept))
        self.assertEqual(relay.metric('tunnels{state="paired"}'), len(kept))
        # What was counted for our address is right, too: exactly the rest fits.
        more = [self.client(relay) for _ in range(200 - 2 * len(kept))]
        for client in more:
            client.send(b"GET ")
        until(lambda: relay.metric("connections") == 200)
        with self.assertRaises((Gone, OSError)):
            self.waiting(relay)
        for client in more:
            client.close()
        for tunnel in kept:
            tunnel.first.leave()
            self.assertEqual(tunnel.second.closed(), 1000)
            tunnel.first.close()
            tunnel.second.close()
        relay.settled()
        for _ in range(10):
            self.pair(relay)

    def test_ids_of_a_dead_worker_are_free_again(self):
        relay = self.relay("--workers", str(WORKERS))
        pids = relay.workers()
        held = []
        while len(held) < 12:
            client, tunnel = self.waiting(relay)
            held.append((client, tunnel))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for client, _ in held:
            self.assertTrue(client.ended())
        until(lambda: relay.metric("worker_restarts_total") == WORKERS)
        until(lambda: by_worker(relay, "worker_up") == [1] * WORKERS)
        for _, tunnel in held:
            self.client(relay).upgrade("/cable/new/" + tunnel)
        self.assertEqual(relay.metric("connections"), 12)


class Supervision(RelayTestCase):
    """What does not depend on TLS."""

    def test_a_worker_that_dies_young_is_not_replaced_in_haste(self):
        relay = self.relay("--workers", "1")
        for _ in range(2):
            begin = time.monotonic()
            killed = relay.workers()
            os.kill(killed[0], signal.SIGKILL)
            until(lambda: relay.workers() not in ([], killed))
            self.assertGreater(time.monotonic() - begin, 0.8)

    def test_a_worker_that_is_born_into_the_end_ends(self):
        relays = [Relay("--workers", "1") for _ in range(10)]
        time.sleep(1.1)  # no longer young: replaced at once
        for relay in relays:
            killed = relay.workers()
            os.kill(killed[0], signal.SIGKILL)
            while relay.workers() in ([], killed):
                pass
            self.assertEqual(relay.stop(), 0)

    def test_workers_killed_again_and_again(self):
        relay = self.relay("--workers", str(WORKERS), "--address-refusals", "1000000")

        def descriptors():
            return len(os.listdir(f"/proc/{relay.process.pid}/fd"))

        before = descriptors()
        made = lost = 0
        end = time.monotonic() + 1.5
        killed = 0
        while time.monotonic() < end:
            pids = relay.workers()
            if pids:
                os.kill(pids[made % len(pids)], signal.SIGKILL)
                killed += 1
            for _ in range(6):
                try:
                    Measure(relay).one()
                    made += 1
                except (AssertionError, Gone, OSError):
                    lost += 1
        self.assertGreater(made, 0)
        until(lambda: by_worker(relay, "worker_up") == [1] * WORKERS)
        until(lambda: relay.metric("worker_restarts_total") == killed)
        relay.settled()
        self.assertEqual(descriptors(), before)
        Measure(relay).run(10)

    def waiting_at(self, relay, route):
        """The ID of a new tunnel, if it went there."""
        _, tunnel = self.waiting(relay)
        return tunnel if connect_path(tunnel).split("/")[3] == route else None

    def join_status(self, relay, tunnel):
        """None if nobody answers: whoever took the connection was stopped."""
        client = self.client(relay)
        client.socket.settimeout(1)
        client.request(connect_path(tunnel))
        try:
            return client.answer()[0]
        except TimeoutError:
            client.close()
            return None

    def test_a_stopped_worker_is_replaced(self):
        relay = self.relay("--workers", "2", "--join-time", "0.5")
        pids = relay.workers()
        tunnels = [Located(relay, self) for _ in range(8)]
        waiting = until(lambda: self.waiting_at(relay, "000000"))
        os.kill(pids[0], signal.SIGSTOP)
        begin = time.monotonic()
        for tunnel in tunnels:
            if tunnel.workers == [1, 1]:
                tunnel.first.say(b"still here")
                self.assertEqual(tunnel.second.hear(), b"still here")
        until(lambda: self.join_status(relay, waiting) == 503)
        until(lambda: relay.metric("worker_restarts_total") == 1, 40)
        self.assertGreater(time.monotonic() - begin, 10)
        self.assertIn("does not respond", relay.errors())
        until(lambda: by_worker(relay, "worker_up") == [1, 1])
        for tunnel in tunnels:
            for end, worker in zip(tunnel.ends, tunnel.workers):
                if worker == 0:
                    self.assertTrue(end.ended())
                elif 0 in tunnel.workers:
                    self.assertEqual(end.closed(), 1001)
                end.close()
        Measure(relay).run(5)

    def test_a_relay_that_was_frozen_as_a_whole_goes_on(self):
        relay = self.relay("--workers", "2")
        pids = relay.workers()
        first, second = self.pair(relay)
        for pid in pids + [relay.process.pid]:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(17)
        # The worst order: the supervisor looks before anybody could give a sign of life.
        for pid in [relay.process.pid] + pids:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.1)
        first.say(b"still here")
        self.assertEqual(second.hear(), b"still here")
        self.assertEqual(relay.workers(), pids)
        self.assertEqual(relay.metric("worker_restarts_total"), 0)

    def test_workers_do_not_outlive_their_supervisor(self):
        relay = Relay("--workers", "2")
        pids = relay.workers()
        first, second = self.pair(relay)
        relay.process.kill()
        self.assertTrue(first.ended())
        self.assertTrue(second.ended())

        def gone(pid):
            try:
                os.kill(pid, 0)
                with open(f"/proc/{pid}/stat") as stat:
                    return stat.read().rpartition(")")[2].split()[0] == "Z"
            except (ProcessLookupError, FileNotFoundError):
                return True

        for pid in pids:
            until(lambda: gone(pid))
        self.assertEqual(relay.stop(), -signal.SIGKILL)
        again = self.relay("--workers", "2", listen=(f"127.0.0.1:{relay.port}",))
        Measure(again).run(1)


DeathsPlain, DeathsTls = both(Deaths)
del Deaths

if __name__ == "__main__":
    unittest.main()
