# SPDX-License-Identifier: BSD-2-Clause
"""unittest with TAP output, so that meson and tests/run see each case and why one was skipped.

A test program ends with `tap.main()`. Arguments: names of tests, as unittest takes them. With
HYBRIDGE_TIMES set, each test's seconds follow it in a comment.
"""
import os
import sys
import time
import unittest


class Result(unittest.TestResult):
    def __init__(self, stream):
        super().__init__()
        self.stream, self.number = stream, 0
        self.failing = []  # what went wrong in subtests of the test that runs

    def line(self, verdict, test, note=""):
        self.number += 1
        name = test.id().removeprefix("__main__.").replace("#", "")
        self.stream.write(f"{verdict} {self.number} - {name}{note}\n")
        self.stream.flush()

    def explain(self, text):
        for line in text.rstrip().splitlines():
            self.stream.write(f"# {line}\n")

    def startTest(self, test):
        super().startTest(test)
        self.failing = []
        self.begun = time.monotonic()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.fail(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.fail(test, self.errors[-1][1])

    def fail(self, test, text):
        self.explain(text)
        self.line("not ok", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            found = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.explain(f"{subtest}\n{found[-1][1]}")
            self.failing.append(subtest)

    def stopTest(self, test):
        super().stopTest(test)
        if self.failing:
            self.line("not ok", test)
        if "HYBRIDGE_TIMES" in os.environ:
            self.explain(f"{time.monotonic() - self.begun:.2f} s")


def main():
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    names = sys.argv[1:]
    suite = loader.loadTestsFromNames(names, module) if names else \
        loader.loadTestsFromModule(module)
    print(f"1..{suite.countTestCases()}", flush=True)
    result = Result(sys.stdout)
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
