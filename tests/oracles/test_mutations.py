"""A document is changed in one place at a time, everywhere, and itself stays as it was."""

import copy
import json

from tests.oracles.mutations import BYTES, mutated, places, replaced

LINE = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": None}]}


def test_every_place_is_a_place() -> None:
    assert list(places(LINE)) == [
        (),
        ("messages",),
        ("messages", 0),
        ("messages", 0, "role"),
        ("messages", 0, "content"),
        ("messages", 1),
        ("messages", 1, "role"),
        ("messages", 1, "content"),
    ]


def test_the_document_itself_stays_as_it_was() -> None:
    before = copy.deepcopy(LINE)
    assert len(list(mutated(LINE))) > 100
    assert before == LINE


def test_the_same_document_has_the_same_mutations() -> None:
    told = [json.dumps(value) for _, value in mutated(LINE)]
    assert told == [json.dumps(value) for _, value in mutated(copy.deepcopy(LINE))]


def test_mutations_do_what_their_names_say() -> None:
    found = dict(mutated(LINE))
    asked, answer = LINE["messages"]
    assert found["drop at /messages/0"] == {"messages": [answer]}
    assert found["drop at /messages/1/content"] == {"messages": [asked, {"role": "assistant"}]}
    assert found["reversed at /messages"] == {"messages": [answer, asked]}
    assert found["0 twice at /messages"] == {"messages": [asked, asked, answer]}
    assert found["role tool at /messages/0/role"]["messages"][0] == asked | {"role": "tool"}
    assert found["is null at /messages/0/content"]["messages"][0] == asked | {"content": None}
    assert found["+unknown at /"] == LINE | {"unknown": 1}


def test_a_value_is_replaced_in_its_place_alone() -> None:
    assert replaced({"a": [1, 2], "b": 3}, ("a", 0), 9) == {"a": [9, 2], "b": 3}


def test_bytes_are_broken_in_ways_of_their_own() -> None:
    line = json.dumps(LINE, separators=(",", ":")).encode()
    broken = {name: change(line) for name, change in BYTES.items()}
    assert len(set(broken.values())) == len(BYTES)
    assert line not in broken.values()
