"""Rules on contents as Google writes them, in camel or snake case. Imports `format` and its kin.

A function takes the decoded contents and the pointer of their list, and gives every problem.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.formats.format import Problem, Rule, Source

__all__ = [
    "ORDER_RULES",
    "RESPONSE_RULES",
    "files_within",
    "responses_answer_calls",
    "turns_follow",
]

_Content = dict[str, Any]

_CHECKS = Source(
    "https://github.com/GoogleCloudPlatform/generative-ai, gemini/tuning/"
    "vertexai_supervised_tuning_token_count_and_cost_estimation.ipynb",
    "2026-11-26",
)
_API = Source(
    "https://github.com/googleapis/python-aiplatform, aiplatform_v1.types.Tool of 2.7.0",
    "2026-11-26",
)
_GATEWAY = Source("https://github.com/envoyproxy/ai-gateway/pull/2686", "2026-11-26")

ORDER_RULES: Mapping[str, Rule] = {
    "first-turn": Rule(
        "The first turn is the user's", "leave out what precedes the first question", _CHECKS
    ),
    "alternation": Rule(
        "Turns of user and model alternate, responses of functions apart",
        "merge turns that follow one another",
        _CHECKS,
    ),
}
"""Of contents."""

RESPONSE_RULES: Mapping[str, Rule] = {
    "orphan-response": Rule(
        "A function's response names an open call of the turn before it",
        "give it the name of that call, or leave it out",
        _API,
    ),
    "call-without-response": Rule(
        "Every call has its response in the next turn, unless the line ends with it",
        "add the response, or end the line with the call",
        _API,
    ),
    "response-apart": Rule(
        "Responses of functions share no turn with other parts",
        "put the text into a turn of its own",
        _GATEWAY,
    ),
    "exact-number": Rule(
        "A number in args or a response is one that a 64-bit float holds exactly",
        "give it as a string",
        why="args and response are protobuf Structs, which hold numbers as such floats: a long id"
        " would be trained as another one",
    ),
}
"""Of calls and their responses, which Google tells apart by names and order alone."""


def turns_follow(contents: Sequence[_Content], at: str = "/contents") -> Iterator[Problem]:
    """`first-turn` and `alternation`."""
    before = None
    for number, content in enumerate(contents):
        kind = _kind(content)
        pointer = f"{at}/{number}" if "role" not in content else f"{at}/{number}/role"
        if before is None and kind != "user":
            yield Problem("first-turn", pointer, "the first turn is not the user's")
        elif kind == before and kind != "function":
            yield Problem("alternation", pointer, f"follows another turn of the {kind}")
        before = kind


def responses_answer_calls(
    contents: Sequence[_Content], at: str = "/contents"
) -> Iterator[Problem]:
    """`orphan-response`, `call-without-response` and `response-apart`."""
    waiting: list[tuple[str, str]] = []
    for number, content in enumerate(contents):
        pointer = f"{at}/{number}/parts"
        if _kind(content) == "function":
            yield from _take_responses(content, pointer, waiting)
            continue
        yield from _unanswered(waiting)
        waiting = _calls(content, pointer)
    if contents[-1].get("role") != "model":
        yield from _unanswered(waiting)


def files_within(
    contents: Sequence[_Content], most: int, at: str = "/contents"
) -> Iterator[Problem]:
    """`images`: no more images than are taken in one example."""
    seen = 0
    for pointer, part in _no_texts(contents, at):
        file = part.get("fileData") or part.get("file_data")
        if file is None or not _is_image(file):
            continue
        seen += 1
        if seen == most + 1:
            said = f"is image number {seen}; {most} are taken in one example"
            yield Problem("images", pointer, said)


def numbers_are_exact(contents: Sequence[_Content], at: str = "/contents") -> Iterator[Problem]:
    """`exact-number`: args and responses have no whole number that a float would change."""
    for pointer, part in _no_texts(contents, at):
        for key, field in _OBJECTS:
            if key in part and _changes(part[key].get(field)):
                said = "has a whole number that a 64-bit float does not hold"
                yield Problem("exact-number", f"{pointer}/{key}/{field}", said)


def _no_texts(contents: Sequence[_Content], at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pointer and part of everything that is no text."""
    for number, content in enumerate(contents):
        for place, part in enumerate(content["parts"]):
            if "text" not in part:
                yield f"{at}/{number}/parts/{place}", part


_OBJECTS = (
    ("functionCall", "args"),
    ("function_call", "args"),
    ("functionResponse", "response"),
    ("function_response", "response"),
)
_EXACT = 2**53
"""Up to here a float holds every whole number."""


def _changes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_changes, value.values()))
    if isinstance(value, list):
        return any(map(_changes, value))
    if not isinstance(value, int) or abs(value) <= _EXACT:
        return False
    try:
        return int(float(value)) != value
    except OverflowError:
        return True


def _kind(content: _Content) -> str:
    """Whose turn it is; `function` for one with responses."""
    role: str = content.get("role", "function")
    if role == "user":
        for part in content["parts"]:
            if "functionResponse" in part or "function_response" in part:
                return "function"
    return role


def _response_key(part: dict[str, Any]) -> str | None:
    return next((key for key in ("functionResponse", "function_response") if key in part), None)


def _take_responses(
    content: _Content, pointer: str, waiting: list[tuple[str, str]]
) -> Iterator[Problem]:
    for place, part in enumerate(content["parts"]):
        key = _response_key(part)
        if key is None:
            said = "stands beside the response of a function"
            yield Problem("response-apart", f"{pointer}/{place}", said)
            continue
        name = part[key]["name"]
        found = next((one for one in waiting if one[0] == name), None)
        if found is None:
            said = "names no open call of the turn before"
            yield Problem("orphan-response", f"{pointer}/{place}/{key}/name", said)
        else:
            waiting.remove(found)


def _calls(content: _Content, pointer: str) -> list[tuple[str, str]]:
    """Name and place of every call in the turn."""
    return [
        (part[key]["name"], f"{pointer}/{place}")
        for place, part in enumerate(content["parts"])
        for key in ("functionCall", "function_call")
        if key in part
    ]


def _unanswered(waiting: list[tuple[str, str]]) -> Iterator[Problem]:
    return (Problem("call-without-response", at, "has no response") for _, at in waiting)


def _is_image(file: dict[str, Any]) -> bool:
    mime_type: str = file.get("mimeType") or file.get("mime_type", "")
    return mime_type.startswith("image/")
