# SPDX-License-Identifier: BSD-2-Clause
"""A small tunnel service that misbehaves on request, for tests of the two ends.

Directions: "a2c" is from the end that came by /new (the authenticator) to the one that came by
/connect (the client), "c2a" the other way. Messages of each direction count from 1.

    with FaultyRelay(Faults(flip=("a2c", 2)), cert=..., key=...) as relay:
        ... connect to relay.port on 127.0.0.1 ...
        relay.messages  # [(direction, bytes), ...] as they were received
"""

import asyncio
import base64
import dataclasses
import hashlib
import re
import ssl
import struct
import threading

ROUTING_ID = "00c0de"
MESSAGE_MAX = 64 * 1024 * 1024
HEAD_MAX = 16384

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

_PATH = re.compile(r"/cable/(new|connect/([0-9a-fA-F]{6}))/([0-9a-fA-F]{32})$")
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclasses.dataclass
class Faults:
    """What goes wrong; by default nothing does."""

    status_new: int = 0  # answer /new with this instead of 101
    status_connect: int = 0  # the same for /connect
    routing_id: str = "once"  # "once", "none", "twice", "malformed"
    subprotocol: bool = True  # echo it
    accept_key: bool = True  # a right Sec-WebSocket-Accept
    flip: tuple = ()  # (direction, n): one bit of message n
    drop: tuple = ()  # (direction, n): cut both connections in place of message n
    close: tuple = ()  # (direction, n, code): close frames to both in place of message n
    stall: tuple = ()  # (direction, n): message n and later ones are swallowed
    repeat: tuple = ()  # (direction, n): message n arrives twice
    swap: tuple = ()  # (direction, n): message n arrives after message n + 1
    truncate: tuple = ()  # (direction, n): message n loses its last byte
    inject: tuple = ()  # (direction, n, kind): before message n; "text", "empty", "oversized"
    oversized: int = 1024 * 1024 + 1025  # bytes of an oversized message
    fragment: int = 0  # forward in frames of this many bytes
    ping: bool = False  # ping before every message
    stall_new: bool = False  # never answer /new
    stall_connect: bool = False  # never answer /connect


