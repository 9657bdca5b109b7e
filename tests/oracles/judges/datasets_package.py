"""The `datasets` package: a file as `load_dataset("json")` reads it, and what it reads back."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

import datasets

from tests.oracles.oracle import one_line

__all__ = ["judge_file"]

datasets.disable_progress_bars()
datasets.logging.set_verbosity(datasets.logging.CRITICAL)


def judge_file(lines: Sequence[bytes]) -> str | None:
    """Whether the file can be read, and has as many rows as lines."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        path.write_bytes(b"\n".join(lines) + b"\n")
        try:
            read = datasets.load_dataset(
                "json", data_files=str(path), split="train", cache_dir=f"{folder}/cache"
            )
        except Exception as error:  # noqa: BLE001 (it wraps what the readers below it raise)
            cause = error.__cause__ or error
            return one_line(cause)
        rows = len(read)
    return None if rows == len(lines) else f"{rows} rows of {len(lines)} lines"
