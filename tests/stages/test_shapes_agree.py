"""One conversation, stored in every provider's form, gives one record; any run gives a verdict."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.digests import encode_record
from pipeline.formats import get_format
from pipeline.records import ChatRecord
from pipeline.spec import LabelSpec, NormalizeSpec, SelectSpec
from pipeline.stages.labels import CheckLabel
from pipeline.stages.normalize import Normalize, Normalized
from pipeline.stages.prepare import Prepare, Prepared, Refused
from pipeline.stages.read import read_run
from pipeline.stages.select import Select

Exchange = tuple[str, list[tuple[str, dict[str, Any], dict[str, Any]]], str]
"""What the user asks, the calls with arguments and results, what the assistant says."""
Talk = tuple[str, list[Exchange]]
"""The system text and the exchanges; the last exchange's last words are the run's result."""

WORDS = st.text("abcdefghij äöüßé日本語 .,?\n\"'\\{}<>", min_size=1, max_size=40).filter(
    lambda text: text == text.strip() and not text.startswith(("{", "<"))
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(WORDS, VALUES, min_size=1, max_size=3)
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
CALLS = st.lists(st.tuples(NAMES, OBJECTS, OBJECTS), max_size=3)
TALKS = st.tuples(WORDS, st.lists(st.tuples(WORDS, CALLS, WORDS), min_size=1, max_size=4))


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def turns(talk: Talk) -> list[tuple[str, Any]]:
    """The talk as (kind, content), without the last words: user, calls, results, assistant."""
    found: list[tuple[str, Any]] = []
    for number, (question, calls, answer) in enumerate(talk[1]):
        found.append(("user", question))
        if calls:
            numbered = [(f"id-{number}-{at}", *call) for at, call in enumerate(calls)]
            found += [("calls", numbered), ("results", numbered)]
        found.append(("assistant", answer))
    return found[:-1]


def chat(talk: Talk) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [{"role": "system", "content": talk[0]}]
    for kind, content in turns(talk):
        if kind == "calls":
            made = [
                {
                    "id": i,
                    "type": "function",
                    "function": {"name": n, "arguments": json.dumps(a)},
                }
                for i, n, a, _ in content
            ]
            items.append({"role": "assistant", "content": None, "tool_calls": made})
        elif kind == "results":
            items += [
                {"role": "tool", "tool_call_id": i, "content": compact(r)} for i, _, _, r in content
            ]
        else:
            items.append({"role": kind, "content": [{"type": "text", "text": content}]})
    return items


def chat_protocol(talk: Talk) -> dict[str, Any]:
    return {"_is_openai_chat_completions": True, "messages": chat(talk)}


def mistral(talk: Talk) -> dict[str, Any]:
    names = {"tool_calls": "toolCalls", "tool_call_id": "toolCallId"}
    items = [{names.get(key, key): value for key, value in one.items()} for one in chat(talk)]
    for item in items:
        for call in item.get("toolCalls", ()):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return {"messages": items}


def responses(talk: Talk) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [{"type": "message", "role": "developer", "content": talk[0]}]
    for kind, content in turns(talk):
        if kind == "calls":
            items += [
                {"type": "function_call", "call_id": i, "name": n, "arguments": json.dumps(a)}
                for i, n, a, _ in content
            ]
        elif kind == "results":
            items += [
                {"type": "function_call_output", "call_id": i, "output": compact(r)}
                for i, _, _, r in content
            ]
        else:
            parts = [{"type": "input_text", "text": content}]
            items.append({"type": "message", "role": kind, "content": parts})
    return items


def converse(talk: Talk) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for kind, content in turns(talk):
        if kind == "calls":
            uses = [{"toolUse": {"toolUseId": i, "name": n, "input": a}} for i, n, a, _ in content]
            messages.append({"role": "assistant", "content": uses})
        elif kind == "results":
            results = [
                {"toolResult": {"toolUseId": i, "content": [{"json": r}]}} for i, _, _, r in content
            ]
            messages.append({"role": "user", "content": results})
        else:
            messages.append({"role": kind, "content": [{"text": content}]})
    return {"messages": messages, "system": [{"text": talk[0]}]}


def claude(talk: Talk) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for kind, content in turns(talk):
        if kind == "calls":
            uses = [{"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a, _ in content]
            messages.append({"role": "assistant", "content": uses})
        elif kind == "results":
            messages += [
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": i, "content": compact(r)}],
                }
                for i, _, _, r in content
            ]
        else:
            messages.append({"role": kind, "content": [{"type": "text", "text": content}]})
    return {"messages": messages, "system": [{"type": "text", "text": talk[0]}]}


def gemini(talk: Talk) -> dict[str, Any]:
    contents: list[dict[str, Any]] = []
    for kind, content in turns(talk):
        if kind == "calls":
            parts = [{"functionCall": {"name": n, "args": a}} for _, n, a, _ in content]
            contents.append({"role": "model", "parts": parts})
        elif kind == "results":
            parts = [{"functionResponse": {"name": n, "response": r}} for _, n, _, r in content]
            contents.append({"role": "user", "parts": parts})
        else:
            role = "model" if kind == "assistant" else "user"
            contents.append({"role": role, "parts": [{"text": content}]})
    return {"contents": contents, "system": {"role": "user", "parts": [{"text": talk[0]}]}}


def llama3(talk: Talk) -> str:
    said = [("system", talk[0]), *turns(talk)]
    blocks = [
        f"<|start_header_id|>{kind}<|end_header_id|>\n{content}\n<|eot_id|>"
        for kind, content in said
    ]
    return "<|begin_of_text|>" + "\n\n".join(blocks)


def llama2(talk: Talk) -> str:
    forms = {"user": "[INST] {} [/INST]", "assistant": "{}"}
    blocks = [forms[kind].replace("{}", content) for kind, content in turns(talk)]
    return f"<s><<SYS>>\n{talk[0]}\n<</SYS>>\n\n" + "\n\n".join(blocks) + "</s>"


def labels(talk: Talk) -> str:
    said = turns(talk)
    if len(said) == 1:
        return f"CONTEXT: {talk[0]}\nINSTRUCTION: {said[0][1]}"
    lines = [f"{kind.upper()}: {content}" for kind, content in said]
    return "\n".join([f"CONTEXT: {talk[0]}", *lines])


def segments(talk: Talk) -> list[dict[str, Any]]:
    said = [{"role": kind, "content": content} for kind, content in turns(talk)]
    return [*said, {"role": "safety", "content": talk[0]}]


normalize = Normalize(NormalizeSpec())
FORM = get_format("openai")


def record_of(prompt: Any, answer: str) -> ChatRecord:
    document = {"id": "r", "modelId": "m", "prompt": prompt, "result": answer}
    run = read_run(json.dumps(document).encode(), 1 << 20)
    made = normalize(run)  # type: ignore[arg-type]
    assert isinstance(made, Normalized), made
    return made.record


STRUCTURED = [chat_protocol, mistral, responses, converse, claude, gemini]
STRINGS = [llama3, llama2, labels, segments]


@pytest.mark.parametrize("form", STRUCTURED)
@given(talk=TALKS)
@settings(max_examples=60)
def test_a_talk_with_tools_is_the_same_in_every_form(
    form: Callable[[Talk], Any], talk: Talk
) -> None:
    answer = talk[1][-1][2]
    expected = record_of(chat(talk), answer)
    found = record_of(form(talk), answer)
    assert json.loads(encode_record(found)) == json.loads(encode_record(expected))
    assert FORM.decode(FORM.encode(found)) == found


@pytest.mark.parametrize("form", STRINGS)
@given(talk=TALKS.map(lambda talk: (talk[0], [(asked, [], said) for asked, _, said in talk[1]])))
@settings(max_examples=60)
def test_a_talk_of_words_is_the_same_in_a_string(form: Callable[[Talk], Any], talk: Talk) -> None:
    answer = talk[1][-1][2]
    expected = record_of(chat(talk), answer)
    assert encode_record(record_of(form(talk), answer)) == encode_record(expected)


GOLDENS = [
    json.loads(path.read_bytes())["run"]
    for path in sorted((Path(__file__).parent / "data").glob("*/*.json"))
]
prepare = Prepare(Select(SelectSpec()), normalize, CheckLabel(LabelSpec()), 1 << 20)
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["user", "tool", "text", "image_url", "tool_result", "CONTEXT: ", "<s>"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text() | st.sampled_from(["type", "role", "content", "text", "parts", "0"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside a value."""
    inside = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [(value, key) for key, _ in inside] + [
        place for _, inner in inside for place in places(inner)
    ]


@given(st.sampled_from(GOLDENS), st.data())
@settings(max_examples=400)
def test_a_run_of_any_shape_with_anything_in_it_gives_a_verdict(run: Any, data: Any) -> None:
    broken = copy.deepcopy(run)
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places(broken)))
        if data.draw(st.booleans()):
            container[key] = data.draw(JUNK)
        else:
            del container[key]
        if not broken:
            break
    outcome = prepare(json.dumps(broken).encode())
    assert isinstance(outcome, Prepared | Refused)
    if isinstance(outcome, Refused):
        assert outcome.rejected.detail
