"""Golden runs: each file of `data/` holds a stored run and the record, or the reason, of it."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.api.runs import Run
from pipeline.digests import encode_record
from pipeline.formats import get_format
from pipeline.prompts import PromptCatalog, Renderer
from pipeline.records import ChatRecord, Rejected
from pipeline.spec import NormalizeSpec, RenderSpec
from pipeline.stages.normalize import Normalize, Normalized
from pipeline.stages.normalize.shapes import READERS, Told, tell_shape
from pipeline.stages.read import read_run

GOLDENS = sorted((Path(__file__).parent / "data").glob("*/*.json"))
normalize = Normalize(NormalizeSpec())


def read(document: Any) -> Run:
    run = read_run(json.dumps(document).encode(), 1 << 20)
    assert isinstance(run, Run)
    return run


def normalized(**fields: Any) -> ChatRecord | Rejected:
    made = normalize(read({"id": "r", "modelId": "m", **fields}))
    return made.record if isinstance(made, Normalized) else made


def record_of(**fields: Any) -> ChatRecord:
    record = normalized(**fields)
    assert isinstance(record, ChatRecord), record
    return record


def code_of(**fields: Any) -> str:
    rejected = normalized(**fields)
    assert isinstance(rejected, Rejected), rejected
    return rejected.code


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_golden_run(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    outcome = outcome_of(golden)
    assert outcome == {key: golden[key] for key in golden if key not in GIVEN}


GIVEN = {"about", "run", "options", "render", "interactions"}


def outcome_of(golden: dict[str, Any]) -> dict[str, Any]:
    """What becomes of a golden's run, in the words of a golden."""
    spec = msgspec.convert(golden.get("options", {}), NormalizeSpec)
    catalog = PromptCatalog.read([json.dumps(golden.get("interactions", [])).encode()])
    renderer = Renderer(catalog, msgspec.convert(golden.get("render", {}), RenderSpec))
    made = Normalize(spec, renderer)(read(golden["run"]))
    if isinstance(made, Rejected):
        return {"rejected": msgspec.to_builtins(made)}
    outcome: dict[str, Any] = {"record": json.loads(encode_record(made.record))}
    if made.thoughts is not None:
        outcome["thoughts"] = made.thoughts
    if made.prompt_source != "stored":
        outcome["prompt_source"] = made.prompt_source
    if made.flags:
        outcome["flags"] = list(made.flags)
    if made.note:
        outcome["note"] = made.note
    return outcome


def test_the_goldens_show_every_shape_that_is_read() -> None:
    prompts = [json.loads(path.read_bytes())["run"].get("prompt") for path in GOLDENS]
    told = [tell_shape(json.dumps(prompt).encode()) for prompt in prompts]
    assert {one.shape for one in told if isinstance(one, Told)} == set(READERS)


@pytest.mark.parametrize(
    ("prompt", "shape"),
    [
        ("CONTEXT: a\nINSTRUCTION: b", "one string of a text model"),
        ({"contents": []}, "Gemini contents"),
        ({"_is_openai_chat_completions": True, "messages": []}, "a chat protocol object"),
        ({"inputPrompt": "x", "mediaSource": {}}, "unsupported_content at `$.prompt.inputPrompt`"),
        (
            {"messages": [{"content": [{"text": "a"}]}], "mask": "x"},
            "unsupported_content at `$.prompt.mask`",
        ),
        ({"messages": [{"content": [{"type": "text", "text": "a"}]}]}, "Claude messages"),
        (
            {"messages": [{"content": []}, {"content": [{"text": "a"}]}]},
            "Bedrock Converse messages",
        ),
        ({"messages": [user("a")]}, "messages of Mistral or Vertex Llama"),
        ({"messages": [user("a")], "system": "b"}, "Claude messages"),
        (
            {"messages": [user("a"), {"role": "tool", "content": [{"type": "text"}]}]},
            "messages of Mistral or Vertex Llama",
        ),
        (
            {"messages": [{"content": [{"type": "text"}, {"type": "image_url"}]}]},
            "messages of Mistral or Vertex Llama",
        ),
        ({"_arrayConversation": [user("a")], "_llumiverse_meta": {}}, "an OpenAI chat array"),
        ([{"role": "tool", "content": "a", "tool_use_id": "t"}], "bare prompt segments"),
        ([{"role": "user", "content": "a", "files": []}], "bare prompt segments"),
        ([{"type": "message", "role": "user", "content": "a"}], "OpenAI Responses items"),
        ([{"role": "user", "content": [{"type": "input_text"}]}], "OpenAI Responses items"),
        ([user("a"), {"role": "safety", "content": "b"}], "bare prompt segments"),
        ([user('the word "message" and "input_text"')], "an OpenAI chat array"),
        ([], "an OpenAI chat array"),
        ({"messages": []}, "unknown_prompt_shape at `$.prompt.messages`"),
        ({"messages": 3}, "unknown_prompt_shape at `$.prompt`"),
        ({}, "unknown_prompt_shape at `$.prompt`"),
        (3, "unknown_prompt_shape at `$.prompt`"),
        (["a", "message"], "unknown_prompt_shape at `$.prompt[0]`"),
    ],
)
def test_a_shape_is_told_by_its_structure(prompt: Any, shape: str) -> None:
    told = tell_shape(json.dumps(prompt).encode())
    if isinstance(told, Told):
        assert told.shape == shape
    else:
        assert f"{told.code} at {told.detail.rpartition(' - at ')[2]}" == shape


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ("  text \n", "text"),
        (None, ""),
        ("", ""),
        ([], ""),
        ([{"type": "text", "value": ""}], ""),
        ([{"type": "thoughts", "value": "hm"}], ""),
        ([{"type": "json", "value": None}], ""),
        ({"b": 1, "a": [True, None, 1.5]}, '{"b":1,"a":[true,null,1.5]}'),
        ({"ü": "\u2028"}, '{"ü":"\u2028"}'),
        ([1, 2], "[1,2]"),
        ([{"type": "text", "value": "a"}, {"type": "text", "value": "b"}], "a\nb"),
        ({"n": 2**70}, f'{{"n":{2**70}}}'),
    ],
)
def test_answers(result: Any, answer: str) -> None:
    assert record_of(prompt=[user("q")], result=result).messages[-1].content == answer


