"""What each part of making a record costs on one core: read, select, normalize, labels, redact.

    python benchmarks/shares.py RUNS.jsonl [--limit N]

Each part is timed alone over the runs that reach it, three times, and its best time counts; so
are all of them together. The runs are in memory; neither files nor other processes are touched.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipeline.api.runs import Run
from pipeline.digests import encode_record
from pipeline.formats import get_format
from pipeline.spec import LabelSpec, NormalizeSpec, RedactSpec, SelectSpec
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize, Normalized
from pipeline.stages.read import read_run
from pipeline.stages.redact import Redact
from pipeline.stages.select import Select
from pipeline.stages.validate import Validate

MAX_BYTES = 32 << 20


def best_of(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """The shortest time in seconds, and what the work gave."""
    found: Any = None
    shortest = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        found = work()
        shortest = min(shortest, time.perf_counter() - began)
    return shortest, found


def kept(items: Iterable[Any], kind: type) -> list[Any]:
    """Those of a kind."""
    return [item for item in items if isinstance(item, kind)]


def measure(lines: list[bytes]) -> dict[str, tuple[float, int]]:
    """Seconds and how many runs were asked, by part."""
    select, normalize = Select(SelectSpec()), Normalize(NormalizeSpec())
    labels, validate = CheckLabel(LabelSpec()), Validate((get_format("openai"),))
    seconds: dict[str, tuple[float, int]] = {}
    took, read = best_of(lambda: [read_run(line, MAX_BYTES) for line in lines])
    seconds["read"] = took, len(lines)
    runs: list[Run] = kept(read, Run)
    took, verdicts = best_of(lambda: [select(run) for run in runs])
    seconds["select"] = took, len(runs)
    asked = [run for run, verdict in zip(runs, verdicts, strict=True) if verdict is None]
    took, made = best_of(lambda: [normalize(run) for run in asked])
    seconds["normalize"] = took, len(asked)
    pairs = [
        (run, one.record)
        for run, one in zip(asked, made, strict=True)
        if isinstance(one, Normalized)
    ]
    took, verdicts = best_of(lambda: [labels(run, record) for run, record in pairs])
    seconds["labels"] = took, len(pairs)
    records = [
        record for (_, record), verdict in zip(pairs, verdicts, strict=True) if verdict is None
    ]
    redact = Redact(RedactSpec(default="pseudonym"))
    took, _ = best_of(lambda: [redact(record) for record in records])
    seconds["redact"] = took, len(records)
    took, _ = best_of(lambda: [encode_record(record) for record in records])
    seconds["encode"] = took, len(records)
    took, _ = best_of(lambda: [validate(record) for record in records])
    seconds["validate"] = took, len(records)
    return seconds


def show(seconds: dict[str, tuple[float, int]]) -> None:
    """The table, and the figures that are promised."""
    total = sum(took for took, _ in seconds.values())
    print(f"{'part':<12}{'runs':>9}{'µs a run':>10}{'runs/s':>11}{'share':>8}")
    for part, (took, count) in seconds.items():
        figures = f"{took / count * 1e6:>10.1f}{count / took:>11,.0f}{took / total:>8.0%}"
        print(f"{part:<12}{count:>9,}{figures}")
    asked = seconds["normalize"][1]
    took = seconds["normalize"][0] + seconds["labels"][0]
    print(f"normalize and labels: {asked / took:,.0f} runs/s a core")
    took += seconds["redact"][0]
    print(f"normalize, labels and redact: {asked / took:,.0f} runs/s a core")


def main() -> int:
    """Read the flags, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--limit", type=int, default=20_000)
    flags = parser.parse_args()
    with flags.runs.open("rb") as file:
        lines = [line for line, _ in zip(file, range(flags.limit), strict=False)]
    show(measure(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
