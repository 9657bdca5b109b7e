"""Evaluation items: read in every form, compared by what varies, joined as brute force joins."""

import json
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.digests import decode_record
from pipeline.formats import get_format
from pipeline.spec import NormalizeSpec, RedactSpec
from pipeline.stages.against import joining
from pipeline.stages.against.forms import read_question
from pipeline.stages.against.held import held_share, needed_share
from pipeline.stages.against.item import (
    Item,
    ReadItem,
    compared_with,
    fits,
    is_run,
    without_system,
)
from pipeline.stages.against.joining import HoldJoin, JoinedSets, best_of
from pipeline.stages.alike.join import Join, across
from pipeline.stages.alike.shingles import ShingleSets, shingle_sets, token_ranks
from pipeline.stages.inputs import RecordText, read_texts, words_of
from pipeline.stages.normalize import Normalize
from pipeline.stages.redact import Redact
from pipeline.stages.varying.templates import Template

READ = ReadItem(Normalize(NormalizeSpec()), 1 << 20)
ASKED = "Which lamp did the customer of order 17 send back?"
ANSWER = "The green one."


def turns(document: Any) -> list[tuple[str, str]]:
    return [(one.role, str(one.content)) for one in read_question(document)]


@pytest.mark.parametrize(
    "document",
    [
        ASKED,
        {"question": ASKED, "answer": ANSWER},
        {"problem": ASKED, "solution": ANSWER},
        {"prompt": ASKED, "completion": ANSWER},
        {"id": "q1", "prompt": ASKED, "completion": ANSWER},
        {"query": ASKED},
        {"input": ASKED, "output": ANSWER},
        {"text": ASKED},
        {"instruction": ASKED, "input": "", "output": ANSWER},
        {"messages": [{"role": "user", "content": ASKED}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}]},
        {"prompt": [{"role": "user", "content": ASKED}], "completion": [{"role": "assistant"}]},
        {"messages": [{"role": "user", "content": [{"text": ASKED}]}]},
        {"contents": [{"role": "user", "parts": [{"text": ASKED}]}]},
        {
            "contents": [
                {"parts": [{"text": ASKED}]},
                {"role": "model", "parts": [{"text": ANSWER}]},
            ]
        },
        {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": ANSWER}]},
    ],
)
def test_every_form_gives_its_question_without_the_answer(document: Any) -> None:
    assert turns(document) == [("user", ASKED)]


@pytest.mark.parametrize(
    "document",
    [
        {"system": [{"text": "Sort mail."}], "messages": [{"role": "user", "content": ASKED}]},
        {"system": "Sort mail.", "messages": [{"role": "user", "content": ASKED}]},
        {"systemInstruction": {"parts": [{"text": "Sort mail."}]}, "contents": [{"parts": ASKED}]},
        {"messages": [{"role": "developer", "content": "Sort mail."}, {"content": ASKED}]},
    ],
)
def test_a_system_message_is_told_apart(document: Any) -> None:
    assert turns(document) == [("system", "Sort mail."), ("user", ASKED)]


def test_an_instruction_has_its_input_and_a_talk_all_its_turns() -> None:
    assert turns({"instruction": "Sum up:", "input": ASKED}) == [
        ("user", "Sum up:"),
        ("user", ASKED),
    ]
    talk = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Yes?"}]
    last = {"role": "user", "content": ASKED}
    assert [role for role, _ in turns({"messages": [*talk, last]})] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    "document",
    [
        None,
        7,
        [],
        {},
        {"messages": []},
        {"question": " "},
        {"answer": ANSWER},
        [["a"]],
        {"text": 3},
    ],
)
def test_what_holds_no_text_is_no_item(document: Any) -> None:
    assert read_question(document) == ()
    assert READ(json.dumps(document).encode()) is None


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"text": NaN}', b"[" * 5000, b'"\\ud800"'])
def test_damaged_documents_are_no_item(data: bytes) -> None:
    assert READ(data) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["messages", "role", "content", "text", "prompt", "id", "modelId"]),
                inner,
            )
        ),
    )
)
def test_no_document_whatever_raises(document: Any) -> None:
    item = READ(json.dumps(document).encode("utf-8", "surrogatepass"))
    assert item is None or item.text.turns or item.text.system


def run(**changes: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "interaction": {"id": "i", "name": "Sort"},
        "modelId": "gpt-4.1",
        "environment": {"id": "e", "provider": "openai"},
        "prompt": [{"role": "user", "content": ASKED}],
        "result": {"label": "lamp"},
        **changes,
    }


