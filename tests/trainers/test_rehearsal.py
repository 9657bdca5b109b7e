"""The rehearsal: what it refuses, and how it goes with time."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.trainers import PROVIDERS, TRAINERS, Rehearsal, Submission
from pipeline.trainers.rehearsal import check_file

GOOD = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}


def written(folder: Path, rows: list[Any]) -> Path:
    path = folder / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def submission(path: Path) -> Submission:
    return Submission(key="k", dataset=path, model="m", began=1000)


def test_time_alone_leads_from_pending_to_a_model(tmp_path: Path) -> None:
    given = submission(written(tmp_path, [GOOD] * 10))
    rehearsal = Rehearsal(pending_ms=100, running_ms=200)
    states = [rehearsal.look(given, now).status for now in (1000, 1099, 1100, 1299, 1300)]
    assert states == ["pending", "pending", "running", "running", "completed"]
    done = rehearsal.look(given, 9999)
    assert done == rehearsal.look(given, 1300)
    assert done.model is not None
    assert done.model.startswith("m:rehearsal:")


def test_another_file_gives_another_model(tmp_path: Path) -> None:
    first = Rehearsal(0, 0).look(submission(written(tmp_path, [GOOD] * 10)), 2000).model
    second = Rehearsal(0, 0).look(submission(written(tmp_path, [GOOD] * 11)), 2000).model
    assert first != second


def test_a_bad_file_fails_with_the_lines(tmp_path: Path) -> None:
    state = Rehearsal(0, 0).look(submission(written(tmp_path, [GOOD] * 10 + [{}])), 2000)
    assert (state.status, state.model) == ("failed", None)
    assert state.details == "line 11: has no messages"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": []}, "has no messages"),
        ({"messages": "x"}, "has no messages"),
        ([], "has no messages"),
        ({"messages": [7]}, "message 1 has no role that is known"),
        ({"messages": [{"role": "owner", "content": "x"}]}, "message 1 has no role that is known"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "message 1 has no role"),
        ({"messages": [{"role": "assistant", "content": ""}]}, "message 1 is empty"),
        ({"messages": [{"role": "user", "content": "x"}]}, "does not end with the assistant"),
    ],
)
def test_what_a_provider_refuses_is_refused(tmp_path: Path, row: Any, reason: str) -> None:
    (problem,) = check_file(written(tmp_path, [GOOD] * 10 + [row]))
    assert problem.startswith(f"line 11: {reason}")


def test_calls_count_as_an_answer(tmp_path: Path) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    row = {"messages": [{"role": "assistant", "tool_calls": [call]}]}
    assert check_file(written(tmp_path, [row] * 10)) == []


@pytest.mark.parametrize("data", [b"nonsense\n", b"\xff\xfe\n", b"\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_json_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes((json.dumps(GOOD) + "\n").encode() * 10 + data)
    assert check_file(path) == ["line 11: is no JSON"]


def test_few_examples_are_refused_and_many_problems_are_cut_short(tmp_path: Path) -> None:
    assert check_file(written(tmp_path, [GOOD] * 9)) == [
        "the file has 9 examples, at least 10 are needed"
    ]
    assert check_file(written(tmp_path, [])) == ["the file has 0 examples, at least 10 are needed"]
    assert len(check_file(written(tmp_path, [{}] * 100))) == 6


def test_the_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text("\n".join([json.dumps(GOOD)] * 10))
    assert check_file(path) == []


def test_every_trainer_is_of_a_provider_that_says_so() -> None:
    assert set(TRAINERS) == {name for name, provider in PROVIDERS.items() if provider.built}
    assert all(name == provider.name for name, provider in PROVIDERS.items())
    assert all(provider.models for provider in PROVIDERS.values())
