"""Records drawn by hypothesis, with everything that a record may have: every room's tests may draw.

Images lie in the line, at an address and in buckets; turns may follow one another; systems may
stand anywhere. What a format has no place for, it refuses or rewrites (`fitting.write_line`).
"""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from pipeline.records import (
    ChatRecord,
    ImagePart,
    Message,
    PreferenceRecord,
    Record,
    TextPart,
    Tool,
    ToolCall,
)

__all__ = ["RECORDS", "chat_records", "preference_records"]

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
"""A PNG of one pixel."""
WORDS = st.sampled_from(
    ["Which gear?", "The small one.", "{}", "a\nb", "é 🚲 א", '"quoted"', "\u2028", "user"]
)
TEXTS = WORDS | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMES = ("count", "list-all", "a_b")
IMAGES: Mapping[str, ImagePart] = {
    "data": ImagePart("image/png", PIXEL),
    "https": ImagePart(url="https://example.com/a.png", detail="low"),
    "gs": ImagePart("image/png", url="gs://shop/a.png"),
    "s3": ImagePart("image/jpeg", url="s3://shop/a.jpg"),
}
PARAMETERS = (
    {"type": "object", "properties": {}},
    {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
    {
        "type": "object",
        "properties": {"of": {"type": "array", "items": {"enum": ["tyre", "tube"]}}},
        "additionalProperties": False,
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | WORDS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
WEIGHTS = st.sampled_from([None, None, None, 0, 1])


@st.composite
def _contents(
    draw: st.DrawFn, images: Sequence[ImagePart] = ()
) -> str | tuple[TextPart | ImagePart, ...]:
    """Three times in four a text; else parts."""
    if draw(st.integers(0, 3)):
        return draw(TEXTS)
    part = TEXTS.map(TextPart)
    return tuple(
        draw(st.lists(part | st.sampled_from(images) if images else part, min_size=1, max_size=3))
    )


@st.composite
def _calls(draw: st.DrawFn, number: int) -> list[Message]:
    """A turn of calls and its results."""
    calls = tuple(
        ToolCall(
            f"call_{number}_{at}",
            draw(st.sampled_from(NAMES)),
            draw(st.dictionaries(WORDS, JSON, max_size=2)),
        )
        for at in range(draw(st.integers(1, 2)))
    )
    said = draw(st.sampled_from([None, None, "One moment."]))
    results = [
        Message("tool", draw(_contents()), tool_call_id=one.id, name=one.name) for one in calls
    ]
    return [Message("assistant", said, calls, weight=draw(WEIGHTS)), *results]


@st.composite
def _turns(draw: st.DrawFn, *, tools: bool) -> list[Message]:
    """Systems, and up to three questions with their answers."""
    systems = st.builds(Message, st.just("system"), _contents())
    images = (IMAGES[draw(st.sampled_from(sorted(IMAGES)))],)
    turns = draw(st.lists(systems, max_size=2 if draw(st.booleans()) else 0))
    for number in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from([None, None, "ann"]))
        turns.append(Message("user", draw(_contents(images)), name=name))
        if tools and draw(st.booleans()):
            turns += draw(_calls(number))
        reasoning = draw(st.sampled_from([None, None, "Hm."]))
        turns.append(
            Message("assistant", draw(_contents()), weight=draw(WEIGHTS), reasoning=reasoning)
        )
    if draw(st.integers(0, 9)) == 0:
        turns.insert(draw(st.integers(0, len(turns))), draw(systems))
    return turns


@st.composite
def _tools(draw: st.DrawFn) -> tuple[Tool, ...]:
    return tuple(
        Tool(
            name,
            draw(st.sampled_from(PARAMETERS)),
            draw(st.sampled_from([None, "Counts"])),
            draw(st.sampled_from([None, None, True])),
        )
        for name in NAMES
    )


PARALLEL = st.sampled_from([None, None, True, False])


@st.composite
def chat_records(draw: st.DrawFn) -> ChatRecord:
    """A conversation that ends with the assistant's answer, or with its calls."""
    with_tools = draw(st.booleans())
    turns = draw(_turns(tools=with_tools))
    if with_tools and draw(st.integers(0, 3)) == 0:
        turns += [Message("user", draw(TEXTS)), draw(_calls(9))[0]]
    tools = draw(_tools()) if with_tools else ()
    return ChatRecord(tuple(turns), tools, parallel_tool_calls=draw(PARALLEL))


@st.composite
def preference_records(draw: st.DrawFn) -> PreferenceRecord:
    """A conversation up to a question, or to results, and two answers to it."""
    with_tools = draw(st.booleans())
    prompt = draw(_turns(tools=with_tools))
    while prompt[-1].role == "assistant":
        prompt.pop()
    answers = st.lists(
        st.builds(Message, st.just("assistant"), _contents()), min_size=1, max_size=1
    )
    if with_tools:
        answers |= _calls(9).map(lambda turns: turns[:1])
    tools = draw(_tools()) if with_tools else ()
    return PreferenceRecord(
        tuple(prompt), tuple(draw(answers)), tuple(draw(answers)), tools, draw(PARALLEL)
    )


RECORDS: Mapping[str, st.SearchStrategy[Record]] = {
    "chat": chat_records(),
    "preference": preference_records(),
}
"""By a format's `kind`."""
