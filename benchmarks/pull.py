"""How fast runs come in and go out of a Studio on this machine.

    python benchmarks/pull.py RUNS.jsonl

The embedded Studio runs as a process of its own, with an empty data folder; the client is the
package's, in this process, over the loopback interface.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from copies import read_lines

TRAINSET = str(Path(sys.executable).with_name("trainset"))
READY = "Studio ready at "


def studio(*words: str) -> str:
    """One `trainset studio` command, to its end; what it printed."""
    done = subprocess.run(
        [TRAINSET, "studio", *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


@contextmanager
def served(data_dir: str) -> Iterator[str]:
    """A running Studio; its address."""
    words = [TRAINSET, "studio", "serve", "--port", "0", "--data-dir", data_dir]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
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


def pull(url: str, key: str, ids: list[str]) -> tuple[int, int]:
    """Fetch every run; how many came, and how many bytes."""
    from pipeline.client import StudioClient  # noqa: PLC0415 - the server starts without it

    count = size = 0
    with StudioClient(url, api_key=key) as client:
        for batch in client.runs.fetch(ids):
            found = [document for _, document in batch if document is not None]
            count, size = count + len(found), size + sum(map(len, found))
    return count, size


def main() -> None:
    """Import, serve, pull, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("runs", type=Path)
    flags = parser.parse_args()
    ids = list(dict.fromkeys(json.loads(line)["id"] for line in read_lines(flags.runs)))
    with tempfile.TemporaryDirectory() as data_dir:
        started = time.perf_counter()
        studio("import", "--data-dir", data_dir, "--runs", str(flags.runs))
        imported = time.perf_counter() - started
        key = studio("key", "--data-dir", data_dir, "--project", "default")
        with served(data_dir) as url:
            started = time.perf_counter()
            count, size = pull(url, key, ids)
            pulled = time.perf_counter() - started
    print(f"\nimported into a Studio: {len(ids) / imported:,.0f} runs/s (start-up included)")
    print(f"pulled from it: {count / pulled:,.0f} runs/s, {size / pulled / 1e6:,.0f} MB/s")
    if count != len(ids):
        sys.exit(f"asked for {len(ids):,} runs, got {count:,}")


if __name__ == "__main__":
    main()
