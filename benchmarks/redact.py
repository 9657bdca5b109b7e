"""How well private values are found, and what it costs.

    python benchmarks/redact.py [RUNS.jsonl [--truth TRUTH.json]]

Precision and recall by kind over the labelled texts of `redact_cases.py`; over runs, where they
are given, the planted values that were found, what else was replaced, and runs/s on one core.
"""

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import get_args

from redact_cases import cases

from pipeline.spec import LabelSpec, NormalizeSpec, PrivateKind, RedactSpec, SelectSpec
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize
from pipeline.stages.prepare import Prepare, Prepared
from pipeline.stages.redact import Redact, Redacted
from pipeline.stages.redact.cleaner import Cleaner
from pipeline.stages.select import Select

PLANTED = {"openai_key": "key", "github_token": "key", "aws_key": "key", "card_number": "card"}
KINDS: tuple[str, ...] = get_args(PrivateKind)


def labelled(*, show: bool) -> None:
    """The table of the labelled texts."""
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    nothing = 0
    for text, kind, value in cases():
        cleaned, counts = _clean(text, kind)
        nothing += kind is None
        if kind is not None:
            right = counts.pop(kind, 0) and value not in cleaned
            (found if right else missed)[kind] += 1
            if show and not right:
                print(f"missed {kind}: {text!r} -> {cleaned!r}")
        wrong.update(counts.keys())
        if show and counts:
            print(f"wrong {', '.join(counts)}: {text!r} -> {cleaned!r}")
    print(f"{'kind':<14}{'texts':>7}{'found':>7}{'wrong':>7}{'precision':>11}{'recall':>8}")
    for kind in filter(lambda kind: found[kind] + missed[kind] + wrong[kind], KINDS):
        right, lost, false = found[kind], missed[kind], wrong[kind]
        precision = right / (right + false) if right + false else 0.0
        recall = right / (right + lost) if right + lost else 0.0
        figures = f"{right + lost:>7}{right:>7}{false:>7}{precision:>11.3f}{recall:>8.3f}"
        print(f"{kind:<14}{figures}")
    print(f"texts with nothing private: {nothing}")


def _clean(text: str, kind: str | None) -> tuple[str, dict[str, int]]:
    """The masked text and what was found; a secret's field is as good as its shape."""
    cleaner = Cleaner(RedactSpec(default="mask"), b"k")
    cleaned = cleaner.text(text)
    counts = dict(cleaner.counts)
    if kind in {"key", "password"} and "secret_field" in counts:
        counts[kind] = counts.pop("secret_field")
    return cleaned, counts


def over_runs(path: Path, truth: Path | None) -> None:
    """What is found in runs, and how fast."""
    prepare = Prepare(
        Select(SelectSpec()), Normalize(NormalizeSpec()), CheckLabel(LabelSpec()), 32 << 20
    )
    with path.open("rb") as file:
        ready = [one for line in file if isinstance(one := prepare(line), Prepared)]
    redact = Redact(RedactSpec(default="pseudonym"))
    began = time.perf_counter()
    outcomes = [redact(one.record, one.parameters) for one in ready]
    took = time.perf_counter() - began
    print(f"\n{len(ready):,} runs: {len(ready) / took:,.0f} runs/s on one core")
    planted = _planted(truth) if truth else {}
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    others: Counter[tuple[str, str]] = Counter()
    for one, outcome in zip(ready, outcomes, strict=True):
        counts = outcome.counts if isinstance(outcome, Redacted) else {}
        kind = planted.get(one.run_id)
        if kind is not None:
            (found if kind in counts else missed)[kind] += 1
        for other in counts:
            if kind is None:
                others[other, one.interaction or ""] += 1
    for kind in sorted(set(planted.values())):
        print(f"planted {kind:<10} {found[kind]:>4} of {found[kind] + missed[kind]}")
    for (kind, interaction), count in sorted(others.items()):
        print(f"also {kind:<13} in {count:,} runs of {interaction}")


def _planted(truth: Path) -> dict[str, str]:
    planted = json.loads(truth.read_bytes())["planted"]
    secrets = [one for one in planted if one["what"] == "secret"]
    return {one["run"]: PLANTED.get(one["kind"], one["kind"]) for one in secrets}


def main() -> int:
    """Read the flags, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("runs", type=Path, nargs="?")
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--show", action="store_true", help="print what was missed or wrong")
    flags = parser.parse_args()
    labelled(show=flags.show)
    if flags.runs:
        over_runs(flags.runs, flags.truth)
    return 0


if __name__ == "__main__":
    sys.exit(main())
