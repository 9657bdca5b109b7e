"""The Gemini tuning line, word for word, and every rule of it broken once."""

import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall
from tests.formats.drawing import chats

gemini = get_format("gemini")
C = "/contents"
USER: dict[str, Any] = {"role": "user", "parts": [{"text": "Which gear?"}]}
MODEL: dict[str, Any] = {"role": "model", "parts": [{"text": "The small one."}]}
IMAGE = {"fileData": {"mimeType": "image/png", "fileUri": "gs://shop/a.png"}}
COUNT = {"name": "count", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}


def calling(*names: str, **call: Any) -> dict[str, Any]:
    parts = [{"functionCall": {"name": name, "args": {}} | call} for name in names]
    return {"role": "model", "parts": parts}


def answer(*names: str, role: str | None = "user", **response: Any) -> dict[str, Any]:
    parts = [
        {"functionResponse": {"name": name, "response": {"output": "3"}} | response}
        for name in names
    ]
    return {"parts": parts} | ({} if role is None else {"role": role})


def asking(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "parts": list(parts)}, MODEL]


def broken(contents: Any, **line: Any) -> list[tuple[str, str]]:
    problems = gemini.check(json.dumps({"contents": contents, **line}).encode())
    assert all(gemini.rule(problem.rule).says for problem in problems)
    return [(problem.rule, problem.pointer) for problem in problems]


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        messages=(
            Message("system", "You keep the stock."),
            Message("user", (TextPart("Left?"), ImagePart("image/jpeg", url="https://x.y/a.jpg"))),
            Message(
                "assistant",
                "One moment.",
                (ToolCall("call_1", "count", {"z": 1, "a": ["ü"]}), ToolCall("call_2", "list", {})),
            ),
            Message("tool", '{"n":3}', tool_call_id="call_1", name="count"),
            Message("tool", "none", tool_call_id="call_2", name="list"),
            Message("assistant", "Three."),
        ),
        tools=(
            Tool("count", {"type": "object", "properties": {"z": {"type": ["number", "null"]}}}),
            Tool("list", {"type": "object", "properties": {}}, "Lists parts"),
        ),
    )
    assert json.loads(gemini.encode(record)) == {
        "systemInstruction": {"role": "system", "parts": [{"text": "You keep the stock."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "Left?"},
                    {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.y/a.jpg"}},
                ],
            },
            {
                "role": "model",
                "parts": [
                    {"text": "One moment."},
                    {"functionCall": {"name": "count", "args": {"z": 1, "a": ["ü"]}}},
                    {"functionCall": {"name": "list", "args": {}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "count", "response": {"n": 3}}},
                    {"functionResponse": {"name": "list", "response": {"output": "none"}}},
                ],
            },
            {"role": "model", "parts": [{"text": "Three."}]},
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "count",
                        "parameters": {
                            "type": "OBJECT",
                            "properties": {"z": {"type": "NUMBER", "nullable": True}},
                        },
                    },
                    {"name": "list", "description": "Lists parts"},
                ]
            }
        ],
    }
    assert gemini.check(gemini.encode(record)) == ()
    assert gemini.decode(gemini.encode(record)) == record


