#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Starting the relay: options, config file, certificates, sockets. Against the real program."""

import os
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import unittest

from relaytest import (PATIENCE, RELAY, Relay, RelayTestCase, certificate, connect_path, openssl,
                       scratch, tunnel_id)

USAGE, STORAGE = 2, 60


def run(*options):
    """(exit status, stdout, stderr) of a relay that is expected to end by itself."""
    done = subprocess.run((RELAY,) + options, capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr


def write(name, text, mode=0o600):
    path = os.path.join(scratch(), name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Failures(RelayTestCase):
    def fails(self, status, words, *options):
        """It ends with @status and two sentences, @words in the first, advice in the second."""
        code, out, err = run(*options)
        self.assertEqual((code, out), (status, ""), err)
        self.assertRegex(err, r"^hybridge-relay: [^\n]*\.\n[A-Z][^\n]*\.\n$")
        for word in words:
            self.assertIn(word, err.splitlines()[0])

    def test_bad_options(self):
        for words, options in (
                (["--frob"], ["--frob"]),
                (["stray"], ["--plain", "stray"]),
                (["--cert"], ["--listen", "127.0.0.1:0"]),
                (["--plain"], ["--plain", "--cert", "x", "--key", "y"]),
                (["--listen"], ["--plain"]),
                (["localhost"], ["--plain", "--listen", "localhost"]),
                (["ADDRESS:PORT"], ["--plain", "--listen", "127.0.0.1:70000"]),
                (["ADDRESS:PORT"], ["--plain", "--listen", "::1:80"]),
                (["ADDRESS:PORT"], ["--plain", "--listen", "[::1:80"]),
                (["ADDRESS:PORT"], ["--plain", "--listen", "example.com:80"]),
                (["ADDRESS:PORT"], ["--plain", "--listen", ":80"]),
                (["messages", "many"], ["--plain", "--messages", "many"]),
                (["messages", "0"], ["--plain", "--messages", "0"]),
                (["messages", "1.5"], ["--plain", "--messages", "1.5"]),
                (["messages", "10k"], ["--plain", "--messages", "10k"]),
                (["message-size", "-1"], ["--plain", "--message-size=-1"]),
                (["message-size", "1e9"], ["--plain", "--message-size", "1e9"]),
                (["memory", "1kk"], ["--plain", "--memory", "1kk"]),
                (["lifetime", "nan"], ["--plain", "--lifetime", "nan"]),
                (["lifetime", "inf"], ["--plain", "--lifetime", "inf"]),
                (["lifetime", "1s"], ["--plain", "--lifetime", "1s"]),
                (["close-time"], ["--plain", "--close-time", "0"]),
                (["node", "65536"], ["--plain", "--node", "65536"]),
                (["--nats"], ["--plain", "--listen", "127.0.0.1:0", "--nats", "http://a:4222"]),
                (["--nats"], ["--plain", "--listen", "127.0.0.1:0", "--nats",
                              "nats://a:4222,https://b:4222"]),
        ):
            with self.subTest(options=options):
                self.fails(USAGE, words, *options)

    def test_a_port_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = "127.0.0.1:%d" % taken.getsockname()[1]
            self.fails(USAGE, [where, "in use"], "--plain", "--listen", where)
            self.fails(USAGE, [where, "in use"], "--plain", "--listen", "127.0.0.1:0",
                       "--metrics", where)

    def test_an_address_that_is_not_ours(self):
        self.fails(USAGE, ["192.0.2.1:0"], "--plain", "--listen", "192.0.2.1:0")

    def test_bad_certificates_and_keys(self):
        ca, cert, key = certificate()
        openssl("genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
                "other.pem")
        openssl("pkey", "-in", "key.pem", "-aes256", "-passout", "pass:x", "-out", "locked.pem")
        other, locked = (os.path.join(scratch(), name) for name in ("other.pem", "locked.pem"))
        garbage = write("garbage.pem", "-----BEGIN nothing\n")
        missing = os.path.join(scratch(), "missing.pem")
        listen = ("--listen", "127.0.0.1:0")
        for status, words, used_cert, used_key in (
                (STORAGE, [missing, "certificate"], missing, key),
                (STORAGE, [missing, "key"], cert, missing),
                (USAGE, [garbage, "certificate"], garbage, key),
                (USAGE, [garbage, "key"], cert, garbage),
                (USAGE, [other, "does not belong"], cert, other),
                (USAGE, [locked, "passphrase"], cert, locked),
                (USAGE, [key, "certificate"], key, key)):
            with self.subTest(cert=used_cert, key=used_key):
                self.fails(status, words, *listen, "--cert", used_cert, "--key", used_key)
                self.fails(status, words, *listen, "--cert", used_cert, "--key", used_key,
                           "--check-config")

    def test_bad_config_files(self):
        missing = os.path.join(scratch(), "missing.conf")
        self.fails(STORAGE, [missing], "--config", missing)
        for text, words in (("no group\n", ["conf"]),
                            ("[relay]\nfrob=1\n", ["frob"]),
                            ("[relay]\nmessages=none\n", ["messages", "none"]),
                            ("[relay]\nplain=perhaps\n", ["plain"]),
                            ("[relay]\nnode=-1\n", ["node"]),
                            ("[relay]\nplain=true\ncert=a\nkey=b\n", ["--plain"]),
                            ("[relay]\nplain=true\nlisten=nowhere\n", ["nowhere"])):
            with self.subTest(text=text):
                self.fails(USAGE, words, "--config", write("bad.conf", text))

    def test_what_a_config_file_holds_is_not_repeated(self):
        for line in (b"nats nats://user:geheim@h:4222", b"nats = nats://user:geheim\xff@h:4222",
                     b"nats = nats://user:geheim\\q@h:4222"):
            path = write("secret.conf", "")
            with open(path, "wb") as file:
                file.write(b"[relay]\nlisten = 127.0.0.1:0\nplain = true\n" + line + b"\n")
            for more in ((), ("--check-config",)):
                with self.subTest(line=line, more=more):
                    self.fails(USAGE, ["secret.conf"], "--config", path, *more)
                    self.assertNotIn("geheim", run("--config", path, *more)[2])


class Starting(RelayTestCase):
    def test_help_and_version(self):
        code, out, _ = run("--help")
        self.assertEqual(code, 0)
        for option in ("--listen", "--cert", "--key", "--plain", "--metrics", "--config",
                       "--message-size", "--lifetime"):
            self.assertIn(option, out)
        self.assertRegex(run("--version")[1], r"^hybridge-relay \d+\.\d+\.\d+\n$")

    def test_check_config_serves_nothing(self):
        code, out, err = run("--plain", "--listen", "127.0.0.1:0", "--check-config")
        self.assertEqual((code, err), (0, ""))
        self.assertNotIn("listening", out)
        _, cert, key = certificate()
        self.assertEqual(run("--cert", cert, "--key", key, "--listen", "127.0.0.1:0",
                             "--check-config")[0], 0)

    def test_a_config_file_and_the_command_line_wins(self):
        config = write("good.conf", "[relay]\n# a comment\nmessages = 2\nlifetime = 0.3\n"
                       "message-size = 1k\nnode = 1\n")
        relay = self.relay("--config", config, "--messages", "1", "--lifetime", "100")
        headers = dict(self.client(relay).upgrade("/cable/new/" + tunnel_id()))
        self.assertRegex(headers["X-caBLE-Routing-ID"], "^00010")
        first = self.client(relay)
        tunnel = tunnel_id()
        first.upgrade("/cable/new/" + tunnel)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.say(bytes(1024))
        self.assertEqual(second.hear(), bytes(1024))
        first.say(b"x")
        self.assertEqual(first.closed(), 1008)
        second.say(b"")

    def test_everything_from_a_config_file(self):
        _, cert, key = certificate()
        config = write("all.conf", f"[relay]\nlisten = 127.0.0.1:0;[::1]:0\ncert = {cert}\n"
                       f"key = {key}\nmetrics = 127.0.0.1:0\norigin-check = true\n")
        process = subprocess.Popen((RELAY, "--config", config), stdout=subprocess.PIPE, text=True)
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stdout.close()
        self.assertRegex("".join(lines), r"^listening on 127\.0\.0\.1:\d+\n"
                         r"listening on \[::1\]:\d+\nmetrics on 127\.0\.0\.1:\d+\n$")

    def test_several_listeners_share_their_tunnels(self):
        relay = self.relay(listen=("127.0.0.1:0", "127.0.0.1:0"))
        first, tunnel = self.waiting(relay)
        relay.port = relay.ports[1]
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.say(b"across")
        self.assertEqual(second.hear(), b"across")

    def test_an_open_key_is_warned_about(self):
        _, cert, key = certificate()
        self.addCleanup(os.chmod, key, 0o600)
        for mode, warned in ((0o644, True), (0o600, False), (0o640, False), (0o660, True)):
            os.chmod(key, mode)
            relay = Relay(tls=True)
            self.assertEqual(relay.stop(), 0)
            self.assertEqual("chmod 600" in relay.errors(), warned, oct(mode))

    def test_a_renewed_certificate_is_read_on_sighup(self):
        _, cert, key = certificate()
        live = os.path.join(scratch(), "live.pem")
        shutil.copy(cert, live)
        relay = Relay("--cert", live, tls=True)
        first, tunnel = RelayTestCase.waiting(self, relay)

        def shown():
            return ssl.get_server_certificate(("127.0.0.1", relay.port))

        old = shown()
        write("live.pem", "nothing")
        relay.process.send_signal(signal.SIGHUP)
        while "going on" not in relay.errors():
            pass
        self.assertEqual(shown(), old)
        openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
                "-days", "3", "-extfile", "san", "-out", "live.pem")
        relay.process.send_signal(signal.SIGHUP)
        while "read again" not in relay.errors():
            pass
        self.assertNotEqual(shown(), old)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        second.say(b"still here")
        self.assertEqual(first.hear(), b"still here")
        second.leave()
        first.closed()
        self.assertEqual(relay.stop(), 0)

    def test_a_port_can_be_used_again_at_once(self):
        relay = Relay("--close-time", "0.1")
        self.waiting(relay)
        port = relay.port
        relay.stop()
        again = self.relay(listen=(f"127.0.0.1:{port}",))
        self.pair(again)

    def test_a_socket_that_does_not_listen_is_refused(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            launch = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); "
                      "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
                      "os.execv(sys.argv[2], sys.argv[2:])")
            done = subprocess.run(
                (sys.executable, "-c", launch, str(other.fileno()), RELAY, "--plain"),
                capture_output=True, text=True, pass_fds=(other.fileno(),), timeout=PATIENCE)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("ListenStream=", done.stderr)

    def test_a_socket_from_systemd_is_served(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            # What systemd does: descriptor 3, and the environment names the process.
            launch = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); "
                      "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
                      "os.execv(sys.argv[2], sys.argv[2:])")
            process = subprocess.Popen(
                (sys.executable, "-c", launch, str(listener.fileno()), RELAY, "--plain"),
                stdout=subprocess.PIPE, text=True, pass_fds=(listener.fileno(),))
        self.assertEqual(process.stdout.readline(), f"listening on 127.0.0.1:{port}\n")
        relay = type("Passed", (), {"port": port, "tls": False})
        for end in self.pair(relay):
            end.close()
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stdout.close()

    def test_systemd_is_told(self):
        path = os.path.join(scratch(), "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(PATIENCE)
            relay = Relay(env={"NOTIFY_SOCKET": path})
            self.assertEqual(notify.recv(100), b"READY=1")
            self.assertEqual(relay.stop(), 0)
            self.assertEqual(notify.recv(100), b"STOPPING=1")

    def test_a_low_descriptor_limit_is_lived_with(self):
        relay = Relay("--close-time", "0.1", "--workers", "1", preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (200, 200)))
        self.pair(relay)
        self.assertEqual(relay.stop(), 0)
        self.assertIn("134 connections", relay.errors())

    def test_running_out_of_descriptors_is_survived(self):
        relay = self.relay("--connections", "40", "--address-connections", "1000")
        clients = []
        for _ in range(200):
            clients.append(socket.create_connection(("127.0.0.1", relay.port), PATIENCE))
        for client in clients:
            client.close()
        while relay.metric("connections") > 0:
            pass
        self.pair(relay)

    def test_debug_output_names_no_tunnel(self):
        relay = self.relay(env={"G_MESSAGES_DEBUG": "all"})
        first, tunnel = self.waiting(relay)
        second = self.client(relay)
        second.upgrade(connect_path(tunnel))
        first.say(b"secret body")
        second.hear()
        self.status(relay, "/cable/new/" + tunnel)
        self.status(relay, "/cable/new/" + tunnel, Sec_WebSocket_Protocol="x" * 100)
        second.leave()
        first.closed()
        self.quiet(relay)
        relay.process.send_signal(signal.SIGTERM)
        relay.process.wait()
        relay._reader.join()
        self.assertNotIn(tunnel, relay.errors())
        self.assertNotIn("secret body", relay.errors())


if __name__ == "__main__":
    unittest.main()
