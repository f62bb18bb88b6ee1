# SPDX-License-Identifier: BSD-2-Clause
"""Many tunnels that talk at once: every message has a number, so that one that is lost, doubled
or out of order is noticed."""

import resource
import select
import struct
import time

from relaytest import PATIENCE, Client, connect_path, tunnel_id

CLOSE = 0x88
BINARY = 0x82
MASK = b"\x00\x00\x00\x00"  # the protocol wants one; this one changes nothing

# How often each end says something, and what it says after its number.
PAUSE = 0.25
FILLING = bytes(100)


class End:
    """One end of a tunnel, in an epoll loop."""

    def __init__(self, client, node):
        self.socket = client.socket
        self.socket.setblocking(False)
        self.node = node
        self.buffer = client.buffer
        self.tunnel = None
        self.peer = None
        self.said = 0
        self.heard = 0
        self.over = None  # how it ended: a close code, or "gone"

    def say(self):
        payload = struct.pack(">I", self.said) + FILLING
        try:
            sent = self.socket.send(bytes([BINARY, 0x80 | len(payload)]) + MASK + payload)
        except BlockingIOError:
            return
        except OSError:
            self.over = "gone"
            return
        assert sent == len(payload) + 6
        self.said += 1

    def read(self):
        try:
            data = self.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.over = self.over or "gone"
            return
        self.buffer += data
        while len(self.buffer) >= 2 and len(self.buffer) >= 2 + self.buffer[1]:
            opcode, length = self.buffer[0], self.buffer[1]
            self.take(opcode, self.buffer[2:2 + length])
            self.buffer = self.buffer[2 + length:]

    def take(self, opcode, payload):
        if opcode == CLOSE:
            (self.over,) = struct.unpack(">H", payload[:2])
            return
        if opcode != BINARY:
            raise AssertionError(f"opcode {opcode:02x}")
        (number,) = struct.unpack(">I", payload[:4])
        if number != self.heard or payload[4:] != FILLING:
            raise AssertionError(f"message {number} instead of {self.heard}")
        self.heard += 1


class Tunnel:
    def __init__(self, first, second):
        self.ends = (first, second)
        first.tunnel = second.tunnel = self
        first.peer, second.peer = second, first

    def nodes(self):
        return {end.node for end in self.ends}

    def is_across(self):
        return len(self.nodes()) == 2

    def is_whole(self):
        return all(end.over is None for end in self.ends)

    def is_over(self):
        return all(end.over is not None for end in self.ends)


class Crowd:
    def __init__(self, cluster):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.cluster = cluster
        self.tunnels = []
        self.poll = select.epoll()
        self.by_fd = {}
        self.turn = 0

    def close(self):
        for end in self.by_fd.values():
            end.socket.close()
        self.poll.close()

    def _upgrade(self, requests):
        """Opens a websocket for each (node, path) of @requests."""
        clients = []
        for node, path in requests:
            client = Client(self.cluster.node(node))
            client.request(path)
            clients.append(client)
        ends = []
        for client, (node, path) in zip(clients, requests):
            status, headers, _ = client.answer()
            if status != 101:
                raise AssertionError(f"{path} at node {node}: {status}")
            client.note_route(path, headers)
            ends.append(End(client, node))
        return ends

    def open(self, pairs):
        """A tunnel for each (node of /new, node of /connect)."""
        for begin in range(0, len(pairs), 100):
            some = pairs[begin:begin + 100]
            ids = [tunnel_id() for _ in some]
            firsts = self._upgrade([(a, "/cable/new/" + i) for (a, _), i in zip(some, ids)])
            seconds = self._upgrade([(b, connect_path(i)) for (_, b), i in zip(some, ids)])
            for first, second in zip(firsts, seconds):
                self.tunnels.append(Tunnel(first, second))
                for end in (first, second):
                    self.by_fd[end.socket.fileno()] = end
                    self.poll.register(end.socket, select.EPOLLIN)
            self.run(0)

    def _read(self, timeout):
        for fd, _ in self.poll.poll(timeout):
            end = self.by_fd[fd]
            end.read()
            if end.over is not None:
                self.poll.unregister(fd)
                del self.by_fd[fd]
                end.socket.close()

    def _say(self, seconds):
        """As much as is due after so long."""
        count = min(len(self.tunnels), int(seconds / PAUSE * len(self.tunnels)))
        for _ in range(count):
            self.turn = (self.turn + 1) % len(self.tunnels)
            for end in self.tunnels[self.turn].ends:
                if end.over is None:
                    end.say()
        return count

    def run(self, seconds, condition=None):
        """Talks for so long, or until @condition(). Returns: whether that came true"""
        begun = spoken = time.monotonic()
        while True:
            now = time.monotonic()
            if self.tunnels and self._say(now - spoken):
                spoken = now
            self._read(0.01 if seconds else 0)
            if condition is not None and condition():
                return True
            if now - begun >= seconds:
                return False

    def settle(self):
        """Says nothing new until all that was said to whole tunnels is heard."""
        deadline = time.monotonic() + PATIENCE
        while any(end.heard != end.peer.said
                  for tunnel in self.tunnels if tunnel.is_whole() for end in tunnel.ends):
            self._read(0.01)
            if time.monotonic() > deadline:
                late = [t for t in self.tunnels if t.is_whole()
                        and any(end.heard != end.peer.said for end in t.ends)]
                raise AssertionError(f"messages are missing in {len(late)} tunnels")

    def drop_lost(self):
        """Takes the lost ones out, and returns them."""
        lost = [t for t in self.tunnels if not t.is_whole()]
        self.tunnels = [t for t in self.tunnels if t.is_whole()]
        return lost
