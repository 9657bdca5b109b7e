"""Safe repairs: each makes a refused line good, none changes a word that is trained."""

import json
from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import FORMATS, Format, get_format
from pipeline.formats.judging import LineJudge, mend_line
from tests.formats.mutations import good_lines, mutations

MENDING = {name: form for name, form in FORMATS.items() if form.mends}
EVERY = pytest.mark.parametrize("form", MENDING.values(), ids=MENDING.keys())
KEYS = [
    *("messages", "role", "content", "tool_calls", "function", "arguments", "name", "tools", "id"),
    *("input", "preferred_output", "type", "tool_call_id", "weight", "contents", "parts", "system"),
    *("text", "prompt", "completion", "chosen"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["tool", "assistant"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)

SYSTEM = {"role": "system", "content": "Be."}
USER = {"role": "user", "content": "Which gear?"}
ANSWER = {"role": "assistant", "content": "The small one."}
WORSE = {"role": "assistant", "content": "Any."}
CALL = {"id": "c1", "type": "function", "function": {"name": "count", "arguments": '{"a":1}'}}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "3"}
TOOL = {
    "type": "function",
    "function": {"name": "count", "description": "Counts", "parameters": {"type": "object"}},
}


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def pair(*prompt: dict[str, Any], better: Any = ANSWER, worse: Any = WORSE) -> dict[str, Any]:
    return {
        "input": {"messages": list(prompt)},
        "preferred_output": [better],
        "non_preferred_output": [worse],
    }


def calling(**call: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": [CALL | call]}


def blocks(role: str, *texts: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": text} for text in texts]}


NOVA: dict[str, Any] = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [blocks("user", "Which gear?"), blocks("assistant", "The small one.")],
}
SPEC = {"name": "f", "description": "F", "inputSchema": {"json": {"type": "object"}}}


def nova_calling(asked: Any) -> dict[str, Any]:
    use = {"toolUseId": "c1", "name": "f", "input": asked}
    return NOVA | {
        "messages": [
            blocks("user", "Which gear?"),
            {"role": "assistant", "content": [{"toolUse": use}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": SPEC}]},
    }


TEXT = {"text": "Which gear?"}
ASKED = {"role": "user", "parts": [TEXT]}
MODEL = {"role": "model", "parts": [{"text": "The small one."}]}
F = {"name": "f", "description": "F", "parameters": {"type": "OBJECT", "properties": {}}}
G = F | {"name": "g"}


def gemini(*asked: Any, answer: Any = MODEL, after: Any = None) -> dict[str, Any]:
    return {"contents": [*(asked or (ASKED,)), answer, *([after] if after else [])]}


GEMINI_TWO = gemini(ASKED, MODEL, ASKED)


def gemini_calling(arguments: Any) -> dict[str, Any]:
    call = {"functionCall": {"name": "f", "args": arguments}}
    line = gemini(answer={"role": "model", "parts": [call]})
    return line | {"tools": [{"functionDeclarations": [F]}]}


def gemini_pair(role: str) -> dict[str, Any]:
    better, worse = ({"role": role, "parts": [{"text": text}]} for text in ("a", "b"))
    scored = [{"score": 1, "completion": better}, {"score": 0, "completion": worse}]
    return {"contents": [ASKED], "completions": scored}


NINE = "aaaaaaaa1"
MISTRAL_CALL = {"role": "assistant", "tool_calls": [CALL | {"id": NINE}]}
MISTRAL_RESULT = RESULT | {"tool_call_id": NINE}
CASES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "openai",
        "nulls_dropped",
        chat(USER | {"name": None}, ANSWER | {"tool_calls": None, "refusal": None}, tools=None),
        chat(USER, ANSWER),
    ),
    ("openai", "nulls_dropped", chat(USER, ANSWER | {"tool_calls": []}), chat(USER, ANSWER)),
    (
        "openai",
        "nulls_dropped",
        chat(
            {"role": "user", "content": [{"type": "text", "text": "a", "image_url": None}]}, ANSWER
        ),
        chat({"role": "user", "content": [{"type": "text", "text": "a"}]}, ANSWER),
    ),
    (
        "openai",
        "types_added",
        chat(
            USER,
            {"role": "assistant", "tool_calls": [{k: CALL[k] for k in ("id", "function")}]},
            tools=[{"function": TOOL["function"]}],
        ),
        chat(
            USER,
            {
                "role": "assistant",
                "tool_calls": [{"id": "c1", "function": CALL["function"], "type": "function"}],
            },
            tools=[{"function": TOOL["function"], "type": "function"}],
        ),
    ),
    (
        "openai",
        "calls_nested",
        chat(
            USER,
            {"role": "assistant", "tool_calls": [{"id": "c1", "name": "f", "arguments": "{}"}]},
        ),
        chat(USER, calling(function={"name": "f", "arguments": "{}"})),
    ),
    (
        "openai",
        "tools_nested",
        chat(USER, ANSWER, tools=[{"type": "function", "name": "f", "parameters": {}}]),
        chat(
            USER, ANSWER, tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}]
        ),
    ),
    (
        "openai",
        "arguments_as_text",
        chat(USER, calling(function={"name": "f", "arguments": {"a": ["ü", 1.5]}})),
        chat(USER, calling(function={"name": "f", "arguments": '{"a":["ü",1.5]}'})),
    ),
    (
        "openai",
        "results_as_text",
        chat(USER, CALLING, RESULT | {"content": {"n": 3}}, ANSWER),
        chat(USER, CALLING, RESULT | {"content": '{"n":3}'}, ANSWER),
    ),
    (
        "openai",
        "weights_as_numbers",
        chat(USER, ANSWER | {"weight": False}, USER, ANSWER | {"weight": True}),
        chat(USER, ANSWER | {"weight": 0}, USER, ANSWER | {"weight": 1}),
    ),
    (
        "openai",
        "roles_renamed",
        chat({"role": "developer", "content": "Be brief."}, USER, ANSWER),
        chat({"role": "system", "content": "Be brief."}, USER, ANSWER),
    ),
    ("openai", "unknown_keys_dropped", chat(USER, ANSWER, id=7, meta={}), chat(USER, ANSWER)),
    (
        "openai",
        "weights_of_others_dropped",
        chat(USER | {"weight": 0}, ANSWER),
        chat(USER, ANSWER),
    ),
    (
        "openai",
        "result_names_dropped",
        chat(USER, CALLING, RESULT | {"name": "count"}, ANSWER),
        chat(USER, CALLING, RESULT, ANSWER),
    ),
    ("openai", "tail_dropped", chat(USER, ANSWER, USER), chat(USER, ANSWER)),
    (
        "openai-dpo",
        "output_weights_dropped",
        pair(USER, better=ANSWER | {"weight": 1}),
        pair(USER),
    ),
    (
        "openai-dpo",
        "nulls_dropped",
        pair(USER, worse=WORSE | {"tool_calls": None}) | {"meta": None},
        pair(USER),
    ),
    (
        "fireworks",
        "systems_joined",
        chat(
            {"role": "system", "content": "You mend."},
            {"role": "system", "content": "Be brief."},
            USER,
            ANSWER,
        ),
        chat({"role": "system", "content": "You mend.\n\nBe brief."}, USER, ANSWER),
    ),
    ("mistral", "names_dropped", chat(USER | {"name": "ann"}, ANSWER), chat(USER, ANSWER)),
    (
        "mistral",
        "parameters_added",
        chat(USER, ANSWER, tools=[{"type": "function", "function": {"name": "f"}}]),
        chat(
            USER,
            ANSWER,
            tools=[
                {
                    "type": "function",
                    "function": {
                        "name": "f",
                        "description": "",
                        "parameters": {"type": "object", "properties": {}},
                    },
                }
            ],
        ),
    ),
    (
        "mistral",
        "empty_texts_dropped",
        chat(USER, MISTRAL_CALL | {"content": ""}, MISTRAL_RESULT, ANSWER, tools=[TOOL]),
        chat(USER, MISTRAL_CALL, MISTRAL_RESULT, ANSWER, tools=[TOOL]),
    ),
    (
        "mistral",
        "calls_renamed",
        chat(USER, CALLING, RESULT, ANSWER, tools=[TOOL]),
        chat(
            USER,
            calling(id="NGcorjsg1"),
            RESULT | {"tool_call_id": "NGcorjsg1"},
            ANSWER,
            tools=[TOOL],
        ),
    ),
    (
        "together",
        "turns_merged",
        chat(USER, USER | {"content": "Please."}, ANSWER),
        chat(USER | {"content": "Which gear?\n\nPlease."}, ANSWER),
    ),
    (
        "together",
        "texts_in_parts",
        chat({"role": "user", "content": [{"type": "text", "text": "a"}]}, ANSWER),
        chat(
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            ANSWER | {"content": [{"type": "text", "text": "The small one."}]},
        ),
    ),
    (
        "together-dpo",
        "nulls_dropped",
        pair(USER, better=CALLING | {"content": None}),
        pair(USER, better=CALLING),
    ),
    ("azure", "tail_dropped", chat(USER, ANSWER, USER), chat(USER, ANSWER)),
    ("bedrock-nova", "version_added", {"messages": NOVA["messages"]}, NOVA),
    ("bedrock-nova", "texts_in_blocks", NOVA | {"messages": [USER, ANSWER]}, NOVA),
    (
        "bedrock-nova",
        "systems_lifted",
        NOVA | {"messages": [{"role": "system", "content": "Be brief."}, USER, ANSWER]},
        NOVA | {"system": [{"text": "Be brief."}]},
    ),
    (
        "bedrock-nova",
        "turns_merged",
        NOVA | {"messages": [{"role": "user", "content": [{"text": "Hi."}]}, *NOVA["messages"]]},
        NOVA | {"messages": [blocks("user", "Hi.\n\nWhich gear?"), NOVA["messages"][1]]},
    ),
    (
        "bedrock-nova",
        "nulls_dropped",
        NOVA
        | {
            "system": None,
            "messages": [
                {"role": "user", "content": [{"text": "Which gear?", "image": None}]},
                NOVA["messages"][1],
            ],
        },
        NOVA,
    ),
    ("bedrock-nova", "inputs_as_objects", nova_calling('{"a":1}'), nova_calling({"a": 1})),
    (
        "bedrock-claude",
        "systems_lifted",
        chat(
            {"role": "system", "content": "Be."}, {"role": "system", "content": "Do."}, USER, ANSWER
        ),
        {"messages": [USER, ANSWER], "system": "Be.\n\nDo."},
    ),
    (
        "bedrock-claude",
        "parts_joined",
        chat(USER | {"content": [{"type": "text", "text": "Which gear?"}]}, ANSWER),
        chat(USER, ANSWER),
    ),
    (
        "bedrock-text",
        "unknown_keys_dropped",
        {"prompt": "a", "completion": "b", "source": "c"},
        {"prompt": "a", "completion": "b"},
    ),
    (
        "trl",
        "arguments_as_objects",
        chat(USER, CALLING),
        chat(USER, calling(function={"name": "count", "arguments": {"a": 1}})),
    ),
    (
        "trl",
        "trained_weights_dropped",
        chat(USER, ANSWER | {"weight": 1.0}, id=1),
        chat(USER, ANSWER, id=1),
    ),
    (
        "trl-completion",
        "nulls_dropped",
        {"prompt": [USER | {"name": None}], "completion": [ANSWER], "row": 7},
        {"prompt": [USER], "completion": [ANSWER], "row": 7},
    ),
    (
        "trl-dpo",
        "parts_joined",
        {
            "prompt": [USER],
            "chosen": [ANSWER | {"content": [{"type": "text", "text": "a"}] * 2}],
            "rejected": [WORSE],
        },
        {"prompt": [USER], "chosen": [ANSWER | {"content": "aa"}], "rejected": [WORSE]},
    ),
    ("gemini", "nulls_dropped", gemini(ASKED | {"parts": [TEXT | {"fileData": None}]}), gemini()),
    ("gemini", "roles_renamed", gemini(answer=MODEL | {"role": "assistant"}), gemini()),
    (
        "gemini",
        "texts_in_parts",
        gemini(ASKED | {"parts": "Which gear?"}) | {"systemInstruction": "Be."},
        gemini() | {"systemInstruction": {"parts": [{"text": "Be."}]}},
    ),
    (
        "gemini",
        "systems_lifted",
        gemini({"role": "system", "parts": [{"text": "Be."}]}, ASKED),
        gemini() | {"systemInstruction": {"parts": [{"text": "Be."}]}},
    ),
    ("gemini", "arguments_as_objects", gemini_calling('{"a":1}'), gemini_calling({"a": 1})),
    (
        "gemini",
        "declarations_joined",
        gemini() | {"tools": [{"functionDeclarations": [F]}, {"functionDeclarations": [G]}]},
        gemini() | {"tools": [{"functionDeclarations": [F, G]}]},
    ),
    (
        "gemini",
        "turns_merged",
        gemini({"role": "user", "parts": [{"text": "Hi."}]}, ASKED),
        gemini({"role": "user", "parts": [{"text": "Hi.\n\nWhich gear?"}]}),
    ),
    ("gemini", "tail_dropped", gemini(ASKED, MODEL, ASKED, answer=MODEL, after=ASKED), GEMINI_TWO),
    ("gemini", "unknown_keys_dropped", gemini() | {"id": 1}, gemini()),
    ("gemini-preference", "roles_renamed", gemini_pair("assistant"), gemini_pair("model")),
    (
        "cohere",
        "roles_renamed",
        chat(SYSTEM, USER | {"name": "ann"}, ANSWER | {"weight": 1}),
        chat(SYSTEM | {"role": "System"}, USER | {"role": "User"}, ANSWER | {"role": "Chatbot"}),
    ),
]


def as_line(value: Any) -> bytes:
    return msgspec.json.encode(value)


@pytest.mark.parametrize(("name", "mend", "broken", "good"), CASES)
def test_each_repair_makes_a_refused_line_good(
    name: str, mend: str, broken: dict[str, Any], good: dict[str, Any]
) -> None:
    form = get_format(name)
    assert form.check(as_line(broken))
    mended = mend_line(form, as_line(broken))
    assert mended is not None
    assert json.loads(mended.line) == good
    assert mend in [used.mend for used in mended.used]
    assert all(used.pointers for used in mended.used)
    assert form.check(mended.line) == ()


def test_every_repair_of_every_format_has_a_case() -> None:
    listed = {mend.name for form in FORMATS.values() for mend in form.mends}
    assert listed == {mend for _, mend, _, _ in CASES}


@pytest.mark.parametrize(
    "line",
    [
        chat(USER),
        chat(USER, ANSWER, prompt="x"),
        chat(USER, ANSWER, id=1, functions=[]),
        chat(USER | {"weight": 1}, ANSWER),
        chat(USER | {"role": "human"}, ANSWER),
        chat(USER, ANSWER | {"thoughts": "Hm."}),
        chat(USER, CALLING, RESULT | {"name": "another"}, ANSWER),
        chat(USER, calling(function={"name": "f", "arguments": "[1]"})),
        chat(USER, ANSWER | {"weight": 0.5}),
        pair(USER, better=ANSWER | {"weight": 0}),
    ],
)
def test_what_would_change_what_is_trained_is_not_repaired(line: dict[str, Any]) -> None:
    form = get_format("openai" if "messages" in line else "openai-dpo")
    assert form.check(as_line(line))
    assert mend_line(form, as_line(line)) is None


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("together", [USER | {"name": "ann"}, USER | {"name": "bob"}, ANSWER]),
        ("together", [USER, ANSWER | {"weight": 0}, ANSWER | {"weight": 1}]),
        ("together", [USER, ANSWER, CALLING]),
        ("together", [USER, CALLING | {"content": "a"}, CALLING | {"content": "b"}]),
        ("together", [USER, ANSWER, ANSWER | {"reasoning": "Hm."}]),
        ("together", [USER, ANSWER, ANSWER | {"content": ""}]),
        ("fireworks", [SYSTEM | {"name": "a"}, SYSTEM | {"name": "b"}, USER, ANSWER]),
        ("fireworks", [SYSTEM, USER, SYSTEM, ANSWER]),
    ],
)
def test_turns_that_say_more_than_their_content_stay_apart(
    name: str, messages: list[dict[str, Any]]
) -> None:
    form = get_format(name)
    assert form.check(as_line(chat(*messages)))
    assert mend_line(form, as_line(chat(*messages))) is None


