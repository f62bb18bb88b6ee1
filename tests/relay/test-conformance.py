#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""RFC 6455 with clients that are not ours, and case by case in the manner of Autobahn's."""

import asyncio
import base64
import hashlib
import os
import shutil
import ssl
import struct
import subprocess
import unittest

import websockets
from websockets.exceptions import ConnectionClosed

from relaytest import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RelayTestCase, both,
                       certificate, connect_path, tunnel_id)

# What an end says → what its peer hears, and what it is answered: a list of (opcode, payload), then
# the close code. None: nothing more happens, the tunnel goes on.
OK = None
PROTOCOL, NOT_BINARY, NOT_UTF8, NORMAL = 1002, 1003, 1007, 1000

# RFC 6455 §5.2: reserved bits and opcodes.
RESERVED = [(f"reserved bits {rsv} in a {name}", [(opcode, b"x", {"rsv": rsv})], [], [], PROTOCOL)
            for rsv in range(1, 8) for name, opcode in (("message", BINARY), ("ping", PING),
                                                        ("close", CLOSE))]
RESERVED += [(f"opcode {opcode}, {len(payload)} bytes", [(opcode, payload, {})], [], [], PROTOCOL)
             for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15) for payload in (b"", b"x")]

# §5.2: lengths and how they are written.
LENGTHS = [(f"{size} bytes", [(BINARY, bytes(range(256)) * (size // 256) +
                               bytes(size % 256), {})], "same", [], OK)
           for size in (1, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536, 65537)]
LENGTHS += [(f"{size} bytes, length of {wide} bytes", [("raw", wide, size)], [], [], PROTOCOL)
            for wide, size in ((2, 0), (2, 1), (2, 125), (8, 0), (8, 125), (8, 126), (8, 65535))]
LENGTHS += [("a length of 2^63", [("raw", 8, 1 << 63)], [], [], PROTOCOL),
            ("a length of 2^64 - 1", [("raw", 8, (1 << 64) - 1)], [], [], PROTOCOL)]

# §5.5: control frames.
CONTROL = [(f"ping of {size} bytes", [(PING, os.urandom(size), {})], [], "pong", OK)
           for size in (0, 1, 2, 124, 125)]
CONTROL += [(f"pong of {size} bytes, unasked", [(PONG, bytes(size), {})], [], [], OK)
            for size in (0, 1, 125)]
CONTROL += [(f"opcode {opcode} of {size} bytes", [(opcode, bytes(size), {})], [], [], PROTOCOL)
            for opcode in (PING, PONG, CLOSE) for size in (126, 127, 65536)]
CONTROL += [(f"opcode {opcode} in fragments", [(opcode, b"x", {"final": False})], [], [], PROTOCOL)
            for opcode in (PING, PONG, CLOSE)]

# §5.1: masks.
MASKS = [(f"opcode {opcode} without a mask", [(opcode, payload, {"masked": False})], [], [],
          PROTOCOL) for opcode, payload in ((BINARY, b"x"), (BINARY, bytes(200)), (PING, b"x"),
                                            (PONG, b""), (CLOSE, b""), (TEXT, b"x"))]

PART = {"final": False}

# §5.4: fragments.
FRAGMENTS = [
    ("two", [(BINARY, b"a", PART), (CONTINUATION, b"b", {})], [b"ab"], [], OK),
    ("two, the first empty", [(BINARY, b"", PART), (CONTINUATION, b"b", {})], [b"b"], [], OK),
    ("two, the last empty", [(BINARY, b"a", PART), (CONTINUATION, b"", {})], [b"a"], [], OK),
    ("three, the middle empty", [(BINARY, b"a", PART), (CONTINUATION, b"", PART),
                                 (CONTINUATION, b"b", {})], [b"ab"], [], OK),
    ("three, all empty", [(BINARY, b"", PART), (CONTINUATION, b"", PART),
                          (CONTINUATION, b"", {})], [], [], PROTOCOL),
    ("a ping between", [(BINARY, b"a", PART), (PING, b"?", {}), (CONTINUATION, b"b", {})], [b"ab"],
     [(PONG, b"?")], OK),
    ("a pong between", [(BINARY, b"a", PART), (PONG, b"!", {}), (CONTINUATION, b"b", {})], [b"ab"],
     [], OK),
    ("a goodbye between", [(BINARY, b"a", PART), (CLOSE, struct.pack(">H", 1000), {})], [], [],
     NORMAL),
    ("a message between", [(BINARY, b"a", PART), (BINARY, b"b", {})], [], [], PROTOCOL),
    ("a beginning between", [(BINARY, b"a", PART), (BINARY, b"b", PART)], [], [], PROTOCOL),
    ("text between", [(BINARY, b"a", PART), (TEXT, b"b", {})], [], [], PROTOCOL),
    ("the end of nothing", [(CONTINUATION, b"a", {})], [], [], PROTOCOL),
    ("the middle of nothing", [(CONTINUATION, b"a", PART)], [], [], PROTOCOL),
    ("an end too many", [(BINARY, b"a", {}), (CONTINUATION, b"b", {})], [b"a"], [], PROTOCOL),
    ("reserved bits in the last", [(BINARY, b"a", PART), (CONTINUATION, b"b", {"rsv": 4})], [], [],
     PROTOCOL),
]

# §5.6, and hybrid.md §6.1: text is none of ours, in whatever form.
TEXTS = [(f"text {text!r}", [(TEXT, text, {})], [], [], NOT_BINARY)
         for text in (b"", b"text", "κόσμε".encode(), b"\xff", b"\xed\xa0\x80")]
TEXTS += [("text in fragments", [(TEXT, b"a", PART), (CONTINUATION, b"b", {})], [], [], NOT_BINARY)]

# §7.4: close codes that may be sent, those that never may, and reasons.
CLOSES = [(f"code {code}", [(CLOSE, struct.pack(">H", code), {})], [], [], code)
          for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000,
                       3999, 4000, 4999)]
