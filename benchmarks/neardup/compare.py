"""`make bench-neardup`: trainset beside six other ways to drop near-duplicates, on the same runs.

    python benchmarks/neardup/compare.py [--runs 20000] [--seed 1] [--only NAME...] [--docs docs]

Each tool runs as a whole process, one after another; what is made stays under `.bench/neardup/`.
The other tools live in an environment of their own, `.bench/venv`, which the make target fills.
Writes `benchmark.md` and `benchmark.svg` into the docs folder. The open data is compared where
TRAINSET_REAL_RUNS names it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import pyarrow.parquet as pq
import report
from contestants import CONTESTANTS, TRAINSET, Contestant
from materials import Material, generated, inputs_alone, open_data
from measure import Cost, measure
from scoring import Answer, Known, known, random_split, score
from truth import MERGED

HERE = Path(__file__).parent
BENCH = Path(".bench")
OTHERS = BENCH / "venv" / "bin" / "python"
FOLDER = BENCH / "neardup"
Row = dict[str, Any]


def compare(material: Material, chosen: list[Contestant]) -> Row:
    """All rows of one material."""
    print(f"\n{material.name}: {len(material.inputs):,} usable runs", flush=True)
    facts = known(material)
    rows = [one for contestant in chosen for one in _row(facts, contestant)]
    families = len(set(facts.family.values()))
    kinds = [pair["what"] for pair in material.planted]
    return {
        "name": material.name,
        "runs": len(material.inputs),
        "megabytes": material.texts.stat().st_size / 1e6,
        "families": families,
        "rare": len(material.rare),
        "planted": {what: kinds.count(what) for what in dict.fromkeys(kinds)},
        "rows": rows,
    }


def _row(facts: Known, contestant: Contestant) -> Iterator[Row]:
    """One tool on one material; says why where it could not be run."""
    out = FOLDER / "out" / facts.material.name.replace(" ", "-") / contestant.name.replace(" ", "-")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if contestant.path is None and facts.material.name == "inputs alone":
        return  # trainset finds out by itself what varies
    try:
        cost = measure(_words(facts.material, contestant, out))
    except SystemExit as problem:
        reason = str(problem).strip().splitlines()[-1]
        print(f"{contestant.name:<12} could not be run: {reason}", flush=True)
        yield {"name": contestant.name, "failed": reason}
        return
    answer = _answer(facts.material, contestant, cost, out)
    row = {"name": contestant.name, "seconds": cost.wall, "peak_mb": cost.peak_mb}
    row |= asdict(score(facts, answer))
    print(
        f"{contestant.name:<12}{row['kept']:>8,} kept{row['false_merges']:>8,} false merges"
        f"{row['crossing']:>7,} crossing{cost.wall:>8.1f} s{cost.peak_mb:>8,.0f} MB",
        flush=True,
    )
    yield row


def _words(material: Material, contestant: Contestant, out: Path) -> list[str]:
    if contestant.path is None:
        trainset = str(Path(sys.executable).with_name("trainset"))
        return [
            *(trainset, "build", "--json"),
            *("--runs", str(material.runs), "--work-dir", str(out)),
        ]
    return [str(OTHERS), str(contestant.path), str(material.texts), str(out)]


def _answer(material: Material, contestant: Contestant, cost: Cost, out: Path) -> Answer:
    if contestant.name == TRAINSET:
        return _ledger(Path(json.loads(cost.output.splitlines()[-1])["path"]))
    lines = (
        line
        for path in sorted((out / "kept").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    )
    kept = {json.loads(line)["id"] for line in lines}
    train, validation = random_split(kept, material.inputs)
    return Answer(train, validation, frozenset(material.inputs.keys() - kept))


def _ledger(build: Path) -> Answer:
    """What trainset did, with the split that it made."""
    rows = pq.read_table(build / "ledger.parquet").to_pylist()
    sides = {
        split: frozenset(row["run_id"] for row in rows if row["split"] == split)
        for split in ("train", "validation")
    }
    removed = frozenset(row["run_id"] for row in rows if row["code"] in MERGED)
    return Answer(sides["train"], sides["validation"], removed)


def materials(runs: int, seed: int) -> Iterator[Material]:
    """The generator's, the same with the templates cut out, and the open data if it is named."""
    whole = generated(FOLDER / "generator", runs, seed)
    yield whole
    yield inputs_alone(whole, FOLDER / "inputs-alone")
    named = os.environ.get("TRAINSET_REAL_RUNS")
    if not named:
        print("TRAINSET_REAL_RUNS names no file: the open data is left out.")
        return
    real = Path(named)
    truth = real.with_name(real.name.split(".")[0] + ".truth.json")
    yield open_data(real, truth, FOLDER / "open-data")


def versions(chosen: list[Contestant]) -> dict[str, str]:
    """Of every package that was compared, as its own environment has it."""
    names = [package for one in chosen for package in one.packages]
    ask = "import importlib.metadata as m, json, sys; "
    ask += "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
    asked = subprocess.run(
        [str(OTHERS), "-c", ask, *names], capture_output=True, text=True, check=True
    )
    return dict(json.loads(asked.stdout))


def main() -> int:
    """Read the flags, compare, write the document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=[one.name for one in CONTESTANTS])
    parser.add_argument("--docs", type=Path, help="default: docs, or with --only .bench/neardup")
    flags = parser.parse_args()
    if not OTHERS.exists():
        sys.exit("the other tools are not installed: run `make bench-others` first")
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str((FOLDER / "hf").resolve())}
    chosen = [one for one in CONTESTANTS if not flags.only or one.name in flags.only]
    docs = flags.docs or (FOLDER if flags.only else HERE.parents[1] / "docs")
    made = [compare(material, chosen) for material in materials(flags.runs, flags.seed)]
    results = FOLDER / "results.json"
    results.write_text(
        json.dumps(
            {
                "runs": flags.runs,
                "seed": flags.seed,
                "machine": report.machine(),
                "versions": versions(chosen),
                "materials": made,
            },
            indent=1,
        )
    )
    plot = [str(OTHERS), str(HERE / "plot.py"), str(results), str(docs / "benchmark.svg")]
    subprocess.run(plot, check=True)
    report.write(results, docs / "benchmark.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