@pytest.mark.parametrize(
    "changes", [{}, {"result": None}, {"result": [{"strange": 1}]}, {"status": 3}]
)
def test_an_exported_run_is_its_prompt_whatever_it_answered(changes: dict[str, Any]) -> None:
    document = run(**changes)
    assert is_run(document)
    item = READ(json.dumps(document).encode())
    assert item is not None
    assert item.run_id == "r1"
    assert item.text.turns == ASKED.lower()


def test_a_run_without_its_prompt_is_no_item() -> None:
    assert READ(json.dumps(run(prompt=None, parameters={"mail": ASKED})).encode()) is None


def test_a_training_line_reads_as_the_record_that_it_was_made_of() -> None:
    """Calls, results and images too: an own dataset's lines are held against runs word for word."""
    data = b"""{"messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"},
            {"type": "image", "mime_type": "image/png", "data": "aGVsbG8="}]},
        {"role": "assistant", "content": null,
            "tool_calls": [{"id": "call_1", "name": "look", "arguments": {"at": [1, "x"]}}]},
        {"role": "tool", "content": "A lamp.", "tool_call_id": "call_1", "name": "look"},
        {"role": "assistant", "content": "A lamp."}]}"""
    record = decode_record(data)
    item = READ(get_format("openai").encode(record))
    assert item is not None
    wanted = read_texts(record, words_of(record))
    assert (item.text.system, item.text.turns) == (wanted.system, wanted.turns)


def test_items_lose_the_private_values_that_runs_lose() -> None:
    read = ReadItem(READ.normalize, READ.max_bytes, Redact(RedactSpec(default="mask")))
    item = read(json.dumps({"text": "Write to ann.lee@mail.example, please"}).encode())
    assert item is not None
    assert item.text.turns == "write to [email], please"


def item(text: str, system: str = "", last: str = "") -> Item:
    return Item(RecordText(system, text, ""), last or text)


STRETCH = "sort this mail of a customer of our furniture shop:"
FRAME = Template(pieces=(STRETCH,), systems=("you sort mail.",), with_system=False)


def test_an_item_is_compared_with_and_without_the_words_of_a_template() -> None:
    framed = f"{STRETCH} {ASKED.lower()}"
    assert compared_with(item(framed), [FRAME]) == {framed: True, ASKED.lower(): True}
    assert compared_with(item(ASKED.lower()), [FRAME]) == {ASKED.lower(): True}


def test_a_last_turn_is_compared_but_not_looked_for_inside_longer_inputs() -> None:
    last = "thank you very much indeed, that would be all for today"
    talk = f"i want a room.\nhere it is.\n{last}"
    assert compared_with(item(talk, last=last), []) == {talk: True, last: False}
    assert compared_with(item("a room.\nhere.\nthanks", last="thanks"), []) == {
        "a room.\nhere.\nthanks": False
    }


def test_a_template_fits_with_a_long_stretch_or_a_whole_frame() -> None:
    framed = Template(frames=(("mail:", "answer:"), ()))
    assert fits(framed, RecordText("", "mail: x answer: y", ""))
    assert not fits(framed, RecordText("", "mail: x", ""))
    assert fits(FRAME, RecordText("", f"{STRETCH[:-1]} x", ""))
    assert not fits(FRAME, RecordText(STRETCH, ASKED, ""))
    assert not fits(FRAME, RecordText("you sort mail.", ASKED, ""))
    spoken = Template(systems=("you sort mail.",))
    assert fits(spoken, RecordText("you sort mail.", ASKED, ""))
    assert not fits(Template(), RecordText("a", "b", ""))


def test_a_run_s_input_is_compared_without_its_system_message_too() -> None:
    text = RecordText("you know the shop's rules", "may i bring it back?", "")
    assert without_system(Template(), text) == "may i bring it back?"
    assert without_system(Template(with_system=False), text) is None
    assert without_system(Template(), RecordText("", "may i", "")) is None


def test_an_item_counts_as_held_only_where_it_stands_together() -> None:
    item = "how many green lamps did the shop in the harbour sell in may?"
    assert held_share(item, f"{'x' * 900} {item} {'y' * 900}") == 1.0
    scattered = " and then some other words that are long ".join(item.split())
    assert held_share(item, scattered) < 0.3
    edited = item.replace("green", "blue")
    assert needed_share(0.8) > held_share(item, f"{'x ' * 300}{edited}{'y ' * 300}") > 0.7


