"""What is counted around the texts: the cookbook's rule, and what stands where it is silent."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall
from pipeline.tokens import counter_for
from pipeline.tokens.counter import TokenCounter

USUAL = counter_for("gpt-4o", "openai")
OLD = counter_for("gpt-4", "openai")

JARGON = ChatRecord(
    (
        Message(
            "system",
            "You are a helpful, pattern-following assistant that translates corporate jargon into "
            "plain English.",
        ),
        Message("system", "New synergies will help drive top-line growth.", name="example_user"),
        Message(
            "system",
            "Things working well together will increase revenue.",
            name="example_assistant",
        ),
        Message(
            "system",
            "Let's circle back when we have more bandwidth to touch base on opportunities for "
            "increased leverage.",
            name="example_user",
        ),
        Message(
            "system",
            "Let's talk later when we're less busy about how to do better.",
            name="example_assistant",
        ),
        Message(
            "user",
            "This late pivot means we don't have time to boil the ocean for the client "
            "deliverable.",
        ),
    )
)
WEATHER = ChatRecord(
    (
        Message(
            "system",
            "You are a helpful assistant that can answer to questions about the weather.",
        ),
        Message("user", "What's the weather like in San Francisco?"),
    ),
    tools=(
        Tool(
            "get_current_weather",
            {
                "type": "object",
                "properties": {
                    "location": {
                        "type": "string",
                        "description": "The city and state, e.g. San Francisco, CA",
                    },
                    "unit": {
                        "type": "string",
                        "description": "The unit of temperature to return",
                        "enum": ["celsius", "fahrenheit"],
                    },
                },
                "required": ["location"],
            },
            "Get the current weather in a given location",
        ),
    ),
)
"""Both conversations, and what OpenAI's API counted for them, are the cookbook's own
(How_to_count_tokens_with_tiktoken.ipynb, MIT)."""


@pytest.mark.parametrize(
    ("record", "counter", "billed"),
    [(JARGON, USUAL, 124), (JARGON, OLD, 129), (WEATHER, USUAL, 101), (WEATHER, OLD, 105)],
)
def test_the_cookbook_s_examples_have_the_tokens_that_openai_counted(
    record: ChatRecord, counter: TokenCounter, billed: int
) -> None:
    assert counter.count(record) == billed


def words(*texts: str, counter: TokenCounter = USUAL) -> int:
    return sum(counter.count_texts(texts))


def user(content: Any = "Which gear?", **more: Any) -> Message:
    return Message("user", content, **more)


ANSWER = Message("assistant", "The small one, up to the bridge.")


def test_three_a_message_and_three_an_example() -> None:
    said = words("user", "Which gear?", "assistant", "The small one, up to the bridge.")
    assert USUAL.count(ChatRecord((user(), ANSWER))) == 3 + 2 * 3 + said
    named = ChatRecord((user(name="Ann"), ANSWER))
    assert USUAL.count(named) == 3 + 2 * 3 + said + 1 + words("Ann")


def test_what_looks_like_a_special_token_is_text() -> None:
    record = ChatRecord((user("<|endoftext|>"), ANSWER))
    more = USUAL.count(record) - USUAL.count(ChatRecord((user(""), ANSWER)))
    assert more == words("<|endoftext|>") > 1


def test_a_call_costs_three_its_name_and_its_arguments() -> None:
    call = ToolCall("call_1", "count", {"teeth": [11, 34]})
    calling = Message("assistant", None, tool_calls=(call,))
    result = Message("tool", "two", tool_call_id="call_1", name="count")
    count = USUAL.count(ChatRecord((user(), calling, result, ANSWER)))
    said = words("assistant", "count", '{"teeth":[11,34]}', "tool", "two")
    assert count == USUAL.count(ChatRecord((user(), ANSWER))) + 2 * 3 + 3 + said


def test_parts_are_counted_and_images_by_their_rule() -> None:
    parts = (TextPart("Which gear?"), ImagePart(url="https://example.org/a.png", detail="low"))
    assert USUAL.count(ChatRecord((user(parts), ANSWER))) == 85 + USUAL.count(
        ChatRecord((user(), ANSWER))
    )


def test_thoughts_count_where_the_format_carries_them() -> None:
    thinking = Message("assistant", "The small one.", reasoning="It is steep there.")
    plain = Message("assistant", "The small one.")
    with_it, without = (ChatRecord((user(), one)) for one in (thinking, plain))
    assert USUAL.count(with_it) == USUAL.count(without)
    other = counter_for(None, "fireworks")
    assert other.count(with_it) == other.count(without) + words("It is steep there.")


def test_the_stop_of_a_description_is_not_counted() -> None:
    def offering(stop: str) -> ChatRecord:
        of_teeth = {"type": "integer", "description": f"How many of them{stop}"}
        parameters = {"type": "object", "properties": {"teeth": of_teeth}}
        return ChatRecord((user(), ANSWER), tools=(Tool("count", parameters, f"Counts{stop}"),))

    assert USUAL.count(offering(".")) == USUAL.count(offering(""))


def test_a_tool_s_other_words_are_counted_as_json() -> None:
    inner = {"type": "array", "items": {"type": "integer", "minimum": 1}}
    tools = [Tool("count", {"type": "object", "properties": {"teeth": inner}})]
    count = USUAL.count(ChatRecord((user(), ANSWER), tools=tuple(tools)))
    said = words("count:", "teeth:array:", '{"items":{"type":"integer","minimum":1}}')
    assert count == USUAL.count(ChatRecord((user(), ANSWER))) + 7 + 3 + 3 + 12 + said


@pytest.mark.parametrize(
    "parameters",
    [{}, {"properties": None}, {"properties": {}}, {"properties": {"a": True}},
     {"properties": {"a": {"type": ["string", "null"], "enum": [None, 1, {"b": 2}]}}},
     {"properties": {"a": {"enum": "x", "description": 7}}}],
)  # fmt: skip
def test_odd_parameters_are_counted(parameters: dict[str, Any]) -> None:
    record = ChatRecord((user(), ANSWER), tools=(Tool("count", parameters),))
    assert USUAL.count(record) > USUAL.count(ChatRecord((user(), ANSWER))) + 7 + 12


TEXTS = st.sampled_from(["", "Which gear?", "<|endoftext|>", "Grüße aus der 漢字"]) | st.text()
CALLS = st.builds(
    ToolCall, st.just("c"), st.text(max_size=5), st.dictionaries(st.text(), st.integers())
)
PARTS = st.builds(TextPart, TEXTS) | st.builds(
    ImagePart, data=st.sampled_from(["", "AAAA", "iVBORw0KGgo=", "no base64!"]), mime_type=st.none()
)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "user", "assistant", "tool"]),
    TEXTS | st.none() | st.lists(PARTS, max_size=3).map(tuple),
    tool_calls=st.lists(CALLS, max_size=2).map(tuple),
    name=st.none() | st.text(max_size=5),
    reasoning=st.none() | TEXTS,
)
PROPERTIES = st.dictionaries(st.text(), st.text())
TOOLS = st.builds(Tool, st.text(max_size=5), st.dictionaries(st.just("properties"), PROPERTIES))
RECORDS = st.builds(
    ChatRecord,
    st.lists(MESSAGES, min_size=1, max_size=4).map(tuple),
    tools=st.lists(TOOLS, max_size=2).map(tuple),
)


@pytest.mark.parametrize(
    "counter",
    [USUAL, OLD, counter_for(None, "gemini"), counter_for(None, "mistral", counting="estimate")],
    ids=lambda one: one.name,
)
@given(records=st.lists(RECORDS, max_size=5))
@settings(max_examples=60, deadline=None)
def test_many_records_are_counted_as_each_by_itself(
    counter: TokenCounter, records: list[ChatRecord]
) -> None:
    assert counter.count_all([*records, *records]) == [*map(counter.count, records)] * 2
