"""Text that ends in the middle of JSON, and text that only begins with a bracket."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Message
from pipeline.spec import LabelSpec
from pipeline.stages.labels.label import label_of
from pipeline.stages.labels.unfinished import unfinished_json

Judge = Callable[..., Any]

HALVES = [
    '{"articles": [{"name": "Kestrel 2", "price": 349}, {"name": "Dipper", "pri',
    '{"a": 1, "b": [1, 2',
    '{"a": 1,',
    '{"a":',
    '{"a"',
    '{"a": tr',
    '{"a": -12.',
    '{"a": "text that stops',
    '{"a": "with a backslash \\',
    '{"a": "half an escape \\u00',
    '{"a": "quotes \\" inside',
    "[1, 2, 3",
    '["one", "two',
    '[{"a": 1}, {"b": {"c": [',
    '{"a": {"b": 1}',
    '```json\n{"a": 1, "b": [1, 2',
    '```\n{"a": 1, "b": [1, 2\n```',
    '{\n  "a": 1,\n  "b": {\n    "c": "d"',
    '{"text": "a [bracket] in {a} string", "rest": [',
]
WHOLE = [
    '{"a": 1}',
    "[1, 2]",
    '{"a": 1} is the order.',
    '{"a": 1}\n\nNote: the rest is missing [see',
    '```json\n{"a": 1}\n```',
    '```json\n{"a": 1}\n```\nThat is the order {"',
    "[Note] The loop is closed in winter.",
    "[Note: the loop is closed in winter",
    "[text](https://example.com)",
    "[ ] boots\n[ ] map\n[ ] tea",
    "[0, 1) is a half-open interval",
    "[0, 1)",
    "{name} is how a variable is written",
    "{ int a = 1; if (a) {",
    "{{mustache}} and {{#each",
    "{'a': 1, 'b'",
    "{a: 1, b: [",
    "[",
    "{",
    "```python\nx = [1, 2\n```",
    "```\nfor (;;) {\n",
    "text before {",
    "]",
    '{"a": 1}}',
    "[INST] hello",
]


@pytest.mark.parametrize("text", HALVES)
def test_halves(judge: Judge, text: str) -> None:
    rejected = judge({"answer": text})
    assert rejected is not None
    assert rejected.code == "unfinished_json"
    assert judge({"answer": text}, LabelSpec(unfinished_json=False)) is None


@pytest.mark.parametrize("text", WHOLE)
def test_what_is_whole_or_no_json(judge: Judge, text: str) -> None:
    assert judge({"answer": text}) is None


def test_the_sentence_says_what_is_open(judge: Judge) -> None:
    rejected = judge({"answer": '{"a": [{"b": "some text'})
    assert rejected.detail == (
        "the answer ends in the middle of JSON, with a string and 3 brackets left open: "
        """...'{"a": [{"b": "some text'"""
    )


@pytest.mark.parametrize(
    ("text", "unfinished"),
    [
        ('{"data": "' + "A" * 1_000_000, True),
        ('["' + "\\" * 200_001, False),  # only the last of them are looked at
        ("[" * 100_000, False),  # too deep to be told
    ],
)
def test_long_halves_get_a_verdict(text: str, *, unfinished: bool) -> None:
    assert (unfinished_json(make(text)) is not None) == unfinished


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(
    value=st.lists(VALUES, min_size=1) | st.dictionaries(st.text(), VALUES, min_size=1),
    indent=st.sampled_from([None, 2]),
    cut=st.floats(0, 1),
    plain=st.booleans(),
)
def test_every_beginning_of_json_is_known(
    value: Any, indent: int | None, cut: float, *, plain: bool
) -> None:
    whole = json.dumps(value, indent=indent, ensure_ascii=plain)
    half = whole[: int(cut * len(whole))].strip()
    assert not unfinished_json(make(whole))
    if len(half) > 1 and half != whole:
        assert unfinished_json(make(half))


def make(text: str) -> Any:
    record = ChatRecord((Message("user", "q"), Message("assistant", text)))
    return label_of(Run(id="r"), record)