def frame(opcode, payload=b"", final=True):
    """One unmasked frame, as servers send them."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += b"\x7e" + struct.pack(">H", len(payload))
    else:
        head += b"\x7f" + struct.pack(">Q", len(payload))
    return head + payload


def unmask(payload, mask):
    repeated = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")).to_bytes(
        len(payload), "big"
    )


class _End:
    """One websocket of the relay."""

    def __init__(self, reader, writer, side):
        self.reader = reader
        self.writer = writer
        self.side = side  # "a" or "c"
        self.peer = None
        self.early = []

    def send(self, data):
        if not self.writer.is_closing():
            self.writer.write(data)

    async def read_frame(self):
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self.reader.readexactly(8))
        if length > MESSAGE_MAX or not second & 0x80:
            raise ConnectionError("a frame that clients do not send")
        mask = await self.reader.readexactly(4)
        payload = await self.reader.readexactly(length)
        return bool(first & 0x80), first & 0x0F, unmask(payload, mask)

    async def read_message(self):
        """(opcode, payload) of a whole message or a close frame."""
        parts = []
        kind = None
        while True:
            final, opcode, payload = await self.read_frame()
            if opcode == PING:
                self.send(frame(PONG, payload))
            elif opcode == CLOSE:
                return CLOSE, payload
            elif opcode != PONG:
                kind = opcode if kind is None else kind
                parts.append(payload)
                if final:
                    return kind, b"".join(parts)


class FaultyRelay:
    """Runs on its own thread between start() and stop(), or in a with block."""

    def __init__(self, faults=None, host="127.0.0.1", port=0, cert=None, key=None):
        self.faults = faults or Faults()
        self.host = host
        self.port = port
        self.messages = []  # (direction, bytes) received
        self.requests = []  # (path, {header: value}) received
        self._tls = None
        if cert:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(cert, key)
            self._tls.set_alpn_protocols(["http/1.1"])
        self._tunnels = {}
        self._counts = {"a2c": 0, "c2a": 0}
        self._late = None
        self._loop = None
        self._tasks = set()
        self._thread = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.stop()

    def start(self):
        ready = threading.Event()
        problem = []

        def run():
            try:
                asyncio.run(self._serve(ready))
            except OSError as error:
                problem.append(error)
                ready.set()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        ready.wait()
        if problem:
            raise problem[0]

    def stop(self):
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()

    async def _serve(self, ready):
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        server = await asyncio.start_server(
            self._on_connection, self.host, self.port, ssl=self._tls, limit=HEAD_MAX
        )
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._done.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _on_connection(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._request(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if writer.is_closing() else writer.close()

    async def _request(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lines = head.split("\r\n")
        path = lines[0].split(" ")[1] if lines[0].count(" ") >= 2 else ""
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        self.requests.append((path, headers))
        match = _PATH.match(path)
        is_new = bool(match) and match[1] == "new"
        tunnel = match[3].lower() if match else ""
        status = self._status(match, is_new, tunnel, headers)
        if self.faults.stall_new if is_new else self.faults.stall_connect:
            await self._done.wait()
        if status != 101:
            writer.write(b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\n\r\n" % status)
            await writer.drain()
            return
        writer.write(self._accept(is_new, headers.get("sec-websocket-key", "")))
        end = _End(reader, writer, "a" if is_new else "c")
        if is_new:
            self._tunnels[tunnel] = end
        else:
            self._pair(self._tunnels.pop(tunnel), end)
        await self._forward(end)

    def _status(self, match, is_new, tunnel, headers):
        if match and is_new and self.faults.status_new:
            return self.faults.status_new
        if match and not is_new and self.faults.status_connect:
            return self.faults.status_connect
        if not match:
            return 404
        if "fido.cable" not in headers.get("sec-websocket-protocol", ""):
            return 400
        if is_new and tunnel in self._tunnels:
            return 409
        if not is_new and tunnel not in self._tunnels:
            return 404
        return 101

    def _accept(self, is_new, key):
        digest = hashlib.sha1((key + _GUID).encode()).digest()
        if not self.faults.accept_key:
            digest = bytes(20)
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: " + base64.b64encode(digest).decode(),
        ]
        if self.faults.subprotocol:
            lines.append("Sec-WebSocket-Protocol: fido.cable")
        if is_new and self.faults.routing_id != "none":
            value = "xyz" if self.faults.routing_id == "malformed" else ROUTING_ID
            lines.append("X-caBLE-Routing-ID: " + value)
            if self.faults.routing_id == "twice":
                lines.append("X-caBLE-Routing-ID: " + value)
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _pair(self, first, second):
        first.peer = second
        second.peer = first
        for direction, message in first.early:
            self._deliver(first, direction, message)
        first.early = []

    async def _forward(self, end):
        direction = "a2c" if end.side == "a" else "c2a"
        code = struct.pack(">H", 1001)
        try:
            while True:
                opcode, payload = await end.read_message()
                if opcode == CLOSE:
                    code = payload[:2] or struct.pack(">H", 1000)
                    end.send(frame(CLOSE, payload[:2]))
                    return
                self.messages.append((direction, payload))
                if end.peer is None:
                    end.early.append((direction, payload))
                else:
                    self._deliver(end, direction, payload)
                    await end.peer.writer.drain()
        finally:
            for key in [k for k, e in self._tunnels.items() if e is end]:
                del self._tunnels[key]
            if end.peer is not None:
                end.peer.send(frame(CLOSE, code))

    def _deliver(self, end, direction, message):
        faults = self.faults
        self._counts[direction] += 1
        here = (direction, self._counts[direction])
        if faults.drop[:2] == here:
            for each in (end, end.peer):
                each.writer.transport.abort()
            return
        if faults.close[:2] == here:
            for each in (end, end.peer):
                each.send(frame(CLOSE, struct.pack(">H", faults.close[2])))
            return
        if faults.stall and faults.stall[0] == direction and here[1] >= faults.stall[1]:
            return
        if faults.inject[:2] == here:
            self._inject(end.peer, faults.inject[2])
        if faults.flip == here:
            middle = len(message) // 2
            message = message[:middle] + bytes([message[middle] ^ 1]) + message[middle + 1 :]
        if faults.truncate == here:
            message = message[:-1]
        if faults.swap == here:
            self._late = message
            return
        self._send(end.peer, message)
        if faults.repeat == here:
            self._send(end.peer, message)
        if self._late is not None and faults.swap[0] == direction:
            self._send(end.peer, self._late)
            self._late = None

    def _inject(self, end, kind):
        if kind == "text":
            end.send(frame(TEXT, b"text"))
        elif kind == "empty":
            end.send(frame(BINARY))
        elif kind == "oversized":
            end.send(frame(BINARY, bytes(self.faults.oversized)))

    def _send(self, end, message):
        if self.faults.ping:
            end.send(frame(PING, b"there?"))
        size = self.faults.fragment or len(message) or 1
        parts = [message[i : i + size] for i in range(0, len(message), size)] or [b""]
        for i, part in enumerate(parts):
            end.send(frame(BINARY if i == 0 else 0, part, i == len(parts) - 1))