def test_fitting_names_every_rewrite() -> None:
    schema = {"$ref": "#/$defs/P", "$defs": {"P": {"properties": {"a": {"const": 1}}}}}
    record = ChatRecord(
        (
            Message("user", (TextPart("Ty"), TextPart("res?"))),
            Message("assistant", "", (ToolCall("x", "count", {}), ToolCall("y", "count", {}))),
            Message("tool", '{"n": 3}', tool_call_id="y"),
            Message("tool", "4", tool_call_id="x"),
            Message("assistant", "Three.", weight=1),
        ),
        (Tool("count", schema),),
    )
    fitted = fit(record, gemini.carries)
    assert isinstance(fitted, Fitted)
    assert set(fitted.rewrites) == {
        "parts_joined",
        "empty_texts_dropped",
        "calls_numbered",
        "results_ordered",
        "results_named",
        "results_compacted",
        "weights_dropped",
        "schemas_rewritten",
    }
    calls = ToolCall("call_1", "count", {}), ToolCall("call_2", "count", {})
    assert fitted.record.messages == (
        Message("user", "Tyres?"),
        Message("assistant", None, calls),
        Message("tool", "4", tool_call_id="call_1", name="count"),
        Message("tool", '{"n":3}', tool_call_id="call_2", name="count"),
        Message("assistant", "Three."),
    )
    assert gemini.check(gemini.encode(fitted.record)) == ()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Message("user", (ImagePart("image/png", "AAAA"),)), "takes no image from data"),
        (
            Message("assistant", (ImagePart("image/png", url="gs://a/b.png"),)),
            "takes images in the user's turns alone",
        ),
        (
            Message("user", (ImagePart(url="https://example.com/a"),)),
            "has to be told an image's MIME type",
        ),
        (Message("assistant", "a", weight=0), "cannot leave a turn out of the training (weight 0)"),
    ],
)
def test_what_has_no_place_is_refused(message: Message, reason: str) -> None:
    assert fit(ChatRecord((message,)), gemini.carries) == Unfit(reason)


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("none", {"output": "none"}),
        ("", {"output": ""}),
        ("3", {"output": "3"}),
        ("[1]", {"output": "[1]"}),
        ('{"n":3}', {"n": 3}),
        ('{"n": 3}', {"output": '{"n": 3}'}),
        ("{}", {}),
        ('{"output":"x"}', {"output": {"output": "x"}}),
        ('{"output":{"n":3}}', {"output": {"output": {"n": 3}}}),
        ('{"output":"x","n":3}', {"output": "x", "n": 3}),
        ('{"error":"none"}', {"error": "none"}),
        ('{"a":1,"a":2}', {"output": '{"a":1,"a":2}'}),
        ('{"a":', {"output": '{"a":'}),
    ],
)
def test_what_a_tool_gave_back_is_an_object_and_comes_back_as_it_was(
    text: str, response: dict[str, Any]
) -> None:
    record = ChatRecord(
        (
            Message("user", "Tyres?"),
            Message("assistant", None, (ToolCall("call_1", "count", {}),)),
            Message("tool", text, tool_call_id="call_1", name="count"),
            Message("assistant", "Three."),
        )
    )
    line = gemini.encode(record)
    assert json.loads(line)["contents"][2]["parts"][0]["functionResponse"]["response"] == response
    assert gemini.check(line) == ()
    assert gemini.decode(line) == record


