#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""How long hybridge-phone waits for a computer: a minute, and then nothing is left on the air.
Apart from the other tests because it takes that minute."""

import json
import unittest

from lab import LabCase


class PatienceTest(LabCase):
    def test_waits_end(self):
        self.init()
        gone, uri = self.computer("make", "example.com", "alice")
        gone.end()
        nobody = self.scan(uri, "--approve", "auto")
        mute, uri = self.computer("--mute", "make", "example.com", "alice")
        silent = self.scan(uri, "--approve", "auto")
        mute.out.wait("state secured")
        for phone, words in ((nobody, "No computer answered"), (silent, "asked for nothing")):
            self.assertEqual(phone.popen.wait(150), 43, phone.err.all())
            failed = json.loads(phone.err.wait('"state":"failed"'))
            self.assertEqual(failed["cause"], "timed-out")
            self.assertIn(words, failed["message"])
        self.assertEqual(self.adverts(), 0)


if __name__ == "__main__":
    unittest.main()
