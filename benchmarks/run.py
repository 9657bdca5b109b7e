"""`make bench`: the package beside the plain script, on one copy of the runs and on several.

    python benchmarks/run.py [--runs FILE] [--truth FILE] [--copies 4] [--skip-plain] [--skip-pull]
        [--skip-others] [--many 64]

Every program runs as a whole process, from reading the export to the finished files. What is
made on the way stays under `.bench/`; the copies are made once. On several copies the same job done
with datatrove and with Hugging Face datasets and rensa is measured too (`yardsticks/`), where
`make bench-others` has installed them. At last `--many` copies (64 of the real runs are a million;
0 leaves them out) are built by the package alone: its memory and its time a run are held against
those of the few copies.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from copies import copied_truth, write_copies
from measure import Cost, measure

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "sample_data" / "runs.jsonl"
BENCH = Path(".bench")
OTHERS = BENCH / "venv" / "bin" / "python"
PLAIN = {
    "plain script": ("plain.py",),
    "plain script, update_batch": ("plain.py", "--batch"),
}
YARDSTICKS = {
    "datatrove, 2 workers": ("yardsticks/datatrove_build.py",),
    "datasets and rensa": ("yardsticks/hf_rensa.py",),
    "datasets and rensa, 5-grams": ("yardsticks/hf_rensa.py", "--five"),
}
TARGETS = {"plain script": 25, "datatrove, 2 workers": 20, "datasets and rensa": 8}
"""How many times faster than each trainset is to be, on four copies."""


@dataclass(frozen=True, slots=True)
class Material:
    """A file of runs, how many it holds, and what is known of it."""

    path: Path
    runs: int
    truth: Path | None


def prepare(source: Path, truth: Path | None, copies: int) -> Material:
    """The copies of a file, made once and kept under `.bench/`."""
    state = source.stat()
    name = f"{source.resolve()} {state.st_size} {state.st_mtime_ns} {copies}"
    folder = BENCH / sha256(name.encode()).hexdigest()[:12]
    runs, known, count = folder / "runs.jsonl", folder / "runs.truth.json", folder / "count"
    if not count.exists():
        folder.mkdir(parents=True, exist_ok=True)
        made = write_copies(source, runs, copies)
        if truth is not None:
            known.write_text(json.dumps(copied_truth(json.loads(truth.read_bytes()), copies)))
        count.write_text(str(made))
    return Material(runs, int(count.read_text()), known if known.exists() else None)


def build(material: Material) -> tuple[Cost, Path]:
    """`trainset build` over a file, from nothing; its cost and the finished folder."""
    work_dir = material.path.parent / "work"
    shutil.rmtree(work_dir, ignore_errors=True)
    trainset = str(Path(sys.executable).with_name("trainset"))
    words = [trainset, "build", "--runs", str(material.path), "--work-dir", str(work_dir), "--json"]
    cost = measure(words)
    return cost, Path(json.loads(cost.output.splitlines()[-1])["path"])


def script(python: str, material: Material, words: tuple[str, ...]) -> Cost:
    """Another script over the same file, from nothing."""
    name, *flags = words
    out = material.path.parent / Path(name).stem
    shutil.rmtree(out, ignore_errors=True)
    cost = measure([python, str(HERE / name), str(material.path), str(out), *flags])
    shutil.rmtree(out, ignore_errors=True)
    return cost


def compare(material: Material, scripts: dict[str, tuple[str, tuple[str, ...]]]) -> bool:
    """One table, and the truth below it; False when a figure is missed."""
    ours, folder = build(material)
    kept = json.loads(ours.output.splitlines()[-1])["kept"]
    size = material.path.stat().st_size / 1e6
    print(f"\n{material.runs:,} runs, {size:,.0f} MB")
    print(f"{'':<32}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'runs/s':>9}{'kept':>9}{'times':>7}")
    print_row("trainset build", ours, material.runs, kept, 1.0)
    for name, (python, words) in scripts.items():
        cost = script(python, material, words)
        kept = json.loads(cost.output.splitlines()[-1])["kept"]
        print_row(name, cost, material.runs, kept, cost.wall / ours.wall)
    return check(folder, material)


def programs(*, plain: bool, others: bool) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The scripts to measure, each with the interpreter that has its packages."""
    chosen = {name: (sys.executable, words) for name, words in PLAIN.items() if plain}
    if others and not OTHERS.exists():
        print("datatrove and datasets with rensa are left out: `make bench-others` installs them.")
    elif others:
        chosen |= {name: (str(OTHERS), words) for name, words in YARDSTICKS.items()}
    return chosen


