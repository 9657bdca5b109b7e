"""Very many runs that are all alike: a health check logged all night must not cost its square.

    python benchmarks/crowd.py [--runs 100000] [--times 4]

Three nights of one check are built at a size and at several times that size: `equal` asks the very
same thing each time, `counted` a long question with a number at its end, `timed` a short one with
the second at which it was asked, of which only those close to one another are alike. Printed are
wall time, peak memory, what stays, and how the time a run grows; 1 is linear.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measure import Cost, measure

BENCH = Path(".bench") / "crowd"
SYSTEM = "You watch a shop's website. Answer with one word: up or down."
LONG = (
    "This is the check of the front page, the cart and the till. Load each of them once, follow "
    "one link from it, and say whether the shop is up. Do not buy anything, do not send any form. "
)
NIGHT = datetime(2026, 3, 1, 18, tzinfo=UTC)


def question(kind: str, number: int) -> str:
    """What the check asks for the n-th time."""
    moment = NIGHT + timedelta(seconds=number)
    match kind:
        case "equal":
            return LONG
        case "counted":
            return f"{LONG}Check number {number:07d}."
        case _:
            return f"up? {moment:%Y-%m-%d %H:%M:%S}"


def runs(kind: str, count: int) -> Iterator[bytes]:
    """The night's runs, one JSON line each."""
    for number in range(count):
        moment = (NIGHT + timedelta(seconds=number)).isoformat()
        run = {
            "id": f"{number:024x}",
            "interaction": {"id": "c" * 24, "name": "HealthCheck", "version": 1},
            "environment": {"id": "e" * 24, "name": "watch", "provider": "openai"},
            "modelId": "gpt-4.1-mini",
            "status": "completed",
            "finish_reason": "stop",
            "prompt": [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": question(kind, number)},
            ],
            "result": [{"type": "text", "value": "up"}],
            "created_at": moment,
            "updated_at": moment,
        }
        yield json.dumps(run).encode() + b"\n"


def build(kind: str, count: int) -> tuple[Cost, int]:
    """The cost of the build, and how many runs stay."""
    path, work_dir = BENCH / f"{kind}-{count}.jsonl", BENCH / "work"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(runs(kind, count))
    shutil.rmtree(work_dir, ignore_errors=True)
    trainset = str(Path(sys.executable).with_name("trainset"))
    words = [trainset, "build", "--runs", str(path), "--work-dir", str(work_dir), "--json"]
    cost = measure(words)
    return cost, json.loads(cost.output.splitlines()[-1])["kept"]


def main() -> int:
    """Read the flags, measure, print; 1 where the time grows faster than the runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=4)
    flags = parser.parse_args()
    print(f"{'':<10}{'runs':>11}{'wall s':>9}{'peak MB':>9}{'kept':>10}{'time a run':>12}")
    good = True
    for kind in ("equal", "counted", "timed"):
        pace = 0.0
        for count in (flags.runs, flags.runs * flags.times):
            cost, kept = build(kind, count)
            grown = cost.wall / count / pace if pace else 1.0
            pace = pace or cost.wall / count
            good = good and grown <= 1.5
            figures = f"{count:>11,}{cost.wall:>9.1f}{cost.peak_mb:>9,.0f}{kept:>10,}{grown:>12.2f}"
            print(f"{kind:<10}{figures}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
