"""The Nova line, word for word, every rule of it broken once, and what AWS's pages show."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall
from tests.formats.drawing import chats

nova = get_format("bedrock-nova")
VERSION = "bedrock-conversation-2024"
USER = {"role": "user", "content": [{"text": "Which gear?"}]}
ANSWER = {"role": "assistant", "content": [{"text": "The small one."}]}
REASONING = {"reasoningContent": {"reasoningText": {"text": "Hm."}}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def use(ident: str = "c1", **more: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": ident, "name": "count", "input": {}} | more}


def result(ident: str = "c1", *content: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": ident, "content": list(content) or [{"text": "3"}]}}


def image(uri: str = "s3://shop/a.png", form: str = "png", **owner: str) -> dict[str, Any]:
    return {"image": {"format": form, "source": {"s3Location": {"uri": uri, **owner}}}}


def tool(name: str = "count", **more: Any) -> dict[str, Any]:
    spec = {"name": name, "description": "Counts", "inputSchema": {"json": {"type": "object"}}}
    return {"toolSpec": spec | more}


def config(*tools: Any) -> dict[str, Any]:
    return {"toolConfig": {"tools": list(tools) or [tool()]}}


def line(*messages: Any, **more: Any) -> bytes:
    return json.dumps({"schemaVersion": VERSION, **more, "messages": list(messages)}).encode()


def broken(*messages: Any, **more: Any) -> list[tuple[str, str]]:
    return [(one.rule, one.pointer) for one in nova.check(line(*messages, **more))]


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        messages=(
            Message("system", "You keep the stock."),
            Message("user", (TextPart("Left?"), ImagePart("image/jpeg", url="s3://shop/a.jpg"))),
            Message(
                "assistant",
                "A moment.",
                (ToolCall("c1", "count", {"z": 1, "a": ["ü"]}), ToolCall("c2", "count", {})),
                reasoning="I count.",
            ),
            Message("tool", '{"n":3}', tool_call_id="c1", name="count"),
            Message("tool", (TextPart("n"), TextPart("0")), tool_call_id="c2", name="count"),
            Message("user", "And?"),
            Message("assistant", "Three."),
        ),
        tools=(Tool("count", {"type": "object"}, "Counts parts"),),
    )
    assert json.loads(nova.encode(record)) == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "You keep the stock."}],
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "count",
                        "description": "Counts parts",
                        "inputSchema": {"json": {"type": "object"}},
                    }
                }
            ]
        },
        "messages": [
            {
                "role": "user",
                "content": [
                    {"text": "Left?"},
                    {
                        "image": {
                            "format": "jpeg",
                            "source": {"s3Location": {"uri": "s3://shop/a.jpg"}},
                        }
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "I count."}}},
                    {"text": "A moment."},
                    {
                        "toolUse": {
                            "toolUseId": "c1",
                            "name": "count",
                            "input": {"z": 1, "a": ["ü"]},
                        }
                    },
                    {"toolUse": {"toolUseId": "c2", "name": "count", "input": {}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "c1", "content": [{"text": '{"n":3}'}]}},
                    {"toolResult": {"toolUseId": "c2", "content": [{"text": "n"}, {"text": "0"}]}},
                    {"text": "And?"},
                ],
            },
            {"role": "assistant", "content": [{"text": "Three."}]},
        ],
    }
    assert nova.check(nova.encode(record)) == ()
    assert nova.decode(nova.encode(record)) == record


IMAGES = st.builds(
    ImagePart,
    mime_type=st.sampled_from([None, "image/webp"]),
    url=st.sampled_from(["s3://shop/a.png", "s3://shop/b/c.jpg"]),
    detail=st.sampled_from([None, "low"]),
)
IDS = st.text("abc_.:-", min_size=1, max_size=64)
OFFERED = tuple(Tool(name, {"type": "object"}, "Does it") for name in ("count", "list-all", "a_b"))


@given(record=chats(images=IMAGES, ids=IDS))
def test_what_fits_comes_back(record: ChatRecord) -> None:
    fitted = fit(replace(record, tools=OFFERED), nova.carries)
    if isinstance(fitted, Unfit):
        assert "weight" in fitted.reason or "trains on" in fitted.reason
        return
    written = nova.encode(fitted.record)
    rules = {one.rule for one in nova.check(written)}
    assert rules <= {"reserved-word", "call-id", "alternation", "call-without-result"}
    assert "call-id" in rules or nova.decode(written) == as_read(fitted.record)


def as_read(record: ChatRecord) -> ChatRecord:
    """A content of one text in parts is that text: all contents are lists in the line."""
    return replace(record, messages=tuple(map(of_one_text, record.messages)))


def of_one_text(message: Message) -> Message:
    match message.content:
        case (TextPart(text),):
            return replace(message, content=text)
        case _:
            return message


@pytest.mark.parametrize(
    "messages",
    [
        [USER, ANSWER],
        [USER, ANSWER, USER, ANSWER],
        [user({"text": "a"}, {"text": ""}, {"text": "b"}), ANSWER],
        [user(image(bucketOwner="123456789012"), {"text": ""}), ANSWER],
        [user(*[image()] * 10), ANSWER],
        [USER, assistant(REASONING, {"text": "a"}, {"text": "b"})],
        [USER, assistant(use())],
        [USER, assistant(REASONING, {"text": "a"}, use()), user(result()), ANSWER],
        [USER, assistant(use(), use("c2")), user(result("c2"), result(), {"text": "So?"}), ANSWER],
        [USER, assistant(use()), user({"text": "Here:"}, result(), {"text": "So?"}), ANSWER],
        [USER, assistant(use()), user(result("c1", {"json": {"n": 3}}, {"text": ""})), ANSWER],
        [user({"text": "The operating system is Linux, the user bob."}), ANSWER],
    ],
)
def test_accepted_lines(messages: Any) -> None:
    assert broken(*messages, **config()) == []
    record = nova.decode(line(*messages, **config()))
    fitted = fit(record, nova.carries)
    assert fitted == Fitted(record, ())
    assert nova.check(nova.encode(record)) == ()
    assert nova.decode(nova.encode(record)) == record


def test_system_texts_are_one_message_and_json_of_a_result_is_text() -> None:
    read = nova.decode(
        line(
            USER,
            assistant(use()),
            user(result("c1", {"json": {"n": [3, None]}})),
            ANSWER,
            system=[{"text": "Be"}, {"text": "brief."}],
            **config(),
        )
    )
    assert read.messages[0] == Message("system", (TextPart("Be"), TextPart("brief.")))
    assert read.messages[3] == Message("tool", '{"n":[3,null]}', tool_call_id="c1", name="count")
    assert nova.decode(line(USER, ANSWER, system=[])).messages[0].role == "user"


M = "/messages"
SPEC = "/toolConfig/tools/0/toolSpec"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], [("schema", M)]),
        ([USER], [("last-message", f"{M}/0/role")]),
        ([USER, ANSWER, USER], [("last-message", f"{M}/2/role")]),
        ([ANSWER, USER, ANSWER], [("first-message", f"{M}/0/role")]),
        ([USER, USER, ANSWER], [("alternation", f"{M}/1/role")]),
        ([USER, ANSWER, ANSWER], [("alternation", f"{M}/2/role")]),
        ([USER | {"role": "system"}, ANSWER], [("schema", f"{M}/0/role")]),
        ([USER | {"role": "User"}, ANSWER], [("schema", f"{M}/0/role")]),
        ([USER | {"content": "a"}, ANSWER], [("schema", f"{M}/0/content")]),
        ([USER | {"content": []}, ANSWER], [("schema", f"{M}/0/content")]),
        ([USER | {"name": "ann"}, ANSWER], [("schema", f"{M}/0")]),
        ([user({"text": None}), ANSWER], [("schema", f"{M}/0/content/0/text")]),
        ([user({}), ANSWER], [("schema", f"{M}/0/content/0")]),
        ([user(REASONING), ANSWER], [("schema", f"{M}/0/content/0")]),
        ([user(use()), ANSWER], [("schema", f"{M}/0/content/0")]),
        ([user({"video": {"format": "mp4"}}), ANSWER], [("schema", f"{M}/0/content/0")]),
        ([user({"text": "a", "document": {}}), ANSWER], [("schema", f"{M}/0/content/0")] * 2),
        ([user({"text": ""}), ANSWER], [("empty-text", f"{M}/0/content")]),
        ([USER, assistant({"text": ""})], [("empty-text", f"{M}/1/content")]),
        ([USER, assistant({"text": ""}, use())], [("empty-text", f"{M}/1/content")]),
        ([USER, assistant(REASONING)], [("schema", f"{M}/1/content")]),
        ([USER, assistant({"text": "a"}, image())], [("schema", f"{M}/1/content/1")]),
    ],
)
def test_broken_turns_are_refused_at_their_place(messages: Any, expected: Any) -> None:
    assert broken(*messages, **config()) == expected


def test_an_empty_text_beside_a_call_is_left_out() -> None:
    calls = (ToolCall("c1", "count", {}),)
    record = ChatRecord((Message("user", "Left?"), Message("assistant", "", calls)))
    fitted = fit(record, nova.carries)
    assert isinstance(fitted, Fitted)
    assert json.loads(nova.encode(fitted.record))["messages"][1] == assistant(use())


def test_only_the_user_shows_images() -> None:
    shown = (TextPart("This one."), ImagePart(url="s3://shop/a.png"))
    record = ChatRecord((Message("user", "Which?"), Message("assistant", shown)))
    assert fit(record, nova.carries) == Unfit("takes images in the user's turns alone")


WORDS = "System: SYSTEM: User: USER: Bot: BOT: Assistant: ASSISTANT: Thought: [EOS] <image> <video>"


@pytest.mark.parametrize("word", [*WORDS.split(), "<unk>"])
def test_a_reserved_word_is_found_in_every_text(word: str) -> None:
    text = {"text": f"a{word}b"}
    found = broken(
        user(text),
        assistant({"reasoningContent": {"reasoningText": text}}, text, use()),
        user(result("c1", {"json": {"n": 3}}, text)),
        ANSWER,
        system=[text],
        **config(),
    )
    assert found == [
        ("reserved-word", pointer)
        for pointer in (
            "/system/0/text",
            f"{M}/0/content/0/text",
            f"{M}/1/content/0/reasoningContent/reasoningText/text",
            f"{M}/1/content/1/text",
            f"{M}/2/content/0/toolResult/content/1/text",
        )
    ]


def test_all_reserved_words_of_a_text_are_told_once() -> None:
    (problem,) = nova.check(line(user({"text": "User: a User: b Bot: c user: d"}), ANSWER))
    assert problem.reason == "has the reserved User:, Bot:"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([USER, assistant(use()), ANSWER], [("alternation", f"{M}/2/role")]),
        (
            [USER, assistant(use()), USER, ANSWER],
            [("call-without-result", f"{M}/1/content/0/toolUse")],
        ),
        (
            [USER, assistant(use(), use("c2")), user(result("c2")), ANSWER],
            [("call-without-result", f"{M}/1/content/0/toolUse")],
        ),
        ([user(result()), ANSWER], [("orphan-result", f"{M}/0/content/0/toolResult/toolUseId")]),
        (
            [USER, assistant(use()), user(result(), result()), ANSWER],
            [("orphan-result", f"{M}/2/content/1/toolResult/toolUseId")],
        ),
        (
            [USER, assistant(use()), USER, ANSWER, user(result()), ANSWER],
            [
                ("call-without-result", f"{M}/1/content/0/toolUse"),
                ("orphan-result", f"{M}/4/content/0/toolResult/toolUseId"),
            ],
        ),
        (
            [USER, assistant(use()), user(result()), assistant(use()), user(result()), ANSWER],
            [("call-id", f"{M}/3/content/0/toolUse/toolUseId")],
        ),
        (
            [USER, assistant(use(name="sum"))],
            [("undeclared-tool", f"{M}/1/content/0/toolUse/name")],
        ),
        (
            [USER, assistant(use(), {"text": "a"})],
            [("block-order", f"{M}/1/content/1/text")],
        ),
        (
            [USER, assistant({"text": "a"}, REASONING)],
            [("block-order", f"{M}/1/content/1/reasoningContent")],
        ),
        (
            [USER, assistant(REASONING, REASONING, {"text": "a"})],
            [("block-order", f"{M}/1/content/1/reasoningContent")],
        ),
        ([USER, assistant(use("a b"))], [("schema", f"{M}/1/content/0/toolUse/toolUseId")]),
        ([USER, assistant(use("a" * 65))], [("schema", f"{M}/1/content/0/toolUse/toolUseId")]),
        ([USER, assistant(use(name="a.b"))], [("schema", f"{M}/1/content/0/toolUse/name")]),
        ([USER, assistant(use(input="{}"))], [("schema", f"{M}/1/content/0/toolUse/input")]),
        (
            [USER, assistant(use()), user(result("c1", {"json": [1]})), ANSWER],
            [("schema", f"{M}/2/content/0/toolResult/content/0/json")],
        ),
        ([USER, assistant({"text": "a"} | use())], [("schema", f"{M}/1/content/0")]),
        (
            [USER, assistant(use()), user(result("c1", {"text": "3", "json": {}})), ANSWER],
            [("schema", f"{M}/2/content/0/toolResult/content/0")],
        ),
        (
            [USER, assistant(use()), user(result("c1", {})), ANSWER],
            [("schema", f"{M}/2/content/0/toolResult/content/0")],
        ),
        (
            [USER, assistant(use()), user(result("c1", image())), ANSWER],
            [("schema", f"{M}/2/content/0/toolResult/content/0")],
        ),
    ],
)
def test_calls_and_their_results(messages: Any, expected: Any) -> None:
    assert broken(*messages, **config()) == expected


def test_without_tools_on_offer_no_call_is_declared() -> None:
    assert broken(USER, assistant(use())) == [("undeclared-tool", f"{M}/1/content/0/toolUse/name")]


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        ([tool(), tool("list"), tool()], [("tool-name", "/toolConfig/tools/2/toolSpec/name")]),
        ([tool("a b")], [("schema", f"{SPEC}/name")]),
        ([tool(description=" ")], [("schema", f"{SPEC}/description")]),
        ([tool(inputSchema={"json": {}})], [("schema", f"{SPEC}/inputSchema/json")]),
        ([tool(strict=True)], [("schema", SPEC)]),
        (
            [tool(inputSchema={"json": {"type": "OBJECT"}})],
            [("input-schema", f"{SPEC}/inputSchema/json/type")],
        ),
        (
            [tool(inputSchema={"json": {"type": "object", "properties": {"a/b": 1}}})],
            [("input-schema", f"{SPEC}/inputSchema/json/properties/a~1b")],
        ),
        ([tool(inputSchema={"json": {"type": "array", "items": [{"type": "string"}]}})], []),
        (
            [tool(inputSchema={"json": {"type": "object", "$schema": "http://127.0.0.1:9/x"}})],
            [],
        ),
    ],
)
def test_tools_on_offer(tools: Any, expected: Any) -> None:
    assert broken(USER, ANSWER, **config(*tools)) == expected


def test_a_tool_needs_a_description() -> None:
    undescribed = tool()
    del undescribed["toolSpec"]["description"]
    assert broken(USER, ANSWER, **config(undescribed)) == [("schema", SPEC)]
    record = ChatRecord((Message("user", "a"), Message("assistant", "b")), (Tool("a", {}),))
    assert {one.pointer for one in nova.check(nova.encode(record))} == {
        SPEC,
        f"{SPEC}/inputSchema/json",
    }


LOCATION = f"{M}/0/content/0/image/source/s3Location"


@pytest.mark.parametrize(
    ("block", "pointer"),
    [
        (image(form="jpg"), f"{M}/0/content/0/image/format"),
        (image("https://shop/a.png"), f"{LOCATION}/uri"),
        (image("s3://shop"), f"{LOCATION}/uri"),
        (image("s3://Shop/a.png"), f"{LOCATION}/uri"),
        (image("s3://shop/a b.png"), f"{LOCATION}/uri"),
        (image("s3://shop/ü.png"), f"{LOCATION}/uri"),
        (image("s3://shop/a.png\n"), f"{LOCATION}/uri"),
        (image(f"s3://shop/{'a' * 1024}"), f"{LOCATION}/uri"),
        (image(bucketOwner="me"), f"{LOCATION}/bucketOwner"),
        ({"image": {"format": "png", "source": {"bytes": "AAAA"}}}, None),
    ],
)
def test_images_lie_in_s3(block: Any, pointer: str | None) -> None:
    found = broken(user(block), ANSWER)
    if pointer is None:
        assert {one for _, one in found} == {f"{M}/0/content/0/image/source"}
    else:
        assert found == [("schema", pointer)]


def test_an_eleventh_image_is_too_many() -> None:
    found = broken(user(*[image()] * 6), ANSWER, user(*[image()] * 6), ANSWER)
    assert found == [("images", f"{M}/2/content/4/image")]


def test_the_images_of_a_file_lie_in_one_bucket() -> None:
    assert nova.across is not None
    judge = nova.across()
    lines = [
        line(USER, ANSWER),
        line(user(image()), ANSWER),
        line(user(image("s3://shop/b/c.png"), image("s3://stall/a.png")), ANSWER),
    ]
    found = [list(judge(json.loads(one))) for one in lines]
    assert [[(one.rule, one.pointer) for one in some] for some in found] == [
        [],
        [],
        [("bucket", f"{M}/0/content/1/image/source/s3Location/uri")],
    ]
    assert found[2][0].reason == (
        "lies in another bucket than shop, where the file's first image lies"
    )
    assert not list(nova.across()(json.loads(lines[2].replace(b"stall", b"shop"))))


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"system": "Be brief."}, "/system"),
        ({"system": [{"text": ""}]}, "/system/0/text"),
        ({"system": [{"text": "a", "cachePoint": {}}]}, "/system/0"),
        ({"toolConfig": {"tools": []}}, "/toolConfig/tools"),
        ({"toolConfig": {"tools": [tool()], "toolChoice": {"auto": {}}}}, "/toolConfig"),
        ({"schemaVersion": "2024"}, "/schemaVersion"),
        ({"id": "1"}, ""),
    ],
)
def test_what_stands_beside_the_messages(more: dict[str, Any], pointer: str) -> None:
    body = {"schemaVersion": VERSION, "messages": [USER, ANSWER]} | more
    found = nova.check(json.dumps(body).encode())
    assert [(one.rule, one.pointer) for one in found] == [("schema", pointer)]


def test_a_version_is_needed() -> None:
    found = nova.check(json.dumps({"messages": [USER, ANSWER]}).encode())
    assert [(one.rule, one.pointer) for one in found] == [("schema", "")]


def test_reasons_are_for_people() -> None:
    (problem,) = nova.check(line(user({"video": {}}), ANSWER))
    assert problem.reason == (
        "is no block with one of text, image and toolResult, which the user's turn takes (trainset "
        "has no place for videos and documents)"
    )


WEATHER = """
{"schemaVersion": "bedrock-conversation-2024",
 "system": [{"text": "You are an expert in composing function calls."}],
 "toolConfig": {"tools": [{"toolSpec": {"name": "getItemAvailability",
   "description": "Retrieve whether an item is available in a given location",
   "inputSchema": {"json": {"type": "object", "properties": {
     "zipcode": {"type": "string", "description": "The zipcode of the location to check in"},
     "quantity": {"type": "integer"}, "item_id": {"type": "string"}},
     "required": ["item_id", "zipcode"]}}}}]},
 "messages": [
  {"role": "user", "content": [{"text": "Are there twenty pieces of id-123 near 94086?"}]},
  {"role": "assistant", "content": [
    {"reasoningContent": {"reasoningText": {"text": "The user wants to check the stock"}}},
    {"toolUse": {"toolUseId": "getItemAvailability_0", "name": "getItemAvailability",
      "input": {"zipcode": "94086", "quantity": 20, "item_id": "id-123"}}}]},
  {"role": "user", "content": [{"toolResult": {"toolUseId": "getItemAvailability_0", "content":
    [{"text": "[{\\"results\\": {\\"availability\\": true}}]"}]}}]},
  {"role": "assistant", "content": [{"text": "Yes, there are twenty pieces."}]}]}
"""
PICTURE = """
{"schemaVersion": "bedrock-conversation-2024",
 "system": [{"text": "You are a helpful assistant."}],
 "messages": [
  {"role": "user", "content": [
    {"image": {"format": "jpeg", "source": {"s3Location": {
      "uri": "s3://your-bucket/your-path/your-image.jpg", "bucketOwner": "123456789012"}}}},
    {"text": "Which country is highlighted in the image?"}]},
  {"role": "assistant", "content": [
    {"reasoningContent": {"reasoningText": {"text": "I will examine its location on the map"}}},
    {"text": "The highlighted country is New Zealand"}]}]}
"""


@pytest.mark.parametrize("example", [WEATHER, PICTURE], ids=["tools", "image"])
def test_lines_in_the_shape_of_the_guide_are_accepted(example: str) -> None:
    assert nova.check(example.encode()) == ()
    assert fit(nova.decode(example.encode()), nova.carries) == Fitted(
        nova.decode(example.encode()), ()
    )
