"""Good lines of every format, and strategies that break them here and there."""

from copy import deepcopy
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from pipeline.formats import FORMATS, Format, get_format, line_of
from tests.formats.cases import CHATS, PREFERENCES

__all__ = ["good_lines", "mutations"]

JUNK = st.sampled_from(
    [None, True, False, 0, 1, 1.0, 0.5, "", "x y", "user", "{}", [], {}, [{}]]
).map(deepcopy)
"""What is put in place of something."""
STRANGE = st.sampled_from(
    ["name", "weight", "id", "tool_calls", "content", "role", "a/b~c", "type"]
)
"""Keys that are added; some have a place elsewhere."""


def good_lines(form: Format[Any]) -> list[dict[str, Any]]:
    """The cases' lines, decoded, that the format has nothing against."""
    return [msgspec.json.decode(line) for line in _good_lines(form.name)]


@cache
def _good_lines(name: str) -> list[bytes]:
    form = get_format(name)
    cases = CHATS if form.kind == "chat" else PREFERENCES
    lines = [line_of(form, record) for record in cases.values()]
    return [line for line in lines if line and not form.check(line)]


@st.composite
def mutations(draw: st.DrawFn, schema: str) -> Any:
    """A line of a format with that schema, broken in one to three places."""
    forms = [form for form in FORMATS.values() if form.schema == schema]
    value = deepcopy(draw(st.sampled_from(good_lines(draw(st.sampled_from(forms))))))
    for _ in range(draw(st.integers(1, 3))):
        _break(draw, value)
    return value


def _break(draw: st.DrawFn, value: Any) -> None:
    """Change one place of a document, at whatever depth."""
    while isinstance(value, dict | list) and value:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        place = draw(st.sampled_from(places))
        how = draw(st.sampled_from(["deeper", "deeper", "deeper", "drop", "replace", "add"]))
        if how == "deeper" and isinstance(value[place], dict | list) and value[place]:
            value = value[place]
        elif how == "drop":
            del value[place]
            return
        elif how == "add" and isinstance(value, dict):
            value[draw(STRANGE)] = draw(JUNK)
            return
        elif how == "add":
            value.append(deepcopy(value[place]))
            return
        else:
            value[place] = draw(JUNK)
            return
