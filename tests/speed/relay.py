#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What hybridge-relay costs beside the least that a relay could, in the same run.

Every row runs the floor (tests/speed/relay_floor.c) and the relay in turn under the same load and
compares CPU time per operation, summed over all processes of each; what a row says is the median
of the runs' ratios. Rates are those of one fully used core. Prints JSON; a table with the aims goes
to standard error.
"""
import argparse
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
import time
import urllib.request

WARM_TUNNELS = 200
WARM_HALVES = 500  # so that tables and pools have grown before memory is looked at
IDLE = 9500  # beside the tunnels of one process
IDLE_CHUNK = 9500  # of one process that holds them: it may have no more descriptors
PATIENCE = 120  # seconds until something that is waited for has hung

OPTIONS = ["--metrics", "127.0.0.1:0", "--messages", "1000000", "--tunnels", "100000",
           "--unpaired-time", "3600", "--lifetime", "7200", "--idle-time", "3600"]
CONNECTIONS = IDLE + 1000


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


class Server:
    """A floor or a relay that runs."""

    def __init__(self, command, name):
        self.name, self.metrics = name, None
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
        return [self.process.pid, *children(self.process.pid)]

    def cpu_s(self):
        """User and system time of all its processes, by the scheduler's nanoseconds."""
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids())

    def memory_kib(self):
        """What they hold, where shared pages count once."""
        total = 0
        for pid in self.pids():
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
        return total

    def forwarded(self):
        """Tunnels with their ends at two workers; None if it does not count them."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        found = re.findall(r"^\w*forwarded\w*(?:{.*})? (\d+)$", text, re.M)
        return sum(map(int, found)) if found else None

    def stop(self):
        self.process.kill()
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
        pair = [self.cert, self.key] if tls else []
        return Server([str(part) for part in [self.floor_program, *pair]], "floor")

    def relay(self, tls, workers=1, connections=CONNECTIONS):
        command = [self.relay_program, "--listen", "127.0.0.1:0", *OPTIONS, "--connections",
                   connections]
        command += ["--cert", self.cert, "--key", self.key] if tls else ["--plain"]
        if self.has_workers:
            command += ["--workers", workers]
        return Server([str(part) for part in command], "relay")

    def load(self, server, tls, kind, *options):
        return Load(self.load_program, server, tls, kind, *options)

    def hold(self, server, tls, count, *options):
        """Idle connections that stay until what is returned is stopped."""
        holders = []
        for begin in range(0, count, IDLE_CHUNK):
            load = self.load(server, tls, "idle", "--count", min(IDLE_CHUNK, count - begin),
                             *options)
            load.go()
            holders.append(load)
        return holders

    def cost(self, server, tls, kind, *options, idle=0):
        """Microseconds of CPU time per operation, beside @idle waiting halves."""
        holders = self.hold(server, tls, idle)
        load = self.load(server, tls, kind, "--seconds", self.seconds, *options)
        before = server.cpu_s()
        result = load.go()
        spent = server.cpu_s() - before
        for part in [load, *holders]:
            part.stop()
        return spent / result["operations"] * 1e6


def with_server(server, measure):
    try:
        return measure(server)
    finally:
        server.stop()


class Row:
    """One line of the table. @aim is what @value() has to reach; @at_most: or not to exceed."""

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
                "floor": self.median("floor"), "relay": self.median("relay")}


class Rate(Row):
    """Operations per second and core: the relay's share of the floor's."""

    def __init__(self, name, aim, tls, kind, *options, idle=0):
        super().__init__(name, "of the floor's rate", aim)
        self.tls, self.kind, self.options, self.idle = tls, kind, options, idle

    def once(self, bench):
        cost = {}
        for server in (bench.floor(self.tls), bench.relay(self.tls)):
            cost[server.name] = with_server(server, lambda s: bench.cost(
                s, self.tls, self.kind, *self.options, idle=self.idle))
        return {"value": cost["floor"] / cost["relay"], "floor": round(1e6 / cost["floor"]),
                "relay": round(1e6 / cost["relay"])}


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
        return grown

    def once(self, bench):
        held = {}
        for server in (bench.floor(self.tls), bench.relay(self.tls)):
            held[server.name] = with_server(server, lambda s: self.grown(bench, s))
        return {"value": held["relay"], **{name: round(kb, 2) for name, kb in held.items()}}


class Latency(Row):
    """One way through the relay, nothing else going on: as a multiple of the floor's."""

    def __init__(self, name, aim, tls, key):
        super().__init__(name, "of the floor's time", aim, at_most=True)
        self.tls, self.key = tls, key

    def time_us(self, bench, server):
        load = bench.load(server, self.tls, "latency", "--seconds", bench.seconds)
        result = load.go()
        load.stop()
        return result[self.key]

    def once(self, bench):
        took = {}
        for server in (bench.floor(self.tls), bench.relay(self.tls)):
            took[server.name] = with_server(server, lambda s: self.time_us(bench, s))
        return {"value": took["relay"] / took["floor"], **took}