CLOSES += [(f"code {code}", [(CLOSE, struct.pack(">H", code), {})], [], [], PROTOCOL)
           for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)]
CLOSES += [("no code", [(CLOSE, b"", {})], [], [], 1005),
           ("half a code", [(CLOSE, b"\x03", {})], [], [], PROTOCOL)]
CLOSES += [(f"reason {reason!r}", [(CLOSE, struct.pack(">H", 1000) + reason, {})], [], [], code)
           for reason, code in ((b"bye", NORMAL), ("ciao, κόσμε €𐍈".encode(), NORMAL),
                                (b"x" * 123, NORMAL), (b"\0", NORMAL),
                                (b"\xce", NOT_UTF8), (b"\xff", NOT_UTF8), (b"\xc0\x80", NOT_UTF8),
                                (b"\xed\xa0\x80", NOT_UTF8), (b"\xf4\x90\x80\x80", NOT_UTF8),
                                (b"x" * 121 + b"\xc3", NOT_UTF8))]
CLOSES += [("words after the goodbye", [(CLOSE, struct.pack(">H", 1000), {}), (BINARY, b"x", {}),
                                        (PING, b"x", {})], [], [], NORMAL),
           ("two goodbyes", [(CLOSE, struct.pack(">H", 4000), {}),
                             (CLOSE, struct.pack(">H", 4001), {})], [], [], 4000)]

CASES = {"reserved": RESERVED, "lengths": LENGTHS, "control": CONTROL, "masks": MASKS,
         "fragments": FRAGMENTS, "texts": TEXTS, "closes": CLOSES}


def encode(client, frame):
    """A frame as the tables have it."""
    if frame[0] != "raw":
        opcode, payload, how = frame
        return client.frame(opcode, payload, **how)
    _, wide, size = frame
    head = bytes([0x82, 0xFE if wide == 2 else 0xFF]) + size.to_bytes(wide, "big") + bytes(4)
    return head + bytes(min(size, 70000))


class Cases:
    def check(self, relay, case, offender, whole):
        name, frames, heard, answered, code = case
        ends = self.pair(relay)
        one, other = ends[offender], ends[1 - offender]
        data = b"".join(encode(one, frame) for frame in frames)
        try:
            for part in [data] if whole else [data[:1], data[1:2], data[2:]]:
                one.send(part)
        except OSError:
            self.assertIsNot(code, OK)  # closed before all was said
        if heard == "same":
            heard = [frame[1] for frame in frames]
        for message in heard:
            self.assertEqual(other.hear(), message, name)
        if answered == "pong":
            answered = [(PONG, frame[1]) for frame in frames]
        for frame in answered:
            self.assertEqual(one.read_frame(), frame, name)
        if code is OK:
            for end, peer in ((one, other), (other, one)):
                end.say(b"after it")
                self.assertEqual(peer.hear(), b"after it", name)
        else:
            opcode, payload = one.read_frame()
            self.assertEqual(opcode, CLOSE, name)
            self.assertEqual(payload, b"" if code == 1005 else struct.pack(">H", code), name)
            # What it says is passed on; what it breaks is its own affair.
            said = frames[-1][0] == CLOSE or len(frames) > 1 and frames[0][0] == CLOSE
            passed = said and code not in (NOT_UTF8, PROTOCOL)
            expected = {1005: 1000}.get(code, code) if passed or \
                said and frames[0][1] == struct.pack(">H", code) else 1008
            self.assertEqual(other.closed(), expected, name)
        for end in ends:
            end.close()

    def run_cases(self, group):
        relay = self.relay("--workers", "2")
        for number, case in enumerate(CASES[group]):
            with self.subTest(case[0]):
                self.check(relay, case, number % 2, number % 3 > 0)


