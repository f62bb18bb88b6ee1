# SPDX-License-Identifier: BSD-2-Clause
"""What the relay's program tests share: a running relay, and a client made of bare sockets."""

import atexit
import base64
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

RELAY = os.environ.get("HYBRIDGE_RELAY", "build/bridge/relay/hybridge-relay")
PATIENCE = 20  # seconds; only a broken relay needs them

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10

GET = "GET {path} HTTP/1.1\r\n"
HEADERS = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "fido.cable",
}

_scratch = None


def scratch():
    """A directory for this test process."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix="relay-test-")
        atexit.register(shutil.rmtree, _scratch)
    return _scratch


def openssl(*args):
    subprocess.run(("openssl",) + args, check=True, capture_output=True, cwd=scratch())


def certificate():
    """(ca, cert, key): a throw-away authority and a certificate of its for localhost."""
    paths = tuple(os.path.join(scratch(), name) for name in ("ca.pem", "cert.pem", "key.pem"))
    if not os.path.exists(paths[1]):
        with open(os.path.join(scratch(), "san"), "w") as extension:
            extension.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *curve, "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2",
                "-subj", "/CN=Test CA")
        openssl("req", *curve, "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
                "-days", "2", "-extfile", "san", "-out", "cert.pem")
        os.chmod(paths[2], 0o600)
    return paths


def tunnel_id():
    return os.urandom(16).hex()


_routes = {}  # tunnel ID: the routing ID that its /new was told


def connect_path(tunnel):
    """Where the second end of @tunnel goes; of one that nobody opened, anywhere."""
    return f"/cable/connect/{_routes.get(tunnel.lower(), '000000')}/{tunnel}"


class Relay:
    """A relay of its own for one test, on free ports."""

    def __init__(self, *options, tls=False, secured=True, listen=("127.0.0.1:0",), env=None,
                 preexec_fn=None, drain=("--drain-time", "0")):
        """@secured: the command line says whether there is TLS, and by which certificate."""
        command = [RELAY, "--metrics", "127.0.0.1:0", *drain]
        for where in listen:
            command += ["--listen", where]
        if secured and tls:
            command += ["--cert", certificate()[1], "--key", certificate()[2]]
        elif secured:
            command += ["--plain"]
        self.tls = tls
        self.ports = []
        self.metrics_port = None
        self.error_lines = []
        self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(env or {})},
                                        preexec_fn=preexec_fn)
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        for _ in range(len(listen) + 1):
            line = self.process.stdout.readline()
            match = re.match(r"(listening|metrics) on (.*):(\d+)$", line)
            if not match:
                self.process.kill()
                self.process.wait()
                self._reader.join()
                raise AssertionError(f"{line!r}, {self.errors()!r}")
            if match[1] == "metrics":
                self.metrics_port = int(match[3])
            else:
                self.ports.append(int(match[3]))
        self.port = self.ports[0]

    def _read_errors(self):
        for line in self.process.stderr:
            self.error_lines.append(line)

    def errors(self):
        return "".join(self.error_lines)

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit status; fails for anything a sanitizer or GLib said."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        for word in ("Sanitizer", "runtime error", "CRITICAL", "Assertion"):
            if word in self.errors():
                raise AssertionError(self.errors())
        return status

    def get(self, path):
        """(status, body) of the metrics listener."""
        url = f"http://127.0.0.1:{self.metrics_port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def settled(self, timeout=PATIENCE):
        """Waits until nobody is connected and nothing is kept; fails if that takes too long."""
        end = time.monotonic() + timeout
        while True:
            left = {name: self.metric(name) for name in ("connections", "queued_bytes")}
            if not any(left.values()):
                return
            if time.monotonic() > end:
                raise AssertionError(f"{left} after {timeout} s")
            time.sleep(0.02)

    def metric(self, name):
        """The sum over all workers, by what stands before them: 'tunnels{state="paired"}'."""
        values = []
        for line in self.get("/metrics")[1].splitlines():
            where, _, value = line.rpartition(" ")
            where = re.sub(r',?worker="\d+"', "", where).replace("{}", "")
            if where == "hybridge_relay_" + name:
                values.append(int(value))
        if not values:
            raise AssertionError("no metric " + name)
        return sum(values)

    def workers(self):
        """The process IDs of those that serve connections."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return [int(pid) for pid in children.read().split()]

    def memory(self):
        """Resident bytes of all processes, but for what they share."""
        pages = 0
        for pid in [self.process.pid] + self.workers():
            with open(f"/proc/{pid}/statm") as statm:
                _, resident, shared = statm.read().split()[:3]
                pages += int(resident) - int(shared)
        return pages * os.sysconf("SC_PAGE_SIZE")


    def cpu(self):
        """Seconds that its workers have been running."""
        ticks = 0
        for pid in self.workers():
            with open(f"/proc/{pid}/stat") as stat:
                ticks += sum(int(word) for word in stat.read().rpartition(")")[2].split()[11:13])
        return ticks / os.sysconf("SC_CLK_TCK")


class Gone(Exception):
    """The relay ended the connection; the cause says how, as far as one can tell."""


