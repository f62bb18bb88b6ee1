# SPDX-License-Identifier: BSD-2-Clause
"""Honest tunnels, and how long they take while others attack the relay from their own processes."""

import multiprocessing
import os
import statistics
import time
import warnings

from relaytest import PATIENCE, Client, Gone, connect_path, tunnel_id

SANITIZED = "asan" in os.environ.get("HYBRIDGE_RELAY", "")

# A ceremony's messages, each way.
SIZES = (81, 4096, 528, 1500)

_fork = multiprocessing.get_context("fork")


def until(condition, timeout=PATIENCE):
    """Waits for it to become true, and fails if that takes too long. Returns: what it was"""
    end = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not after {timeout} s")
        time.sleep(0.02)


def honest_tunnel(relay, source=None):
    """One whole ceremony; fails unless everything arrives, in order, and ends well."""
    ends = []
    try:
        first = Client(relay, source=source)
        ends.append(first)
        tunnel = tunnel_id()
        first.upgrade("/cable/new/" + tunnel)
        second = Client(relay, source=source)
        ends.append(second)
        second.upgrade(connect_path(tunnel))
        for size in SIZES:
            asked, answered = os.urandom(size), os.urandom(size)
            second.say(asked)
            if first.hear() != asked:
                raise AssertionError("another message than was sent")
            first.say(answered)
            if second.hear() != answered:
                raise AssertionError("another message than was sent")
        second.leave()
        if (first.closed(), second.closed()) != (1000, 1000):
            raise AssertionError("not closed as asked")
    finally:
        for end in ends:
            end.close()


class Measure:
    """Honest tunnels, one after the other."""

    def __init__(self, relay):
        self.relay = relay
        self.seconds = []
        self.memory = 0
        self.queued = 0

    def one(self):
        # Each from an address of its own: bounds for one address are for attackers.
        source = f"127.0.1.{len(self.seconds) % 250 + 1}"
        begin = time.monotonic()
        honest_tunnel(self.relay, source)
        self.seconds.append(time.monotonic() - begin)

    def run(self, least, seconds=0.0, until=lambda: True):
        """At least that many, for at least that long, and until @until."""
        end = time.monotonic() + seconds
        while len(self.seconds) < least or time.monotonic() < end or not until():
            self.one()
            if len(self.seconds) % 8 == 0:
                self.look()
        self.look()
        return self

    def look(self):
        self.memory = max(self.memory, self.relay.memory())
        self.queued = max(self.queued, self.relay.metric("queued_bytes"))

    def median(self):
        return statistics.median(self.seconds)


class Attack:
    """Runs generators in processes of their own, again and again until stopped.

    Each yield is a round of the attack. One that is dropped by the relay (any OSError, Gone) begins
    again; one that returns is over.
    """

    def __init__(self, relay, work, processes=1, **how):
        self.rounds = _fork.Value("Q", 0)
        self.failures = _fork.Queue()
        self._stop = _fork.Event()
        self._processes = [
            _fork.Process(target=self._run, args=(relay, work, number, how), daemon=True)
            for number in range(processes)]
        for process in self._processes:
            process.start()

    def _run(self, relay, work, number, how):
        warnings.simplefilter("ignore", ResourceWarning)  # sockets that end with the process
        while not self._stop.is_set():
            try:
                for _ in work(relay, number=number, **how):
                    with self.rounds.get_lock():
                        self.rounds.value += 1
                    if self._stop.is_set():
                        return
                return
            except (OSError, Gone):
                pass
            except BaseException as error:  # told by the process that asserts
                self.failures.put(repr(error))
                raise

    def over(self):
        return not any(process.is_alive() for process in self._processes)

    def begun(self, rounds=1):
        """Waits until that many rounds are done."""
        end = time.monotonic() + PATIENCE
        while self.rounds.value < rounds and not self.over():
            if time.monotonic() > end:
                raise AssertionError("the attack did not begin")
            time.sleep(0.005)

    def stop(self):
        """Ends it, by force if need be; fails if it never did anything."""
        self._stop.set()
        for process in self._processes:
            process.join(1)
            if process.is_alive():
                process.kill()
                process.join()
        if not self.failures.empty():
            raise AssertionError(self.failures.get())
        if self.rounds.value == 0:
            raise AssertionError("the attack did nothing")


def figure(name, measure, usual, attack):
    """One line for people."""
    print(f"# {name}: {len(measure.seconds)} honest tunnels, "
          f"{1000 * measure.median():.1f} ms each, "
          f"{measure.median() / usual.median():.1f} times the usual, "
          f"{attack.rounds.value} rounds of attack", flush=True)
