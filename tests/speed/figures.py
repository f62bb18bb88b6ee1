# SPDX-License-Identifier: BSD-2-Clause
"""What measurements have in common: summaries, and what a process that runs has taken so far."""
import os
import pathlib
import statistics


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values):
    return {"median": round(statistics.median(values), 2), "p95": round(percentile(values, 0.95), 2)}


def cpu_ms(pid):
    """User and system time of a process that runs."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def peak_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
