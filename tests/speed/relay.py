#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What hybridge-relay costs beside the least that a relay could, in the same run.

Every row runs the floor (tests/speed/relay_floor.c) and the relay in turn under the same load and
compares CPU time per operation, summed over all processes of each; what a row says is the median
of the runs' ratios. Rates are those of one fully used core. Prints JSON; a table with the aims goes
to standard error.
"""
import argparse
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from figures import cpu_ms, tree

WARM_TUNNELS = 50
SLICES = 4  # of one run: short turns, so that what else the machine does meets all alike
WARM_HALVES = 500  # so that tables and pools have grown before memory is looked at
IDLE = 9500  # beside the tunnels of one process
IDLE_CHUNK = 9500  # of one process that holds them: it may have no more descriptors
PATIENCE = 120  # seconds until something that is waited for has hung

OPTIONS = ["--metrics", "127.0.0.1:0", "--messages", "1000000", "--tunnels", "100000",
           "--unpaired-time", "3600", "--lifetime", "7200", "--idle-time", "3600"]
CONNECTIONS = IDLE + 1000


class Server:
    """A floor or a relay that runs."""

    def __init__(self, *parts):
        command = [str(part) for part in parts]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)
        for _ in range(2 if "--metrics" in command else 1):
            match = re.match(r"(listening|metrics) on (.*)$", self.process.stdout.readline())
            if not match:
                self.stop()
                sys.exit(f"{command[0]} does not start")
            if match[1] == "listening":
                self.address = match[2]
            else:
                self.metrics = match[2]

    def pids(self):
        return tree(self.process.pid)

    def cpu_ms(self):
        """User and system time of all its processes."""
        return sum(cpu_ms(pid) for pid in self.pids())

    def memory_kib(self):
        """What they hold, where shared pages count once."""
        total = 0
        for pid in self.pids():
            try:
                text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
            except PermissionError:  # the relay hides from other users but root: growth is alike
                pages = pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]
                total += int(pages) * resource.getpagesize() // 1024
        return total

    def forwarded(self):
        """Tunnels with their ends at two workers; None if it does not count them."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        found = re.findall(r"^hybridge_relay_tunnels_forwarded_total(?:{.*})? (\d+)$", text, re.M)
        return sum(map(int, found)) if found else None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