def print_row(name: str, cost: Cost, runs: int, kept: int, ratio: float) -> None:
    """One line of the table; `times` is how many times longer than trainset it took."""
    figures = f"{cost.wall:>9.1f}{cost.cpu:>9.1f}{cost.peak_mb:>9,.0f}{runs / cost.wall:>9,.0f}"
    wanted = f"  (target {TARGETS[name]})" if name in TARGETS else ""
    print(f"{name:<32}{figures}{kept:>9,}{ratio:>7.1f}{wanted}", flush=True)


def scale(few: Material, many: Material) -> bool:
    """Memory and time of many copies beside few; what the split with its proof costs of each."""
    costs = [build(few)[0], build(many)[0]]
    print(f"\n{'':<32}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'runs/s':>9}{'split, proof':>14}")
    for material, cost in zip((few, many), costs, strict=True):
        share = stage_seconds(cost.messages, "split") / cost.wall
        figures = f"{cost.wall:>9.1f}{cost.cpu:>9.1f}{cost.peak_mb:>9,.0f}"
        speed = f"{material.runs / cost.wall:>9,.0f}{share:>14.0%}"
        print(f"{f'{material.runs:,} runs':<32}{figures}{speed}", flush=True)
    memory = costs[1].peak_mb / costs[0].peak_mb
    pace = (costs[1].wall / many.runs) / (costs[0].wall / few.runs)
    print(f"memory {memory:.2f} times (target 1.3), time a run {pace:.2f} times (target 1.15)")
    return memory <= 1.3 and pace <= 1.15


def stage_seconds(messages: str, stage: str) -> float:
    """How long a stage took, from what a build says of it."""
    found = re.search(rf"^{stage} .*\(([\d.,]+) s\)$", messages, re.MULTILINE)
    return float(found[1].replace(",", "")) if found else 0.0


def check(folder: Path, material: Material) -> bool:
    """`truth.py` over a finished build."""
    if material.truth is None:
        print("no truth is known of these runs: nothing to compare the dataset with")
        return True
    words = [str(HERE / "truth.py"), str(folder), str(material.path), str(material.truth)]
    return subprocess.run([sys.executable, *words], check=False).returncode == 0


def also(script: str, runs: Path) -> None:
    """Another script of this folder over the same runs."""
    subprocess.run([sys.executable, str(HERE / script), str(runs)], check=True)


def default_runs() -> Path:
    """The real runs where the environment names them, else the sample data."""
    named = os.environ.get("TRAINSET_REAL_RUNS")
    if not named:
        print("TRAINSET_REAL_RUNS names no file: measuring the sample data, whose 200 runs say")
        print("little about speed (start-up is most of it).")
    return Path(named) if named else SAMPLE


def main() -> int:
    """Read the flags, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "--runs", type=Path, help="default: $TRAINSET_REAL_RUNS, or the sample data"
    )
    parser.add_argument("--truth", type=Path, help="default: <runs>.truth.json where it exists")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--many", type=int, help="default: 64 of the real runs, else none")
    parser.add_argument("--skip-plain", action="store_true")
    parser.add_argument("--skip-others", action="store_true")
    parser.add_argument("--skip-pull", action="store_true")
    flags = parser.parse_args()
    source = flags.runs or default_runs()
    beside = source.with_name(source.name.split(".")[0] + ".truth.json")
    truth = flags.truth or (beside if beside.exists() else None)
    good = True
    print("prompts that were not stored, on one core", flush=True)
    subprocess.run([sys.executable, str(HERE / "render.py")], check=True)
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str((BENCH / "hf").resolve())}
    for copies in sorted({1, flags.copies}):
        material = prepare(source, truth, copies)
        others = copies == flags.copies and not flags.skip_others
        good = compare(material, programs(plain=not flags.skip_plain, others=others)) and good
        if copies == 1:
            print("\none copy, part by part, on one core", flush=True)
            also("shares.py", material.path)
            if not flags.skip_pull:
                also("pull.py", material.path)
    print("\none health check logged all night", flush=True)
    words = [sys.executable, str(HERE / "crowd.py"), "--runs", "30000", "--times", "3"]
    good = subprocess.run(words, check=False).returncode == 0 and good
    print("\nthe Studio under load", flush=True)
    words = [sys.executable, str(HERE / "studio.py")]
    good = subprocess.run(words, check=False).returncode == 0 and good
    many = flags.many if flags.many is not None else (0 if source == SAMPLE else 64)
    if many:
        pair = [prepare(source, truth, copies) for copies in (flags.copies, many)]
        good = scale(*pair) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