for _group in CASES:
    setattr(Cases, "test_" + _group, lambda self, group=_group: self.run_cases(group))


class Library:
    """Python's websockets, which keeps the client's part of the rules by itself."""

    def tunnel(self, ceremony, *options):
        relay = self.relay("--workers", "2", *options)
        context = ssl.create_default_context(cafile=certificate()[0]) if self.tls else None
        url = f"{'wss' if self.tls else 'ws'}://localhost:{relay.port}/cable/"
        tunnel = tunnel_id()
        how = {"subprotocols": ["fido.cable"], "ssl": context, "max_size": 1 << 21}

        async def run():
            async with websockets.connect(url + "new/" + tunnel, **how) as phone:
                route = phone.response_headers["X-caBLE-Routing-ID"]
                async with websockets.connect(f"{url}connect/{route}/{tunnel}", **how) as client:
                    await ceremony(phone, client)

        asyncio.run(asyncio.wait_for(run(), 60))

    def test_sizes(self):
        async def ceremony(phone, client):
            for size in (1, 125, 126, 127, 65535, 65536, 1 << 20):
                message = os.urandom(size)
                for one, other in ((phone, client), (client, phone)):
                    await one.send(message)
                    self.assertEqual(await other.recv(), message)

        self.tunnel(ceremony)

    def test_fragments_with_pings_between(self):
        async def ceremony(phone, client):
            for one, other in ((phone, client), (client, phone)):
                async def parts():
                    for n in range(20):
                        yield b"part %d " % n * 50
                        await (await one.ping(b"%d" % n))

                await one.send(parts())
                self.assertEqual(await other.recv(),
                                 b"".join(b"part %d " % n * 50 for n in range(20)))

        self.tunnel(ceremony)

    def test_pings(self):
        async def ceremony(phone, client):
            for size in (0, 1, 125):
                for end in (phone, client):
                    await (await end.ping(os.urandom(size)))

        self.tunnel(ceremony)

    def test_goodbyes(self):
        for code, reason in ((1000, ""), (1001, "going"), (3000, "ß" * 60), (4999, "x" * 123)):
            async def ceremony(phone, client):
                await client.close(code, reason)
                self.assertEqual(client.close_code, code)
                with self.assertRaises(ConnectionClosed):
                    await phone.recv()
                self.assertEqual(phone.close_code, code)

            self.tunnel(ceremony)

    def test_text(self):
        async def ceremony(phone, client):
            await client.send("text")
            with self.assertRaises(ConnectionClosed):
                await client.recv()
            self.assertEqual(client.close_code, 1003)
            with self.assertRaises(ConnectionClosed):
                await phone.recv()
            self.assertEqual(phone.close_code, 1008)

        self.tunnel(ceremony)

    def test_both_ways_at_once(self):
        async def ceremony(phone, client):
            sent = [os.urandom(20000) for _ in range(40)]

            async def say(end):
                for message in sent:
                    await end.send(message)

            async def hear(end):
                return [await end.recv() for _ in sent]

            _, _, one, other = await asyncio.gather(say(phone), say(client), hear(phone),
                                                    hear(client))
            self.assertEqual(one, sent)
            self.assertEqual(other, sent)

        self.tunnel(ceremony)


