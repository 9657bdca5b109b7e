"""What every format must do, whichever it is."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.formats import FORMATS, Format, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall

ASKED = ChatRecord((Message("user", "Which gear?"), Message("assistant", "The small one.")))
RECORDS = {
    "one question": ASKED,
    "system": ChatRecord((Message("system", "You ride."), *ASKED.messages)),
    "several turns": ChatRecord(ASKED.messages * 3),
    "tools": ChatRecord(
        (
            Message("user", "Tyres and tubes?"),
            Message(
                "assistant",
                "One moment.",
                (ToolCall("call_1", "count", {"b": [1.5, None]}), ToolCall("call_2", "list", {})),
            ),
            Message("tool", '{"n":3}', tool_call_id="call_1", name="count"),
            Message("tool", "", tool_call_id="call_2", name="list"),
            Message("assistant", "Three."),
        ),
        (Tool("count", {"type": "object"}, "Counts"), Tool("list", {})),
    ),
    "image": ChatRecord(
        (
            Message("user", (ImagePart("image/png", "iVBORw0KGgo="), TextPart("Broken?"))),
            Message("assistant", "Yes."),
        )
    ),
    "every script": ChatRecord(
        (Message("user", "אב 🚲\u2028\u0000é"), Message("assistant", "\U0010ffff"))
    ),
}
EVERY = pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS.keys())


@EVERY
@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS.keys())
def test_a_record_survives_the_way_to_a_line_and_back(form: Format, record: ChatRecord) -> None:
    line = form.encode(record)
    assert b"\n" not in line
    assert form.check(line) == ()
    assert form.decode(line) == record


@EVERY
@given(line=st.binary())
def test_any_bytes_are_checked_without_an_exception(form: Format, line: bytes) -> None:
    assert isinstance(form.check(line), tuple)


@EVERY
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b"\xef\xbb\xbf{}",
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":1e999}',
        b"[" * 100_000,
        b'{"messages":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_what_is_no_line_is_a_problem(form: Format, line: bytes) -> None:
    (first, *_) = form.check(line)
    assert first.rule in {"json", "schema"}
    assert first.reason


@EVERY
def test_every_limit_has_its_source(form: Format) -> None:
    limits = form.limits
    names = {name for name in limits.__struct_fields__ if name != "sources"}
    assert set(limits.sources) == {name for name in names if getattr(limits, name) is not None}
    assert all(source.page and source.read >= "2026-11-23" for source in limits.sources.values())


def test_formats_are_known_by_their_names() -> None:
    assert {get_format(name).name for name in FORMATS} == set(FORMATS)


def test_a_format_that_is_not_built_is_a_sentence() -> None:
    with pytest.raises(
        UsageError, match="no format 'gemini', or it is not built yet; built: openai"
    ):
        get_format("gemini")


def pointers(problems: Iterable[Any]) -> list[str]:
    return [problem.pointer for problem in problems]


def test_a_pointer_escapes_what_json_pointer_escapes() -> None:
    form = get_format("openai")
    line = b'{"messages":[{"role":"user","content":[{"type":"image_url","a/b":1}]}]}'
    assert pointers(form.check(line))[0].startswith("/messages/0/content/0")
