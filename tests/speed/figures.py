# SPDX-License-Identifier: BSD-2-Clause
"""What measurements have in common: summaries, and what a process that runs has taken so far."""
import pathlib
import statistics
import time


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values):
    return {"median": round(statistics.median(values), 2), "p95": round(percentile(values, 0.95), 2)}


def cpu_ms(pid):
    """User and system time of a process that runs: by its own clock, since /proc counts ticks."""
    return time.clock_gettime(~pid << 3 | 2) * 1000  # as clock_getcpuclockid(3) makes it


def tree(pid):
    """A process and all below it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [found for child in children for found in tree(int(child))]


def peak_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
