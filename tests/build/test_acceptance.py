"""Files that a provider would refuse as a whole are known before anything is uploaded."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.build.acceptance import beyond_limits, refused_together
from pipeline.manifest import DatasetFile

LINE = {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}


def file(form: str, **facts: Any) -> DatasetFile:
    told = {"split": "train", "lines": 5000, "bytes": 10_000_000, "sha256": "", "crc32c": ""}
    return DatasetFile(path=f"{form}/train.jsonl", format=form, **{**told, **facts})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (file("openai"), []),
        (file("openai", lines=9), ["has 9 examples, at least 10 are needed"]),
        (file("openai", lines=9, split="validation"), []),
        (
            file("openai", bytes=600_000_000),
            ["has 600,000,000 bytes, at most 512,000,000 are taken"],
        ),
        (file("bedrock-claude", lines=10_001), ["has 10,001 examples, at most 10,000 are taken"]),
    ],
)
def test_a_file_beyond_the_limits(given: DatasetFile, said: list[str]) -> None:
    assert list(beyond_limits(given)) == said


def test_lines_that_do_not_fit_one_another(tmp_path: Path) -> None:
    (tmp_path / "fireworks").mkdir()
    path = tmp_path / "fireworks" / "train.jsonl"
    weighed = {**LINE, "weight": 0.5}
    path.write_text("".join(json.dumps(one) + "\n" for one in (weighed, weighed, LINE)))
    found = refused_together(tmp_path, file("fireworks"))
    assert found == "line 3 / has no weight; the first one of the file has one"
    path.write_text("".join(json.dumps(one) + "\n" for one in (weighed, weighed)))
    assert refused_together(tmp_path, file("fireworks")) is None
