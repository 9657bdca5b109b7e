"""Compares a finished build with what was planted in its runs; exits 1 when a figure is missed.

    python benchmarks/truth.py BUILD RUNS TRUTH.json [--json] [--show]

BUILD is the folder with `ledger.parquet` and `dataset/openai/`. All likeness is computed by
`similarity.py`, which shares no code with the package. RUNS may hold several copies
(`copies.py`); the truth says how many.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from copies import read_lines
from similarity import U64, alike_pairs, input_of_line, input_of_run, jaccard, normalized, shingles

BAD = {
    "failed_run",
    "still_processing",
    "truncated_output",
    "restricted_storage",
    "empty_result",
    "result_breaks_its_schema",
}
MERGED = {"exact_duplicate", "near_duplicate", "conflict"}
KEPT_RANGE = (13_200, 13_800)
Row = dict[str, Any]


@dataclass(slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    target: str
    met: bool
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Evidence:
    """Everything that the figures are computed from."""

    ledger: list[Row]
    kept: set[str]
    texts: dict[str, str]
    truth: dict[str, Any]
    dataset: Path
    runs: int

    def likeness(self, one: str, other: str) -> float:
        """Of the inputs of two runs."""
        return jaccard(shingles(self.texts[one]), shingles(self.texts[other]))

    def planted(self, what: str) -> Iterator[tuple[str, str]]:
        """Pairs (run, of) of one kind."""
        return ((fact["run"], fact["of"]) for fact in self.truth["planted"] if fact["what"] == what)


def gather(build: Path, runs: Path, truth: Path) -> Evidence:
    """Read the build, the runs and the truth."""
    ledger = pq.read_table(build / "ledger.parquet").to_pylist()
    documents = (json.loads(line) for line in read_lines(runs))
    texts = [(run["id"], normalized(input_of_run(run))) for run in documents]
    return Evidence(
        ledger=ledger,
        kept={row["run_id"] for row in ledger if row["outcome"] == "kept"},
        texts=dict(texts),
        truth=json.loads(truth.read_bytes()),
        dataset=build / "dataset" / "openai",
        runs=len(texts),
    )


def figures(evidence: Evidence) -> list[Figure]:
    """All figures, in the order of the table."""
    return [
        _found(evidence, "exact_duplicate", least=0.0, share=1.0),
        _found(evidence, "near_duplicate", least=0.85, share=0.99),
        _found(evidence, "conflict", least=0.0, share=0.0),
        _wrong_merges(evidence),
        _bad_in_dataset(evidence),
        *_kept(evidence),
        _across_the_split(evidence),
        *_equation(evidence),
    ]


def _found(evidence: Evidence, what: str, *, least: float, share: float) -> Figure:
    pairs = [
        pair for pair in evidence.planted(what) if not least or evidence.likeness(*pair) >= least
    ]
    missed = [pair for pair in pairs if evidence.kept.issuperset(pair)]
    found = 1 - len(missed) / max(len(pairs), 1)
    name = f"{what} pairs found, of {len(pairs):,}" + (f" alike >= {least}" if least else "")
    return Figure(name, found, f">= {share}", found >= share, [" ".join(pair) for pair in missed])


def _wrong_merges(evidence: Evidence) -> Figure:
    merged = [row for row in evidence.ledger if row["code"] in MERGED]
    wrong = [row for row in merged if not _rightly_merged(evidence, row)]
    return Figure(
        f"wrongly merged, of {len(merged):,} rows",
        len(wrong),
        "0",
        not wrong,
        [f"{row['run_id']} {row['matched_run_id']} {row['similarity']}" for row in wrong],
    )


def _rightly_merged(evidence: Evidence, row: Row) -> bool:
    match = row["matched_run_id"]
    return match in evidence.kept and evidence.likeness(row["run_id"], match) >= 0.7


def _bad_in_dataset(evidence: Evidence) -> Figure:
    bad = [fact["run"] for fact in evidence.truth["planted"] if fact["what"] in BAD]
    shipped = set(pq.read_table(evidence.dataset / "lines.parquet")["run_id"].to_pylist())
    inside = [run for run in bad if run in shipped | evidence.kept]
    return Figure(
        f"planted bad runs in the dataset, of {len(bad):,}", len(inside), "0", not inside, inside
    )


def _kept(evidence: Evidence) -> Iterator[Figure]:
    copies = evidence.truth.get("copies", 1)
    low, high = (bound * copies for bound in KEPT_RANGE)
    kept, exact = len(evidence.kept), evidence.truth["kept_by_exact_pairwise"]["best"] * copies
    yield Figure("kept", kept, f"{low:,} to {high:,}", low <= kept <= high)
    yield Figure(f"kept, less the {exact:,} of the exact pairwise rule", kept - exact, "", met=True)


def _across_the_split(evidence: Evidence) -> Figure:
    train, validation = (
        list(_inputs_of(evidence.dataset / f"{split}.jsonl")) for split in ("train", "validation")
    )
    pairs = alike_pairs(_sets(train), _sets(validation), 0.8)
    shown = [f"{score:.3f} | {train[a][:200]} | {validation[b][:200]}" for a, b, score in pairs]
    return Figure("pairs of inputs >= 0.8 across the split", len(pairs), "0", not pairs, shown)


def _inputs_of(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for line in file:
            yield input_of_line(json.loads(line))


def _sets(texts: list[str]) -> list[U64]:
    return [shingles(text) for text in texts]


def _equation(evidence: Evidence) -> Iterator[Figure]:
    rows, outcomes = len(evidence.ledger), Counter(row["outcome"] for row in evidence.ledger)
    gap = evidence.runs - sum(outcomes[word] for word in ("kept", "rejected", "duplicate"))
    yield Figure(
        "runs less kept, rejected and duplicate", gap, "0", gap == 0 and rows == evidence.runs
    )
    lines = sum(path.read_bytes().count(b"\n") for path in evidence.dataset.glob("*.jsonl"))
    strangers = evidence.texts.keys() - {row["run_id"] for row in evidence.ledger}
    yield Figure(
        "kept less lines in the files", outcomes["kept"] - lines, "0", outcomes["kept"] == lines
    )
    yield Figure("runs without a row in the ledger", len(strangers), "0", not strangers)


def print_table(made: list[Figure], *, show: bool) -> None:
    """For people."""
    for figure in made:
        value = f"{figure.value:.4f}" if isinstance(figure.value, float) else f"{figure.value:,}"
        verdict = "ok" if figure.met else "MISSED"
        print(
            f"{figure.name:<62}{value:>10}  {figure.target:<18}{verdict if figure.target else ''}"
        )
        for example in figure.examples[: 20 if show else 0]:
            print(f"    {example}")


def main() -> int:
    """Read the flags, print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("runs", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--show", action="store_true", help="examples of what was missed")
    flags = parser.parse_args()
    made = figures(gather(flags.build, flags.runs, flags.truth))
    if flags.json:
        print(json.dumps([{"name": one.name, "value": one.value, "met": one.met} for one in made]))
    else:
        print_table(made, show=flags.show)
    return 0 if all(one.met for one in made) else 1


if __name__ == "__main__":
    sys.exit(main())
