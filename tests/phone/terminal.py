# SPDX-License-Identifier: BSD-2-Clause
"""A program on a terminal of its own, with somebody who reads and types."""

import fcntl
import os
import pty
import re
import subprocess
import termios
import threading

WAIT_S = 60  # for what must happen; nothing comes near it on a free machine


class Terminal:
    """Starts @arguments with /dev/tty at the other end of this; stdin may be something else."""

    def __init__(self, case, arguments, environment, stdin_text=None, typed_before=""):
        self.master, slave = pty.openpty()
        self.text = ""
        self.changed = threading.Condition()

        def own_terminal():
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        if typed_before:
            self.type(typed_before)
        self.popen = subprocess.Popen(
            [str(a) for a in arguments], env=environment, start_new_session=True,
            preexec_fn=own_terminal, stdout=slave, stderr=slave,
            stdin=slave if stdin_text is None else subprocess.PIPE)
        os.close(slave)
        if stdin_text is not None:
            self.popen.stdin.write(stdin_text.encode())
            self.popen.stdin.close()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        case.addCleanup(self.end)

    def _read(self):
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:  # EIO: the program and its terminal are gone
                data = b""
            with self.changed:
                self.text += data.decode(errors="replace")
                self.ended = not data
                self.changed.notify_all()
            if not data:
                return

    ended = False

    def wait(self, pattern, after=0):
        """Until @pattern stands on the screen; returns the position behind it."""
        def found():
            return re.compile(pattern).search(self.text, after)

        with self.changed:
            self.changed.wait_for(lambda: found() or self.ended, WAIT_S)
            match = found()
        if not match:
            raise AssertionError("no %r in %r" % (pattern, self.text))
        return match.end()

    def type(self, text):
        os.write(self.master, text.encode())

    def status(self):
        status = self.popen.wait(WAIT_S)
        self.reader.join(WAIT_S)
        return status

    def end(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait()
        self.reader.join(WAIT_S)
        os.close(self.master)