class Opening:
    """§4.2: the handshake. test-request.py has what is refused."""

    def test_the_key_is_answered(self):
        relay = self.relay()
        for key in (b"the sample nonce", bytes(16), b"\xff" * 16, os.urandom(16)):
            text = base64.b64encode(key).decode()
            headers = self.client(relay).upgrade("/cable/new/" + tunnel_id(),
                                                 Sec_WebSocket_Key=text)
            found = {name.lower(): value for name, value in headers}
            digest = hashlib.sha1((text + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            self.assertEqual(found["sec-websocket-accept"], base64.b64encode(digest).decode())
            self.assertEqual(found["upgrade"].lower(), "websocket")
            self.assertIn("upgrade", found["connection"].lower())
            self.assertNotIn("sec-websocket-extensions", found)
            self.assertEqual(len(headers), len(found))

    def test_words_in_any_case_and_in_lists(self):
        relay = self.relay()
        for changes in ({"Upgrade": "WebSocket"}, {"Upgrade": "WEBSOCKET"},
                        {"Connection": "upgrade"}, {"Connection": "keep-alive, Upgrade"},
                        {"Connection": "UPGRADE ,foo"}, {"Upgrade": "h2c, websocket"},
                        {"Sec_WebSocket_Protocol": "a,b , fido.cable,c"}, {"Origin": "null"},
                        {"Cookie": "a=b; c=d"}, {"Accept_Encoding": "gzip"},
                        {"Sec_WebSocket_Extensions": "permessage-deflate; a; b=\"c\", x-other"}):
            self.client(relay).upgrade("/cable/new/" + tunnel_id(), **changes)

    def test_names_in_any_case(self):
        relay = self.relay()
        client = self.client(relay)
        client.send((f"GET /cable/new/{tunnel_id()} HTTP/1.1\r\nHOST:x\r\nupgrade:websocket\r\n"
                     "CONNECTION:\tUpgrade \r\nsec-websocket-KEY: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     "sEC-wEBSOCKET-vERSION:13\r\nSEC-WEBSOCKET-PROTOCOL:fido.cable\r\n"
                     "\r\n").encode())
        self.assertEqual(client.answer()[0], 101)

    def test_other_versions_are_told_ours(self):
        relay = self.relay()
        for version in ("0", "7", "8", "14", "255", "13, 8", "013", ""):
            client = self.client(relay)
            client.request("/cable/new/" + tunnel_id(), Sec_WebSocket_Version=version)
            status, headers, _ = client.answer()
            self.assertEqual(status, 426, version)
            self.assertIn(("Sec-WebSocket-Version", "13"), headers)

    def test_keys_that_are_none(self):
        relay = self.relay()
        good = "AAAAAAAAAAAAAAAAAAAAAA=="
        for key in ("", good[:-1], good + "=", "A" * 24, "A" * 20 + "====", "!" * 22 + "==",
                    base64.b64encode(bytes(15)).decode(), base64.b64encode(bytes(17)).decode()):
            self.assertEqual(self.status(relay, "/cable/new/" + tunnel_id(),
                                         Sec_WebSocket_Key=key), 400, key)

    def test_fields_given_twice(self):
        relay = self.relay()
        for field in ("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Host: localhost",
                      "Sec-WebSocket-Version: 13"):
            client = self.client(relay)
            client.send((f"GET /cable/new/{tunnel_id()} HTTP/1.1\r\nHost: localhost\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: fido.cable\r\n"
                         f"{field}\r\n\r\n").encode())
            self.assertIn(client.answer()[0], (400, 426), field)


class OtherPrograms:
    """curl for the handshake, Node's own websocket for all of it."""

    def test_curl_gets_its_101(self):
        if shutil.which("curl") is None:
            self.skipTest("there is no curl")
        relay = self.relay()
        done = subprocess.run(
            ["curl", "--silent", "--include", "--http1.1", "--max-time", "1", "--noproxy", "*",
             "--cacert", certificate()[0], "--header", "Upgrade: websocket",
             "--header", "Connection: Upgrade", "--header", "Sec-WebSocket-Version: 13",
             "--header", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
             "--header", "Sec-WebSocket-Protocol: fido.cable",
             f"http{'s' if self.tls else ''}://localhost:{relay.port}/cable/new/{tunnel_id()}"],
            capture_output=True)
        self.assertTrue(done.stdout.startswith(b"HTTP/1.1 101 "), done)

    def test_node(self):
        node = shutil.which("node")
        if node is None or subprocess.run([node, "--experimental-websocket", "-e", "WebSocket"],
                                          capture_output=True).returncode != 0:
            self.skipTest("there is no Node with a websocket")
        relay = self.relay("--workers", "2")
        first, tunnel = self.waiting(relay)
        url = f"ws{'s' if self.tls else ''}://localhost:{relay.port}{connect_path(tunnel)}"
        script = """
            const ws = new WebSocket(process.argv[1], ['fido.cable']);
            ws.binaryType = 'arraybuffer';
            ws.onopen = () => ws.send(new Uint8Array(70000).fill(7));
            ws.onmessage = (event) => ws.send(event.data);
            ws.onclose = (event) => console.log(event.code, ws.protocol, event.wasClean,
                                                ws.extensions === '');
        """
        process = subprocess.Popen([node, "--no-warnings", "--experimental-websocket", "-e", script,
                                    url], stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "NODE_EXTRA_CA_CERTS": certificate()[0]})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertEqual(first.hear(), b"\7" * 70000)
        for size in (1, 125, 126, 65535, 65536, 1 << 20):
            message = os.urandom(size)
            first.say(message)
            self.assertEqual(first.hear(), message)
        first.leave(4321)
        first.closed()
        self.assertEqual(process.stdout.readline(), "4321 fido.cable true true\n")
        self.assertEqual(process.wait(20), 0)


CasesPlain, CasesTls = both(Cases)
LibraryPlain, LibraryTls = both(Library)
OpeningPlain, OpeningTls = both(Opening)
OtherProgramsPlain, OtherProgramsTls = both(OtherPrograms)
del Cases, Library, Opening, OtherPrograms

if __name__ == "__main__":
    unittest.main()
