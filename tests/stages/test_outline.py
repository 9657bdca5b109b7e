"""The outline of a value: its form, and none of its words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.outline import outline


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("a secret", "string"),
        (3.5, "number"),
        (True, "boolean"),
        (None, None),
        ({"role": "critic", "text": "a secret"}, {"role": "critic", "text": "string"}),
        ({"type": {"deep": 1}}, {"type": {"deep": "number"}}),
        ([{"a": 1}, {"a": 2}, {"b": "x"}], [{"a": "number"}, {"b": "string"}]),
        ({"type": "x" * 41}, {"type": "string"}),
        ({"role": "Größe"}, {"role": "string"}),
    ],
)
def test_keys_and_kinds_stay(value: Any, form: Any) -> None:
    assert json.loads(outline(json.dumps(value).encode())) == form


def test_a_large_value_has_a_small_outline() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep, {str(number): deep for number in range(3)}]
        if len(json.dumps(deep)) > 1_000_000:
            break
    assert len(outline(json.dumps(deep).encode())) < 100_000
    wide = {f"key{number}": number for number in range(1000)}
    assert json.loads(outline(json.dumps(wide).encode()))["..."] == "970 more"


WORDS = st.text("äöüß", min_size=3)
VALUES = st.recursive(
    WORDS | st.integers() | st.none(), lambda v: st.lists(v) | st.dictionaries(st.just("type"), v)
)


@given(VALUES)
def test_no_word_of_a_value_is_shown(value: Any) -> None:
    shown = outline(json.dumps(value, ensure_ascii=False).encode())
    assert not set(shown) & set("äöüß")
