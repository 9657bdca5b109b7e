"""Runs a program as a whole and says what it cost: wall time, processor time, peak memory.

Memory is summed over the process and all its descendants, several times a second, from /proc:
the proportional share of every page (PSS), so that pages which processes share count once.
Where there is no /proc, the largest single process is taken instead. Processor time is that of
the processes that were waited for, or the sum over all that were seen where that is more: workers
of a fork server are nobody's to wait for.
"""

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one program took."""

    wall: float
    cpu: float
    peak_mb: float
    output: str
    """What it printed to stdout."""
    messages: str = ""
    """What it printed to stderr."""


@dataclass(slots=True)
class _Watcher:
    pid: int
    peak: int = 0
    ticks: dict[int, int] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while True:
            family = list(_family(self.pid))
            self.peak = max(self.peak, sum(map(_kilobytes, family)))
            for pid in family:
                self.ticks[pid] = max(self.ticks.get(pid, 0), _ticks(pid))
            if self.stop.wait(0.1):
                return


def measure(words: list[str]) -> Cost:
    """Run the program to its end; a non-zero exit ends the benchmark with its messages."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as one:
        watcher = _Watcher(one.pid)
        thread = threading.Thread(target=watcher.watch, daemon=True)
        thread.start()
        output, messages = one.communicate()
        watcher.stop.set()
        thread.join()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if one.returncode:
        sys.exit(f"{' '.join(words)} ended with {one.returncode}:\n{messages}")
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cpu = max(waited, sum(watcher.ticks.values()) / os.sysconf("SC_CLK_TCK"))
    return Cost(wall, cpu, (watcher.peak or after.ru_maxrss) / 1024, output, messages)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in PROC.glob(f"{pid}/task/*/children"):
        try:
            words = children.read_text().split()
        except OSError:
            continue
        for child in words:
            yield from _family(int(child))


def _kilobytes(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _ticks(pid: int) -> int:
    """User and system time so far, less that of children; 0 when it is gone."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
