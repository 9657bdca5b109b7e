"""Runs whose answers are checked, and the labelled cases beside this file."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Message, Rejected
from pipeline.spec import LabelSpec, NormalizeSpec
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize, Normalized
from pipeline.stages.read import read_run

CASES = Path(__file__).with_name("cases")
QUESTION = "How long is the Corrie loop?"

Check = Callable[..., Rejected | None]
Code = Callable[..., str | None]


def read(**fields: Any) -> Run:
    run = read_run(json.dumps({"id": "r", **fields}).encode(), 1 << 20)
    assert isinstance(run, Run)
    return run


@pytest.fixture
def check() -> Check:
    """What the rules say of a run with these fields."""

    def check(spec: LabelSpec | None = None, **fields: Any) -> Rejected | None:
        run = read(**{"prompt": [{"role": "user", "content": "q"}], **fields})
        made = Normalize(NormalizeSpec())(run)
        assert isinstance(made, Normalized), made
        return CheckLabel(spec or LabelSpec())(run, made.record)

    return check


@pytest.fixture
def code(check: Check) -> Code:
    """The code that the rules give a run with these fields."""

    def code(spec: LabelSpec | None = None, **fields: Any) -> str | None:
        rejected = check(spec, **fields)
        return rejected.code if rejected else None

    return code


@pytest.fixture
def judge() -> Check:
    """What the rules say of an answer to a question, as the case files write it down."""

    def judge(case: dict[str, Any], spec: LabelSpec | None = None) -> Rejected | None:
        messages = [
            Message("user", case.get("question", QUESTION)),
            Message("assistant", case["answer"]),
        ]
        if "system" in case:
            messages.insert(0, Message("system", case["system"]))
        run = read(parameters=case.get("parameters"))
        return CheckLabel(spec or LabelSpec())(run, ChatRecord(tuple(messages)))

    return judge


@pytest.fixture
def cases() -> Callable[[str], dict[str, Any]]:
    """The labelled cases of that name."""

    def load(name: str) -> dict[str, Any]:
        return tomllib.loads((CASES / f"{name}.toml").read_text(encoding="utf-8"))

    return load
