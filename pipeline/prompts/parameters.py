"""What of a run's parameters can be rendered, and what only points to something else."""

import re
from collections.abc import Iterator
from typing import Any

from pipeline.prompts.texts import Segment, Unrendered
from pipeline.records import RejectCode

__all__ = ["MEMORY_KEY", "Failed", "find_reference", "read_chat"]

MEMORY_KEY = "@memory"
"""The key under which parameters name a memory pack."""
_REFERENCE = re.compile(r"store:\S+")


class Failed(Exception):
    """Ends a rendering inside this file."""

    def __init__(self, code: RejectCode, detail: str, path: str = "$.parameters") -> None:
        super().__init__(detail)
        self.unrendered = Unrendered(code, detail, path)


def read_chat(variables: dict[str, Any], key: str) -> Iterator[Segment]:
    """The turns of a chat segment. Raises `Failed` where the parameters do not hold them."""
    turns = variables.get(key)
    if not isinstance(turns, list):
        said = "the chat segment wants a list of turns here"
        raise Failed("unrenderable_parameters", said, f"$.parameters.{key}")
    for index, turn in enumerate(turns):
        match turn:
            case {"role": str() as role, "content": str() as content}:
                yield Segment(role, content)
            case _:
                said = "a turn of the chat without a role, or without content that is text"
                path = f"$.parameters.{key}[{index}]"
                raise Failed("unrenderable_parameters", said, path)


def find_reference(value: Any, path: str = "") -> str | None:
    """Where a `store:` reference stands; None where there is none."""
    match value:
        case str() if _REFERENCE.fullmatch(value):
            return path
        case dict():
            inside = ((inner, f"{path}.{key}") for key, inner in value.items())
        case list():
            inside = ((inner, f"{path}[{index}]") for index, inner in enumerate(value))
        case _:
            return None
    return next(
        (where for one, to in inside if (where := find_reference(one, to)) is not None), None
    )
