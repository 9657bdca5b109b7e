"""Bytes stream: what an upload and a download take of memory does not depend on their size."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[3] / "benchmarks/uploads.py"


@pytest.mark.parametrize("more", [(), ("--single",)])
def test_memory_stays_flat_on_both_sides(tmp_path: Path, more: tuple[str, ...]) -> None:
    words = [sys.executable, str(PROGRAM), "--bytes", "300M", "--folder", str(tmp_path), "--json"]
    done = subprocess.run([*words, *more], stdout=subprocess.PIPE, text=True, check=True)
    figures = json.loads(done.stdout)
    assert figures["bytes"] == 300 << 20
    assert figures["studio_grew_mb"] < 40
    assert figures["client_grew_mb"] < 40
