# SPDX-License-Identifier: BSD-2-Clause
"""A cluster for tests: NATS servers with routes between them, and relays that meet there."""

import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.request

from relaytest import PATIENCE, Client, Relay, RelayTestCase, connect_path

NATS = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/sbin")


def free_ports(count):
    """Ports that nobody listens on; a restarted server comes back to its own. They are below those
    that the kernel gives to whoever connects, of which other tests use thousands."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        if port not in ports:
            ports.append(port)
    return ports


def until(condition, patience=PATIENCE, what="it"):
    """Waits for @condition() to be true, and returns what it returned."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {patience} s")
        time.sleep(0.02)


class NatsServer:
    """One message server, which can be killed and started again."""

    def __init__(self, name, options):
        self.name = name
        self.port, self.route_port, self.monitor_port = free_ports(3)
        self.url = f"nats://127.0.0.1:{self.port}"
        self.options = options
        self.process = None

    def start(self, peers, directory):
        routes = ",".join(f"nats://127.0.0.1:{peer.route_port}" for peer in peers)
        command = [NATS, "-a", "127.0.0.1", "-p", str(self.port), "-m", str(self.monitor_port),
                   "--server_name", self.name, "-l", os.path.join(directory, self.name + ".log")]
        if routes:
            command += ["--cluster_name", "test", "--routes", routes,
                        "--cluster", f"nats://127.0.0.1:{self.route_port}"]
        self.process = subprocess.Popen(command + self.options, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def ask(self, what):
        """What its monitoring says, or None if it does not."""
        try:
            url = f"http://127.0.0.1:{self.monitor_port}/{what}"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return json.load(answer)
        except OSError:
            return None

    def has_routes(self, count):
        routes = self.ask("routez")
        return routes is not None and len({r["remote_id"] for r in routes["routes"]}) >= count

    def clients(self):
        """The names of those connected to it."""
        connections = self.ask("connz?limit=1000")
        return [c.get("name", "") for c in connections["connections"]] if connections else []

    def send(self, what):
        self.process.send_signal(what)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


JOIN, ANSWER, PIECE, CLOSE, TAKEN, PING, PONG = range(1, 8)


class FakeNode:
    """A node made of a bare socket: it says exactly what it is told to."""

    def __init__(self, server, node):
        self.node, self.epoch, self.count = node, 1000, 0
        # What is said late to the node before it is not about a tunnel of this one.
        self.session = int.from_bytes(os.urandom(3), "big")
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self.stream = self.socket.makefile("rb")
        self.stream.readline()
        options = {"verbose": False, "headers": True, "no_responders": True, "echo": False}
        self.socket.sendall(b"CONNECT %s\r\nSUB hybridge.relay.%04x.00.> 1\r\nPING\r\n" %
                            (json.dumps(options).encode(), node))
        while not self.stream.readline().startswith(b"PONG"):
            pass

    def frame(self, kind, payload=b"", session=None, sequence=0, owner=False, final=False, epoch=None):
        flags = (1 if owner else 0) | (2 if final else 0)
        self.count += 1
        return struct.pack(">BBBBHHIII", 1, kind, flags, 0, self.node, self.count & 0xffff,
                           epoch or self.epoch, session or self.session, sequence) + payload

    def send(self, where, data):
        """@data to the worker with the routing ID @where."""
        line = f"PUB hybridge.relay.{where[:4]}.{where[4:]}.{self.node:04x}.00 {len(data)}\r\n"
        self.socket.sendall(line.encode() + data + b"\r\n")

    def say(self, where, kind, payload=b"", **how):
        self.send(where, self.frame(kind, payload, **how))

    def hear(self):
        """(kind, session, payload) of the next frame; signs of life are not answered."""
        while True:
            words = self.stream.readline().split()
            if not words:
                raise AssertionError("the server ended the connection")
            if words[0] == b"PING":
                self.socket.sendall(b"PONG\r\n")
            if words[0] != b"MSG":
                continue
            data = self.stream.read(int(words[-1]) + 2)[:-2]
            if data[1] != PING:
                return data[1], struct.unpack(">I", data[12:16])[0], data[20:]

    def swallow(self):
        """Reads all that comes, until the connection ends."""
        while self.stream.read(65536):
            pass

    def join(self, path):
        """Joins the tunnel of a /connect path by the next session; returns where it is."""
        _, _, _, where, tunnel = path.split("/")
        self.session += 1
        self.say(where, JOIN, bytes.fromhex(tunnel))
        kind, session = None, 0
        while session != self.session:
            kind, session, payload = self.hear()
        if kind != ANSWER or payload != b"\0":
            raise AssertionError(f"{kind} {payload}")
        return where

    def close(self):
        self.stream.close()
        self.socket.close()


class Cluster:
    """Message servers s1, s2…, and relays with node numbers 1, 2…

    Server K is the first choice of node K; with @one_each it is the only one it is told of.
    """

    def __init__(self, nodes=3, servers=3, options=(), nats_options=(), one_each=False, env=None):
        self.directory = tempfile.mkdtemp(prefix="relay-cluster-")
        self.servers = [NatsServer(f"s{i + 1}", list(nats_options)) for i in range(servers)]
        self.relays = [None] * nodes
        self.options, self.one_each, self.env = list(options), one_each, env
        try:
            for server in self.servers:
                self.start_server(server, wait=False)
            for server in self.servers:
                self.await_server(server)
            for number in range(1, nodes + 1):
                self.start_node(number, wait=False)
            for number in range(1, nodes + 1):
                self.await_node(number)
        except BaseException:
            self.stop()
            raise

    def urls(self, number):
        first = (number - 1) % len(self.servers)
        order = self.servers[first:] + self.servers[:first]
        return ",".join(s.url for s in (order[:1] if self.one_each else order))

    def start_server(self, server, wait=True):
        server.start([s for s in self.servers if s is not server], self.directory)
        if wait:
            self.await_server(server)

    def await_server(self, server):
        until(lambda: server.has_routes(len(self.servers) - 1), what="routes")

    def start_node(self, number, *options, wait=True):
        self.relays[number - 1] = Relay("--workers", "2", "--node", str(number), "--nats",
                                        self.urls(number), *self.options, *options, env=self.env)
        if wait:
            self.await_node(number)

    def await_node(self, number, status=200):
        until(lambda: self.node(number).get("/readyz")[0] == status, what=f"/readyz {status}")

    def node(self, number):
        return self.relays[number - 1]

    def kill_node(self, number):
        """Ends it as a power failure does."""
        relay = self.node(number)
        for pid in [relay.process.pid] + relay.workers():
            os.kill(pid, signal.SIGKILL)
        relay.stop()
        self.relays[number - 1] = None

    def servers_of(self, number):
        """Which servers the workers of a node are connected to."""
        name = f"hybridge-relay {number}."
        return {s for s in self.servers if s.process is not None
                and any(client.startswith(name) for client in s.clients())}

    def stop(self):
        """Ends everything; fails if a relay was not well."""
        failures = []
        for relay in self.relays:
            try:
                well = relay is None or relay.stop(signal.SIGINT) == 0
            except (AssertionError, subprocess.TimeoutExpired):
                relay.process.kill()
                well = False
            if not well:
                failures += [line for line in relay.error_lines if ": tunnel " not in line]
        for server in self.servers:
            server.kill()
        shutil.rmtree(self.directory)
        if failures:
            raise AssertionError("".join(failures))


@unittest.skipUnless(NATS, "nats-server is not installed")
class ClusterTestCase(RelayTestCase):
    """Tests that start a cluster each, or share one of their class."""

    def cluster(self, *args, **how):
        cluster = Cluster(*args, **how)
        self.addCleanup(cluster.stop)
        return cluster

    def join(self, relay, tunnel, **how):
        client = self.client(relay, **how)
        client.upgrade(connect_path(tunnel))
        return client

    def across(self, first_relay, second_relay, **how):
        """Both ends of a tunnel: the phone's at one node, the other at another."""
        first, tunnel = self.waiting(first_relay)
        return first, self.join(second_relay, tunnel, **how)

    def refused(self, relay, path, patience=PATIENCE):
        """The status with which a request for @path is refused."""
        client = Client(relay)
        try:
            client.socket.settimeout(patience)
            client.request(path)
            return client.answer()[0]
        finally:
            client.close()