class Misrouted(Row):
    """A tunnel whose ends land at two workers, as a multiple of one whose ends do not."""

    def __init__(self, name, aim, tls):
        super().__init__(name, "of a well-routed one's time", aim, at_most=True,
                         needs_workers=True)
        self.tls = tls

    def once(self, bench):
        cost, forwarded = {}, {}
        for route in ("same", "other"):
            def measure(server):
                spent = bench.cost(server, self.tls, "tunnels", "--warm", WARM_TUNNELS,
                                   "--route", route)
                return spent, server.forwarded()
            cost[route], forwarded[route] = with_server(bench.relay(self.tls, 2), measure)
        if forwarded["same"] or forwarded["other"] == 0:
            print(f"{self.name}: the relay counts other tunnels as forwarded than those meant: "
                  f"{forwarded}", file=sys.stderr)
        return {"value": cost["other"] / cost["same"], "forwarded": forwarded["other"],
                "floor": round(cost["same"], 1), "relay": round(cost["other"], 1)}


class Flat(Row):
    """A tunnel beside many idle connections over all workers, as a multiple of one beside few."""

    FEW, MANY = 100, 20000

    def __init__(self, name, aim, tls):
        super().__init__(name, "of one's time beside 100", aim, at_most=True, needs_workers=True)
        self.tls = tls

    def once(self, bench):
        cost = {}
        for idle in (self.FEW, self.MANY):
            relay = bench.relay(self.tls, 2, self.MANY + CONNECTIONS)
            cost[idle] = with_server(relay, lambda s: bench.cost(
                s, self.tls, "tunnels", "--warm", WARM_TUNNELS, idle=idle))
        return {"value": cost[self.MANY] / cost[self.FEW], "floor": round(cost[self.FEW], 1),
                "relay": round(cost[self.MANY], 1)}


def rows():
    warm = ("--warm", WARM_TUNNELS)
    return [
        Rate("tunnels-plain", 0.6, False, "tunnels", *warm),
        Rate("tunnels-plain-idle", 0.5, False, "tunnels", *warm, idle=IDLE),
        Rate("tunnels-tls", 0.9, True, "tunnels", *warm),
        Rate("messages-plain", 0.65, False, "messages", "--depth", 4),
        Rate("messages-tls", 0.8, True, "messages", "--depth", 4),
        Rate("messages-single-plain", None, False, "messages", "--depth", 1),
        Rate("messages-single-tls", None, True, "messages", "--depth", 1),
        Memory("memory-plain", 2.6, False, 5000),
        Memory("memory-tls", 17, True, 2000),
        Latency("latency-p50", 1.2, False, "p50_us"),
        Latency("latency-p99", 2, False, "p99_us"),
        Misrouted("misrouted-tls", 1.05, True),
        Flat("flat-idle", 1.1, False),
    ]


def print_table(reports):
    print(f"{'row':24}{'floor':>10}{'relay':>10}{'ratio':>9}{'range':>16}{'aim':>9}",
          file=sys.stderr)
    for report in reports:
        aim, verdict = "", ""
        if report["aim"] is not None:
            aim = f"{'<=' if report['at_most'] else '>='} {report['aim']}"
            verdict = "" if report["reached"] else "  missed"
        spread = f"{report['least']:.2f}-{report['most']:.2f}"
        print(f"{report['row']:24}{report['floor']:>10}{report['relay']:>10}"
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
    parser.add_argument("--runs", type=int, default=5, help="of each row [5]")
    parser.add_argument("--seconds", type=float, default=2, help="of each load [2]")
    parser.add_argument("--only", nargs="+", choices=names, metavar="ROW",
                        help="of " + ", ".join(names))
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--relay", help="another relay than the build's", type=pathlib.Path)
    options = parser.parse_args()
    if options.quick:
        options.runs, options.seconds = 1, 0.5
    if options.runs < 1:
        parser.error("--runs must be at least 1")
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
