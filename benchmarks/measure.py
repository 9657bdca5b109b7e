"""Runs a program as a whole and says what it cost: wall time, processor time, peak memory.

Memory is summed over the process and all its descendants, several times a second, from /proc:
the proportional share of every page (PSS), so that pages which processes share count once.
Where there is no /proc, the largest single process is taken instead.
"""

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


@dataclass(slots=True)
class _Watcher:
    pid: int
    peak: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_kilobytes, _family(self.pid))))
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
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, (watcher.peak or after.ru_maxrss) / 1024, output)


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
