#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What an operator does with the relay: install, look after, renew, stop, lose a part of it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import unittest

from relaytest import (PATIENCE, RELAY, Client, Gone, Relay, RelayTestCase, certificate,
                       connect_path, openssl, scratch, tunnel_id)

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOM = os.path.join(TOP, "bridge", "relay")


def until(true, what="it"):
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise AssertionError("waited in vain for " + what)
        time.sleep(0.02)


def write(name, text):
    path = os.path.join(scratch(), name)
    with open(path, "w") as file:
        file.write(text)
    return path


class Unit(unittest.TestCase):
    """What systemd is given; it need not run for that."""

    def setUp(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed")

    def unit(self):
        """The unit as it is once installed: its program can be found."""
        with open(os.path.join(ROOM, "hybridge-relay.service")) as file:
            text = file.read()
        found = text.replace("ExecStart=hybridge-relay", "ExecStart=" + os.path.abspath(RELAY))
        self.assertNotEqual(found, text)
        return write("hybridge-relay.service", found.replace("man:hybridge-relay(8)", "man:sh(1)"))

    def test_systemd_has_nothing_to_object(self):
        done = subprocess.run(("systemd-analyze", "verify", "--man=no", self.unit()),
                              capture_output=True, text=True, timeout=PATIENCE)
        words = [line for line in done.stderr.splitlines() if "hybridge" in line]
        self.assertEqual((done.returncode, words), (0, []), done.stderr)

    def test_exposure_is_two_or_better(self):
        done = subprocess.run(("systemd-analyze", "security", "--offline=true", "--threshold=20",
                               self.unit()), capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)

    def test_its_user_can_be_made(self):
        done = subprocess.run(("systemd-sysusers", "--dry-run",
                               os.path.join(ROOM, "hybridge-relay.sysusers")),
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_time_to_stop_is_enough_for_the_defaults(self):
        with open(os.path.join(ROOM, "hybridge-relay.service")) as file:
            values = dict(line.strip().split("=", 1) for line in file if "=" in line)
        with open(os.path.join(ROOM, "hybridge-relay.conf")) as file:
            settings = dict(line.strip("# \n").split(" = ", 1) for line in file if " = " in line)
        self.assertGreater(int(values["TimeoutStopSec"].rstrip("s")),
                           int(settings["drain-time"]) + 5)
        self.assertGreaterEqual(int(values["LimitNOFILE"]), int(settings["connections"]))


class Looking(RelayTestCase):
    def test_it_is_ready_until_it_stops(self):
        relay = self.relay("--workers", "2", "--drain-time", "10")
        self.assertEqual(relay.get("/healthz"), (200, "ok\n"))
        self.assertEqual(relay.get("/readyz"), (200, "ready\n"))
        first, second = self.pair(relay)
        relay.process.send_signal(signal.SIGTERM)
        until(lambda: relay.get("/readyz") == (503, "stopping\n"), "readiness to end")
        self.assertEqual(relay.get("/healthz"), (503, "stopping\n"))
        first.say(b"still there")
        self.assertEqual(second.hear(), b"still there")
        first.leave()
        self.assertEqual(second.closed(), 1000)

    def test_it_is_not_ready_without_a_worker(self):
        relay = self.relay("--workers", "2")
        os.kill(relay.workers()[0], signal.SIGSTOP)
        os.kill(relay.workers()[0], signal.SIGKILL)
        until(lambda: relay.metric("worker_restarts_total") == 1, "a new worker")
        until(lambda: relay.get("/readyz") == (200, "ready\n"), "readiness")
        for _ in range(8):
            self.pair(relay)

    def test_every_worker_has_its_rows(self):
        relay = self.relay("--workers", "3")
        text = relay.get("/metrics")[1]
        for worker in range(3):
            self.assertIn(f'hybridge_relay_worker_up{{worker="{worker}"}} 1\n', text)
        self.assertNotIn('worker="3"', text)


class Renewing(RelayTestCase):
    tls = True

    def fresh(self):
        """Another certificate for the same name, from the same authority."""
        certificate()
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "new-key.pem", "-out", "new.csr", "-subj", "/CN=renewed")
        openssl("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-days",
                "2", "-extfile", "san", "-out", "new.pem")
        return [os.path.join(scratch(), name) for name in ("new.pem", "new-key.pem")]

    def subject(self, relay):
        client = Client(relay)
        self.addCleanup(client.close)
        return dict(pair[0] for pair in client.socket.getpeercert()["subject"])["commonName"]

    def config(self, **settings):
        return write("renewed.conf", "[relay]\n" + "".join(
            f"{name.replace('_', '-')} = {value}\n" for name, value in settings.items()))

    def start(self, **settings):
        """A relay whose certificate, key and limits are in files."""
        for name, source in zip(("live.pem", "live-key.pem"), certificate()[1:]):
            shutil.copy(source, os.path.join(scratch(), name))
        path = self.config(**settings)
        relay = self.relay("--config", path, "--workers", "3", "--cert",
                           os.path.join(scratch(), "live.pem"), "--key",
                           os.path.join(scratch(), "live-key.pem"))
        return relay

    def reload(self, relay, word="read again"):
        before = relay.errors().count(word)
        relay.process.send_signal(signal.SIGHUP)
        until(lambda: relay.errors().count(word) > before, word)

    def test_a_new_certificate_costs_no_tunnel(self):
        relay = self.start(messages=9)
        pairs = [self.pair(relay) for _ in range(12)]
        lonely, tunnel = self.waiting(relay)
        self.assertEqual(self.subject(relay), "localhost")
        for name, source in zip(("live.pem", "live-key.pem"), self.fresh()):
            shutil.copy(source, os.path.join(scratch(), name))
        self.reload(relay)
        until(lambda: self.subject(relay) == "renewed", "the new certificate")
        for first, second in pairs:
            first.say(b"before and after")
            self.assertEqual(second.hear(), b"before and after")
            second.say(b"the same")
            self.assertEqual(first.hear(), b"the same")
        late = self.client(relay)
        late.upgrade(connect_path(tunnel))
        late.say(b"hello")
        self.assertEqual(lonely.hear(), b"hello")
        self.assertEqual(relay.metric("worker_restarts_total"), 0)

    def test_new_limits_count_for_what_comes_then(self):
        relay = self.start(messages=2)
        self.config(messages=5)
        self.reload(relay)

        def five():
            first, second = self.pair(relay)
            try:
                for _ in range(5):
                    first.say(b"x")
                    second.hear()
            except (AssertionError, Gone, OSError):
                return False
            return True
        until(five, "the new limit")

    def test_what_cannot_be_used_changes_nothing(self):
        relay = self.start(messages=4)
        first, second = self.pair(relay)
        self.config(messages="many")
        self.reload(relay, "going on with what there was")
        self.config(messages=4)
        write("live-key.pem", "not a key\n")
        self.reload(relay, "going on with what there was")
        for _ in range(4):
            first.say(b"x")
            self.assertEqual(second.hear(), b"x")
        self.assertEqual(self.subject(relay), "localhost")
        shutil.copy(certificate()[2], os.path.join(scratch(), "live-key.pem"))

    def test_a_config_can_be_checked_while_the_relay_runs(self):
        relay = self.start(messages=4)
        done = subprocess.run((RELAY, "--config", self.config(messages=5), "--cert",
                               certificate()[1], "--key", certificate()[2], "--listen",
                               f"127.0.0.1:{relay.port}", "--metrics",
                               f"127.0.0.1:{relay.metrics_port}", "--check-config"),
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_what_needs_a_restart_is_said(self):
        relay = self.start(node=1)
        self.config(node=2)
        self.reload(relay, "only after a restart")


    def test_new_waits_and_memory_count_too(self):
        relay = self.start(unpaired_time=1000, memory="4M")
        self.config(unpaired_time=0.5, memory="4k")
        lonely, _ = self.waiting(relay)
        self.reload(relay)
        self.assertEqual(lonely.closed(), 1008)

        def refused():
            first, second = self.pair(relay)
            first.say(bytes(20000))
            return first.closed() == 1013 and second.closed() == 1013
        self.assertTrue(refused())

    def test_without_tls_it_goes_on_with_the_old_certificate(self):
        cert, key = certificate()[1:]
        self.config(cert=cert, key=key)
        relay = Relay("--config", os.path.join(scratch(), "renewed.conf"), "--workers", "1",
                      tls=True, secured=False)
        self.addCleanup(relay.stop)
        self.config(plain="true")
        self.reload(relay, "only after a restart")
        os.kill(relay.workers()[0], signal.SIGKILL)
        until(lambda: "was killed" in relay.errors(), "the death")
        self.assertEqual(self.subject(relay), "localhost")

    def test_tunnels_and_connections_can_be_doubled(self):
        relay = self.start(tunnels=300, connections=700)
        self.config(tunnels=600, connections=1400)
        self.reload(relay)
        self.assertNotIn("only after a restart", relay.errors())
        self.config(tunnels=601)
        self.reload(relay, "only after a restart")
        self.config(connections=1401, tunnels=600)
        self.reload(relay, "only after a restart")
        # The last answers are for the bound, not for IDs in use.
        statuses = []
        for _ in range(602):
            client = self.client(relay)
            client.request("/cable/new/" + tunnel_id())
            statuses.append(client.answer()[0])
        self.assertEqual(statuses, [101] * 600 + [503] * 2)


class Stopping(RelayTestCase):
    def test_who_waits_is_sent_away_and_who_talks_goes_on(self):
        relay = self.relay("--drain-time", "20")
        lonely, _ = self.waiting(relay)
        first, second = self.pair(relay)
        relay.process.send_signal(signal.SIGTERM)
        self.assertEqual(lonely.closed(), 1001)

        def refused():
            try:
                socket.create_connection(("127.0.0.1", relay.port), PATIENCE).close()
            except OSError:
                return True
            return False
        until(refused, "the last worker to take nothing new")
        second.say(b"the last word")
        self.assertEqual(first.hear(), b"the last word")
        first.leave()
        second.closed()
        self.assertEqual(relay.process.wait(PATIENCE), 0)

    def test_the_time_to_drain_ends(self):
        relay = self.relay("--drain-time", "0.3")
        first, second = self.pair(relay)
        relay.process.send_signal(signal.SIGTERM)
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(second.closed(), 1001)
        self.assertEqual(relay.process.wait(PATIENCE), 0)

    def test_a_drain_that_is_cut_short_by_a_reload_ends(self):
        path = write("drain.conf", "[relay]\ndrain-time = 1000\n")
        relay = self.relay("--config", path, drain=())
        first, second = self.pair(relay)
        relay.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in relay.errors(), "the stop")
        write("drain.conf", "[relay]\ndrain-time = 0\n")
        relay.process.send_signal(signal.SIGHUP)
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(second.closed(), 1001)
        self.assertEqual(relay.process.wait(PATIENCE), 0)

    def test_a_second_signal_does_not_wait(self):
        relay = self.relay("--drain-time", "1000")
        first, second = self.pair(relay)
        relay.process.send_signal(signal.SIGTERM)
        until(lambda: relay.get("/readyz")[0] == 503)
        relay.process.send_signal(signal.SIGTERM)
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(second.closed(), 1001)
        self.assertEqual(relay.process.wait(PATIENCE), 0)

    def test_a_third_signal_ends_even_a_worker_that_hangs(self):
        relay = self.relay("--workers", "2", "--drain-time", "1000")
        os.kill(relay.workers()[0], signal.SIGSTOP)
        begin = time.monotonic()
        relay.process.send_signal(signal.SIGTERM)
        until(lambda: "stopping" in relay.errors(), "the first")
        relay.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(relay.process.poll())
        relay.process.send_signal(signal.SIGTERM)
        self.assertEqual(relay.process.wait(PATIENCE), 0)
        self.assertLess(time.monotonic() - begin, 10)

    def test_an_interrupt_does_not_wait(self):
        relay = self.relay("--drain-time", "1000")
        first, second = self.pair(relay)
        relay.process.send_signal(signal.SIGINT)
        self.assertEqual(first.closed(), 1001)
        self.assertEqual(second.closed(), 1001)
        self.assertEqual(relay.process.wait(PATIENCE), 0)

    def test_workers_end_with_their_supervisor(self):
        relay = Relay("--workers", "2")
        workers = relay.workers()
        self.assertEqual(len(workers), 2)
        relay.process.kill()
        relay.process.wait()
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers), "their end")
        again = self.relay(listen=(f"127.0.0.1:{relay.port}",))
        self.pair(again)
        relay._reader.join()
        relay.process.stdout.close()
        relay.process.stderr.close()


