"""The `together` package's check of a file, in the two versions that still look at records.

2.14.0 knows tools and weights; 1.5.35 knows neither tools nor their results, but holds to the
alternation of turns, which the documentation still asks for. Later versions look at the JSON
alone. 1.5.35 lives in a folder of its own (`.venv-oracles/together-1.5.35`) and is asked in a
process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from together.lib.utils.files import check_file

from tests.oracles.oracle import one_line

__all__ = ["has_no_tools", "judge", "judge_file", "judge_old"]

os.environ["TOGETHER_DISABLE_TQDM"] = "true"
_OLD = Path(sys.prefix) / "together-1.5.35"
_ASKED = Path(__file__).with_name("together_old.py")


@cache
def _paper() -> Path:
    """The file that is written for every question; in memory where there is such a folder."""
    memory = Path("/dev/shm")  # a folder of Linux, not of somebody
    folder = tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None)
    return Path(folder) / "asked.jsonl"


def judge(line: bytes) -> str | None:
    """2.14.0, on a file of this one line."""
    return judge_file([line])


def judge_file(lines: Sequence[bytes]) -> str | None:
    """2.14.0, on a file of these lines."""
    _paper().write_bytes(b"\n".join(lines))
    try:
        report = check_file(_paper())
    except Exception as error:  # noqa: BLE001 (where it falls over, the package's upload does)
        return one_line(error)
    return None if report["is_check_passed"] else one_line(str(report["message"]))


def has_no_tools(value: Any) -> bool:
    """Whether 1.5.35 was written for such a line."""
    told = json.dumps(value)
    return not any(word in told for word in ('"tools"', '"tool_calls"', '"tool"'))


def judge_old(line: bytes) -> str | None:
    """1.5.35, on a file of this one line."""
    _paper().with_suffix(".old.jsonl").write_bytes(line)
    asked, told = _old()
    asked.write(f"{_paper().with_suffix('.old.jsonl')}\n")
    asked.flush()
    answer: str | None = json.loads(told.readline())
    return None if answer is None else one_line(answer)


@cache
def _old() -> tuple[IO[str], IO[str]]:
    """Questions to the process with the old version, and its answers."""
    process = subprocess.Popen(
        [sys.executable, str(_ASKED)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_OLD), "TOGETHER_NO_BANNER": "1", "TQDM_DISABLE": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