class Client:
    """A websocket client that sends exactly what it is told to."""

    def __init__(self, relay, rcvbuf=0, source=None, first=b""):
        """@source: our address, a loopback one; @first: sent before anything else, TLS too."""
        ipv6 = source is not None and ":" in source
        self.socket = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET)
        if rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.socket.settimeout(PATIENCE)
        if source is not None:
            self.socket.bind((source, 0))
        self.socket.connect(("::1" if ipv6 else "127.0.0.1", relay.port))
        self.socket.sendall(first)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if relay.tls:
            context = ssl.create_default_context(cafile=certificate()[0])
            context.set_alpn_protocols(["http/1.1"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost",
                                              do_handshake_on_connect=False)
            try:
                self.socket.do_handshake()
            except OSError:
                self.socket.close()
                raise

    def send(self, data):
        self.socket.sendall(data)

    def request(self, path, method="GET", drop=(), **changes):
        """Sends an upgrade request; "_" in a changed header's name stands for "-"."""
        headers = {name: value for name, value in HEADERS.items() if name not in drop}
        for name, value in changes.items():
            headers[name.replace("_", "-")] = value
        lines = [f"{method} {path} HTTP/1.1"] + [f"{n}: {v}" for n, v in headers.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    def more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError) as error:
            raise Gone(repr(error)) from None
        if not data:
            raise Gone("end")
        self.buffer += data

    def take(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def answer(self):
        """(status, [(name, value)], body) of an HTTP response."""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        length = dict((n.lower(), v) for n, v in headers).get("content-length", "0")
        return int(lines[0].split()[1]), headers, self.take(int(length)).decode()

    def upgrade(self, path, **changes):
        """Requests and expects a 101; returns its headers."""
        self.request(path, **changes)
        status, headers, _ = self.answer()
        if status != 101:
            raise AssertionError(f"{path}: {status}")
        self.note_route(path, headers)
        return headers

    def note_route(self, path, headers):
        """Remembers for connect_path() where a tunnel is."""
        for name, value in headers:
            if name.lower() == "x-cable-routing-id":
                _routes[path.rpartition("/")[2].lower()] = value

    def frame(self, opcode, payload=b"", final=True, masked=True, length=None, rsv=0):
        """Bytes of one frame; @length is what its header claims, right or wrong."""
        length = len(payload) if length is None else length
        bit = 0x80 if masked else 0
        head = bytes([(0x80 if final else 0) | rsv << 4 | opcode])
        if length < 126:
            head += bytes([bit | length])
        elif length < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", length)
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", length)
        if not masked:
            return head + payload
        mask = os.urandom(4)
        long_mask = (mask * (len(payload) // 4 + 1))[:len(payload)]
        mixed = int.from_bytes(payload, "big") ^ int.from_bytes(long_mask, "big")
        return head + mask + mixed.to_bytes(len(payload), "big")

    def say(self, payload, opcode=BINARY, **how):
        self.send(self.frame(opcode, payload, **how))

    def read_frame(self):
        """(opcode, payload); server frames are whole and unmasked."""
        first, second = self.take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self.take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self.take(8))
        if not first & 0x80 or first & 0x70 or second & 0x80:
            raise AssertionError(f"odd frame {first:02x} {second:02x}")
        return first & 0x0F, self.take(length)

    def hear(self):
        """The payload of the next message."""
        opcode, payload = self.read_frame()
        if opcode != BINARY:
            raise AssertionError(f"opcode {opcode}, {payload!r}")
        return payload

    def closed(self):
        """The code of the close frame that comes after any messages; answers it. None: no frame."""
        while True:
            try:
                opcode, payload = self.read_frame()
            except Gone:
                return None
            if opcode == CLOSE:
                try:
                    self.say(payload[:2], CLOSE)
                except OSError:
                    pass
                return struct.unpack(">H", payload[:2])[0]

    def ended(self):
        """Reads until the relay ends the connection."""
        try:
            while True:
                self.more()
        except Gone:
            return True

    def leave(self, code=1000):
        self.say(struct.pack(">H", code), CLOSE)

    def reset(self):
        """Ends the connection by RST, whatever is under way."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if isinstance(self.socket, ssl.SSLSocket):
            os.close(self.socket.detach())
        else:
            self.socket.close()

    def close(self):
        self.socket.close()


class RelayTestCase(unittest.TestCase):
    """Tests run with one relay each; TLS or not is the subclass's."""

    tls = False

    def relay(self, *options, **how):
        """Starts one and stops it at the end, when it must still be well."""
        relay = Relay(*options, tls=self.tls, **how)
        self.addCleanup(lambda: self.assertEqual(relay.stop(), 0))
        return relay

    def client(self, relay, **how):
        client = Client(relay, **how)
        self.addCleanup(client.close)
        return client

    def waiting(self, relay, **how):
        """(client, tunnel ID) after /new."""
        client = self.client(relay, **how)
        tunnel = tunnel_id()
        client.upgrade("/cable/new/" + tunnel)
        return client, tunnel

    def pair(self, relay, **how):
        """Both ends of a tunnel."""
        first, tunnel = self.waiting(relay, **how)
        second = self.client(relay, **how)
        second.upgrade(connect_path(tunnel))
        return first, second

    def status(self, relay, path, **changes):
        client = self.client(relay)
        client.request(path, **changes)
        return client.answer()[0]

    def quiet(self, relay):
        """Waits until no tunnel is left."""
        for state in ("waiting", "paired"):
            while relay.metric('tunnels{state="%s"}' % state):
                pass


def both(cases):
    """Two TestCases of one mixin: plain and TLS."""
    plain = type(cases.__name__ + "Plain", (cases, RelayTestCase), {"tls": False})
    secure = type(cases.__name__ + "Tls", (cases, RelayTestCase), {"tls": True})
    for case in (plain, secure):
        case.__module__ = cases.__module__
    return plain, secure