def test_a_bare_value_is_an_answer_only_where_a_schema_asks() -> None:
    assert code_of(prompt=[user("q")], result=3) == "unknown_result_shape"
    record = record_of(prompt=[user("q")], result=False, result_schema={"type": "boolean"})
    assert record.messages[-1].content == "false"


def test_text_beside_a_json_part_is_not_understood() -> None:
    parts = [{"type": "text", "value": "Here:"}, {"type": "json", "value": {}}]
    assert code_of(prompt=[user("q")], result=parts) == "unknown_result_shape"


def test_a_reference_to_a_schema_is_no_schema() -> None:
    record = record_of(prompt=[user("q")], result="a", result_schema={"$uri": "store:1"})
    assert record.response_schema is msgspec.UNSET


def test_drawn_ids_do_not_make_records_different() -> None:
    def run(ident: str) -> ChatRecord:
        use = {"toolUseId": ident, "name": "f", "input": {}}
        result = {"toolUseId": ident, "content": [{"text": "1"}]}
        messages = [
            {"role": "user", "content": [{"text": "q"}]},
            {"role": "assistant", "content": [{"toolUse": use}]},
            {"role": "user", "content": [{"toolResult": result}]},
        ]
        return record_of(prompt={"messages": messages}, result="a")

    assert encode_record(run("tooluse_1")) == encode_record(run("tooluse_2"))


def test_the_system_separator_is_the_specs() -> None:
    run = read(
        {
            "id": "r",
            "modelId": "m",
            "prompt": [{"role": "system", "content": t} for t in "ab"] + [user("q")],
        }
    )
    made = Normalize(NormalizeSpec(system_separator=" | "))(run)
    assert isinstance(made, Normalized)
    assert made.record.messages[0].content == "a | b"


def test_an_answer_to_an_answer_is_no_conversation() -> None:
    assert code_of(prompt=[user("q"), {"role": "assistant", "content": "a"}]) == "no_user_turn"


WORDS = st.text(st.characters(codec="utf-8"), min_size=1).filter(
    lambda text: text.strip() and not text.startswith(("{", "```", "[", "TOOL", "DO NOT", "<think"))
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(WORDS, VALUES, max_size=3)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
CALLS = st.lists(st.tuples(NAMES, OBJECTS, WORDS), min_size=1, max_size=3)
EXCHANGES = st.lists(st.tuples(WORDS, st.none() | CALLS, WORDS), min_size=1, max_size=4)


def openai_prompt(exchanges: list[Any]) -> list[dict[str, Any]]:
    """User, perhaps calls and their results, assistant, user, ... ending before an answer."""
    prompt: list[dict[str, Any]] = []
    for number, (question, calls, answer) in enumerate(exchanges):
        prompt.append(user(question))
        if calls:
            ids = [f"id-{number}-{at}" for at in range(len(calls))]
            made = [
                {"id": i, "function": {"name": name, "arguments": json.dumps(arguments)}}
                for i, (name, arguments, _) in zip(ids, calls, strict=True)
            ]
            prompt.append({"role": "assistant", "tool_calls": made})
            prompt += [
                {"role": "tool", "tool_call_id": i, "content": said}
                for i, (_, _, said) in zip(ids, calls, strict=True)
            ]
        prompt.append({"role": "assistant", "content": answer})
    return prompt


@given(EXCHANGES)
def test_roles_words_calls_and_order_survive_the_way_to_a_line_and_back(exchanges: Any) -> None:
    *prompt, last = openai_prompt(exchanges)
    record = record_of(prompt=prompt, result=last["content"])
    form = get_format("openai")
    line = form.encode(record)
    assert form.check(line) == ()
    assert form.decode(line) == record
    assert [message.role for message in record.messages] == [one["role"] for one in (*prompt, last)]
    for message, stored in zip(record.messages, (*prompt, last), strict=True):
        wanted = stored["content"].strip() if stored is last else stored.get("content")
        assert message.content == wanted
        calls = [one["function"] for one in stored.get("tool_calls", ())]
        assert [call.name for call in message.tool_calls] == [call["name"] for call in calls]
        arguments = [json.loads(call["arguments"]) for call in calls]
        assert [call.arguments for call in message.tool_calls] == arguments
        assert [list(call.arguments) for call in message.tool_calls] == [*map(list, arguments)]
