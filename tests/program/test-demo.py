#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""bridge/demo: ends with the verified sign-in, and leaves nothing, however it ends.

usage: test-demo.py BUILD-DIR [TEST…]
"""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness

DEMO = harness.HERE.parent.parent / "bridge" / "demo"
LAB = "bridge/lab/hybridge-lab"
PROGRAMS = ["bridge/cli/hybridge", "bridge/phone/hybridge-phone", "bridge/relay/hybridge-relay",
            "ble/air/hybridge-air", "bridge/site/hybridge-verify"]
WAIT_S = 120


def processes_of(session):
    """Command lines of what runs in a session."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hybridge demo ")).resolve()
        self.addCleanup(shutil.rmtree, self.folder)
        self.env = {name: value for name, value in os.environ.items()
                    if not name.lower().endswith("_proxy")}
        self.env |= {"TMPDIR": str(self.folder), "LC_ALL": "C.UTF-8"}

    def start(self, *args, build=None, **more):
        return subprocess.Popen(
            [DEMO, "--build", build or harness.programs.build, *args], env=self.env,
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True, **more)

    def finish(self, demo):
        output, _ = demo.communicate(timeout=WAIT_S)
        # What was killed may need a moment to be gone on a busy machine.
        end = time.monotonic() + 10
        while processes_of(demo.pid) and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(processes_of(demo.pid), [], output)
        self.assertEqual(os.listdir(self.folder), [], output)
        return output

    def test_signs_in(self):
        for _ in range(2):
            demo = self.start()
            output = self.finish(demo)
            self.assertEqual(demo.returncode, 0, output)
            self.assertEqual(output.splitlines()[-1], "Signed in as Ada at demo.example")
            self.assertIn("▀▀▀▀▀▀▀", output)
            self.assertIn("The connection is secure", output)

    def test_interrupted_at_any_time(self):
        """As Ctrl-C does it: to the whole group."""
        for step in range(12):
            demo = self.start()
            time.sleep(step * 0.06)
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGINT)
            output = self.finish(demo)
            self.assertIn(demo.returncode, (50, 130, -signal.SIGINT, 0), output)
            if demo.returncode == 0:
                break
            self.assertNotIn("Signed in as", output)

    def test_terminated_at_any_time(self):
        for step in range(6):
            demo = self.start()
            time.sleep(step * 0.1)
            demo.terminate()
            output = self.finish(demo)
            self.assertIn(demo.returncode, (50, 143, -signal.SIGTERM, 0), output)

    def build_without(self, folder, name, script):
        """A build like the real one, but for one program: missing, or @script."""
        build = pathlib.Path(folder)
        for program in (LAB, *PROGRAMS):
            (build / program).parent.mkdir(parents=True, exist_ok=True)
        # It looks for the others beside itself, so it has to be there in person.
        shutil.copy(harness.programs.build / LAB, build / LAB)
        for program in PROGRAMS:
            if program != name:
                (build / program).symlink_to(harness.programs.build / program)
            elif script is not None:
                (build / program).write_text(script)
                (build / program).chmod(0o755)
        return build

    def test_failing_steps(self):
        """Without one of the programs, or with one that fails, the demo fails and says so."""
        for name in PROGRAMS:
            for script in (None, "#!/bin/sh\nexit 1\n"):
                with self.subTest(name, script=script), \
                        tempfile.TemporaryDirectory() as folder:
                    demo = self.start(build=self.build_without(folder, name, script))
                    output = self.finish(demo)
                    self.assertGreater(demo.returncode, 0, output)
                    self.assertNotIn("Signed in as", output)

    def test_usage(self):
        for args, status in ((["--help"], 0), (["--nonsense"], 2), (["--pictures", "x"], 2)):
            demo = self.start(*args)
            self.assertNotEqual(self.finish(demo), "")
            self.assertEqual(demo.returncode, status)


if __name__ == "__main__":
    harness.main()
