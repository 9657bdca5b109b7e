"""Calls without ids, and what tools gave back."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats.fitting.calls import compact_results, number_calls
from pipeline.records import ImagePart, Message, ToolCall

ASKED = Message("user", "Tyres?")


def calling(*calls: tuple[str, str]) -> Message:
    return Message("assistant", None, tuple(ToolCall(ident, name, {}) for ident, name in calls))


def result(ident: str, text: str = "3", name: str | None = "count") -> Message:
    return Message("tool", text, tool_call_id=ident, name=name)


def test_calls_are_numbered_through_the_conversation() -> None:
    turns = (
        ASKED,
        calling(("a", "count"), ("b", "list")),
        result("a"),
        result("b", name="list"),
        calling(("a", "count")),
        result("a"),
    )
    rewrites: list[str] = []
    numbered = number_calls(turns, rewrites)
    assert numbered == (
        ASKED,
        calling(("call_1", "count"), ("call_2", "list")),
        result("call_1"),
        result("call_2", name="list"),
        calling(("call_3", "count")),
        result("call_3"),
    )
    assert rewrites == ["calls_numbered"]


def test_numbered_calls_stay_the_same_object() -> None:
    turns = (ASKED, calling(("call_1", "count")), result("call_1"))
    rewrites: list[str] = []
    assert number_calls(turns, rewrites) is turns
    assert rewrites == []


def test_results_follow_the_order_of_their_calls() -> None:
    calls = calling(("call_1", "count"), ("call_2", "count"))
    rewrites: list[str] = []
    numbered = number_calls((calls, result("call_2", "2"), result("call_1", "1")), rewrites)
    assert numbered == (calls, result("call_1", "1"), result("call_2", "2"))
    assert rewrites == ["results_ordered"]


def test_a_result_takes_the_name_of_its_call() -> None:
    calls = calling(("call_1", "count"))
    rewrites: list[str] = []
    numbered = number_calls((calls, result("call_1", name=None)), rewrites)
    assert numbered == (calls, result("call_1"))
    assert rewrites == ["results_named"]


@pytest.mark.parametrize("ident", ["call_9", "a"])
def test_a_result_without_a_call_stays_behind_the_others(ident: str) -> None:
    calls = calling(("call_1", "count"))
    numbered = number_calls((calls, result(ident, "?"), result("call_1"), ASKED), [])
    assert numbered == (calls, result("call_1"), result(ident, "?"), ASKED)


@pytest.mark.parametrize(
    ("content", "expected", "named"),
    [
        ('{"a": [1, 2.50]}', '{"a":[1,2.5]}', ["results_compacted"]),
        ('{"a":1}', '{"a":1}', []),
        ('{"a":1', '{"a":1', []),
        ("[1, 2]", "[1, 2]", []),
        (" none", " none", []),
        ("", "", []),
        ('\n{"b":null}', '{"b":null}', ["results_compacted"]),
        ("{" * 100_000, "{" * 100_000, []),
        ('{"a":"\\ud800"}', '{"a":"\\ud800"}', []),
        ('{"a":1,"a": 2}', '{"a":2}', ["results_compacted"]),
        ('{"a": 1}}', '{"a": 1}}', []),
    ],
)
def test_results_are_compacted(content: str, expected: str, named: list[str]) -> None:
    rewrites: list[str] = []
    turns = (Message("tool", content, tool_call_id="call_1"),)
    (compacted,) = compact_results(turns, rewrites)
    assert compacted.content == expected
    assert rewrites == named


def test_a_result_with_an_image_is_left_alone() -> None:
    turns = (ASKED, Message("tool", (ImagePart("image/png", "AAAA"),), tool_call_id="call_1"))
    assert compact_results(turns, []) is turns


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_compacting_changes_no_value(value: object) -> None:
    try:
        text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    except UnicodeEncodeError:
        return
    (once,) = compact_results((Message("tool", text, tool_call_id="a"),), [])
    assert isinstance(once.content, str)
    assert msgspec.json.decode(once.content) == msgspec.json.decode(text)
    assert compact_results((once,), []) == (once,)
