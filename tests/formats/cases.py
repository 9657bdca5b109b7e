"""Records that every format is asked to carry, and a strategy that draws more of them."""

from collections.abc import Mapping

from pipeline.records import (
    ChatRecord,
    ImagePart,
    Message,
    PreferenceRecord,
    TextPart,
    Tool,
    ToolCall,
)

__all__ = ["CHATS", "PREFERENCES"]

ASKED = (Message("user", "Which gear?"), Message("assistant", "The small one."))
COUNT = Tool(
    "count",
    {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "number"}}}},
    "Counts parts",
)
LIST = Tool("list", {"type": "object", "properties": {}}, "Lists parts")
CALLING = (
    Message("user", "Tyres and tubes?"),
    Message(
        "assistant",
        None,
        (ToolCall("call_1", "count", {"b": [1.5, 2]}), ToolCall("call_2", "list", {})),
    ),
    Message("tool", '{"n":3}', tool_call_id="call_1", name="count"),
    Message("tool", "none", tool_call_id="call_2", name="list"),
    Message("assistant", "Three."),
)

CHATS: Mapping[str, ChatRecord] = {
    "one question": ChatRecord(ASKED),
    "system": ChatRecord((Message("system", "You mend bicycles."), *ASKED)),
    "two systems": ChatRecord(
        (Message("system", "You mend bicycles."), Message("system", "Be brief."), *ASKED)
    ),
    "later system": ChatRecord((*ASKED, Message("system", "Now in French."), *ASKED)),
    "several turns": ChatRecord(ASKED * 3),
    "two user turns": ChatRecord((Message("user", "Hello."), *ASKED)),
    "tools": ChatRecord(CALLING, (COUNT, LIST)),
    "text beside a call": ChatRecord(
        (
            Message("user", "Tyres?"),
            Message("assistant", "One moment.", (ToolCall("call_1", "count", {}),)),
            Message("tool", "3", tool_call_id="call_1", name="count"),
            Message("assistant", "Three."),
        ),
        (COUNT,),
    ),
    "ends with a call": ChatRecord(CALLING[:2], (COUNT, LIST)),
    "tools on offer, none called": ChatRecord(ASKED, (COUNT,), parallel_tool_calls=False),
    "strict tool": ChatRecord(
        ASKED, (Tool("count", {"type": "object", "properties": {}}, "Counts", strict=True),)
    ),
    "image in the line": ChatRecord(
        (
            Message("user", (ImagePart("image/png", "iVBORw0KGgo="), TextPart("Broken?"))),
            Message("assistant", "Yes."),
        )
    ),
    "image at an address": ChatRecord(
        (
            Message(
                "user",
                (TextPart("Broken?"), ImagePart(url="https://example.com/a.png", detail="low")),
            ),
            Message("assistant", "Yes."),
        )
    ),
    "image in Cloud Storage": ChatRecord(
        (
            Message("user", (ImagePart("image/png", url="gs://shop/a.png"), TextPart("Broken?"))),
            Message("assistant", "Yes."),
        )
    ),
    "image in S3": ChatRecord(
        (
            Message("user", (ImagePart("image/png", url="s3://shop/a.png"), TextPart("Broken?"))),
            Message("assistant", "Yes."),
        )
    ),
    "a turn that is not trained": ChatRecord(
        (
            Message("user", "Which gear?"),
            Message("assistant", "The large one.", weight=0),
            Message("user", "Sure?"),
            Message("assistant", "The small one.", weight=1),
        )
    ),
    "reasoning": ChatRecord(
        (Message("user", "Which gear?"), Message("assistant", "The small one.", reasoning="Hm."))
    ),
    "names": ChatRecord((Message("user", "Which gear?", name="ann"), ASKED[1])),
    "every script": ChatRecord(
        (Message("user", "אב 🚲\u2028\u0000é"), Message("assistant", "\U0010ffff"))
    ),
}
"""By what is in them."""

BETTER = (Message("assistant", "The small one."),)
WORSE = (Message("assistant", "Any."),)
PREFERENCES: Mapping[str, PreferenceRecord] = {
    "one question": PreferenceRecord(ASKED[:1], BETTER, WORSE),
    "system": PreferenceRecord((Message("system", "You mend bicycles."), ASKED[0]), BETTER, WORSE),
    "several turns": PreferenceRecord((*ASKED, Message("user", "And now?")), BETTER, WORSE),
    "tools": PreferenceRecord(CALLING[:4], BETTER, WORSE, (COUNT, LIST)),
    "a call preferred": PreferenceRecord(
        CALLING[:1], (Message("assistant", None, CALLING[1].tool_calls[:1]),), WORSE, (COUNT, LIST)
    ),
    "answers of several messages": PreferenceRecord(
        ASKED[:1], (*BETTER, Message("user", "Sure?"), *BETTER), WORSE
    ),
    "image in the line": PreferenceRecord(
        (Message("user", (ImagePart("image/png", "iVBORw0KGgo="), TextPart("Broken?"))),),
        BETTER,
        WORSE,
    ),
}
"""The same for preferences."""
