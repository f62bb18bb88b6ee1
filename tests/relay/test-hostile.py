#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Honest tunnels go on while strangers attack, one attack at a time. Plain and by TLS."""

import resource
import time
import unittest

import attacks
import cutting
from hostile import SANITIZED, Attack, Measure, figure
from relaytest import RelayTestCase, both

MIB = 1024 * 1024

LEAST = 8  # honest tunnels during an attack
SECONDS = 0.3

# Room for what one process and its libraries keep back, attack or not.
MEMORY_SLACK = 24 * MIB

IDLE = 20000
IDLE_PROCESSES = 4
OTHER_DESCRIPTORS = 500


class Attacked:
    """Runs one attack."""

    def attacked(self, name, work, *options, processes=1, memory=16 * MIB, queued=4 * MIB,
                 to_the_end=False, still=False, rounds=1, **how):
        """Honest tunnels all go well meanwhile, and the relay is well afterwards.

        @memory, @queued: bounds on what the relay may take for the attack. @still: it has nothing
        to do for those who only stay. @rounds: until the attack has begun.
        """
        relay = self.relay("--workers", "2", *options)
        Measure(relay).run(2)
        usual = Measure(relay).run(8)
        before = relay.memory()
        attack = Attack(relay, work, processes, **how)
        try:
            attack.begun(rounds)
            measure = Measure(relay).run(
                LEAST, SECONDS, attack.over if to_the_end else lambda: True)
            if still:
                spent = relay.cpu()
                time.sleep(0.3)
                self.assertLess(relay.cpu() - spent, 0.15)
        finally:
            attack.stop()
        figure(f"{'TLS' if self.tls else 'plain'}, {name}", measure, usual, attack)
        if not SANITIZED:
            self.assertLess(measure.memory - before, memory + MEMORY_SLACK)
        self.assertLess(measure.queued, queued)
        relay.settled()
        self.assertEqual(relay.metric("worker_restarts_total"), 0)
        Measure(relay).run(1)
        return relay