# The examples of Google's pages on tuning, in their shape.
PAGES: dict[str, dict[str, Any]] = {
    "text": {
        "systemInstruction": {"role": "system", "parts": [{"text": "You are a pirate dog."}]},
        "contents": [USER, MODEL, USER, MODEL],
    },
    "function calling, a single text": {
        "system_instruction": {"role": "system", "parts": [{"text": "You help."}]},
        "contents": [USER, calling("count")],
        "tools": [{"functionDeclarations": [COUNT, {"name": "list", "description": "Lists"}]}],
    },
    "function calling, a chat session": {
        "system_instruction": {"role": "system", "parts": [{"text": "You help."}]},
        "contents": [USER, calling("count"), answer("count", role=None), MODEL],
        "tools": [{"functionDeclarations": [COUNT]}],
    },
    "function calling, in parallel": {
        "contents": [USER, calling("count", "list")],
        "tools": [{"functionDeclarations": [COUNT]}],
    },
    "image": {
        "contents": asking(IMAGE, {"text": "Broken?"}),
        "generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"},
    },
    "resolution by part": {
        "contents": asking(
            IMAGE | {"mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"}}, {"text": "Broken?"}
        ),
        "generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"},
    },
    "video": {
        "contents": asking(
            {
                "fileData": {"fileUri": "gs://shop/a.mp4", "mimeType": "video/mp4"},
                "videoMetadata": {"startOffset": "5s", "endOffset": "25s"},
            },
            {"text": "Which animal?"},
        )
    },
    "document": {
        "contents": asking({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://a/b.pdf"}})
    },
}


@pytest.mark.parametrize("line", PAGES.values(), ids=PAGES.keys())
def test_the_examples_of_googles_pages_are_accepted(line: dict[str, Any]) -> None:
    assert gemini.check(json.dumps(line).encode()) == ()


@pytest.mark.parametrize("kind", ["video", "document"])
def test_a_file_that_is_no_image_is_read_and_refused_by_name(kind: str) -> None:
    record = gemini.decode(json.dumps(PAGES[kind]).encode())
    refused = fit(record, gemini.carries)
    assert isinstance(refused, Unfit)
    assert refused.reason.startswith("takes no image of type ")


def test_parts_of_the_system_instruction_are_system_messages() -> None:
    system = {"parts": [{"text": "You help."}, {"text": "Be brief."}]}
    line = json.dumps({"systemInstruction": system, "contents": [USER, MODEL]}).encode()
    record = gemini.decode(line)
    assert record.messages[:2] == (Message("system", "You help."), Message("system", "Be brief."))
    fitted = fit(record, gemini.carries)
    assert isinstance(fitted, Fitted)
    assert fitted.rewrites == ("systems_joined",)


@pytest.mark.parametrize(
    "contents",
    [
        [USER, calling("count"), answer("count", role=None), MODEL],
        [USER, calling("count", "list"), answer("list", "count"), MODEL],
        [USER, calling("count", "list"), answer("list"), answer("count"), MODEL],
        [USER, calling("count"), answer("count"), calling("count"), answer("count"), MODEL],
        [USER, calling("count"), answer("count"), USER, MODEL],
        [USER, {"role": "model", "parts": [{"functionCall": {"name": "count"}}]}],
        [USER, {"role": "model", "parts": [{"text": "a"}, *calling("count")["parts"]]}],
        asking(*[IMAGE] * 30),
        asking({"file_data": {"mime_type": "image/webp", "file_uri": "https://x.y/z"}}),
        asking({"text": "a"}, {"text": "b"}),
    ],
)
def test_accepted_lines(contents: Any) -> None:
    assert broken(contents) == []
    line = json.dumps({"contents": contents}).encode()
    record = gemini.decode(line)
    fitted = fit(record, gemini.carries)
    assert isinstance(fitted, Fitted)
    again = gemini.encode(fitted.record)
    assert gemini.check(again) == ()
    assert gemini.decode(again) == fitted.record


def test_a_line_in_snake_case_is_the_same_record() -> None:
    camel = {
        "systemInstruction": {"parts": [{"text": "You help."}]},
        "contents": [*asking(IMAGE), USER, calling("count"), answer("count"), MODEL],
        "tools": [{"functionDeclarations": [COUNT]}],
    }
    snake = (
        json.dumps(camel)
        .replace("systemInstruction", "system_instruction")
        .replace("fileData", "file_data")
        .replace("mimeType", "mime_type")
        .replace("fileUri", "file_uri")
        .replace("functionCall", "function_call")
        .replace("functionResponse", "function_response")
        .replace("functionDeclarations", "function_declarations")
    ).encode()
    assert gemini.check(snake) == ()
    assert gemini.decode(snake) == gemini.decode(json.dumps(camel).encode())


def test_responses_are_told_to_their_calls_by_name_and_order() -> None:
    contents = [USER, calling("count", "list", "count"), answer("list", "count", "count"), MODEL]
    record = gemini.decode(json.dumps({"contents": contents}).encode())
    assert [message.tool_call_id for message in record.messages[2:5]] == [
        "call_2",
        "call_1",
        "call_3",
    ]


def test_a_schema_as_it_is_becomes_the_parameters() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "$schema": "x"}
    tools = [{"functionDeclarations": [{"name": "count", "parametersJsonSchema": schema}]}]
    line = json.dumps({"contents": [USER, MODEL], "tools": tools}).encode()
    assert gemini.check(line) == ()
    assert gemini.decode(line).tools == (Tool("count", schema),)


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ("x", [("schema", C)]),
        ([], [("schema", C)]),
        ([USER], [("last-message", f"{C}/0")]),
        ([USER, MODEL, USER], [("last-message", f"{C}/2")]),
        ([MODEL], [("first-turn", f"{C}/0/role")]),
        (
            [answer("count", role=None), MODEL],
            [("first-turn", f"{C}/0"), ("orphan-response", f"{C}/0/parts/0/functionResponse/name")],
        ),
        ([USER, USER, MODEL], [("alternation", f"{C}/1/role")]),
        ([USER, MODEL, MODEL], [("alternation", f"{C}/2/role")]),
        ([{"role": "assistant", "parts": [{"text": "a"}]}, MODEL], [("schema", f"{C}/0/role")]),
        (
            [USER, calling("count"), answer("count", role="function"), MODEL],
            [("schema", f"{C}/2/role")],
        ),
        (
            [{"parts": [{"text": "a"}]}, MODEL],
            [("schema", f"{C}/0/parts/0")],
        ),
        ([{"role": "user"}, MODEL], [("schema", f"{C}/0")]),
        ([{"role": "user", "parts": []}, MODEL], [("schema", f"{C}/0/parts")]),
        ([USER | {"weight": 1}, MODEL], [("schema", f"{C}/0")]),
        (asking({"text": ""}), [("schema", f"{C}/0/parts/0/text")]),
        (asking({"text": 3}), [("schema", f"{C}/0/parts/0/text")]),
        ([USER, {"role": "model", "parts": [IMAGE]}], [("schema", f"{C}/1/parts/0")]),
        (
            asking({"fileData": {"fileUri": "gs://a/b.png"}}),
            [("schema", f"{C}/0/parts/0/fileData")],
        ),
        (
            asking({"fileData": {"mimeType": "image/gif", "fileUri": "gs://a/b.gif"}}),
            [("schema", f"{C}/0/parts/0/fileData/mimeType")],
        ),
        (
            asking({"fileData": {"mimeType": "image/png", "fileUri": "a.png"}}),
            [("schema", f"{C}/0/parts/0/fileData/fileUri")],
        ),
        (asking(IMAGE | {"text": "a"}), [("schema", f"{C}/0/parts/0")]),
        (
            asking({"text": "a", "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"}}),
            [("schema", f"{C}/0/parts/0")],
        ),
        (asking(*[IMAGE] * 32), [("images", f"{C}/0/parts/30")]),
        (
            [USER, calling("count", args="{}")],
            [("schema", f"{C}/1/parts/0/functionCall/args")],
        ),
        ([USER, calling("count", id="1")], [("schema", f"{C}/1/parts/0/functionCall")]),
        ([USER, calling("2count")], [("schema", f"{C}/1/parts/0/functionCall/name")]),
        (
            [USER, calling("count"), answer("count", response="3"), MODEL],
            [("schema", f"{C}/2/parts/0/functionResponse/response")],
        ),
        (
            [USER, calling("count"), answer("list"), MODEL],
            [
                ("orphan-response", f"{C}/2/parts/0/functionResponse/name"),
                ("call-without-response", f"{C}/1/parts/0"),
            ],
        ),
        (
            [USER, calling("count", "count"), answer("count"), MODEL],
            [("call-without-response", f"{C}/1/parts/1")],
        ),
        (
            [USER, calling("count"), USER, MODEL],
            [("call-without-response", f"{C}/1/parts/0")],
        ),
        (
            [USER, calling("count", "list"), answer("count")],
            [("last-message", f"{C}/2"), ("call-without-response", f"{C}/1/parts/1")],
        ),
        (
            [
                USER,
                calling("count"),
                {"role": "user", "parts": [*answer("count")["parts"], {"text": "And?"}]},
                MODEL,
            ],
            [("response-apart", f"{C}/2/parts/1")],
        ),
        (
            [USER, calling("count", args={"a": [{"id": 123456789012345678901}]})],
            [("exact-number", f"{C}/1/parts/0/functionCall/args")],
        ),
        (
            [USER, calling("count"), answer("count", response={"id": 2**53 + 1}), MODEL],
            [("exact-number", f"{C}/2/parts/0/functionResponse/response")],
        ),
        (
            [USER, calling("count", args={"a": 10**400})],
            [("exact-number", f"{C}/1/parts/0/functionCall/args")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(contents: Any, expected: Any) -> None:
    assert broken(contents) == expected


@pytest.mark.parametrize("number", [2**53, -(2**53), 2**60, True, 1.5, 0])
def test_numbers_that_a_float_holds_are_accepted(number: float) -> None:
    assert broken([USER, calling("count", args={"a": number})]) == []


def declared(**declaration: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", **declaration}]}]}


def typed(**schema: Any) -> dict[str, Any]:
    return declared(parameters={"type": "OBJECT", "properties": {"a": schema}})


D = "/tools/0/functionDeclarations"
A = f"{D}/0/parameters/properties/a"


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"tools": []}, "/tools"),
        ({"tools": [{"functionDeclarations": [COUNT]}] * 2}, "/tools"),
        ({"tools": [{}]}, "/tools/0"),
        ({"tools": [{"googleSearch": {}}]}, "/tools/0"),
        ({"tools": [{"functionDeclarations": []}]}, D),
        ({"tools": [{"functionDeclarations": [{"name": "f"}] * 129}]}, D),
        (declared(name="a b"), f"{D}/0/name"),
        (declared(strict=True), f"{D}/0"),
        (declared(parameters={"properties": {}}), f"{D}/0/parameters"),
        (declared(parameters={"type": "STRING"}), f"{D}/0/parameters/type"),
        (declared(parameters={"type": "OBJECT"}, parametersJsonSchema={}), f"{D}/0"),
        (typed(type="NULL"), f"{A}/type"),
        (typed(type=["string", "null"]), f"{A}/type"),
        (typed(type="STRING", enum=[1]), f"{A}/enum/0"),
        (typed(**{"$ref": "#/x"}), A),
        (typed(type="ARRAY", items={"const": 1}), f"{A}/items"),
        (typed(type="ARRAY", minItems=1, min_items=1), A),
        ({"toolConfig": {"mode": "ANY"}}, "/toolConfig"),
        ({"generationConfig": {"temperature": 0}}, "/generationConfig"),
        (
            {"generationConfig": {"mediaResolution": "LOW"}},
            "/generationConfig/mediaResolution",
        ),
        ({"systemInstruction": {"parts": [IMAGE]}}, "/systemInstruction/parts/0"),
        ({"systemInstruction": {"parts": [{"text": ""}]}}, "/systemInstruction/parts/0/text"),
        (
            {
                "systemInstruction": {"parts": [{"text": "a"}]},
                "system_instruction": {"parts": [{"text": "a"}]},
            },
            "",
        ),
        ({"model": "gemini-2.5-flash"}, ""),
    ],
)
def test_what_stands_beside_the_contents(more: dict[str, Any], pointer: str) -> None:
    assert set(broken([USER, MODEL], **more)) == {("schema", pointer)}