def test_a_line_with_a_key_given_twice_is_not_written_again() -> None:
    line = as_line(chat(USER, ANSWER)).replace(b"}]}", b'}],"id":1,"id":2}')
    assert mend_line(get_format("openai"), line.replace(b',"id":2', b"")) is not None
    assert mend_line(get_format("openai"), line) is None


def test_numbers_keep_all_their_digits() -> None:
    big = 123456789012345678901234567890
    tool = {"type": "function", "function": {"name": "f", "parameters": {"maximum": big}}}
    mended = mend_line(get_format("openai"), as_line(chat(USER, ANSWER, tools=[tool], id=1)))
    assert mended is not None
    assert str(big).encode() in mended.line


@EVERY
@given(data=st.data())
def test_a_mended_line_is_good_and_its_texts_are_those_of_the_old_one(
    form: Format[Any], data: st.DataObject
) -> None:
    line = as_line(data.draw(mutations(form.schema)))
    mended = mend_line(form, line) if form.check(line) else None
    if mended is None:
        return
    assert form.check(mended.line) == ()
    form.decode(mended.line)
    old = answers_in(json.loads(line))
    assert all(text in old for text in answers_in(json.loads(mended.line)))


def answers_in(value: Any) -> list[str]:
    """What messages of the assistant say, wherever they stand; merged turns apart."""
    if isinstance(value, list):
        return [text for one in value for text in answers_in(one)]
    if not isinstance(value, dict):
        return []
    found = [text for one in value.values() for text in answers_in(one)]
    if value.get("role") in ("assistant", "model", "Chatbot"):
        content = value.get("content", value.get("parts"))
        texts = (
            [content]
            if isinstance(content, str)
            else [
                part["text"] for part in content or () if isinstance(part, dict) and "text" in part
            ]
        )
        said = [piece for text in texts if isinstance(text, str) for piece in text.split("\n\n")]
        found += filter(None, said)
    return found