class Load:
    """A relay-load that has prepared itself and waits."""

    def __init__(self, program, server, tls, kind, *options):
        command = [program, kind, "--connect", server.address, *map(str, options)]
        self.process = subprocess.Popen(command + (["--tls"] if tls else []), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.expect("ready")

    def expect(self, start):
        line = self.process.stdout.readline()
        if not line.startswith(start):
            sys.exit("the load generator has stopped")
        return line

    def go(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.expect("{"))

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        if self.process.wait(PATIENCE) != 0:
            sys.exit("the load generator has failed")


class Bench:
    def __init__(self, build, relay, scratch, seconds):
        self.load_program = build / "tests/speed/relay-load"
        self.floor_program = build / "tests/speed/relay-floor"
        self.relay_program = relay
        self.seconds = seconds
        self.cert, self.key = scratch / "cert.pem", scratch / "key.pem"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        subprocess.run(["openssl", "req", "-x509", *curve, "-keyout", self.key, "-out", self.cert,
                        "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
        text = subprocess.run([relay, "--help"], capture_output=True, text=True, check=True).stdout
        self.has_workers = "--workers" in text

    def floor(self, tls):
        return Server(self.floor_program, *([self.cert, self.key] if tls else []))

    def relay(self, tls, workers=1, connections=CONNECTIONS):
        command = [self.relay_program, "--listen", "127.0.0.1:0", *OPTIONS, "--connections",
                   connections]
        command += ["--cert", self.cert, "--key", self.key] if tls else ["--plain"]
        if self.has_workers:
            command += ["--workers", workers]
        return Server(*command)

    def load(self, server, tls, kind, *options):
        return Load(self.load_program, server, tls, kind, *options)

    @staticmethod
    def part(server, load):
        """A core each, since sharing one or not is the scheduler's whim and a factor of three; and
        before others on it, if we may: else it is their time slices that are measured."""
        cores = sorted(os.sched_getaffinity(0))
        for pid, core in [(load.process.pid, cores[0])] + [(pid, cores[-1])
                                                           for pid in server.pids()]:
            os.sched_setaffinity(pid, [core])
            with contextlib.suppress(PermissionError):
                os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))

    def hold(self, server, tls, count, *options):
        """Idle connections that stay until what is returned is stopped."""
        holders = []
        for begin in range(0, count, IDLE_CHUNK):
            load = self.load(server, tls, "idle", "--count", min(IDLE_CHUNK, count - begin),
                             *options)
            load.go()
            holders.append(load)
        return holders

    def slice(self, case):
        """(milliseconds of CPU time, operations) of one turn."""
        load = self.load(case.server, case.tls, case.kind, "--seconds", self.seconds / SLICES,
                         *case.options)
        before = case.server.cpu_ms()
        done = load.go()["operations"]
        spent = case.server.cpu_ms() - before
        load.stop()
        return spent, done

    def costs(self, cases):
        """Microseconds of CPU time per operation in each case. All of them run and hold their idle
        connections throughout, and are loaded in turn."""
        holders = [load for case in cases for load in self.hold(case.server, case.tls, case.idle)]
        spent, done = [0.0] * len(cases), [0] * len(cases)
        for turn in range(SLICES):
            numbers = range(len(cases))
            for number in reversed(numbers) if turn % 2 else numbers:
                more_spent, more_done = self.slice(cases[number])
                spent[number] += more_spent
                done[number] += more_done
        for load in holders:
            load.stop()
        return [ms * 1e3 / operations for ms, operations in zip(spent, done)]


@contextlib.contextmanager
def running(*servers):
    try:
        yield servers
    finally:
        for server in servers:
            server.stop()


@dataclasses.dataclass
class Case:
    """One server under one load, beside @idle waiting halves."""
    server: Server
    tls: bool
    kind: str
    options: tuple = ("--warm", WARM_TUNNELS)
    idle: int = 0


class Row:
    """One line of the table. @aim is what value() has to reach; @at_most: or not to exceed. A run
    is a value, what it was found by ("relay") and what that was compared with ("reference")."""

    def __init__(self, name, unit, aim, at_most=False, needs_workers=False):
        self.name, self.unit, self.aim = name, unit, aim
        self.at_most, self.needs_workers = at_most, needs_workers
        self.runs = []

    def run(self, bench):
        self.runs.append(self.once(bench))

    def value(self):
        return statistics.median(run["value"] for run in self.runs)

    def median(self, key):
        values = [run[key] for run in self.runs if run.get(key) is not None]
        return statistics.median(values) if values else None

    def report(self):
        value = self.value()
        reached = None
        if self.aim is not None:
            reached = value <= self.aim if self.at_most else value >= self.aim
        spread = [run["value"] for run in self.runs]
        return {"row": self.name, "unit": self.unit, "value": round(value, 3), "aim": self.aim,
                "at_most": self.at_most, "reached": reached,
                "least": round(min(spread), 3), "most": round(max(spread), 3),
                "reference": self.median("reference"), "relay": self.median("relay")}


class Rate(Row):
    """Operations per second and core: the relay's share of the floor's."""

    def __init__(self, name, aim, tls, kind, *options, idle=0):
        super().__init__(name, "of the floor's rate", aim)
        self.tls, self.kind, self.options, self.idle = tls, kind, options, idle

    def once(self, bench):
        with running(bench.floor(self.tls), bench.relay(self.tls)) as servers:
            floor, relay = bench.costs([Case(server, self.tls, self.kind, self.options, self.idle)
                                        for server in servers])
        return {"value": floor / relay, "reference": round(1e6 / floor), "relay": round(1e6 / relay)}


class Memory(Row):
    """What one waiting half adds."""

    def __init__(self, name, aim, tls, count):
        super().__init__(name, "kB a half", aim, at_most=True)
        self.tls, self.count = tls, count

    def grown(self, bench, server):
        load = bench.load(server, self.tls, "idle", "--count", self.count, "--warm", WARM_HALVES)
        before = server.memory_kib()
        done = load.go()["operations"]
        grown = (server.memory_kib() - before) * 1.024 / done
        load.stop()
        return round(grown, 2)

    def once(self, bench):
        with running(bench.floor(self.tls), bench.relay(self.tls)) as servers:
            floor, relay = [self.grown(bench, server) for server in servers]
        return {"value": relay, "reference": floor, "relay": relay}


class Latency(Row):
    """One way through the relay, nothing else going on: as a multiple of the floor's. Of the slices
    the fastest counts: a machine that does something else adds milliseconds, whatever is measured.
    """

    def __init__(self, name, aim, tls, key):
        super().__init__(name, "of the floor's time", aim, at_most=True)
        self.tls, self.key = tls, key

    def time_us(self, bench, server):
        load = bench.load(server, self.tls, "latency", "--seconds",
                          bench.seconds / SLICES / 2)
        bench.part(server, load)
        result = load.go()
        load.stop()
        return result[self.key]

    def once(self, bench):
        with running(bench.floor(self.tls), bench.relay(self.tls)) as servers:
            times = [[self.time_us(bench, server) for server in servers]
                     for _ in range(2 * SLICES)]
        floor, relay = [min(of_one) for of_one in zip(*times)]
        return {"value": relay / floor, "reference": round(floor, 1), "relay": round(relay, 1)}


class Misrouted(Row):
    """A tunnel whose ends land at two workers, as a multiple of one whose ends do not; with @flight
    under way: with few of them each message wakes a worker that has nothing else to do."""

    def __init__(self, name, aim, tls, flight):
        super().__init__(name, "of a well-routed one's time", aim, at_most=True,
                         needs_workers=True)
        self.tls, self.options = tls, ("--warm", WARM_TUNNELS, "--flight", flight)

    def once(self, bench):
        with running(bench.relay(self.tls, 2), bench.relay(self.tls, 2)) as servers:
            same, other = bench.costs([
                Case(server, self.tls, "tunnels", (*self.options, "--route", route))
                for server, route in zip(servers, ("same", "other"))])
            forwarded = [server.forwarded() for server in servers]
        if forwarded[0] or forwarded[1] == 0:
            print(f"{self.name}: the relay has forwarded {forwarded[0]} tunnels instead of none, "
                  f"and {forwarded[1]} instead of all", file=sys.stderr)
        return {"value": other / same, "reference": round(same, 1), "relay": round(other, 1)}


class Flat(Row):
    """A tunnel beside many idle connections over all workers, as a multiple of one beside few."""

    FEW, MANY = 100, 20000

    def __init__(self, name, aim, tls):
        super().__init__(name, "of one's time beside 100", aim, at_most=True, needs_workers=True)
        self.tls = tls

    def once(self, bench):
        room = self.MANY + CONNECTIONS
        with running(bench.relay(self.tls, 2, room), bench.relay(self.tls, 2, room)) as servers:
            few, many = bench.costs([Case(server, self.tls, "tunnels", idle=idle)
                                     for server, idle in zip(servers, (self.FEW, self.MANY))])
        return {"value": many / few, "reference": round(few, 1), "relay": round(many, 1)}


def rows():
    warm = ("--warm", WARM_TUNNELS)
    return [
        Rate("tunnels-plain", 0.6, False, "tunnels", *warm),
        Rate("tunnels-plain-idle", 0.5, False, "tunnels", *warm, idle=IDLE),
        Rate("tunnels-tls", 0.9, True, "tunnels", *warm),
        Rate("messages-plain", 0.65, False, "messages", "--depth", 4),
        Rate("messages-tls", 0.8, True, "messages", "--depth", 4),
        Rate("messages-single-plain", 0.65, False, "messages", "--depth", 1),
        Rate("messages-single-tls", 0.8, True, "messages", "--depth", 1),
        Memory("memory-plain", 2.6, False, 5000),
        Memory("memory-tls", 17, True, 2000),
        Latency("latency-p50", 1.2, False, "p50_us"),
        Latency("latency-p99", 2, False, "p99_us"),
        Misrouted("misrouted-tls", 1.05, True, 64),
        Misrouted("misrouted-many-tls", 1.05, True, 256),
        Flat("flat-idle", 1.1, False),
    ]


def print_table(reports):
    print(f"{'row':24}{'reference':>11}{'relay':>10}{'value':>9}{'range':>16}{'aim':>9}",
          file=sys.stderr)
    for report in reports:
        aim, verdict = "", ""
        if report["aim"] is not None:
            aim = f"{'<=' if report['at_most'] else '>='} {report['aim']}"
            verdict = "" if report["reached"] else "  missed"
        spread = f"{report['least']:.2f}-{report['most']:.2f}"
        print(f"{report['row']:24}{report['reference']:>11}{report['relay']:>10}"
              f"{report['value']:>9.2f}{spread:>16}{aim:>9}{verdict}", file=sys.stderr)


def measure(bench, chosen, runs):
    done = []
    for row in chosen:
        if row.needs_workers and not bench.has_workers:
            print(f"{row.name}: left out, this relay has no --workers", file=sys.stderr)
            continue
        for number in range(runs):
            print(f"\r{row.name}: {number + 1} of {runs}  ", end="", file=sys.stderr, flush=True)
            row.run(bench)
        print(file=sys.stderr)
        done.append(row)
    return [row.report() for row in done]


def parse(names):
    parser = argparse.ArgumentParser(prog="tests/bench relay", description=__doc__)
    parser.add_argument("build", help="build folder", type=pathlib.Path)
    parser.add_argument("--runs", type=int, help="of each row [5]")
    parser.add_argument("--seconds", type=float, help="of each load [2]")
    parser.add_argument("--only", nargs="+", choices=names, metavar="ROW",
                        help="of " + ", ".join(names))
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--relay", help="another relay than the build's", type=pathlib.Path)
    options = parser.parse_args()
    if options.runs is None:
        options.runs = 1 if options.quick else 5
    if options.seconds is None:
        options.seconds = 0.5 if options.quick else 2
    if options.runs < 1 or options.seconds <= 0:
        parser.error("--runs and --seconds must be above 0")
    return options


def main():
    every = rows()
    options = parse([row.name for row in every])
    chosen = [row for row in every if not options.only or row.name in options.only]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    relay = options.relay or options.build / "bridge/relay/hybridge-relay"
    try:
        with tempfile.TemporaryDirectory(prefix="relay-bench-") as scratch:
            bench = Bench(options.build, relay, pathlib.Path(scratch), options.seconds)
            reports = measure(bench, chosen, options.runs)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    print_table(reports)
    print(json.dumps({"benchmark": "relay", "runs": options.runs, "rows": reports}, indent=1))


if __name__ == "__main__":
    main()