class Logging(RelayTestCase):
    def test_who_does_not_take_the_lines_stops_nothing(self):
        unread, stderr = os.pipe()
        self.addCleanup(os.close, unread)
        self.addCleanup(os.close, stderr)
        with subprocess.Popen((RELAY, "--plain", "--listen", "127.0.0.1:0", "--workers", "2",
                               "--drain-time", "0"), stdout=subprocess.PIPE, stderr=stderr,
                              text=True) as process:
            self.addCleanup(process.kill)
            port = int(process.stdout.readline().rpartition(":")[2])
            relay = type("Unread", (), {"port": port, "tls": False})
            # A pipe has 64 kB, a line about 100.
            for _ in range(1500):
                client = Client(relay)
                client.socket.settimeout(3)
                client.upgrade("/cable/new/" + tunnel_id())
                client.close()
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)


class Serving(RelayTestCase):
    def test_root_is_left_behind(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        groups = os.getgroups()
        os.setgroups([0, 4, 1234])
        try:
            relay = self.relay("--user", "nobody", "--workers", "2")
        finally:
            os.setgroups(groups)
        user = pwd.getpwnam("nobody")
        for pid in [relay.process.pid] + relay.workers():
            with open(f"/proc/{pid}/status") as status:
                fields = dict(line.split(":", 1) for line in status)
            self.assertEqual(set(fields["Uid"].split()), {str(user.pw_uid)})
            self.assertEqual(set(fields["Gid"].split()), {str(user.pw_gid)})
            self.assertEqual({int(group) for group in fields["Groups"].split()},
                             set(os.getgrouplist("nobody", user.pw_gid)))
            self.assertEqual(int(fields["CapEff"], 16), 0)
            self.assertEqual(fields["NoNewPrivs"].strip(), "1")
        self.pair(relay)

    def test_an_unknown_user_is_named(self):
        done = subprocess.run((RELAY, "--plain", "--listen", "127.0.0.1:0", "--user", "no-such"),
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assertIn('no user "no-such"', done.stderr)

    def test_the_watchdog_is_patted(self):
        path = os.path.join(scratch(), "watchdog")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(PATIENCE)
            relay = self.relay(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "3000000"})
            words = [notify.recv(100) for _ in range(3)]
        self.assertEqual(words, [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
        self.pair(relay)

    def test_two_relays_do_not_share_a_port(self):
        relay = self.relay("--workers", "2")
        done = subprocess.run((RELAY, "--plain", "--workers", "2", "--listen",
                               f"127.0.0.1:{relay.port}"), capture_output=True, text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assertIn("in use", done.stderr)

    def test_halves_meet_on_whichever_worker(self):
        relay = self.relay("--workers", "4")
        for _ in range(40):
            first, tunnel = self.waiting(relay)
            first.say(b"early")
            second = self.client(relay)
            second.upgrade(connect_path(tunnel))
            self.assertEqual(second.hear(), b"early")
            second.say(b"answer")
            self.assertEqual(first.hear(), b"answer")
            self.assertEqual(self.status(relay, connect_path(tunnel)), 409)
            second.leave(4001)
            self.assertEqual(first.closed(), 4001)
            self.assertEqual(self.status(relay, connect_path(tunnel)), 404)
        self.assertGreater(relay.metric("tunnels_forwarded_total"), 0)
        self.quiet(relay)
        until(lambda: relay.metric("tunnels_forwarded") == 0)
        self.assertEqual(relay.metric("queued_bytes"), 0)

    def test_an_id_is_opened_once_on_all_workers(self):
        relay = self.relay("--workers", "4")
        tunnel = tunnel_id()
        self.client(relay).upgrade("/cable/new/" + tunnel)
        for _ in range(12):
            self.assertEqual(self.status(relay, "/cable/new/" + tunnel), 409)


if __name__ == "__main__":
    unittest.main()
