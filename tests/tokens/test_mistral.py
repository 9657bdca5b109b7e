"""Mistral's own counting, where mistral-common is installed (the extra `mistral`)."""

import pytest

from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall
from pipeline.tokens import counter_for
from pipeline.tokens.mistral import MISTRAL_TOKENIZERS, MistralCounter, MistralLengths

pytestmark = pytest.mark.mistral

COUNTER = counter_for("open-mistral-nemo", "mistral")
USER = Message("user", "Which gear?")
ANSWER = Message("assistant", "The small one, up to the bridge.")


def words(*texts: str) -> int:
    return sum(COUNTER.count_texts(texts))


def test_a_talk_has_its_control_tokens() -> None:
    again = Message("user", "<|endoftext|> [INST] And then?")
    record = ChatRecord((USER, ANSWER, again, Message("assistant", "The big one.")))
    said = words("Which gear?", "The small one, up to the bridge.", "The big one.")
    # <s> [INST] user [/INST] answer </s> [INST] user [/INST] answer </s>
    assert COUNTER.count(record) == 1 + 2 * 3 + said + words("<|endoftext|> [INST] And then?")


def test_the_system_prompt_stands_before_the_last_question() -> None:
    record = ChatRecord((Message("system", "Be brief."), USER, ANSWER))
    said = words("Be brief.\n\nWhich gear?", "The small one, up to the bridge.")
    assert COUNTER.count(record) == 1 + 3 + said


def test_calls_and_tools_are_counted_as_mistral_writes_them() -> None:
    call = ToolCall("a1B2c3D4e", "count", {"teeth": 11})
    tool = Tool("count", {"type": "object", "properties": {}}, "Counts")
    calling = Message("assistant", None, tool_calls=(call,))
    result = Message("tool", "two", tool_call_id="a1B2c3D4e", name="count")
    said = words(
        '[{"type": "function", "function": {"name": "count", "description": "Counts", '
        '"parameters": {"type": "object", "properties": {}}}}]',
        "Which gear?",
        '[{"name": "count", "arguments": {"teeth": 11}, "id": "a1B2c3D4e"}]',
        '{"content": "two", "call_id": "a1B2c3D4e"}',
        "The small one, up to the bridge.",
    )
    record = ChatRecord((USER, calling, result, ANSWER), tools=(tool,))
    # <s> [AVAILABLE_TOOLS] .. [/..] [INST] .. [/INST] [TOOL_CALLS] .. </s> [TOOL_RESULTS] .. [/..]
    # answer </s>
    assert COUNTER.count(record) == 1 + 2 + 2 + 2 + 2 + 1 + said


def test_what_mistral_refuses_is_counted_by_the_chat_rule() -> None:
    assert isinstance(COUNTER, MistralCounter)
    image = Message("user", (TextPart("Which?"), ImagePart(url="https://example.org/a.png")))
    call = Message("assistant", "Wait.", tool_calls=(ToolCall("call_1", "count", {}),))
    for messages in ((USER, call), (Message("assistant", ""),), (image, ANSWER)):
        record = ChatRecord(messages)
        assert COUNTER.count(record) == COUNTER.fallback.count(record)


@pytest.mark.parametrize("name", MISTRAL_TOKENIZERS)
def test_every_tokenizer_is_there_and_takes_any_text(name: str) -> None:
    empty, odd = MistralLengths(name).count_texts(["", "half \ud800 a pair"])
    assert (empty, odd > 3) == (0, True)


def test_many_are_counted_as_each_by_itself() -> None:
    records = [ChatRecord((USER, ANSWER)), ChatRecord((ANSWER, ANSWER))]
    assert COUNTER.count_all(records) == [*map(COUNTER.count, records)]
