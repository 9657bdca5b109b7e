"""Whatever the run and the record are, the rules give a verdict."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from pipeline.api.runs import Run
from pipeline.records import (
    REJECT_CODES,
    ChatRecord,
    ImagePart,
    Message,
    Rejected,
    TextPart,
    Tool,
    ToolCall,
)
from pipeline.spec import LabelSpec
from pipeline.stages.labels import RULES, CheckLabel

PIECES = [
    "I'm sorry, but I can't help with that.",
    "Answer in German.",
    "Error: 429",
    '{"error": {"message": "',
    "```json\n[1, ",
    "<html><title>502",
    "日本語で答えてください。",
    "Réponds en français.",
    "Der Weg ist lang und führt am See vorbei.",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\x00",
    "\u0130\u0307",
    "{" * 50,
    '"\\u',
    " ",
]
TEXT = st.lists(st.sampled_from(PIECES) | st.text(max_size=30), max_size=5).map(" ".join)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
CALLS = st.lists(st.builds(ToolCall, TEXT, st.sampled_from(["look", "x"]), OBJECT), max_size=2)
PARTS = st.lists(st.builds(TextPart, TEXT) | st.just(ImagePart(url="https://x")), max_size=3)
CONTENT = st.none() | TEXT | PARTS.map(tuple)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    CONTENT,
    CALLS.map(tuple),
    st.none() | TEXT,
)
ANSWER = st.builds(Message, st.just("assistant"), CONTENT, CALLS.map(tuple))
PARAMETERS = st.fixed_dictionaries(
    {}, optional={"target_language": JSON, "language": st.sampled_from(["de", "German", "xx"])}
)


def raw(value: Any) -> Raw:
    return Raw(json.dumps(value).encode())


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Run, ChatRecord]:
    optional = st.one_of(st.just(UNSET), JSON.map(raw))
    run = Run(
        id="r",
        finish_reason=draw(st.none() | TEXT),
        parameters=draw(optional | PARAMETERS.map(raw)),
        evaluation=draw(optional),
        token_use=draw(optional),
        config=draw(optional),
    )
    tools = draw(st.lists(st.builds(Tool, st.sampled_from(["look", "y"]), OBJECT), max_size=2))
    messages = [*draw(st.lists(MESSAGES, max_size=4)), draw(ANSWER)]
    schema = draw(st.just(UNSET) | OBJECT.map(raw))
    return run, ChatRecord(tuple(messages), tuple(tools), schema)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs())
def test_any_run_and_record(pair: tuple[Run, ChatRecord]) -> None:
    verdict = CheckLabel(LabelSpec())(*pair)
    assert verdict is None or isinstance(verdict, Rejected)
    if verdict is not None:
        assert verdict.code in REJECT_CODES
        assert verdict == CheckLabel(LabelSpec())(*pair)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs())
def test_everything_switched_off(pair: tuple[Run, ChatRecord]) -> None:
    off = LabelSpec(**{switch: False for switch, _ in RULES})
    assert CheckLabel(off)(*pair) is None
