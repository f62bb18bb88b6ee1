# SPDX-License-Identifier: BSD-2-Clause
"""What hostile peers do to a relay, as generators for hostile.Attack: each yield is a round."""

import os
import random
import socket
import ssl
import struct
import time

from relaytest import (BINARY, CLOSE, CONTINUATION, HEADERS, PING, PONG, Client, Gone,
                       certificate, connect_path, tunnel_id)

MIB = 1024 * 1024

# Our own addresses: whom the relay's bounds for one address hit.
ATTACKER = "127.0.0.66"


def request(path):
    """The bytes of an upgrade request."""
    lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in HEADERS.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def waiting(relay, **how):
    client = Client(relay, source=ATTACKER, **how)
    tunnel = tunnel_id()
    client.upgrade("/cable/new/" + tunnel)
    return client, tunnel


def pair(relay, **how):
    first, tunnel = waiting(relay, **how)
    second = Client(relay, source=ATTACKER, **how)
    second.upgrade(connect_path(tunnel))
    return first, second


def drip(clients, data, pause):
    """One byte a round to each of @clients, who all say the same."""
    for byte in data:
        for client in clients:
            client.send(bytes([byte]))
        yield
        time.sleep(pause)


def slow_headers(relay, number, count=100, pause=0.02):
    clients = [Client(relay, source=ATTACKER) for _ in range(count)]
    yield from drip(clients, request("/cable/new/" + tunnel_id()), pause)


def slow_bodies(relay, number, count=50, pause=0.02):
    pairs = [pair(relay) for _ in range(count)]
    frame = pairs[0][0].frame(BINARY, bytes(3000))
    yield from drip([ends[0] for ends in pairs], frame, pause)


def slow_hello(relay, number, count=100, pause=0.02):
    """A TLS handshake byte by byte; of a plain relay, something that is no request."""
    plain = type("Plain", (), {"port": relay.port, "tls": False})
    clients = [Client(plain, source=ATTACKER) for _ in range(count)]
    yield from drip(clients, client_hello(), pause)


