#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The lab's own Chromium: what it trusts, what it finds, and what it leaves alone."""
import http.server
import pathlib
import ssl
import sys
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "program")]

import bench  # noqa: E402
import harness  # noqa: E402

HOST = "shop.test"
PAGE = b"<!doctype html><title>Shop</title><p>the shop itself"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class LabBrowserTest(unittest.TestCase):
    def setUp(self):
        self.world = harness.World()
        self.addCleanup(self.world.close)
        self.world.env.pop("DISPLAY", None)
        self.authority = harness.Authority(self.world.folder / "ca", HOST)

    def start_shop(self):
        """With HTTPS, under a name that only --resolve knows."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority.cert, self.authority.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.addCleanup(lambda: (server.shutdown(), server.server_close(), thread.join()))
        return server.server_port

    def lab(self, *options, script='"$HYBRIDGE_LAB_CHROMIUM" --headless --dump-dom https://shop.test/',
            **env):
        lab = harness.Process([harness.programs.lab, "up", "--screen", "none", *options, "--", "sh",
                               "-c", script], self.world.env | env)
        self.addCleanup(lab.kill)
        lab.status = lab.wait()
        return lab

    def test_own_site_with_own_authority(self):
        port = self.start_shop()
        there = ("--resolve", f"{HOST}:443:127.0.0.1:{port}")
        shown = self.lab(*there, "--cacert", self.authority.ca)
        self.assertIn("the shop itself", "\n".join(shown.stdout), shown.describe())
        beyond = self.lab(*there, "--cacert", self.authority.ca, https_proxy="http://127.0.0.1:9")
        self.assertIn("the shop itself", "\n".join(beyond.stdout), beyond.describe())
        untrusted = self.lab(*there)
        self.assertNotIn("the shop itself", "\n".join(untrusted.stdout))

    def test_mistakes(self):
        for options, word in ((["--resolve", "shop.test:443"], "shop.test:443"),
                              (["--resolve", "a:1:127.0.0.1, MAP * b"], "MAP"),
                              (["--resolve", "a:1:b"], "numeric"),
                              (["--cacert", "/nonexistent.pem"], "/nonexistent.pem"),
                              (["--resolve", "a:99999:127.0.0.1"], "a:99999"),
                              (["--resolve", "a:1:999.1.1.1"], "999"),
                              (["--resolve", "a:1:127.0.0.1:0"], "numeric"),
                              (["--cacert", "/etc/passwd"], "no certificate")):
            with self.subTest(options):
                lab = self.lab(*options, script="echo came to it")
                self.assertNotEqual(lab.status, 0)
                self.assertEqual(lab.stdout, [])
                self.assertIn(word, "\n".join(lab.stderr))

    def test_each_code_is_taken_once(self):
        """Also by two who wait for the same, and whatever the first makes of it."""
        script = """
            hybridge login --rp example.com --qr "$HYBRIDGE_LAB/code.png" >/dev/null 2>&1 &
            until [ -s "$HYBRIDGE_LAB/code.png" ]; do sleep 0.1; done
            "$HYBRIDGE_LAB_CHROMIUM" --user-data-dir="$HYBRIDGE_LAB/profile" \\
                --app="file://$HYBRIDGE_LAB/code.png" >/dev/null 2>&1 &
            hybridge-lab picture --code "$HYBRIDGE_LAB/1.png"; echo $?
            hybridge-lab picture --code --wait 1 "$HYBRIDGE_LAB/2.png"; echo $?
            hybridge-lab scan --wait 1; echo $?
        """
        lab = self.lab("--screen", "new", script=script)
        self.assertEqual(lab.stdout, ["0", "2", "2"], lab.describe())
        self.assertIn("no other code than before", lab.stderr[0])

    def test_nothing_of_the_persons_own(self):
        home = pathlib.Path(self.world.env["HOME"])
        lab = self.lab(script='"$HYBRIDGE_LAB_CHROMIUM" --headless --dump-dom about:blank')
        self.assertEqual(lab.status, 0, lab.describe())
        self.assertEqual(list(home.iterdir()), [])


if __name__ == "__main__":
    bench.main()
