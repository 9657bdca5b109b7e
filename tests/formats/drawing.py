"""Records drawn by hypothesis: conversations with everything that one may have."""

from collections.abc import Sequence

from hypothesis import strategies as st

from pipeline.records import (
    ChatRecord,
    ImagePart,
    Message,
    PreferenceRecord,
    TextPart,
    Tool,
    ToolCall,
)

__all__ = ["chats", "plain_chats", "preferences"]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
NAMES = st.sampled_from(["count", "list-all", "a_b"])
WEIGHTS = st.sampled_from([None, None, 0, 1])
IMAGES = st.builds(
    ImagePart,
    mime_type=st.sampled_from(["image/png", "image/jpeg"]),
    data=st.sampled_from(["AAAA", "iVBORw0KGgo="]),
    detail=st.sampled_from([None, "low"]),
)
PARTS = st.lists(st.builds(TextPart, TEXTS), min_size=1, max_size=3).map(tuple)
TOOLS = st.builds(
    Tool,
    name=NAMES,
    parameters=st.just({"type": "object", "properties": {"n": {"type": "number"}}}),
    description=st.sampled_from([None, "", "Counts"]),
    strict=st.sampled_from([None, True]),
)
ARGUMENTS = st.dictionaries(TEXTS, st.integers(-9, 9) | st.none() | TEXTS, max_size=2)
SYSTEMS = st.builds(Message, st.just("system"), TEXTS | PARTS)
ANSWERS = st.builds(
    Message,
    st.just("assistant"),
    TEXTS | PARTS,
    weight=WEIGHTS,
    reasoning=st.none() | TEXTS,
)


def _users(images: st.SearchStrategy[ImagePart]) -> st.SearchStrategy[Message]:
    """What a user asks, and shows."""
    seen = st.lists(st.builds(TextPart, TEXTS) | images, min_size=1, max_size=3).map(tuple)
    names = st.sampled_from([None, "ann"])
    return st.builds(Message, st.just("user"), TEXTS | seen, name=names, weight=WEIGHTS)


@st.composite
def _calls(draw: st.DrawFn, ids: st.SearchStrategy[str]) -> Sequence[Message]:
    """A turn of calls and its results."""
    drawn = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    calls = tuple(ToolCall(ident, draw(NAMES), draw(ARGUMENTS)) for ident in drawn)
    said = draw(st.none() | TEXTS)
    results = [
        Message("tool", draw(TEXTS | PARTS), tool_call_id=one.id, name=one.name) for one in calls
    ]
    return [Message("assistant", said, calls, weight=draw(WEIGHTS)), *results]


@st.composite
def chats(
    draw: st.DrawFn,
    *,
    images: st.SearchStrategy[ImagePart] = IMAGES,
    ids: st.SearchStrategy[str] = TEXTS,
) -> ChatRecord:
    """A conversation that ends with the assistant's answer or its calls."""
    users = _users(images)
    messages = draw(st.lists(SYSTEMS, max_size=2))
    for _ in range(draw(st.integers(1, 3))):
        messages += draw(st.lists(users, min_size=1, max_size=2))
        if draw(st.booleans()):
            messages += draw(_calls(ids))
        messages += draw(st.lists(ANSWERS, min_size=1, max_size=2))
    if draw(st.booleans()):
        messages += [draw(users), draw(_calls(ids))[0]]
    return ChatRecord(
        tuple(messages),
        tuple(draw(st.lists(TOOLS, max_size=2))),
        parallel_tool_calls=draw(st.sampled_from([None, True, False])),
        weight=draw(st.sampled_from([None, 1.0, 0.5])),
    )


@st.composite
def plain_chats(draw: st.DrawFn) -> ChatRecord:
    """A conversation of texts, all of them trained."""
    said = st.builds(
        Message,
        st.sampled_from(["user", "assistant"]),
        TEXTS | PARTS,
        name=st.sampled_from([None, "ann"]),
        weight=st.none(),
    )
    turns = draw(st.lists(SYSTEMS, max_size=2)) + draw(st.lists(said, max_size=4))
    answer = Message("assistant", draw(TEXTS), weight=draw(st.sampled_from([None, 1])))
    return ChatRecord((*turns, answer))


@st.composite
def preferences(draw: st.DrawFn) -> PreferenceRecord:
    """The last answer to a conversation, and the last of another one or a question mark."""
    chat, other = draw(chats()), draw(chats())
    rejected = draw(st.sampled_from([other.messages[-1], Message("assistant", "?")]))
    return PreferenceRecord(
        chat.messages[:-1],
        chat.messages[-1:],
        (rejected,),
        chat.tools,
        chat.parallel_tool_calls,
        chat.weight,
    )