def client_hello():
    """What our TLS library says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def idle(relay, number, count):
    """Connects and says nothing."""
    held = []
    for i in range(count):
        bare = socket.socket()
        held.append(bare)
        bare.settimeout(20)
        bare.bind((f"127.0.0.{100 + number}", 0))
        bare.connect(("127.0.0.1", relay.port))
        if i % 100 == 99:
            yield
    while True:
        yield
        time.sleep(0.05)


def idle_tunnels(relay, number, count):
    """Opens tunnels that nobody joins."""
    held = []
    for _ in range(count):
        held.append(waiting(relay))
        yield
    while True:
        yield
        time.sleep(0.05)


def flood_new(relay, number):
    """Tunnels opened and left as fast as possible. 429 is an answer, too."""
    while True:
        client = Client(relay, source=ATTACKER)
        client.request("/cable/new/" + tunnel_id())
        client.answer()
        client.reset()
        yield


def guess_tunnels(relay, number):
    while True:
        client = Client(relay, source=ATTACKER)
        client.request(f"/cable/connect/00000{number}/{tunnel_id()}")
        if client.answer()[0] != 404:
            raise AssertionError("somebody is there")
        client.close()
        yield


def guess_routes(relay, number):
    """Workers and nodes that may not exist, with a tunnel that does."""
    _, tunnel = waiting(relay)
    here = connect_path(tunnel).split("/")[3]
    while True:
        route = os.urandom(3).hex()
        if route == here:
            continue
        client = Client(relay, source=ATTACKER)
        client.request(f"/cable/connect/{route}/{tunnel}")
        if client.answer()[0] not in (404, 503):
            raise AssertionError("somebody is there")
        client.close()
        yield


def never_read(relay, number, count=8):
    """Both ends of tunnels say long messages that nobody reads."""
    pairs = [pair(relay, rcvbuf=4096) for _ in range(count)]
    frame = pairs[0][0].frame(BINARY, bytes(200000))
    rest = {}
    for ends in pairs:
        for end in ends:
            end.socket.setblocking(False)
            rest[end] = frame
    while True:
        for end, data in list(rest.items()):
            try:
                sent = end.socket.send(data)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                continue
            except OSError:
                return  # closed: --reader-time
            rest[end] = data[sent:] or frame
        yield
        time.sleep(0.001)


def say_goodbye_and_go_on(relay, number):
    """Leaves with unread messages, says more after the close frame, ends its half."""
    held = []
    for _ in range(20):
        first, second = pair(relay, rcvbuf=4096)
        held.append((first, second))
        second.socket.settimeout(0.2)
        try:
            for _ in range(20):
                second.say(bytes(MIB))
        except OSError:
            pass
        first.leave()
        first.send(bytes(1000))
        first.socket.shutdown(socket.SHUT_WR)
        yield
    while True:
        yield
        time.sleep(0.05)


def single_bytes(relay, number):
    """Messages of single bytes, as many as there may be."""
    while True:
        first, _ = pair(relay)
        first.send(b"".join(first.frame(BINARY, b"x") for _ in range(65)))
        first.closed()
        first.reset()
        yield


def crumbs(relay, number, count=10000):
    """Long messages in fragments of one byte, as long as they may get."""
    while True:
        first, _ = pair(relay)
        crumb = first.frame(CONTINUATION, b"y", final=False) * count
        first.say(b"x", final=False)
        try:
            while True:
                first.send(crumb)
                yield
        except OSError:
            pass


def endless(relay, number):
    """A message that never ends: 1009."""
    while True:
        first, second = pair(relay)
        first.say(bytes(60000), final=False)
        try:
            while True:
                first.say(bytes(60000), CONTINUATION, final=False)
                yield
        except OSError:
            pass
        if second.closed() != 1008:
            raise AssertionError("an endless message is not refused")


def flood_control(relay, number):
    while True:
        first, _ = pair(relay)
        flood = (first.frame(PING, b"ping" * 30) + first.frame(PONG, b"")) * 200
        try:
            while True:
                first.send(flood)
                yield
        except OSError:
            pass


def lie(relay, number):
    """Frames that claim more than comes, and heads that claim bodies."""
    while True:
        for length in (MIB, MIB + 1024, 2**31, 2**63 - 1, 126, 65536):
            first, _ = waiting(relay)
            first.say(b"x" * 20, length=length)
            first.reset()
        client = Client(relay, source=ATTACKER)
        client.request("/cable/new/" + tunnel_id(), Content_Length="10000000000")
        client.answer()
        client.reset()
        yield


def break_rules(relay, number):
    """Frames without a mask, with reserved bits or opcodes: 1002."""
    while True:
        for how in ({"masked": False}, {"rsv": 4}, {"rsv": 2}, {"rsv": 1}, {"opcode": 3},
                    {"opcode": CONTINUATION}, {"opcode": 11}, {"opcode": PING, "final": False}):
            first, second = pair(relay)
            first.say(b"x", **how)
            if (first.closed(), second.closed()) != (1002, 1008):
                raise AssertionError(f"{how} is not refused")
            first.close()
            second.close()
        yield


def offer_compression(relay, number):
    """Compression offered, not taken, and used nevertheless."""
    while True:
        client = Client(relay, source=ATTACKER)
        headers = client.upgrade("/cable/new/" + tunnel_id(),
                                 Sec_WebSocket_Extensions="permessage-deflate")
        if "sec-websocket-extensions" in [name.lower() for name, _ in headers]:
            raise AssertionError("compression was taken")
        client.say(bytes.fromhex("f248cdc9c90700"), rsv=4)
        if client.closed() != 1002:
            raise AssertionError("a compressed message is not refused")
        client.close()
        yield


def speak_http2(relay, number):
    """Without asking, or asking for nothing else."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
    context = ssl.create_default_context(cafile=certificate()[0])
    context.set_alpn_protocols(["h2"])
    while True:
        bare = socket.create_connection(("127.0.0.1", relay.port), 20, (ATTACKER, 0))
        if relay.tls:
            bare = context.wrap_socket(bare, server_hostname="localhost")
            if bare.selected_alpn_protocol() == "h2":
                raise AssertionError("HTTP/2 was taken")
        bare.sendall(preface)
        if not bare.recv(1000).startswith(b"HTTP/1.1 505 "):
            raise AssertionError("HTTP/2 is not refused")
        bare.close()
        yield


