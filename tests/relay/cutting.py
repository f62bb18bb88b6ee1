# SPDX-License-Identifier: BSD-2-Clause
"""A conversation with the relay that is cut at a given byte, and TLS that goes on for ever."""

import ctypes
import socket
import ssl
import struct
import time

from attacks import ATTACKER, request, waiting
from relaytest import BINARY, CLOSE, PATIENCE, Client, certificate, connect_path, tunnel_id


class Cut(Exception):
    """The byte at which the conversation was to end."""


class Conversation:
    """Speaks to the relay until @left bytes have been sent, then resets the connection."""

    def __init__(self, relay, left):
        self.left = left
        self.sent = 0
        self.asked = 0  # bytes up to the request's last
        self.socket = socket.create_connection(("127.0.0.1", relay.port), PATIENCE, (ATTACKER, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tls = None
        if relay.tls:
            context = ssl.create_default_context(cafile=certificate()[0])
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    def write(self, data):
        self.socket.sendall(data[:self.left])
        self.sent += min(len(data), self.left)
        self.left -= min(len(data), self.left)
        if self.left == 0:
            raise Cut

    def through(self, step, *args):
        """A step of the TLS layer, and the bytes it takes."""
        while True:
            try:
                return step(*args)
            except ssl.SSLWantReadError:
                if self.outgoing.pending:
                    self.write(self.outgoing.read())
                data = self.socket.recv(65536)
                if not data:
                    raise ConnectionError("ended") from None
                self.incoming.write(data)
            finally:
                if self.outgoing.pending:
                    self.write(self.outgoing.read())

    def send(self, data):
        if self.tls is None:
            self.write(data)
        else:
            self.through(self.tls.write, data)

    def receive(self):
        return self.socket.recv(65536) if self.tls is None else self.through(self.tls.read, 65536)

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hold(self, path):
        """All of it, or as much as may be."""
        frame = Client.frame
        try:
            if self.tls is not None:
                self.through(self.tls.do_handshake)
            self.send(request(path))
            self.asked = self.sent
            if b" 101 " not in self.receive():
                raise AssertionError("refused")
            self.send(frame(None, BINARY, b"one") + frame(None, BINARY, b"two " * 40))
            self.send(frame(None, CLOSE, struct.pack(">H", 1000)))
            self.receive()
        except Cut:
            pass
        self.reset()


def cut(relay, number, of, step):
    """At every byte that a second end sends, or every @step-th, shared by @of processes; finite."""
    first, tunnel = waiting(relay)
    whole = Conversation(relay, 1 << 30)
    whole.hold(connect_path(tunnel))
    for at in range(1 + number * step, whole.sent + 1, of * step):
        # Before its request is there nobody has joined.
        if at == 1 + number * step or at > whole.asked - 16:
            first.close()
            first, tunnel = waiting(relay)
        Conversation(relay, at).hold(connect_path(tunnel))
        yield
    first.reset()


def stuck_hello(relay, number, count):
    """Handshakes that announce as much as they may, and go no further."""
    held = []
    for _ in range(count):
        bare = socket.create_connection(("127.0.0.1", relay.port), PATIENCE, (ATTACKER, 0))
        bare.sendall(bytes.fromhex("1603014000" "0101fffb" "0303") + bytes(100))
        held.append(bare)
        yield
    while True:
        yield
        time.sleep(0.05)


def stuck_record(relay, number, count):
    """Tunnels whose ends begin a record as long as may be, and go no further."""
    held = []
    for _ in range(count):
        conversation = Conversation(relay, 1 << 30)
        conversation.through(conversation.tls.do_handshake)
        conversation.send(request("/cable/new/" + tunnel_id()))
        conversation.receive()
        conversation.write(bytes.fromhex("1703034000") + bytes(100))
        held.append(conversation)
        yield
    while True:
        yield
        time.sleep(0.05)


def library():
    """OpenSSL's own functions, and a context of its for clients: Python cannot ask for this."""
    lib = ctypes.CDLL("libssl.so.3")
    for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
        getattr(lib, name).restype = ctypes.c_void_p
    return lib, ctypes.c_void_p(lib.SSL_CTX_new(ctypes.c_void_p(lib.TLS_client_method())))


def flood_key_updates(relay, number):
    """TLS 1.3 allows any number of new keys; each costs the relay more than bytes tell."""
    lib, context = library()
    while True:
        bare = socket.create_connection(("127.0.0.1", relay.port), PATIENCE, (ATTACKER, 0))
        bare.setblocking(True)
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", PATIENCE, 0))
        tls = ctypes.c_void_p(lib.SSL_new(context))
        lib.SSL_set_fd(tls, bare.fileno())
        if lib.SSL_connect(tls) != 1:
            raise AssertionError("no TLS")
        while lib.SSL_key_update(tls, number % 2) == 1 and lib.SSL_do_handshake(tls) == 1:
            yield
        lib.SSL_free(tls)
        bare.close()


def renegotiate(relay, number):
    """TLS 1.2 clients may ask to begin again; they get no for an answer."""
    lib, context = library()
    lib.SSL_CTX_ctrl(context, 124, ctypes.c_long(0x0303), None)  # at most TLS 1.2
    while True:
        bare = socket.create_connection(("127.0.0.1", relay.port), PATIENCE, (ATTACKER, 0))
        bare.setblocking(True)
        tls = ctypes.c_void_p(lib.SSL_new(context))
        lib.SSL_set_fd(tls, bare.fileno())
        if lib.SSL_connect(tls) != 1:
            raise AssertionError("no TLS 1.2")
        lib.SSL_renegotiate(tls)
        if lib.SSL_do_handshake(tls) == 1:
            raise AssertionError("the relay renegotiates")
        lib.SSL_free(tls)
        bare.close()
        yield
