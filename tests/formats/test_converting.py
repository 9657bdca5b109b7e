"""From one format's line to another's, or the reason why not."""

import json
from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.errors import UsageError
from pipeline.formats import FORMATS, Fitted, fit, get_format
from pipeline.formats.converting import (
    Converted,
    NotConverted,
    convert_line,
    require_convertible,
)
from tests.formats.cases import CHATS, PREFERENCES

CHAT_FORMATS = [form for form in FORMATS.values() if form.kind == "chat"]
OPENAI, DPO = get_format("openai"), get_format("openai-dpo")


@pytest.mark.parametrize("case", CHATS)
@pytest.mark.parametrize(
    ("one", "other"), list(product(CHAT_FORMATS, repeat=2)), ids=lambda form: str(form.name)
)
def test_a_converted_line_is_what_the_format_makes_of_the_record(
    one: object, other: object, case: str
) -> None:
    source, target = get_format(one.name), get_format(other.name)  # type: ignore[attr-defined]
    fitted = fit(CHATS[case], source.carries)
    if not isinstance(fitted, Fitted):
        return
    line = source.encode(fitted.record)
    if source.check(line):
        return
    found = convert_line(line, source, target)
    if isinstance(found, Converted):
        assert target.check(found.line) == ()
        again = fit(fitted.record, target.carries)
        assert isinstance(again, Fitted)
        assert target.decode(found.line) == again.record
        assert found.rewrites == again.rewrites
    else:
        assert found.code in {"no_place", "refused"}
        assert found.reason


def test_to_itself_nothing_changes() -> None:
    line = OPENAI.encode(CHATS["tools"])
    assert convert_line(line, OPENAI, OPENAI) == Converted(line, ())


def test_a_broken_line_says_which_rule_of_its_own_format_it_breaks() -> None:
    found = convert_line(b'{"messages":[{"role":"user","content":"Hm"}]}', OPENAI, OPENAI)
    assert isinstance(found, NotConverted)
    assert (found.code, found.rule, found.pointer) == ("broken", "last-message", "/messages/0/role")


def test_a_preference_becomes_the_conversation_with_its_preferred_answer() -> None:
    found = convert_line(DPO.encode(PREFERENCES["system"]), DPO, OPENAI)
    assert isinstance(found, Converted)
    assert json.loads(found.line)["messages"][-1] == {
        "role": "assistant",
        "content": "The small one.",
    }
    assert found.rewrites == ("other_answer_dropped",)


def test_a_conversation_makes_no_preference() -> None:
    require_convertible(DPO, OPENAI)
    with pytest.raises(UsageError, match="openai-dpo needs two answers to one input"):
        require_convertible(OPENAI, DPO)


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        (
            "gemini",
            {"generationConfig": {"mediaResolution": "MEDIA_RESOLUTION_LOW"}},
            "generationConfig",
        ),
        ("trl", {"chat_template_kwargs": {"enable_thinking": False}}, "chat_template_kwargs"),
        ("trl", {"source": "forum"}, "source"),
        ("trl-completion", {"source": "forum"}, "source"),
    ],
)
def test_a_field_that_no_record_has_is_told(name: str, changes: dict[str, Any], told: str) -> None:
    form = get_format(name)
    plain = json.loads(form.encode(CHATS["one question"]))
    found = convert_line(json.dumps({**plain, **changes}).encode(), form, form)
    assert isinstance(found, Converted)
    assert found.rewrites == (f"{told}_dropped",)
    assert convert_line(json.dumps(plain).encode(), form, form) == replace(found, rewrites=())


def test_the_owner_of_a_bucket_and_what_a_tool_returns_are_told() -> None:
    nova, trl = get_format("bedrock-nova"), get_format("trl")
    line = json.loads(nova.encode(CHATS["image in S3"]))
    line["messages"][0]["content"][0]["image"]["source"]["s3Location"]["bucketOwner"] = "1" * 12
    found = convert_line(json.dumps(line).encode(), nova, nova)
    assert isinstance(found, Converted)
    assert found.rewrites == ("bucketOwner_dropped",)
    line = json.loads(trl.encode(CHATS["tools"]))
    tools = json.loads(line["tools"])
    tools[0]["function"]["return"] = {"type": "string"}
    found = convert_line(json.dumps({**line, "tools": json.dumps(tools)}).encode(), trl, trl)
    assert isinstance(found, Converted)
    assert found.rewrites == ("return_dropped",)
