"""A run as a person reads it, whatever its provider has made of it. Pure."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.studio.people.shown import ShownRun, Turn, read_run, snippet

SAMPLES = Path(__file__).parents[3] / "sample_data" / "runs.jsonl"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "text", "parts", "messages", "contents", "system", "type",
                 "value", "tool_calls", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)  # fmt: skip


def shown(prompt: Any, result: Any = "yes", **more: Any) -> ShownRun:
    return read_run(json.dumps({"id": "r", "prompt": prompt, "result": result, **more}).encode())


def said(turns: list[Turn]) -> list[tuple[str, str]]:
    return [(turn.role, turn.text) for turn in turns]


USER = [("user", "What is it?")]
BOTH = [("system", "Be short."), *USER]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ([{"role": "user", "content": "What is it?"}], USER),
        ([{"role": "user", "content": [{"type": "text", "text": "What is it?"}]}], USER),
        ([{"type": "message", "role": "user",
           "content": [{"type": "input_text", "text": "What is it?"}]}], USER),
        ({"system": "Be short.", "messages": [{"role": "user", "content": "What is it?"}]}, BOTH),
        ({"system": [{"text": "Be short."}],
          "messages": [{"role": "user", "content": [{"text": "What is it?"}]}]}, BOTH),
        ({"system": {"role": "system", "parts": [{"text": "Be short."}]},
          "contents": [{"role": "user", "parts": [{"text": "What is it?"}]}]}, BOTH),
        ("What is it?", [("", "What is it?")]),
        (None, []),
        ([], []),
    ],
)  # fmt: skip
def test_every_form_of_prompt_is_read_by_its_roles_and_texts(prompt: Any, expected: Any) -> None:
    assert said(shown(prompt).prompt) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("yes", "yes"),
        ([{"type": "text", "value": "yes"}], "yes"),
        ([{"type": "text", "value": "yes"}, {"type": "text", "value": "no"}], "yes\nno"),
        ({"label": "red"}, '{\n  "label": "red"\n}'),
        (7, "7"),
    ],
)
def test_old_and_new_answers_are_the_assistants(result: Any, expected: str) -> None:
    assert said(shown("x", result).answer) == [("assistant", expected)]


def test_calls_of_tools_are_shown_beside_what_was_said() -> None:
    call = {"function": {"name": "look", "arguments": "{}"}}
    prompt = [{"role": "assistant", "content": "Let me see.", "tool_calls": [call]}]
    first, second = shown(prompt).prompt
    assert (first.role, first.text) == ("assistant", "Let me see.")
    assert second.role == "assistant calls"
    assert "look" in second.text


def test_what_is_long_is_cut_and_the_rest_counted() -> None:
    (turn,) = shown("x" * 50_000).prompt
    assert (len(turn.text), turn.left_out) == (20_000, 30_000)
    assert len(shown([{"role": "user", "content": "x"}] * 1000).prompt) == 200


def test_what_is_deep_or_no_run_at_all_is_shown_all_the_same() -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [{"role": "user", "content": deep}]
    assert shown(deep).prompt
    for raw in (b"", b"[1]", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000):
        assert len(read_run(raw).prompt) <= 1


@given(JSON, JSON)
def test_nothing_that_json_can_say_breaks_the_page(prompt: Any, result: Any) -> None:
    run = shown(prompt, result, parameters=prompt, error=result, tags=prompt, interaction=result)
    for turn in [*run.prompt, *run.answer]:
        assert len(turn.text) <= 20_000
    assert len(snippet(run.prompt, "user")) <= 140


def test_of_the_sample_runs_every_prompt_and_answer_is_found() -> None:
    for line in SAMPLES.read_bytes().splitlines():
        try:
            document = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        run = read_run(line)
        assert bool(run.prompt) is bool(document.get("prompt"))
        if document.get("result"):
            assert run.answer


def test_a_snippet_is_one_line_of_what_the_role_said_last() -> None:
    turns = [Turn("user", "first"), Turn("user", "  last \n words "), Turn("assistant", "x")]
    assert snippet(turns, "user") == "last words"
    assert snippet(turns, "tool") == "x"
    assert snippet([], "user") == ""
    assert snippet([Turn("", "word " * 100)], "user").endswith("…")