def brute_share(item: str, text: str) -> float:
    wanted = grams(item)
    most = 0
    for begin in range(max(len(text), 1)):
        stretch = text[begin : begin + 2 * len(item)]
        if len(stretch) >= 5:
            most = max(most, len(wanted & grams(stretch)))
    return most / len(wanted)


def grams(text: str) -> set[str]:
    padded = text.ljust(5, "\0")
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


@given(st.text("ab c", min_size=5, max_size=30), st.text("ab c", max_size=120))
def test_the_share_is_that_of_the_best_stretch(item: str, text: str) -> None:
    assert held_share(item, text) == brute_share(item, text)


def test_the_needed_share_is_what_alike_texts_of_one_length_have() -> None:
    assert needed_share(0.8) == pytest.approx(8 / 9)
    assert needed_share(1.0) == 1.0


WORDS = ["order", "lamp", "sofa", "late", "broken", "refund", "please", "thanks", "box", "green"]


@st.composite
def two_lots(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Items, and texts of which some hold one, edited or not."""
    chance = random.Random(draw(st.integers(0, 10_000)))
    items = [
        " ".join(chance.choices(WORDS, k=chance.choice([1, 4, 12, 40])))
        for _ in range(draw(st.integers(0, 12)))
    ]
    texts = []
    for _ in range(draw(st.integers(0, 15))):
        words = chance.choices(WORDS, k=chance.choice([1, 10, 80]))
        if items and chance.random() < 0.7:
            held = chance.choice(items).split()
            held[chance.randrange(len(held))] = chance.choice(WORDS)
            at = chance.randrange(len(words))
            words[at:at] = held
        texts.append(" ".join(words))
    return items, texts


def ranked(items: list[str], texts: list[str]) -> tuple[ShingleSets, ShingleSets]:
    ranks = token_ranks([(shingle_sets(texts), 1.0)])
    return shingle_sets(items, ranks), shingle_sets(texts, ranks)


@pytest.fixture(params=["at once", "in small pieces"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in small pieces":
        monkeypatch.setattr(joining, "_PROBES", 30)
        monkeypatch.setattr(joining, "_MEETINGS", 7)
        monkeypatch.setattr(joining, "_FILTER_BITS", (3, 4))


@pytest.mark.usefixtures("pieces")
class TestJoins:
    @settings(deadline=None, max_examples=60)
    @given(two_lots(), st.sampled_from([0.6, 0.8, 8 / 9, 1.0]))
    def test_what_is_held_is_found_as_by_comparing_every_pair(
        self, lots: tuple[list[str], list[str]], share: float
    ) -> None:
        items, texts = lots
        found = HoldJoin(share)(ranked(items, texts))
        expected = {
            (text, item)
            for text in range(len(texts))
            for item in range(len(items))
            if len(grams(items[item]) & grams(texts[text])) / len(grams(items[item])) >= share
        }
        assert set(zip(found.one.tolist(), found.other.tolist(), strict=True)) == expected
        assert len(found.one) == len(expected)

    @settings(deadline=None, max_examples=40)
    @given(two_lots(), st.sampled_from([0.6, 0.8]))
    def test_two_lots_join_as_one(
        self, lots: tuple[list[str], list[str]], threshold: float
    ) -> None:
        items, texts = lots
        both = JoinedSets(*ranked(items, texts))
        rows = np.arange(len(items)), np.arange(len(texts)) + len(items)
        found = across(Join(both, threshold), *rows)
        expected = {
            (len(items) + text, item)
            for text in range(len(texts))
            for item in range(len(items))
            if len(grams(items[item]) & grams(texts[text]))
            >= threshold * len(grams(items[item]) | grams(texts[text]))
        }
        assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == expected


def test_joined_lots_read_as_one_in_any_order() -> None:
    items, texts = ranked(["a lamp", "two sofas"], ["three beds", "x"])
    both = JoinedSets(items, texts)
    read = both.take(np.array([3, 0, 2, 1]))
    lots = (texts.take(np.array([1])), items.take(np.array([0])), texts.take(np.array([0])))
    assert read.values.tolist()[: len(lots[0].values)] == lots[0].values.tolist()
    assert read.sizes.tolist() == [both.sizes[row] for row in (3, 0, 2, 1)]
    with pytest.raises(ValueError, match="before rows of the first"):
        both.only(np.array([2, 0]))


def test_the_best_of_a_group_is_the_nearest_then_the_first_by_name() -> None:
    groups, order = np.array([4, 4, 4, 9]), np.array([2, 1, 0, 3])
    assert best_of(groups, order, np.array([0.9, 0.9, 0.8, 0.5])).tolist() == [1, 3]
