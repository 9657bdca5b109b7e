"""Uploads to the Studio and downloads from it: speed beside the disk's, and memory on both sides.

    python benchmarks/uploads.py [--bytes 5G] [--single] [--folder DIR] [--json]

The Studio (`trainset studio serve`) and the client run in processes of their own. Memory is the
peak of the resident set: how much it grew over what it was before.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.client import StudioClient, download, upload_file

BLOCK = 8 << 20
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", default="5G", type=size)
    parser.add_argument("--single", action="store_true", help="one PUT, no resumable session")
    parser.add_argument("--folder", type=Path, help="where the files lie")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--client", nargs=3, metavar=("URL", "KEY", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.client:
        print(json.dumps(transfer(*asked.client, resumable=not asked.single)))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        figures = measure(Path(folder), asked.bytes, single=asked.single)
    if asked.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:24} {figure:,.2f}")


def size(text: str) -> int:
    """Bytes of `5G`, `200M` or a plain number."""
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def measure(folder: Path, count: int, *, single: bool) -> dict[str, float]:
    """All figures of one file of so many bytes."""
    file = folder / "file.jsonl"
    disk = write_file(file, count)
    with served(folder / "data") as (process, url):
        client = [sys.executable, __file__, "--client", url, key(folder / "data"), str(file)]
        before = memory(process.pid, "VmRSS")
        done = subprocess.run(
            [*client, "--single"] if single else client, stdout=subprocess.PIPE, check=True
        )
        grown = memory(process.pid, "VmHWM") - before
    told = json.loads(done.stdout)
    return {
        "bytes": count,
        "disk_mb_s": disk,
        "upload_mb_s": told["upload_mb_s"],
        "upload_of_disk": told["upload_mb_s"] / disk,
        "download_mb_s": told["download_mb_s"],
        "studio_grew_mb": grown,
        "client_grew_mb": told["client_grew_mb"],
    }


def transfer(url: str, key: str, path: str, *, resumable: bool) -> dict[str, float]:
    """Upload the file and bring it back, as the client does."""
    file, size = Path(path), Path(path).stat().st_size
    with StudioClient(url, api_key=key) as client:
        environment = client.environments.find("embedded")
        session = client.training.create("uploads", environment.id, environment.default_model or "")
        before = memory(os.getpid(), "VmRSS")
        began = time.monotonic()
        link = client.training.upload_url(session.id, resumable=resumable)
        stored = upload_file(link, file)
        uploaded = time.monotonic() - began
        client.training.set_dataset(session.id, stored.name)
        began = time.monotonic()
        brought = file.with_name("brought.jsonl")
        digests = download(client.training.dataset_url(session.id), brought)
        downloaded = time.monotonic() - began
    if digests.crc32c != stored.crc32c or digests.bytes != size:
        raise SystemExit("what came back is not what was sent")
    brought.unlink()
    return {
        "upload_mb_s": size / 1e6 / uploaded,
        "download_mb_s": size / 1e6 / downloaded,
        "client_grew_mb": memory(os.getpid(), "VmHWM") - before,
    }


def write_file(path: Path, count: int) -> float:
    """Make the file; at how many MB/s the disk took it, fsync included."""
    block = os.urandom(BLOCK)
    began = time.monotonic()
    with path.open("wb") as file:
        for start in range(0, count, BLOCK):
            file.write(block[: count - start])
        file.flush()
        os.fsync(file.fileno())
    return count / 1e6 / (time.monotonic() - began)


@contextmanager
def served(data_dir: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Studio that serves a project which can rehearse."""
    data_dir.mkdir()
    runs = data_dir.with_name("runs.jsonl")
    runs.write_text('{"id": "r1"}\n', encoding="utf-8")
    embedded = {"id": "e1", "name": "embedded", "provider": "test", "default_model": "m"}
    environments = data_dir.with_name("environments.json")
    environments.write_text(json.dumps([embedded]), encoding="utf-8")
    command("import", data_dir, "--runs", runs, "--environments", environments)
    words = [*studio("serve", data_dir), "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def key(data_dir: Path) -> str:
    """An API key of the project."""
    return command("key", data_dir, "--project", "default").strip()


def command(name: str, data_dir: Path, *words: Any) -> str:
    """Run `trainset studio NAME`; what it printed."""
    line = [*studio(name, data_dir), *map(str, words)]
    return subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout


def studio(name: str, data_dir: Path) -> list[str]:
    """The command line of `trainset studio NAME`."""
    program = Path(sys.executable).with_name("trainset")
    return [str(program), "studio", name, "--data-dir", str(data_dir)]


def memory(process: int, word: str) -> float:
    """A process's memory by a word of the kernel's, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(rf"{word}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
