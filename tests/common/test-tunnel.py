#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tunnel against real servers on the loopback, good ones and each kind of bad one.

usage: test-tunnel.py TUNNEL_PROBE [TEST…]
"""
import asyncio
import base64
import contextlib
import hashlib
import logging
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings

import websockets

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tap  # noqa: E402

PROBE = None
HOST = "relay.test"
WAIT_S = 20  # for a probe that hangs; none should come near
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, capture_output=True)


class Authority:
    """A throw-away certificate authority and what it issued, as files in one folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
                "-days", "2", cwd=folder)
        self.pem = str(folder / f"{name}.pem")

    def issue(self, host, days=2):
        """An SSLContext for a server with a certificate for @host."""
        stem = f"{self.name}-{len(host)}-{host[:9]}-{host[-9:]}-{days}"
        (self.folder / f"{stem}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{stem}.key", "-out", f"{stem}.csr", "-subj", "/CN=server",
                cwd=self.folder)
        openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", f"{self.name}.pem", "-CAkey",
                f"{self.name}.key", "-extfile", f"{stem}.ext", "-days", str(days),
                "-out", f"{stem}.pem", cwd=self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{stem}.pem", self.folder / f"{stem}.key")
        return context


class Server:
    """Accepts TCP on the loopback and hands each connection to a function in a thread."""

    def __init__(self, handler, tls=None, address="127.0.0.1"):
        self.handler, self.tls = handler, tls
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family)
        self.port = self.listener.getsockname()[1]
        self.requests, self.errors, self.threads = [], [], []
        self.accepter = threading.Thread(target=self.accept, daemon=True)
        self.accepter.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, connection):
        connection.settimeout(WAIT_S)
        with contextlib.suppress(OSError), connection:
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.handler(self, connection)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.accepter.join()
        for thread in self.threads:
            thread.join(WAIT_S)


def read_request(server, connection):
    """The head of an HTTP request as (first line, headers); kept in server.requests."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            raise OSError("client left")
        data += piece
    first, *lines = data.decode().split("\r\n")[:-2]
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    server.requests.append((first, headers))
    return first, headers


def accept_header(headers):
    key = headers["sec-websocket-key"].encode()
    return base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()


def upgrade(server, connection, *extra, protocol="fido.cable", accept=None):
    _, headers = read_request(server, connection)
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
             f"Sec-WebSocket-Accept: {accept or accept_header(headers)}"]
    if protocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    connection.sendall(("\r\n".join(lines + list(extra)) + "\r\n\r\n").encode())


def frame(opcode, payload, final=True):
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += struct.pack(">BH", 126, len(payload))
    else:
        head += struct.pack(">BQ", 127, len(payload))
    return head + payload


def exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("client left")
        data += piece
    return data


def read_frame(connection):
    """(opcode, payload) of the next frame from the client, which must be masked and final."""
    first, second = exactly(connection, 2)
    length = second & 0x7f
    assert first & 0x80 and second & 0x80, "client frames are masked and whole"
    assert not first & 0x70, "no extension was agreed on"
    if length == 126:
        length, = struct.unpack(">H", exactly(connection, 2))
    elif length == 127:
        length, = struct.unpack(">Q", exactly(connection, 8))
    mask = exactly(connection, 4)
    body = exactly(connection, length)
    whole = mask * (length // 4 + 1)
    return first & 0xf, (int.from_bytes(body, "big") ^
                         int.from_bytes(whole[:length], "big")).to_bytes(length, "big")


def answer(status, *lines, body=b""):
    """A handler that answers any request with an HTTP status."""
    def handler(server, connection):
        read_request(server, connection)
        head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *lines]
        connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + body)
        connection.recv(1)
    return handler


def send_after_upgrade(data):
    """A handler that sends raw bytes on an open tunnel, then notes the client's close frame."""
    def handler(server, connection):
        upgrade(server, connection)
        connection.sendall(data)
        opcode, payload = read_frame(connection)
        server.requests.append((opcode, payload))
        if opcode == 8:
            connection.sendall(frame(8, payload))
    return handler


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


class TunnelTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hybridge-tunnel-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.ca = Authority(cls.folder, "ca")
        cls.tls = cls.ca.issue(HOST)

    def serve(self, handler, tls="default", address="127.0.0.1"):
        server = Server(handler, self.tls if tls == "default" else tls, address)
        self.addCleanup(server.close)
        return server

    def probe(self, *args, port=None, address="127.0.0.1", cacert=None, host=HOST, env=None,
              path="/cable/new/00"):
        """The lines that the probe printed."""
        command = [PROBE, *args, "--cacert", cacert or self.ca.pem]
        if port is not None:
            command += ["--resolve", f"{host}:443:{address}:{port}"]
        environment = {name: value for name, value in os.environ.items()
                       if not name.lower().endswith("_proxy")}
        environment |= {"G_DEBUG": "fatal-criticals", "XDG_CONFIG_HOME": str(self.folder)}
        environment |= env or {}
        result = subprocess.run(command + [host, path], env=environment, timeout=WAIT_S,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout.splitlines()

    def assert_fails(self, lines, cause, words):
        self.assertEqual(len(lines), 1, lines)
        closed, code, name, message = lines[0].split(" ", 3)
        self.assertEqual((closed, code, name), ("closed", "1006", cause), lines)
        self.assertIn(words, message)


class OpensTest(TunnelTest):
    def test_request_is_what_the_specification_asks(self):
        def handler(server, connection):
            upgrade(server, connection, "X-caBLE-Routing-ID: 01aBfF")
            connection.sendall(frame(8, struct.pack(">H", 1000)))
            connection.recv(1)
        server = self.serve(handler)
        lines = self.probe(port=server.port, path="/cable/new/00ff")
        self.assertEqual(lines, ["open 01abff", "closed 1000 - "])
        first, headers = server.requests[0]
        self.assertEqual(first, "GET /cable/new/00ff HTTP/1.1")
        self.assertEqual(headers["host"], HOST)
        self.assertEqual(headers["sec-websocket-protocol"], "fido.cable")
        self.assertEqual(headers["sec-websocket-version"], "13")
        self.assertNotIn("sec-websocket-extensions", headers)

    def test_sni_is_the_host_name(self):
        names = []
        tls = self.ca.issue(HOST)
        tls.sni_callback = lambda _socket, name, _context: names.append(name)
        server = self.serve(answer(404), tls)
        self.probe(port=server.port)
        self.assertEqual(names, [HOST])

    def test_routing_id(self):
        for header, want in [("X-caBLE-Routing-ID: 000000", "000000"),
                             ("x-cable-routing-id:A1B2C3", "a1b2c3"),
                             ("X-Cable-Routing-Id: 12345", "-"),
                             ("X-caBLE-Routing-ID: 1234567", "-"),
                             ("X-caBLE-Routing-ID: 12345g", "-"),
                             ("X-caBLE-Routing-ID: ", "-"),
                             ("X-Other: 123456", "-")]:
            with self.subTest(header):
                server = self.serve(lambda s, c, h=header: upgrade(s, c, h))
                self.assertEqual(self.probe(port=server.port)[0], f"open {want}")

    def test_messages_both_ways(self):
        """Against another implementation: lengths around each boundary come back as sent."""
        async def echo(socket):
            async for message in socket:
                await socket.send(message)

        async def main(length):
            async with websockets.serve(echo, "127.0.0.1", 0, ssl=self.tls, max_size=None,
                                        close_timeout=0.1, subprotocols=["fido.cable"]) as server:
                port = server.sockets[0].getsockname()[1]
                probe = await asyncio.create_subprocess_exec(
                    PROBE, "--send", str(length), "--count", "3", "--cacert", self.ca.pem,
                    "--resolve", f"{HOST}:443:127.0.0.1:{port}", HOST, "/",
                    stdout=asyncio.subprocess.PIPE, env={"G_DEBUG": "fatal-criticals"})
                lines = [(await probe.stdout.readline()).decode() for _ in range(4)]
                probe.terminate()
                await probe.wait()
                return lines
        for length in [1, 125, 126, 4095, 4096, 4097, 65535, 65536, 1024 * 1024 + 1024]:
            with self.subTest(length):
                lines = asyncio.run(asyncio.wait_for(main(length), WAIT_S))
                want = ["open -\n"]
                for n in range(3):
                    data = bytes((i + n) & 0xff for i in range(length))
                    want.append(f"message {length} {digest(data)}\n")
                self.assertEqual(lines, want)

    def test_fragments_are_joined_and_pings_answered(self):
        pongs = []

        def handler(server, connection):
            upgrade(server, connection)
            connection.sendall(frame(2, b"ab", final=False) + frame(9, b"hello") +
                               frame(0, b"", final=False) + frame(0, b"cd"))
            pongs.append(read_frame(connection))
            connection.sendall(frame(8, struct.pack(">H", 1001)))
            connection.recv(1)
        server = self.serve(handler)
        self.assertEqual(self.probe(port=server.port),
                         ["open -", f"message 4 {digest(b'abcd')}", "closed 1001 - "])
        self.assertEqual(pongs, [(10, b"hello")])

    def test_message_in_the_packet_of_the_answer(self):
        def handler(server, connection):
            _, headers = read_request(server, connection)
            connection.sendall(
                b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Protocol: fido.cable\r\nSec-WebSocket-Accept: " +
                accept_header(headers).encode() + b"\r\n\r\n" + frame(2, b"early"))
        server = self.serve(handler)
        self.assertEqual(self.probe(port=server.port)[:2],
                         ["open -", f"message 5 {digest(b'early')}"])


class ClosesTest(TunnelTest):
    def test_ours_is_1000_after_what_was_queued(self):
        frames = []

        def handler(server, connection):
            upgrade(server, connection)
            for _ in range(3):
                frames.append(read_frame(connection))
            connection.sendall(frame(8, frames[-1][1]))
        server = self.serve(handler)
        lines = self.probe("--send", "70000", "--count", "2", "--close", port=server.port)
        self.assertEqual(lines, ["open -", "closed 1000 - "])
        self.assertEqual([(opcode, len(data)) for opcode, data in frames],
                         [(2, 70000), (2, 70000), (8, 2)])
        self.assertEqual(frames[2][1], struct.pack(">H", 1000))

    def test_ours_without_an_answer(self):
        def handler(server, connection):
            upgrade(server, connection)
            while connection.recv(4096):
                pass
        server = self.serve(handler)
        self.assertEqual(self.probe("--close", port=server.port), ["open -", "closed 1000 - "])

    def test_theirs(self):
        for payload, code in [(struct.pack(">H", 1008), 1008), (struct.pack(">H", 4000) + b"x", 4000),
                              (b"", 1005)]:
            with self.subTest(code):
                def handler(server, connection, payload=payload):
                    upgrade(server, connection)
                    connection.sendall(frame(8, payload))
                    while connection.recv(4096):
                        pass
                server = self.serve(handler)
                self.assertEqual(self.probe(port=server.port), ["open -", f"closed {code} - "])

    def test_theirs_with_more_behind_it(self):
        """All in one TLS record, of which libwebsockets reads a part at a time."""
        for first, code, cause in [(frame(8, struct.pack(">H", 1001)), 1001, "-"),
                                   (frame(1, b"hello"), 1003, "protocol"),
                                   (frame(2, b""), 1002, "protocol")]:
            for count in [100, 5000, 15000]:
                with self.subTest(code=code, count=count):
                    def handler(server, connection, data=first + frame(2, b"a" * count)):
                        upgrade(server, connection)
                        connection.sendall(data)
                        while connection.recv(4096):
                            pass
                    server = self.serve(handler)
                    opened, closed = self.probe(port=server.port)
                    self.assertEqual(closed.split(" ")[:3], ["closed", str(code), cause])

    def test_broken_frame_with_more_behind_it(self):
        """In the record of the HTTP answer, while we have more to send than they take."""
        def handler(server, connection):
            _, headers = read_request(server, connection)
            connection.sendall(
                b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Protocol: fido.cable\r\nSec-WebSocket-Accept: " +
                accept_header(headers).encode() + b"\r\n\r\n" + frame(0, b"") + bytes(9000))
            connection.recv(65536)
        server = self.serve(handler)
        lines = self.probe("--send", "70000", "--count", "3", port=server.port)
        self.assertEqual(lines, ["open -", "closed 1006 - "])

    def test_ours_while_they_go_on(self):
        def handler(server, connection):
            upgrade(server, connection)
            while True:
                connection.sendall(frame(2, b"a" * 5000) + frame(2, b"b" * 5000))
        server = self.serve(handler)
        lines = self.probe("--close", port=server.port)
        self.assertEqual(lines[-1], "closed 1000 - ")

    def test_connection_lost(self):
        server = self.serve(lambda s, c: upgrade(s, c))
        self.assertEqual(self.probe(port=server.port), ["open -", "closed 1006 - "])

    def test_before_open(self):
        server = self.serve(lambda s, c: c.recv(1), tls=None)
        self.assert_fails(self.probe("--close-at-once", port=server.port), "cancelled", "Cancelled")

    def test_free_in_every_event(self):
        def handler(server, connection):
            upgrade(server, connection)
            connection.sendall(frame(2, b"one") + frame(2, b"two") + frame(8, b"\x03\xe8"))
            while connection.recv(4096):
                pass
        message = f"message 3 {digest(b'one')}"
        for event, want in [("start", []), ("open", ["open -"]), ("message", ["open -", message]),
                            ("closed", ["open -", message, f"message 3 {digest(b'two')}",
                                        "closed 1000 - "])]:
            with self.subTest(event):
                server = self.serve(handler)
                self.assertEqual(self.probe("--free-in", event, port=server.port), want)


class UnreachableTest(TunnelTest):
    def test_name_not_found(self):
        lines = self.probe(host="no-such-host.invalid")
        self.assert_fails(lines, "relay-unreachable", "address of the relay")

    def test_connection_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.assert_fails(self.probe(port=port), "relay-unreachable", "cannot be reached")

    def test_refused_on_ipv6(self):
        self.assert_fails(self.probe(port=1, address="[::1]"), "relay-unreachable",
                          "cannot be reached")

    def test_silence_after_accept(self):
        server = self.serve(lambda s, c: c.recv(65536) and c.recv(1), tls=None)
        self.assert_fails(self.probe("--connect-ms", "300", port=server.port),
                          "relay-unreachable", "in time")

    def test_silence_after_tls(self):
        server = self.serve(lambda s, c: read_request(s, c) and c.recv(1))
        self.assert_fails(self.probe("--connect-ms", "500", port=server.port),
                          "relay-unreachable", "in time")

    def test_deadline_is_ours(self):
        """libwebsockets gives up after 5 s unless told, and would call the answer nonsense."""
        server = self.serve(lambda s, c: read_request(s, c) and c.recv(1))
        self.assert_fails(self.probe("--connect-ms", "6000", port=server.port),
                          "relay-unreachable", "in time")

    def test_half_an_answer(self):
        def handler(server, connection):
            read_request(server, connection)
            connection.sendall(b"HTTP/1.1 101 Switching")
            connection.recv(1)
        server = self.serve(handler)
        self.assert_fails(self.probe("--connect-ms", "500", port=server.port),
                          "relay-unreachable", "in time")


class ProxyTest(TunnelTest):
    def proxy(self, reply, target=None):
        def handler(server, connection):
            read_request(server, connection)
            connection.sendall(reply)
            if target is None:
                return
            with socket.create_connection(("127.0.0.1", target.port)) as onward:
                back = threading.Thread(target=pump, args=(onward, connection), daemon=True)
                back.start()
                pump(connection, onward)
                back.join(WAIT_S)

        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(socket.SHUT_WR)
        return self.serve(handler, tls=None)

    def test_tunnels_through(self):
        relay = self.serve(send_after_upgrade(frame(8, b"\x03\xe8")))
        proxy = self.proxy(b"HTTP/1.1 200 Connection established\r\n\r\n", relay)
        lines = self.probe(env={"https_proxy": f"http://me:s3cret@127.0.0.1:{proxy.port}"})
        self.assertEqual(lines, ["open -", "closed 1000 - "])
        first, headers = proxy.requests[0]
        self.assertEqual(first, f"CONNECT {HOST}:443 HTTP/1.1")
        self.assertEqual(base64.b64decode(headers["proxy-authorization"].split()[1]), b"me:s3cret")

    def working_proxy(self):
        relay = self.serve(send_after_upgrade(frame(8, b"\x03\xe8")))
        return self.proxy(b"HTTP/1.1 200 OK\r\n\r\n", relay).port

    def assert_second_address_serves(self, port, *args):
        lines = self.probe("--address", "127.0.0.2", "--address", "127.0.0.1", *args,
                           env={"https_proxy": f"http://proxy.test:{port}"})
        self.assertEqual(lines, ["open -", "closed 1000 - "])

    def test_next_address_is_tried(self):
        self.assert_second_address_serves(self.working_proxy())

    def test_next_address_is_tried_after_silence(self):
        port = self.working_proxy()
        silent = self.enterContext(socket.create_server(("127.0.0.2", port), backlog=0))
        for _ in range(4):  # a full queue answers nobody
            filler = self.enterContext(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(silent.getsockname())
        self.assert_second_address_serves(port, "--attempt-ms", "200")

    def test_certificate_is_the_relays(self):
        relay = self.serve(answer(404), self.ca.issue("proxy.test"))
        proxy = self.proxy(b"HTTP/1.1 200 OK\r\n\r\n", relay)
        lines = self.probe(env={"https_proxy": f"http://127.0.0.1:{proxy.port}"})
        self.assert_fails(lines, "relay-tls", "another name")

    def test_refuses(self):
        proxy = self.proxy(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        lines = self.probe(env={"https_proxy": f"http://127.0.0.1:{proxy.port}"})
        self.assert_fails(lines, "relay-unreachable", "proxy")

    def test_unreachable(self):
        lines = self.probe(env={"https_proxy": "http://127.0.0.1:1"})
        self.assert_fails(lines, "relay-unreachable", "proxy")

    def test_name_not_found(self):
        lines = self.probe(env={"https_proxy": "http://no-such-host.invalid:3128"})
        self.assert_fails(lines, "relay-unreachable", "address of the proxy")

    def test_plain_http_proxy_is_not_for_us(self):
        server = self.serve(answer(404))
        lines = self.probe(port=server.port, env={"http_proxy": "http://127.0.0.1:1"})
        self.assert_fails(lines, "relay-refused", "404")


class TlsTest(TunnelTest):
    def test_other_authority(self):
        server = self.serve(answer(404), Authority(self.folder, "other").issue(HOST))
        self.assert_fails(self.probe(port=server.port), "relay-tls", "authority")
        self.assertEqual(server.requests, [])

    def test_self_signed(self):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        Authority(self.folder, HOST)
        tls.load_cert_chain(self.folder / f"{HOST}.pem", self.folder / f"{HOST}.key")
        server = self.serve(answer(404), tls)
        self.assert_fails(self.probe(port=server.port), "relay-tls", "authority")

    def test_cacert_replaces_the_systems(self):
        """What SSL_CERT_FILE makes the system's list is not looked at beside --cacert."""
        other = Authority(self.folder, "system")
        server = self.serve(answer(404), other.issue(HOST))
        env = {"SSL_CERT_FILE": other.pem}
        self.assert_fails(self.probe(port=server.port, env=env), "relay-tls", "authority")

    def test_expired(self):
        server = self.serve(answer(404), self.ca.issue(HOST, days=-1))
        self.assert_fails(self.probe(port=server.port), "relay-tls", "expired")

    def test_other_name(self):
        for name in ["other.test", "x.relay.test", "*.relay.test", "relay.test.evil"]:
            with self.subTest(name):
                server = self.serve(answer(404), self.ca.issue(name))
                self.assert_fails(self.probe(port=server.port), "relay-tls", "another name")

    def test_long_name_is_compared_whole(self):
        """120 characters, the certificate differs in the last one."""
        host = ".".join(["a" * 59, "b" * 54, "test"])[:119] + "x"
        server = self.serve(answer(404), self.ca.issue(host[:-1] + "y"))
        self.assert_fails(self.probe(port=server.port, host=host), "relay-tls", "another name")

    def test_too_old(self):
        tls = self.ca.issue(HOST)
        tls.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            tls.minimum_version = ssl.TLSVersion.TLSv1
            tls.maximum_version = ssl.TLSVersion.TLSv1_1
        server = self.serve(answer(404), tls)
        self.assert_fails(self.probe(port=server.port), "relay-tls", "secure connection")

    def test_garbage(self):
        for data in [b"\x00" * 64, b"HTTP/1.1 200 OK\r\n\r\n", os.urandom(512)]:
            with self.subTest(data[:8]):
                def handler(server, connection, data=data):
                    connection.recv(65536)
                    connection.sendall(data)
                    connection.recv(65536)
                server = self.serve(handler, tls=None)
                self.assert_fails(self.probe(port=server.port), "relay-tls", "secure connection")

    def test_closed_instead_of_tls(self):
        server = self.serve(lambda s, c: c.recv(65536), tls=None)
        self.assert_fails(self.probe(port=server.port), "relay-tls", "secure connection")


class RefusedTest(TunnelTest):
    def test_status(self):
        for status, words in [(200, "200"), (400, "400"), (401, "401"), (403, "403"),
                              (404, "404: it does not know this QR code"), (409, "409"),
                              (410, "410: the tunnel is gone"), (426, "426"),
                              (500, "500: it has trouble"), (503, "503")]:
            with self.subTest(status):
                server = self.serve(answer(status, body=b"<p>no</p>"))
                self.assert_fails(self.probe(port=server.port), "relay-refused", words)

    def test_redirects_are_not_followed(self):
        elsewhere = self.serve(answer(404))
        for status in [301, 302, 303, 307, 308]:
            with self.subTest(status):
                server = self.serve(
                    answer(status, f"Location: https://{HOST}:{elsewhere.port}/"))
                self.assert_fails(self.probe(port=server.port), "relay-refused", str(status))
        self.assertEqual(elsewhere.requests, [])

    def test_hang_up_instead_of_an_answer(self):
        server = self.serve(lambda s, c: read_request(s, c))
        self.assert_fails(self.probe(port=server.port), "relay-refused", "without an answer")


class ProtocolTest(TunnelTest):
    def test_answer_is_not_a_tunnel_services(self):
        for name, handler in [
                ("no subprotocol", lambda s, c: upgrade(s, c, protocol=None)),
                ("other subprotocol", lambda s, c: upgrade(s, c, protocol="chat")),
                ("longer subprotocol", lambda s, c: upgrade(s, c, protocol="fido.cable2")),
                ("wrong accept", lambda s, c: upgrade(s, c, accept="AAAA")),
                ("extension", lambda s, c: upgrade(
                    s, c, "Sec-WebSocket-Extensions: permessage-deflate"))]:
            with self.subTest(name):
                server = self.serve(handler)
                self.assert_fails(self.probe(port=server.port), "protocol", "tunnel service")

    def test_answer_is_not_http(self):
        for data in [b"\r\n\r\n", b"HTTP/1.1 \r\n\r\n",
                     b"HTTP/1.1 101 OK\r\nX: " + b"y" * 100000 + b"\r\n\r\n"]:
            with self.subTest(data[:16]):
                def handler(server, connection, data=data):
                    read_request(server, connection)
                    connection.sendall(data)
                    connection.recv(1)
                server = self.serve(handler)
                lines = self.probe("--connect-ms", "2000", port=server.port)
                self.assertEqual(lines[0].split()[:3], ["closed", "1006", "protocol"], lines)

    def test_answer_never_becomes_http(self):
        """Bytes that might yet become a header end at the deadline."""
        for data in [b"SSH-2.0-OpenSSH\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n",
                     b"HTTP/9 x\r\n\r\n", b"200 OK\r\n\r\n"]:
            with self.subTest(data[:8]):
                def handler(server, connection, data=data):
                    read_request(server, connection)
                    connection.sendall(data)
                    connection.recv(1)
                server = self.serve(handler)
                self.assert_fails(self.probe("--connect-ms", "500", port=server.port),
                                  "relay-unreachable", "in time")

    def refused(self, data, code, words, before=()):
        server = self.serve(send_after_upgrade(data))
        lines = self.probe(port=server.port)
        self.assertEqual(lines[:-1], ["open -", *before])
        closed, shown, cause, message = lines[-1].split(" ", 3)
        self.assertEqual((closed, shown, cause), ("closed", str(code), "protocol"))
        self.assertIn(words, message)
        self.assertEqual(server.requests[1], (8, struct.pack(">H", code)))

    def test_text(self):
        self.refused(frame(1, b"hello"), 1003, "text")

    def test_empty(self):
        self.refused(frame(2, b""), 1002, "empty")

    def test_error_outlives_the_tunnel(self):
        server = self.serve(send_after_upgrade(frame(1, b"hello")))
        lines = self.probe("--free-in", "closed", port=server.port)
        self.assertEqual(lines[1].split()[:3], ["closed", "1003", "protocol"])

    def test_empty_in_fragments(self):
        self.refused(frame(2, b"", final=False) + frame(0, b""), 1002, "empty")

    def test_too_long(self):
        longest = b"\x5a" * (1024 * 1024 + 1024)
        self.refused(frame(2, longest + b"x"), 1009, "too long")
        self.refused(frame(2, longest, final=False) + frame(0, b"x"), 1009, "too long")
        self.refused(frame(2, longest) + frame(2, longest + b"x"), 1009, "too long",
                     before=[f"message {len(longest)} {digest(longest)}"])

    def test_broken_frames_end_the_tunnel(self):
        for name, data in [("reserved bit", b"\xc2\x01x"), ("reserved opcode", b"\x83\x01x"),
                           ("stray continuation", frame(0, b"x")),
                           ("long ping", b"\x89\x7e\x00\x80" + b"x" * 128),
                           ("new message inside one", frame(2, b"x", final=False) + frame(2, b"y")),
                           ("length beyond 63 bits", b"\x82\x7f" + b"\xff" * 8)]:
            with self.subTest(name):
                def handler(server, connection, data=data):
                    upgrade(server, connection)
                    connection.sendall(data)
                    while connection.recv(4096):
                        pass
                server = self.serve(handler)
                lines = self.probe(port=server.port)
                self.assertEqual([line.split()[0] for line in lines], ["open", "closed"], lines)


if __name__ == "__main__":
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # the probe leaves abruptly
    PROBE = os.path.abspath(sys.argv.pop(1))
    tap.main()
