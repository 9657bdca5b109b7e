"""Pieces of lines as OpenAI writes them and many copy, for tests to put together and to break."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from pipeline.formats import Format

__all__ = ["ANSWER", "USER", "broken", "call", "calling", "image", "mutated", "result", "tool"]

USER = {"role": "user", "content": "Which gear?"}
ANSWER = {"role": "assistant", "content": "The small one."}


def call(ident: str = "c1", **function: Any) -> dict[str, Any]:
    """A call of `count`."""
    made = {"name": "count", "arguments": "{}"} | function
    return {"id": ident, "type": "function", "function": made}


def calling(*calls: Any, **more: Any) -> dict[str, Any]:
    """The assistant's turn that makes these calls."""
    return {"role": "assistant", "tool_calls": list(calls), **more}


def result(ident: str = "c1", content: Any = "3") -> dict[str, Any]:
    """What came back."""
    return {"role": "tool", "tool_call_id": ident, "content": content}


def image(url: str = "data:image/png;base64,AAAA") -> dict[str, Any]:
    """An image in parts of a message."""
    return {"type": "image_url", "image_url": {"url": url}}


def tool(**function: Any) -> dict[str, Any]:
    """The tool `count` on offer."""
    made = {"name": "count", "description": "Counts", "parameters": {"type": "object"}} | function
    return {"type": "function", "function": made}


def broken(form: Format[Any], line: Any) -> list[tuple[str, str]]:
    """The rules that the line breaks, and where."""
    problems = form.check(json.dumps(line).encode())
    for problem in problems:
        assert form.rule(problem.rule).says
        assert problem.reason
    return [(problem.rule, problem.pointer) for problem in problems]


_VALUES = st.sampled_from(
    [None, True, 0, 1, 1.0, -1, 2.5, "", "x", "c1", "tool", "user", "assistant", "system", [], {}]
)


@st.composite
def mutated(draw: st.DrawFn, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """One of the lines with up to three of its values changed, dropped or written twice."""
    line = deepcopy(draw(st.sampled_from(lines)))
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(line))
        if not places:
            break
        within, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["set", "drop", "twice", "add"])):
            case "set":
                within[key] = draw(_VALUES)
            case "drop":
                del within[key]
            case "twice" if isinstance(within, list):
                within.insert(key, deepcopy(within[key]))
            case _ if isinstance(within, dict):
                within[draw(st.sampled_from(_KEYS))] = draw(_VALUES)
    return line


_KEYS = ["weight", "name", "tool_call_id", "reasoning", "reasoning_content", "detail", "tools"]


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])
