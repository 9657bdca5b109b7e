"""The Gemini preference line, word for word, and every rule of it broken once."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import Message, PreferenceRecord, TextPart, Tool

form = get_format("gemini-preference")
C = "/contents"
USER: dict[str, Any] = {"role": "user", "parts": [{"text": "Which gear?"}]}
MODEL: dict[str, Any] = {"role": "model", "parts": [{"text": "Any."}]}
IMAGE = {"fileData": {"mimeType": "image/png", "fileUri": "gs://shop/a.png"}}
CALL = {"functionCall": {"name": "count", "args": {}}}


def told(text: str, score: Any, **turn: Any) -> dict[str, Any]:
    return {
        "score": score,
        "completion": {"role": "model", "parts": [{"text": text}]} | turn,
    }


PAIR = [told("The small one.", 1), told("Any.", 0)]


def broken(**line: Any) -> list[tuple[str, str]]:
    whole = {"contents": [USER], "completions": PAIR} | line
    problems = form.check(json.dumps(whole).encode())
    assert all(form.rule(problem.rule).says for problem in problems)
    return [(problem.rule, problem.pointer) for problem in problems]


def test_the_line_word_for_word() -> None:
    record = PreferenceRecord(
        prompt=(
            Message("system", "You mend bicycles."),
            Message("user", "Hello."),
            Message("assistant", "Yes?"),
            Message("user", "Which gear?"),
        ),
        chosen=(Message("assistant", "The small one."),),
        rejected=(Message("assistant", "Any."),),
    )
    line = form.encode(record)
    assert json.loads(line) == {
        "systemInstruction": {"role": "system", "parts": [{"text": "You mend bicycles."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hello."}]},
            {"role": "model", "parts": [{"text": "Yes?"}]},
            {"role": "user", "parts": [{"text": "Which gear?"}]},
        ],
        "completions": [
            {
                "score": 1,
                "completion": {"role": "model", "parts": [{"text": "The small one."}]},
            },
            {"score": 0, "completion": {"role": "model", "parts": [{"text": "Any."}]}},
        ],
    }
    assert form.check(line) == ()
    assert form.decode(line) == record


PAGE: dict[str, Any] = {
    "system_instruction": {"parts": [{"text": "You are a chat bot."}]},
    "contents": [{"role": "user", "parts": [{"text": "What is my favorite fruit?"}]}],
    "completions": [told("Apple! Apple! Apple!", 1), told("Your favorite fruit is apple.", 0)],
}
"""The example of Google's page, in its shape."""


