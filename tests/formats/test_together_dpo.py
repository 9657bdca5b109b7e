"""The line of a preference at Together, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, PreferenceRecord, TextPart
from tests.formats.drawing import chats
from tests.formats.lines import ANSWER, USER, broken, call, calling, image, mutated, result, tool

together = get_format("together-dpo")
WORSE = {"role": "assistant", "content": "Any."}


def line(*messages: Any, good: Any = ANSWER, bad: Any = WORSE, **more: Any) -> dict[str, Any]:
    tools = {"tools": more.pop("tools")} if "tools" in more else {}
    sides = {"preferred_output": [good], "non_preferred_output": [bad]}
    return {"input": {"messages": list(messages or (USER,)), **tools}, **sides, **more}


SEEN = USER | {"content": [{"type": "text", "text": "Broken?"}, image()]}
PAGE = [
    line({"role": "assistant", "content": "Hi! Ask me anything."}, USER),
    line(good=calling(call()), tools=[tool()]),
    line(good=ANSWER | {"reasoning": "Hm."}, bad=WORSE | {"reasoning": "Um."}),
    line(SEEN, weight=0.9),
]
"""Lines in every shape that Together's pages show."""
MORE = [
    line(USER, calling(call(), content=None), result(), tools=[]),
    line({"role": "system", "content": "You are brief."}, USER, ANSWER, USER),
]
INPUT = "/input/messages"


def test_the_line_word_for_word() -> None:
    record = PreferenceRecord(
        (Message("user", (TextPart("Broken?"), ImagePart("image/png", "AAAA"))),),
        (Message("assistant", (TextPart("Yes."),), reasoning="Hm."),),
        (Message("assistant", (TextPart("No."),)),),
        weight=0.5,
    )
    yes, no = ([{"type": "text", "text": words}] for words in ("Yes.", "No."))
    assert json.loads(together.encode(record)) == {
        "input": {"messages": [SEEN]},
        "preferred_output": [{"role": "assistant", "content": yes, "reasoning_content": "Hm."}],
        "non_preferred_output": [{"role": "assistant", "content": no}],
        "weight": 0.5,
    }
    assert together.check(together.encode(record)) == ()


@pytest.mark.parametrize("accepted", PAGE + MORE)
def test_accepted_lines(accepted: Any) -> None:
    assert broken(together, accepted) == []
    again = together.decode(json.dumps(accepted).encode())
    assert together.check(together.encode(again)) == ()


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ({"messages": [USER, ANSWER]}, [("schema", "")] * 4),
        (line(parallel_tool_calls=True), [("schema", "")]),
        (line(id=1), [("schema", "")]),
        (line() | {"preferred_output": []}, [("schema", "/preferred_output")]),
        (line() | {"preferred_output": [ANSWER, ANSWER]}, [("schema", "/preferred_output")]),
        (line(bad=USER), [("schema", "/non_preferred_output/0/role")]),
        (line(good=calling(call(), content=None)), [("schema", "/preferred_output/0/content")]),
        (
            line(good=ANSWER | {"content": [image()]}),
            [("schema", "/preferred_output/0/content/0/type")],
        ),
        (line(weight=-1), [("schema", "/weight")]),
        (line(USER, ANSWER), [("prompt-end", f"{INPUT}/1/role")]),
        (line(bad=ANSWER), [("same-outputs", "/non_preferred_output")]),
        (line(USER | {"weight": 0}), [("message-weight", f"{INPUT}/0/weight")]),
        (line(good=ANSWER | {"weight": 1}), [("message-weight", "/preferred_output/0/weight")]),
        (line(bad=WORSE | {"weight": 1}), [("message-weight", "/non_preferred_output/0/weight")]),
        (line(USER, USER), [("alternation", f"{INPUT}/1/role")]),
        (
            line(USER, {"role": "system", "content": "x"}),
            [("system-first", f"{INPUT}/1/role")],
        ),
        (line(SEEN, ANSWER, SEEN), [("mixed-content", f"{INPUT}/1/content")]),
        (line(USER | {"content": [image()] * 11}), [("images", f"{INPUT}/0/content/10")]),
        (line(USER, result()), [("orphan-result", f"{INPUT}/1/tool_call_id")]),
        (
            line(USER, calling(call()), USER),
            [("call-without-result", f"{INPUT}/1/tool_calls/0")],
        ),
        (
            line(good=calling(call(arguments="[]"))),
            [("arguments", "/preferred_output/0/tool_calls/0/function/arguments")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(refused: Any, expected: Any) -> None:
    assert broken(together, refused) == expected


def test_an_image_of_more_bytes_than_are_taken() -> None:
    url = "data:image/png;base64," + "A" * 14_000_000
    found = broken(together, line(USER | {"content": [image(url)]}))
    assert found == [("image-bytes", f"{INPUT}/0/content/0/image_url/url")]


def test_weights_of_a_prompt_are_dropped_and_that_of_the_example_is_kept() -> None:
    prompt = (Message("user", "?"), Message("assistant", "a", weight=0), Message("user", "?"))
    answers = (Message("assistant", "b"),), (Message("assistant", "c"),)
    fitted = fit(PreferenceRecord(prompt, *answers, weight=0.5), together.carries)
    assert isinstance(fitted, Fitted)
    assert fitted.rewrites == ("weights_dropped",)
    assert fitted.record.weight == 0.5
    assert together.check(together.encode(fitted.record)) == ()


@given(chats(), chats())
def test_what_fits_survives_the_way_there_and_back(one: ChatRecord, other: ChatRecord) -> None:
    prompt, chosen = one.messages[:-1], one.messages[-1:]
    record = PreferenceRecord(prompt, chosen, other.messages[-1:], one.tools, weight=one.weight)
    fitted = fit(record, together.carries)
    if isinstance(fitted, Fitted):
        data = together.encode(fitted.record)
        found = {problem.rule for problem in together.check(data)}
        assert found <= {"alternation", "images", "prompt-end", "same-outputs"}
        assert together.decode(data) == fitted.record


@given(mutated(PAGE + MORE))
def test_every_accepted_line_can_be_read(accepted: Any) -> None:
    data = json.dumps(accepted).encode()
    if not together.check(data):
        assert together.check(together.encode(together.decode(data))) == ()
