"""Files that a provider would refuse as a whole are known before anything is uploaded."""

import json
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import build_dataset
from pipeline.build.acceptance import beyond_limits, refused_files, refused_together
from pipeline.build.verify import verify_folder
from pipeline.manifest import DatasetFile
from pipeline.spec import load_spec

_REFUSED = "a line that the provider refuses"
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


@pytest.mark.parametrize(("name", "mark"), [("azure", BOM_UTF8), ("openai", b"")])
def test_a_file_begins_as_its_format_asks_for(
    runs: list[dict[str, Any]],
    write_runs: Callable[..., Path],
    tmp_path: Path,
    name: str,
    mark: bytes,
) -> None:
    words = {
        "source.runs": (str(write_runs(runs, "runs.jsonl")),),
        "run.work_dir": str(tmp_path / "work"),
        "run.workers": 1,
        "formats": (name,),
    }
    result = build_dataset(load_spec(None, environ={}, overrides=words))
    for path in result.files[name].values():
        assert Path(path).read_bytes().startswith(mark + b'{"messages"')
    assert list(refused_files(result.dataset, result.manifest)) == []
    assert verify_folder(result.path, workers=1).holds
    path = Path(result.files[name]["train"])
    path.write_bytes(path.read_bytes().removeprefix(mark) if mark else BOM_UTF8 + path.read_bytes())
    found = verify_folder(result.path, workers=1).checks
    rules = {broken.rule for check in found if check.check == "lines" for broken in check.broken}
    told = "a file does not begin as its format asks for" if mark else _REFUSED
    assert told in rules


def test_a_mark_that_a_format_asks_for_is_no_problem() -> None:
    assert list(beyond_limits(file("azure"))) == []