def test_reasons_are_for_people() -> None:
    line = json.dumps({"contents": [USER, calling("count", id="1")]}).encode()
    (problem,) = gemini.check(line)
    assert problem.reason == "takes name and args, an object; a call has no id here"


def test_the_lines_of_a_file_have_one_media_resolution() -> None:
    assert gemini.across is not None
    judge = gemini.across()
    low: dict[str, Any] = {"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"}}
    snake: dict[str, Any] = {"generation_config": {"media_resolution": "MEDIA_RESOLUTION_LOW"}}
    assert list(judge(low)) == []
    assert list(judge(snake)) == []
    (problem,) = judge({})
    assert problem.rule in gemini.rules
    assert problem.reason == "asks for None, the first line for MEDIA_RESOLUTION_LOW"
    assert list(gemini.across()({})) == []


FIELDS = ["role", "text", "id", "thought", "mediaResolution", "tools", "a"]
LINES = [
    *PAGES.values(),
    {"contents": asking(IMAGE, {"text": "a"})},
    {"contents": [USER, calling("count", "list"), answer("list", "count"), MODEL], **declared()},
]
VALUES = st.sampled_from(
    [None, True, 0, 1.5, 2**60, "", "x", "user", "model", "OBJECT", [], {}, {"text": "a"}, IMAGE]
).map(deepcopy)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good line with up to three of its values changed, dropped, doubled or added to."""
    line = deepcopy(draw(st.sampled_from(LINES)))
    for _ in range(draw(st.integers(0, 3))):
        places = list(places_of(line))
        if not places:
            break
        within, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["set", "drop", "twice", "add"])):
            case "set":
                within[key] = draw(VALUES)
            case "drop":
                del within[key]
            case "twice" if isinstance(within, list):
                within.insert(key, deepcopy(within[key]))
            case _ if isinstance(within, dict):
                within[draw(st.sampled_from(FIELDS))] = draw(VALUES)
    return line


def places_of(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places_of(value[key])


@given(mutated())
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if gemini.check(data):
        return
    record = gemini.decode(data)
    fitted = fit(record, gemini.carries)
    if isinstance(fitted, Unfit):
        assert fitted.reason.startswith("takes no image of type ")
        return
    again = gemini.encode(fitted.record)
    assert gemini.check(again) == ()
    assert gemini.decode(again) == fitted.record


AT_ADDRESSES = st.sampled_from(
    [
        ImagePart(url="gs://shop/a.png"),
        ImagePart("image/heic", url="https://x.example/b", detail="low"),
        ImagePart("image/JPG", url="gs://shop/c"),
    ]
)


@st.composite
def out_of_order(draw: st.DrawFn) -> ChatRecord:
    """A conversation with images at addresses, where results may have changed places."""
    record = draw(chats(images=AT_ADDRESSES))
    messages: list[Message] = []
    for is_result, group in groupby(record.messages, lambda message: message.role == "tool"):
        together = list(group)
        messages += draw(st.permutations(together)) if is_result else together
    return replace(record, messages=tuple(messages))


@given(chats() | out_of_order())
def test_a_record_that_fits_comes_back(record: ChatRecord) -> None:
    fitted = fit(record, gemini.carries)
    if isinstance(fitted, Unfit):
        return
    line = gemini.encode(fitted.record)
    problems = gemini.check(line)
    assert {problem.rule for problem in problems} <= {"schema", "alternation"}
    assert gemini.decode(line) == fitted.record
    assert fit(fitted.record, gemini.carries) == Fitted(fitted.record, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.just("x"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from(["output", "error", "n"]), JSON, max_size=2)


@given(OBJECTS, st.sampled_from([None, 1]), st.sampled_from(["%s", " %s", "%s.", "[%s]"]))
def test_any_object_that_a_tool_gave_back_comes_back(
    value: dict[str, Any], indent: int | None, frame: str
) -> None:
    text = frame % json.dumps(value, indent=indent)
    record = ChatRecord(
        (
            Message("user", "Tyres?"),
            Message("assistant", None, (ToolCall("call_1", "count", value),)),
            Message("tool", text, tool_call_id="call_1"),
            Message("assistant", "Three."),
        )
    )
    fitted = fit(record, gemini.carries)
    assert isinstance(fitted, Fitted)
    line = gemini.encode(fitted.record)
    assert gemini.check(line) == ()
    assert gemini.decode(line) == fitted.record
