"""A Nova line that has everything, changed in one place after the other."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import Fitted, fit, get_format
from pipeline.formats.schemas import pointer_to
from tests.formats.mutations import mutations

nova = get_format("bedrock-nova")
LINE: dict[str, Any] = {
    "schemaVersion": "bedrock-conversation-2024",
    "system": [{"text": "You keep the stock."}],
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "count",
                    "description": "Counts parts",
                    "inputSchema": {"json": {"type": "object"}},
                }
            }
        ]
    },
    "messages": [
        {
            "role": "user",
            "content": [
                {"text": "Left?"},
                {
                    "image": {
                        "format": "gif",
                        "source": {
                            "s3Location": {"uri": "s3://shop/a.gif", "bucketOwner": "123456789012"}
                        },
                    }
                },
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "I count."}}},
                {"text": "A moment."},
                {"toolUse": {"toolUseId": "c1", "name": "count", "input": {}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "c1", "content": [{"text": "3"}, {"json": {}}]}}
            ],
        },
        {"role": "assistant", "content": [{"text": "Three."}]},
    ],
}
Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of the line, in objects and lists."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield (*at, key)
        if isinstance(value[key], dict | list):
            yield from places(value[key], (*at, key))


def found_at(place: Place) -> Any:
    value: Any = LINE
    for step in place:
        value = value[step]
    return value


def broken(place: Place, value: Any) -> list[tuple[str, str]]:
    """What is broken with that value in that place; none: with the place left out."""
    line = deepcopy(LINE)
    within: Any = line
    for step in place[:-1]:
        within = within[step]
    if value is None:
        del within[place[-1]]
    else:
        within[place[-1]] = value
    return [(one.rule, one.pointer) for one in nova.check(json.dumps(line).encode())]


ALL = list(places(LINE))
FREE = {"input", "json"}
"""What stands in them is the tool's own."""
OURS = [place for place in ALL if not FREE & set(place[:-1])]
OBJECTS = [place for place in OURS if isinstance(found_at(place), dict) and place[-1] not in FREE]
OPTIONAL = [("system",), next(place for place in ALL if place[-1] == "bucketOwner")]


def test_the_line_is_accepted() -> None:
    assert nova.check(json.dumps(LINE).encode()) == ()


@pytest.mark.parametrize("place", [one for one in OURS if isinstance(one[-1], str)])
def test_a_key_that_is_needed_is_missed(place: Place) -> None:
    found = broken(place, None)
    if place in OPTIONAL:
        assert found == []
    elif place == ("toolConfig",):
        assert [rule for rule, _ in found] == ["undeclared-tool"]
    else:
        assert ("schema", pointer_to(place[:-1])) in found


@pytest.mark.parametrize("place", [(), *OBJECTS])
def test_a_key_that_is_not_known_is_refused(place: Place) -> None:
    assert ("schema", pointer_to(place)) in broken((*place, "extra"), "x")


@pytest.mark.parametrize("place", OURS)
def test_a_value_of_another_type_is_refused(place: Place) -> None:
    value = found_at(place)
    for other in (5, True, "x", [], {}, [5]):
        if type(other) is not type(value):
            assert [one for one in broken(place, other) if one[1].startswith(pointer_to(place))]


@pytest.mark.parametrize("place", [one for one in OURS if isinstance(found_at(one), list)])
def test_only_the_system_prompt_may_be_an_empty_list(place: Place) -> None:
    assert (broken(place, []) == []) == (place == ("system",))


@pytest.mark.parametrize("place", [one for one in OURS if isinstance(found_at(one), str)])
def test_only_a_text_beside_another_block_may_be_empty(place: Place) -> None:
    may_be = place[-3:] == ("content", 0, "text") and len(found_at(place[:-2])) > 1
    assert (broken(place, "") == []) == may_be


@given(data=st.data())
def test_what_is_accepted_is_read_and_may_be_written_again(data: st.DataObject) -> None:
    line = json.dumps(data.draw(mutations("bedrock-nova"))).encode()
    if nova.check(line):
        return
    record = nova.decode(line)
    assert fit(record, nova.carries) == Fitted(record, ())
    again = nova.encode(record)
    assert nova.check(again) == ()
    assert nova.decode(again) == record