class Attacks(Attacked):
    def test_slow_headers(self):
        self.attacked("slow headers", attacks.slow_headers, processes=2)

    def test_slow_bodies(self):
        self.attacked("slow bodies", attacks.slow_bodies, processes=2)

    def test_slow_hellos(self):
        self.attacked("slow TLS hellos" if self.tls else "slow nonsense", attacks.slow_hello,
                      processes=2)

    def test_one_byte_a_second(self):
        self.attacked("one byte a second", attacks.slow_headers, "--request-time", "0.4",
                      "--tls-time", "5", count=200, pause=1, still=True)

    def test_waiting_tunnels(self):
        self.attacked("waiting tunnels", attacks.idle_tunnels, count=300, rounds=300,
                      memory=300 * 64 * 1024, still=True)

    def test_a_flood_of_tunnels(self):
        self.attacked("flood of /new", attacks.flood_new, processes=2)

    def test_a_flood_of_tunnels_from_one_address(self):
        relay = self.attacked("flood of /new, bounded", attacks.flood_new, "--address-tunnels",
                              "20", processes=2, rounds=40)
        self.assertGreater(relay.metric('refusals_total{cause="rate"}'), 0)

    def test_guessed_tunnels(self):
        self.attacked("guessed tunnels", attacks.guess_tunnels, processes=2)

    def test_guessed_tunnels_from_one_address(self):
        relay = self.attacked("guessed tunnels, bounded", attacks.guess_tunnels,
                              "--address-refusals", "50", processes=2)
        self.assertGreater(relay.metric('refusals_total{cause="address"}'), 0)
        self.assertLessEqual(relay.metric('refusals_total{cause="tunnel"}'), 60)

    def test_guessed_routes(self):
        self.attacked("guessed routes", attacks.guess_routes, processes=2)

    def test_peers_that_never_read(self):
        relay = self.attacked("never reading", attacks.never_read, "--messages", "1000000",
                              "--memory", "8M", "--address-memory", "4M", "--reader-time", "0.5",
                              processes=2,
                              memory=32 * MIB, queued=8 * MIB + 1)
        self.assertGreater(relay.metric('tunnels_ended_total{cause="slow"}') +
                           relay.metric('tunnels_ended_total{cause="memory"}'), 0)

    def test_peers_that_never_read_and_are_waited_for(self):
        self.attacked("never reading, in peace", attacks.never_read, "--messages", "1000000",
                      "--buffer", "64k", "--reader-time", "0", rounds=400, count=4,
                      memory=32 * MIB, queued=24 * MIB, still=True)

    def test_unread_goodbyes(self):
        self.attacked("unread goodbyes", attacks.say_goodbye_and_go_on, "--buffer", "1M",
                      queued=64 * MIB, memory=64 * MIB, rounds=3, still=True)

    def test_messages_of_one_byte(self):
        self.attacked("messages of one byte", attacks.single_bytes, processes=2)

    def test_fragments_of_one_byte(self):
        self.attacked("fragments of one byte", attacks.crumbs, processes=2)

    def test_messages_without_end(self):
        self.attacked("messages without end", attacks.endless, processes=2, queued=8 * MIB)

    def test_floods_of_control_frames(self):
        self.attacked("control frames", attacks.flood_control, processes=2)

    def test_lies_about_lengths(self):
        self.attacked("lies about lengths", attacks.lie, processes=2)

    def test_broken_rules(self):
        self.attacked("broken frames", attacks.break_rules, processes=2)

    def test_compression(self):
        self.attacked("compression", attacks.offer_compression, processes=2)

    def test_http2(self):
        self.attacked("HTTP/2", attacks.speak_http2, processes=2)

    def test_garbage(self):
        self.attacked("garbage", attacks.talk_garbage, processes=2)

    def test_half_closed_sockets(self):
        self.attacked("half-closed sockets", attacks.half_close, processes=2)

    def test_chaos(self):
        self.attacked("chaos", attacks.chaos, "--messages", "1000", "--workers", "3",
                      "--reader-time", "1", processes=3, memory=64 * MIB, queued=64 * MIB)

    def test_all_at_once(self):
        self.attacked("all at once", attacks.mixture, processes=len(attacks.MIXTURE),
                      memory=64 * MIB, queued=32 * MIB)

    def test_resets_at_every_byte(self):
        self.attacked("resets byte by byte", cutting.cut, processes=2, of=2,
                      step=7 if SANITIZED else 2 if self.tls else 1, to_the_end=True)


AttacksPlain, AttacksTls = both(Attacks)
del Attacks


class TlsOnly(Attacked, RelayTestCase):
    tls = True

    def test_handshakes(self):
        self.attacked("handshakes", attacks.flood_handshakes, processes=2)

    def test_renegotiations(self):
        self.attacked("renegotiations", cutting.renegotiate, processes=2)

    def test_stuck_handshakes(self):
        self.attacked("stuck handshakes", cutting.stuck_hello, count=300, rounds=300,
                      memory=300 * 64 * 1024, still=True)

    def test_stuck_records(self):
        self.attacked("stuck records", cutting.stuck_record, count=300, rounds=300,
                      memory=300 * 64 * 1024, still=True)

    def test_new_keys(self):
        self.attacked("new keys", cutting.flood_key_updates, processes=2)


class Crowd(Attacked, RelayTestCase):
    def test_idle_connections(self):
        """As many as descriptors allow."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        # One worker may get more than its half.
        count = min(IDLE, int(1.8 * (most - OTHER_DESCRIPTORS)))
        if SANITIZED:
            count //= 4
        if count < 1000:
            self.skipTest(f"{most} descriptors are not enough")
        each = count // IDLE_PROCESSES
        relay = self.attacked(f"{count} idle connections", attacks.idle, "--request-time", "60",
                              processes=IDLE_PROCESSES, count=each, rounds=count // 100,
                              memory=count * 1024, still=True)
        # The last may still have been waiting to be accepted.
        self.assertGreater(relay.metric("connections_total"), 0.9 * count)


if __name__ == "__main__":
    unittest.main()