def talk_garbage(relay, number):
    """Bytes without sense, some that begin as TLS or HTTP do."""
    begins = (b"", b"\x16\x03\x01", b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03",
              b"\x17\x03\x03", b"\x80\x2e\x01\x03\x01", b"GET / HTTP/1.1\r\n",
              b"\r\n\r\n\x00\r\nQUIT\n")
    while True:
        for begin in begins:
            bare = socket.create_connection(("127.0.0.1", relay.port), 20, (ATTACKER, 0))
            try:
                bare.sendall(begin + os.urandom(2000))
                bare.shutdown(socket.SHUT_WR)
                while bare.recv(4096):
                    pass
            except OSError:
                pass
            bare.close()
        yield


def flood_handshakes(relay, number):
    while True:
        Client(relay, source=ATTACKER).reset()
        yield


def half_close(relay, number):
    """Ends its half at each state; the relay has to go, too."""
    def ended(client):
        client.socket.shutdown(socket.SHUT_WR)
        client.ended()
        client.close()

    while True:
        ended(Client(relay, source=ATTACKER))
        client = Client(relay, source=ATTACKER)
        client.send(b"GET /cable/new/")
        ended(client)
        client = Client(relay, source=ATTACKER)
        client.send(request("/cable/new/" + tunnel_id()))
        ended(client)
        client, _ = waiting(relay)
        client.say(b"x" * 10, length=1000)
        ended(client)
        first, second = pair(relay)
        ended(first)
        if second.closed() != 1001:
            raise AssertionError("nobody was told")
        second.close()
        first, second = pair(relay)
        first.leave()
        ended(first)
        ended(second)
        client = Client(relay, source=ATTACKER)
        client.send(b"nonsense\r\n\r\n")
        ended(client)
        yield


def chaos(relay, number, seed=None):
    """Anything, at any time, by ends of the same few tunnels."""
    chance = random.Random(seed)
    shared = [tunnel_id() for _ in range(3)]
    clients = []

    def come():
        client = Client(relay, source=ATTACKER, rcvbuf=chance.choice((0, 4096)))
        clients.append(client)
        tunnel = chance.choice(shared)
        path = chance.choice(("/cable/new/" + tunnel, connect_path(tunnel)))
        if chance.random() < 0.7:
            try:
                client.upgrade(path)
            except AssertionError:
                pass  # 404, 409
        else:
            client.send(request(path) + client.frame(BINARY, bytes(chance.randrange(1, 5000))))
        client.socket.settimeout(0.02)

    def act(client):
        size = chance.choice((1, 100, 5000, 70000, 600000))
        chance.choice((
            lambda: client.say(bytes(size)),
            lambda: client.say(bytes(size)),
            lambda: client.say(bytes(size), final=False),
            lambda: client.say(bytes(size), CONTINUATION),
            lambda: client.say(bytes(size % 126), PING),
            lambda: client.send(os.urandom(3)),
            lambda: client.more(),
            lambda: client.more(),
            lambda: client.leave(),
            lambda: client.socket.shutdown(socket.SHUT_WR),
            lambda: client.reset(),
            lambda: client.close()))()

    while True:
        try:
            if len(clients) < 6 or chance.random() < 0.2:
                come()
            client = chance.choice(clients)
            act(client)
        except (OSError, Gone):
            pass
        for client in clients[:-12]:
            client.reset() if chance.random() < 0.5 else client.close()
        del clients[:-12]
        clients[:] = [client for client in clients if client.socket.fileno() >= 0]
        yield


MIXTURE = (slow_headers, slow_bodies, flood_new, guess_tunnels, guess_routes, flood_control, lie,
           break_rules, talk_garbage, half_close, chaos)


def mixture(relay, number):
    """One of them each."""
    return MIXTURE[number](relay, number=number)
