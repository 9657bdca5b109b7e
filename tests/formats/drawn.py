"""A strategy that draws conversations: systems, questions, images, calls with their results."""

from hypothesis import strategies as st

from pipeline.records import (
    ChatRecord,
    ContentPart,
    ImagePart,
    Message,
    TextPart,
    Tool,
    ToolCall,
)

__all__ = ["conversations"]

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
IMAGES = st.sampled_from(
    [
        ImagePart(url="s3://shop/a.png"),
        ImagePart("image/jpeg", url="s3://shop/b"),
        ImagePart("image/webp", url="s3://shop/c.webp", detail="low"),
    ]
)
TOOLS = (
    Tool("count", {"type": "object", "properties": {}}, "Counts parts"),
    Tool("list", {"type": "object"}, "Lists parts", strict=True),
)


def parts(part: st.SearchStrategy[ContentPart]) -> st.SearchStrategy[tuple[ContentPart, ...]]:
    """Contents in parts; a single text is no such content in every format."""
    several = st.lists(part, min_size=1, max_size=3).map(tuple)
    return several.filter(lambda one: len(one) > 1 or isinstance(one[0], ImagePart))


@st.composite
def exchanges(draw: st.DrawFn, number: int, *, images: bool, tools: bool) -> list[Message]:
    """A question, perhaps calls and their results, and an answer."""
    texts = TEXTS.map(TextPart)
    asked = draw(TEXTS | parts(texts | IMAGES if images else texts))
    turns = [Message("user", asked, name=draw(st.none() | st.just("ann")))]
    if tools and draw(st.booleans()):
        count = draw(st.integers(1, 3))
        calls = [
            ToolCall(f"call_{number}.{at}", tool.name, draw(st.dictionaries(TEXTS, JSON)))
            for at, tool in enumerate(draw(st.permutations(TOOLS * 2))[:count])
        ]
        turns.append(Message("assistant", draw(st.none() | TEXTS), tuple(calls)))
        turns += [
            Message("tool", draw(TEXTS | parts(texts)), tool_call_id=call.id, name=call.name)
            for call in draw(st.permutations(calls))
        ]
        if draw(st.booleans()):
            turns.append(Message("user", draw(TEXTS)))
    reasoning = draw(st.none() | TEXTS.filter(bool))
    turns.append(Message("assistant", draw(TEXTS | parts(texts)), reasoning=reasoning))
    return turns


@st.composite
def conversations(draw: st.DrawFn, *, images: bool = True, tools: bool = True) -> ChatRecord:
    """A conversation that most formats can carry once it is fitted."""
    systems = [Message("system", draw(TEXTS)) for _ in range(draw(st.integers(0, 2)))]
    count = draw(st.integers(1, 3))
    turns = [draw(exchanges(number, images=images, tools=tools)) for number in range(count)]
    messages = (*systems, *(message for exchange in turns for message in exchange))
    return ChatRecord(
        messages, TOOLS if tools else (), parallel_tool_calls=draw(st.none() | st.booleans())
    )
