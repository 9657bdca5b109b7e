"""How fast a file is checked, and in how much memory, beside a plain script and Together's check.

    python benchmarks/check.py [FILE] [--megabytes 200] [--together PYTHON] [--gigabytes 0]

FILE holds good lines of OpenAI's chat format; without it they are made by a build of the sample
data. Its lines, and short ones of some 170 bytes, are each repeated, with a number that makes them
differ, to a file of `--megabytes`. `--together` names an interpreter that has together 2.14.0, the
last version that looks at records. With `--gigabytes` a file of that size is checked by itself,
by Together's format, which takes so large a one, and its peak memory told; the file is removed
afterwards.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from measure import measure

from pipeline.formats import get_format

HERE = Path(__file__).parent
TRAINSET = str(Path(sys.executable).with_name("trainset"))
SAMPLE = HERE.parent / "sample_data" / "runs.jsonl"
SHORT = {
    "messages": [
        {"role": "system", "content": "You mend bicycles."},
        {"role": "user", "content": "Which gear is it for a hill?"},
        {"role": "assistant", "content": "The small one."},
    ]
}
CHECK = [TRAINSET, "check", "--format", "openai"]
TOGETHER = (
    "import sys; from pathlib import Path; from together.lib.utils.files import check_file; "
    "assert check_file(Path(sys.argv[1]), purpose='fine-tune')['is_check_passed']"
)


def sample_lines(folder: Path) -> list[bytes]:
    """Training lines of the sample data."""
    words = [TRAINSET, "build", "--runs", str(SAMPLE), "--work-dir", str(folder), "--json"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    train = json.loads(done.stdout.splitlines()[-1])["files"]["openai"]["train"]
    return Path(train).read_bytes().splitlines()


def good_for_both(lines: Sequence[bytes]) -> list[bytes]:
    """Lines that Together's format takes as OpenAI's does, so that nobody stops at one."""
    both = [get_format(name) for name in ("openai", "together")]
    return [line for line in lines if not any(form.check(line) for form in both)]


def numbered(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The lines again and again, each time with another number before the last answer's text."""
    cuts = [line.rpartition(b'"content":"') for line in lines]
    for number in count():
        for before, key, after in cuts:
            yield b"%b%b%d %b\n" % (before, key, number, after)


def write(path: Path, lines: Sequence[bytes], size: int) -> int:
    """A file of about that many bytes; how many it has."""
    written = 0
    with path.open("wb") as file:
        for line in numbered(lines):
            if written >= size:
                return written
            written += file.write(line)
    return written


def compare(name: str, path: Path, size: int, together: str | None) -> None:
    """One table. MB/s and ratios are of processor time, without the start of each program."""
    print(f"\n{name}: {size / 1e6:,.0f} MB")
    print(f"{'':<26}{'wall s':>9}{'cpu s':>9}{'MB/s':>9}{'peak MB':>9}{'times':>8}")
    few = path.with_name("few.jsonl")
    few.write_bytes(b"".join(numbered_few(path)))
    plain = [sys.executable, str(HERE / "plain_check.py")]
    programs = {
        "trainset check, 1 process": [*CHECK, "--workers", "1"],
        "trainset check, by size": CHECK,
        "plain script": plain,
    }
    if together is not None:
        programs["together 2.14.0"] = [together, "-c", TOGETHER]
    first = 0.0
    for program, words in programs.items():
        start, cost = measure([*words, str(few)]), measure([*words, str(path)])
        first = first or cost.cpu - start.cpu
        speed = size / 1e6 / (cost.cpu - start.cpu)
        figures = f"{cost.wall:>9.1f}{cost.cpu:>9.1f}{speed:>9,.0f}{cost.peak_mb:>9,.0f}"
        print(f"{program:<26}{figures}{(cost.cpu - start.cpu) / first:>8.1f}", flush=True)


def numbered_few(path: Path) -> list[bytes]:
    """The first lines of a file: what a program takes for them is its start."""
    with path.open("rb") as file:
        return [file.readline() for _ in range(12)]


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--together", metavar="PYTHON")
    parser.add_argument("--gigabytes", type=float, default=0)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        lines = flags.file.read_bytes().splitlines() if flags.file else sample_lines(folder / "w")
        lines = good_for_both(lines)
        short = [json.dumps(SHORT, separators=(",", ":")).encode()]
        path = folder / "lines.jsonl"
        for name, source in (("lines of a dataset", lines), ("short lines", short)):
            size = write(path, source, flags.megabytes * 1_000_000)
            mean = sum(map(len, source)) / len(source)
            compare(f"{name}, {mean:,.0f} bytes on average", path, size, flags.together)
        if flags.gigabytes:
            size = write(path, lines, int(flags.gigabytes * 1e9))
            print(f"\n{size / 1e9:.1f} GB")
            for workers in ("1", "2"):
                cost = measure(
                    [TRAINSET, "check", "--format", "together", "--workers", workers, str(path)]
                )
                speed = size / 1e6 / cost.wall
                told = f"{cost.wall:.1f} s, {speed:,.0f} MB/s, peak {cost.peak_mb:,.0f} MB"
                print(f"{workers} processes: {told}", flush=True)


if __name__ == "__main__":
    main()
