"""The whole way of one run: a record or a reason, never an exception."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.digests import decode_record, encode_record, record_id
from pipeline.formats import get_format
from pipeline.records import Rejected
from pipeline.spec import LabelSpec, NormalizeSpec, SelectSpec
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize
from pipeline.stages.prepare import Prepare, Prepared, Refused
from pipeline.stages.select import Select
from pipeline.stages.validate import Validate


def stage(*group_by: str) -> Prepare:
    return Prepare(
        select=Select(SelectSpec(min_score=0.0, exclude_tags=("no",), interactions=())),
        normalize=Normalize(NormalizeSpec()),
        labels=CheckLabel(LabelSpec()),
        max_bytes=1 << 20,
        group_by=group_by,
    )


RUN: dict[str, Any] = {
    "id": "r1",
    "status": "completed",
    "interaction": {"id": "i1", "name": "Route", "version": 3},
    "environment": {"id": "e1", "provider": "openai"},
    "modelId": "m-1",
    "prompt": [{"role": "user", "content": "Where is my order?"}],
    "parameters": {"talk": "t1", "n": {"b": 1, "a": 2}},
    "result": "On its way.",
    "token_use": {"prompt": 10, "completion": 4},
    "evaluation": {"score": 1},
    "created_at": "2025-08-14T10:00:00Z",
    "updated_at": "2025-08-15T10:00:00Z",
}


def prepared(*group_by: str, **changes: Any) -> Prepared:
    one = stage(*group_by)(json.dumps(RUN | changes).encode())
    assert isinstance(one, Prepared), one
    return one


def test_what_later_stages_need_is_beside_the_record() -> None:
    one = prepared()
    assert (one.run_id, one.interaction, one.interaction_key) == ("r1", "Route", "i1@3")
    assert (one.model, one.provider, one.score, one.tokens) == ("m-1", "openai", 1.0, 14)
    assert (one.created_at, one.updated_at) == (RUN["created_at"], RUN["updated_at"])
    assert json.loads(one.parameters) == RUN["parameters"]
    assert decode_record(one.record_bytes) == one.record
    assert one.record_id == record_id(encode_record(one.record))


def test_a_bare_interaction_and_no_tokens() -> None:
    one = prepared(interaction="i9", environment=None, token_use={}, parameters=None)
    assert (one.interaction, one.interaction_key, one.provider) == ("i9", "i9", None)
    assert one.parameters == b"null"
    assert one.tokens == 8  # 29 characters


def test_numbers_that_no_table_holds_are_no_facts() -> None:
    use = {"prompt": 1e300, "result": 10**30}
    one = prepared(token_use=use, evaluation={"score": 10**400}, config={"max_tokens": 10**400})
    assert (one.tokens, one.score) == (8, None)


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("parameters.talk", "t1"),
        ("parameters.n", '{"a":2,"b":1}'),
        ("interaction.version", "3"),
        ("modelId", "m-1"),
        ("parameters.missing", None),
        ("parameters.talk.deeper", None),
        ("nowhere.at.all", None),
    ],
)
def test_groups(path: str, group: str | None) -> None:
    assert prepared(path).group == (group,)


def test_a_run_has_a_value_for_every_tie() -> None:
    step = {"workflow_id": "Intake:1", "run_id": "01970d37"}
    one = prepared("modelId", "nowhere", "workflow", workflow=step)
    assert one.group == ("m-1", None, '["Intake:1","01970d37"]')
    assert prepared("workflow", workflow={"workflow_id": "Intake:1"}).group == (None,)
    assert prepared().group == ()


def test_a_refused_run_says_who_it_was() -> None:
    one = stage()(json.dumps(RUN | {"result": ""}).encode())
    assert isinstance(one, Refused)
    assert (one.run_id, one.interaction, one.updated_at) == ("r1", "Route", RUN["updated_at"])
    assert (one.rejected.stage, one.rejected.code) == ("labels", "empty_answer")


def test_no_run_has_no_id() -> None:
    one = stage()(b"[]")
    assert isinstance(one, Refused)
    assert (one.run_id, one.rejected.code) == (None, "not_a_run")


def test_select_comes_before_normalize() -> None:
    one = stage()(json.dumps(RUN | {"status": "failed", "prompt": None}).encode())
    assert isinstance(one, Refused)
    assert one.rejected.code == "status"


KEYS = """role content parts messages contents system text type value user model assistant tool id
toolUse toolResult toolUseId name input json functionCall functionResponse args response tool_calls
function arguments tool_call_id thoughts image_url url {} [] ``` a"""
WORDS = st.sampled_from(KEYS.split())
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | WORDS
ANY: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)
FIELDS = [key for key in RUN if key not in {"id", "status"}] + ["result_schema", "config", "tags"]


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*FIELDS, "error", "finish_reason"]), ANY, max_size=4))
def test_any_json_in_any_field(changes: dict[str, Any]) -> None:
    one = stage("parameters.talk")(json.dumps(RUN | changes).encode())
    if isinstance(one, Prepared):
        assert decode_record(one.record_bytes) == one.record
        Validate((get_format("openai"),))(one.record)
    else:
        assert one.rejected.detail


@settings(max_examples=300)
@given(ANY, ANY)
def test_any_json_in_the_places_that_shapes_have(one: Any, other: Any) -> None:
    for prompt in (
        [{"role": "user", "content": one}, other],
        [{"role": "assistant", "content": None, "tool_calls": [one]}, other],
        {"messages": [{"role": "user", "content": [{"text": "a"}, one]}], "toolConfig": other},
        {"messages": [{"role": "user", "content": [{"text": "a"}]}], "system": one},
        {"contents": [{"role": "user", "parts": [one]}, other], "system": other},
    ):
        assert isinstance(
            stage()(json.dumps(RUN | {"prompt": prompt}).encode()), Prepared | Refused
        )


@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    assert isinstance(stage()(data), Prepared | Refused)


CODES = {
    "failed_run": "status",
    "still_processing": "status",
    "truncated_output": "truncated_answer",
    "restricted_storage": "inputs_not_stored",
    "empty_result": "empty_answer",
    "result_breaks_its_schema": "answer_breaks_schema",
}
"""The code for each kind of bad run that was planted among the real ones."""


@pytest.mark.real
def test_real_runs_leave_for_the_planted_reason_or_are_accepted() -> None:
    path = Path(os.environ["TRAINSET_REAL_RUNS"])
    truth = json.loads(path.with_name(f"{path.name.split('.')[0]}.truth.json").read_bytes())
    planted = {one["run"]: CODES[one["what"]] for one in truth["planted"] if one["what"] in CODES}
    prepare, validate = stage(), Validate((get_format("openai"),))
    found: dict[str, str] = {}
    accepted = 0
    for line in open_runs(path):
        match prepare(line):
            case Refused(run_id=str() as run_id, rejected=rejected):
                found[run_id] = rejected.code
            case Prepared(record=record):
                assert not isinstance(validate(record), Rejected)
                accepted += 1
    assert Counter(found.values()) == Counter(planted.values())
    assert found == planted
    assert accepted == truth["runs"] - len(planted)


def open_runs(path: Path) -> list[bytes]:
    if path.suffix != ".zst":
        return path.read_bytes().splitlines()
    import zstandard  # noqa: PLC0415 (only for the packed file)

    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read().splitlines()