def test_the_example_of_googles_page_is_accepted() -> None:
    line = json.dumps(PAGE).encode()
    assert form.check(line) == ()
    assert form.decode(line).chosen == (Message("assistant", "Apple! Apple! Apple!"),)


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0.0, 1.0)])
def test_the_preferred_completion_may_stand_second(one: float, other: float) -> None:
    line = PAGE | {"completions": [told("Worse.", one), told("Better.", other)]}
    encoded = json.dumps(line).encode()
    assert form.check(encoded) == ()
    record = form.decode(encoded)
    assert record.chosen == (Message("assistant", "Better."),)
    assert record.rejected == (Message("assistant", "Worse."),)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"contents": [USER, MODEL]}, [("prompt-end", f"{C}/1/role")]),
        (
            {"contents": [MODEL]},
            [("prompt-end", f"{C}/0/role"), ("first-turn", f"{C}/0/role")],
        ),
        ({"contents": [USER, USER]}, [("alternation", f"{C}/1/role")]),
        (
            {"completions": [told("Any.", 1), told("Any.", 0)]},
            [("same-outputs", "/completions/1/completion")],
        ),
        ({"contents": []}, [("schema", C)]),
        ({"contents": [{"role": "user", "parts": [IMAGE]}]}, [("schema", f"{C}/0/parts/0")] * 2),
        ({"contents": [{"role": "model", "parts": [CALL]}]}, [("schema", f"{C}/0/parts/0")] * 2),
        ({"contents": [{"parts": [{"text": "a"}]}]}, [("schema", f"{C}/0")]),
        ({"contents": [USER | {"role": "function"}]}, [("schema", f"{C}/0/role")]),
        ({"completions": PAIR[:1]}, [("schema", "/completions")] * 2),
        ({"completions": PAIR * 2}, [("schema", "/completions")]),
        ({"completions": [told("a", 1), told("b", 1)]}, [("schema", "/completions")]),
        ({"completions": [told("a", 0), told("b", 0)]}, [("schema", "/completions")]),
        (
            {"completions": [told("a", 1), told("b", 0.5)]},
            [("schema", "/completions"), ("schema", "/completions/1/score")],
        ),
        (
            {"completions": [told("a", 1), told("b", 0, role="user")]},
            [("schema", "/completions/1/completion/role")],
        ),
        (
            {"completions": [told("a", 1), told("", 0)]},
            [("schema", "/completions/1/completion/parts/0/text")],
        ),
        ({"tools": [{"functionDeclarations": [{"name": "count"}]}]}, [("schema", "")]),
        (
            {"system_instruction": {"parts": []}},
            [("schema", "/system_instruction/parts")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(**line) == expected


def test_reasons_are_for_people() -> None:
    line = PAGE | {"completions": [told("a", 1), told("b", 1)]}
    (problem,) = form.check(json.dumps(line).encode())
    assert problem.reason == "needs a completion with the score 0"


ASKED = Message("user", "Which gear?")
BETTER, WORSE = (Message("assistant", "The small one."),), (Message("assistant", "Any."),)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (
            PreferenceRecord((ASKED,), BETTER, WORSE, (Tool("count", {}),)),
            "has no place for tools",
        ),
        (
            PreferenceRecord((ASKED,), (*BETTER, ASKED, *BETTER), WORSE),
            "takes answers of one message, one of these has several",
        ),
    ],
)
def test_what_has_no_place_is_refused(record: PreferenceRecord, reason: str) -> None:
    assert fit(record, form.carries) == Unfit(reason)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
CONTENTS = TEXTS | st.lists(st.builds(TextPart, TEXTS), min_size=1, max_size=2).map(tuple)
ANSWERS = st.tuples(st.builds(Message, st.just("assistant"), CONTENTS))


@st.composite
def preferences(draw: st.DrawFn) -> PreferenceRecord:
    prompt = [Message("system", draw(CONTENTS)) for _ in range(draw(st.integers(0, 2)))]
    for _ in range(draw(st.integers(0, 2))):
        prompt += [Message("user", draw(CONTENTS)), Message("assistant", draw(CONTENTS))]
    prompt += [Message("user", draw(CONTENTS)) for _ in range(draw(st.integers(1, 2)))]
    return PreferenceRecord(tuple(prompt), draw(ANSWERS), draw(ANSWERS))


@given(preferences())
def test_a_record_that_fits_comes_back(record: PreferenceRecord) -> None:
    fitted = fit(record, form.carries)
    assert isinstance(fitted, Fitted)
    line = form.encode(fitted.record)
    assert {problem.rule for problem in form.check(line)} <= {"same-outputs"}
    assert form.decode(line) == fitted.record


VALUES = st.sampled_from([None, True, 0, 1, 1.0, "", "x", "user", "model", [], {}, {"text": "a"}])


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The page's line with one of its values changed."""
    line = deepcopy(PAGE)
    within: Any = line
    for _ in range(draw(st.integers(0, 5))):
        inner = [one for one in _values(within) if isinstance(one, dict | list) and one]
        within = draw(st.sampled_from(inner)) if inner else within
    key = draw(st.sampled_from(list(within) if isinstance(within, dict) else range(len(within))))
    within[key] = draw(VALUES.map(deepcopy))
    return line


def _values(node: Any) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else list(node)


@given(mutated())
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if form.check(data):
        return
    fitted = fit(form.decode(data), form.carries)
    assert isinstance(fitted, Fitted)
    assert form.check(form.encode(fitted.record)) == ()
