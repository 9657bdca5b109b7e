"""How fast runs come in and go out of a Studio on this machine.

    python benchmarks/pull.py RUNS.jsonl [--runs 20000] [--profile]

The embedded Studio runs as a process of its own, with an empty data folder; the client is the
package's, in this process, over the loopback interface. Runs beyond those of the file are copies
with ids of their own. At last some are pulled one by one, as from a server whose `/runs/find` is
missing. `--profile` shows where the time of either side goes, without a server between them.
"""

import argparse
import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from copies import read_lines

TARGET = 5_000
"""Runs a second, in calls of a hundred."""
ONE_BY_ONE = 2_000
TRAINSET = str(Path(sys.executable).with_name("trainset"))
READY = "Studio ready at "


def studio(*words: str) -> str:
    """One `trainset studio` command, to its end; what it printed."""
    done = subprocess.run(
        [TRAINSET, "studio", *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


@contextmanager
def served(words: list[str]) -> Iterator[str]:
    """A Studio in a process of its own; its address."""
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        assert one.stdout is not None
        for line in one.stdout:
            if READY in line:
                break
        else:
            sys.exit("the Studio ended before it was ready")
        try:
            yield line.split(READY)[1].strip()
        finally:
            one.terminate()


def serve_without_find(data_dir: str) -> None:
    """Be a Studio whose `/runs/find` is missing, until the end."""
    from pipeline.studio import EmbeddedStudio  # noqa: PLC0415 - only the process that serves

    script = {"runs.find": ["404"] * 8}
    with EmbeddedStudio(Path(data_dir)) as one, one.faults(script):
        print(f"{READY}{one.url}", flush=True)
        sys.stdin.read()


def pull(url: str, key: str, ids: list[str]) -> tuple[int, int]:
    """Fetch every run; how many came, and how many bytes."""
    from pipeline.client import StudioClient  # noqa: PLC0415 - the server starts without it

    count = size = 0
    with StudioClient(url, api_key=key) as client:
        for batch in client.runs.fetch(ids):
            found = [document for _, document in batch if document is not None]
            count, size = count + len(found), size + sum(map(len, found))
    return count, size


def timed(url: str, key: str, ids: list[str]) -> tuple[float, float]:
    """Runs and megabytes a second."""
    started = time.perf_counter()
    count, size = pull(url, key, ids)
    seconds = time.perf_counter() - started
    if count != len(ids):
        sys.exit(f"asked for {len(ids):,} runs, got {count:,}")
    return count / seconds, size / seconds / 1e6


def ids_of(source: Path) -> list[str]:
    """The ids of a file's runs."""
    return list(dict.fromkeys(json.loads(line)["id"] for line in read_lines(source)))


def multiplied(source: Path, target: Path, count: int) -> list[str]:
    """Write so many runs, copies with ids of their own behind the originals; their ids."""
    lines = list(dict.fromkeys(read_lines(source)))
    ids: dict[str, None] = {}
    with target.open("wb") as file:
        for number in range(count):
            line = lines[number % len(lines)].rstrip(b"\n")
            ident = json.loads(line)["id"]
            if copy := number // len(lines):
                line = line.replace(ident.encode(), f"{copy:04x}{ident[4:]}".encode())
                ident = f"{copy:04x}{ident[4:]}"
            file.write(line + b"\n")
            ids[ident] = None
    return list(ids)


def show_profile(data_dir: str, ids: list[str]) -> None:
    """What the Studio does for `/runs/find`, and the client with its answers, in one thread."""
    from pipeline.client.runs import _picked  # noqa: PLC0415 - only when asked
    from pipeline.client.wire import Answer  # noqa: PLC0415
    from pipeline.studio.database import Database  # noqa: PLC0415
    from pipeline.studio.runs import RunFilter, find_raw  # noqa: PLC0415

    database = Database(Path(data_dir) / "studio.db")
    portions = [ids[start : start + 100] for start in range(0, len(ids), 100)]
    with cProfile.Profile() as profile:
        for portion in portions:
            with database.read() as connection:
                asked = RunFilter(ids=tuple(portion))
                found = find_raw(connection, "default", asked, limit=100, offset=0)
            _picked(Answer(200, {}, b"[" + b",".join(found) + b"]"), portion)
    database.close()
    pstats.Stats(profile).sort_stats("cumulative").print_stats(25)


def main() -> None:
    """Import, serve, pull, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=0, help="how many; all of the file by itself")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--without-find", action="store_true", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.without_find:
        serve_without_find(str(flags.file))
        return
    with tempfile.TemporaryDirectory() as folder:
        data_dir, runs = f"{folder}/data", flags.file
        if flags.runs:
            runs = Path(folder) / "runs.jsonl"
            ids = multiplied(flags.file, runs, flags.runs)
        else:
            ids = ids_of(runs)
        started = time.perf_counter()
        studio("import", "--data-dir", data_dir, "--runs", str(runs))
        imported = time.perf_counter() - started
        key = studio("key", "--data-dir", data_dir, "--project", "default")
        with served([TRAINSET, "studio", "serve", "--port", "0", "--data-dir", data_dir]) as url:
            speed, volume = timed(url, key, ids)
        with served([sys.executable, __file__, data_dir, "--without-find"]) as url:
            slow, _ = timed(url, key, ids[:ONE_BY_ONE])
        if flags.profile:
            show_profile(data_dir, ids)
    print(f"\nimported into a Studio: {len(ids) / imported:,.0f} runs/s (start-up included)")
    print(f"pulled from it: {speed:,.0f} runs/s, {volume:,.0f} MB/s (target {TARGET:,} runs/s)")
    print(f"pulled one by one: {slow:,.0f} runs/s")


if __name__ == "__main__":
    main()