@EVERY
@given(data=st.data())
def test_what_is_written_another_way_is_the_same_record_again(
    form: Format[Any], data: st.DataObject
) -> None:
    lines = good_lines(form)
    good = data.draw(st.sampled_from(lines))
    broken = deepcopy(good)
    for path in data.draw(st.lists(st.sampled_from(UNMENDS), max_size=3, unique=True)):
        path(broken)
    line = as_line(broken)
    if not form.check(line):
        return
    mended = mend_line(form, line)
    assert mended is not None
    assert form.decode(mended.line) == form.decode(as_line(good))


def messages_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    owners = [line, line.get("input", {})]
    keys = ("messages", "preferred_output", "non_preferred_output", "prompt", "completion")
    found = [owner.get(key) for owner in owners for key in (*keys, "chosen", "rejected")]
    return [one for messages in found if isinstance(messages, list) for one in messages]


def add_nulls(line: dict[str, Any]) -> None:
    for message in messages_of(line):
        message |= {key: None for key in ("name", "tool_calls", "weight") if key not in message}


def drop_types(line: dict[str, Any]) -> None:
    for message in messages_of(line):
        for call in message.get("tool_calls") or ():
            call.pop("type", None)


def turn_arguments(line: dict[str, Any]) -> None:
    for message in messages_of(line):
        for call in message.get("tool_calls") or ():
            arguments = call["function"]["arguments"]
            text = isinstance(arguments, str)
            call["function"]["arguments"] = json.loads(arguments) if text else json.dumps(arguments)


def add_an_id(line: dict[str, Any]) -> None:
    line["id"] = 4


UNMENDS = [add_nulls, drop_types, turn_arguments, add_an_id]


@EVERY
@given(
    value=st.dictionaries(st.text(), JSON, max_size=3) | JSON.filter(lambda v: isinstance(v, dict))
)
def test_no_repair_stumbles_over_any_line(form: Format[Any], value: dict[str, Any]) -> None:
    for mend in form.mends:
        assert all(isinstance(pointer, str) for pointer in mend.apply(deepcopy(value)))


@EVERY
def test_good_lines_are_never_touched(form: Format[Any]) -> None:
    lines = [as_line(line) for line in good_lines(form)]
    judge = LineJudge([form], mending=True)
    refusals: list[Any] = []
    judge.judge(lines, 1, None, refusals.append)
    assert [one for one in refusals if one.mended is not None] == []


def test_a_repair_done_twice_changes_nothing_more() -> None:
    for name, _, broken, _ in CASES:
        form = get_format(name)
        for mend in form.mends:
            once = deepcopy(broken)
            list(mend.apply(once))
            twice = deepcopy(once)
            assert list(mend.apply(twice)) == []
            assert twice == once
