"""Repairs of lines with Gemini's contents and parts."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from pipeline.formats.format import Mend

__all__ = ["gemini_mends"]

_Object = dict[str, Any]


def gemini_mends() -> tuple[Mend, ...]:
    """What the supervised and the preference format have in common."""
    return (
        Mend("nulls_dropped", "Fields that hold null go", _drop_nulls),
        Mend("roles_renamed", "Roles get the name that is taken: assistant is model", _rename),
        Mend("texts_in_parts", "Texts become lists of one part", _put_in_parts),
        Mend("systems_lifted", "System turns at the beginning become the instruction", _lift),
        Mend("arguments_as_objects", "Arguments that are a string become the object in it", _open),
        Mend("declarations_joined", "All tools become one, with all declarations", _join_tools),
        Mend(
            "turns_merged",
            "Turns of one speaker that follow one another become one, a blank line between them",
            _merge,
        ),
    )


def _turns(line: _Object) -> Iterator[tuple[str, _Object]]:
    """Turns, the completions of a preference among them."""
    contents, completions = line.get("contents"), line.get("completions")
    if isinstance(contents, list):
        for number, turn in enumerate(contents):
            if isinstance(turn, dict):
                yield f"/contents/{number}", turn
    if isinstance(completions, list):
        for number, one in enumerate(completions):
            if isinstance(one, dict) and isinstance(one.get("completion"), dict):
                yield f"/completions/{number}/completion", one["completion"]


def _instructions(line: _Object) -> Iterator[tuple[str, _Object]]:
    for key in ("systemInstruction", "system_instruction"):
        if isinstance(line.get(key), dict):
            yield f"/{key}", line[key]


def _parts(line: _Object) -> Iterator[tuple[str, _Object]]:
    for pointer, turn in (*_turns(line), *_instructions(line)):
        parts = turn.get("parts")
        if isinstance(parts, list):
            for number, part in enumerate(parts):
                if isinstance(part, dict):
                    yield f"{pointer}/parts/{number}", part


def _drop_nulls(line: _Object) -> Iterable[str]:
    changed: list[str] = []
    for pointer, one in [("", line), *_turns(line), *_instructions(line), *_parts(line)]:
        for key in [key for key, value in one.items() if value is None]:
            del one[key]
            changed.append(f"{pointer}/{key}")
    return changed


def _rename(line: _Object) -> Iterator[str]:
    for pointer, turn in _turns(line):
        if turn.get("role") == "assistant":
            turn["role"] = "model"
            yield f"{pointer}/role"


def _put_in_parts(line: _Object) -> Iterator[str]:
    for key in ("systemInstruction", "system_instruction"):
        if isinstance(line.get(key), str) and line[key]:
            line[key] = {"parts": [{"text": line[key]}]}
            yield f"/{key}"
    for pointer, turn in (*_turns(line), *_instructions(line)):
        if isinstance(turn.get("parts"), str):
            turn["parts"] = [{"text": turn["parts"]}]
            yield f"{pointer}/parts"


def _lift(line: _Object) -> Iterator[str]:
    contents = line.get("contents")
    if not isinstance(contents, list) or any(True for _ in _instructions(line)):
        return
    texts: list[str] = []
    for turn in contents:
        match turn:
            case {"role": "system", "parts": [{"text": str(text), **rest}]} if text and not rest:
                texts.append(text)
            case _:
                break
    if texts:
        del contents[: len(texts)]
        line["systemInstruction"] = {"parts": [{"text": "\n\n".join(texts)}]}
        yield "/contents/0"


def _open(line: _Object) -> Iterator[str]:
    for pointer, part in _parts(line):
        for key in ("functionCall", "function_call"):
            call = part.get(key)
            if isinstance(call, dict) and isinstance(call.get("args"), str):
                try:
                    found = msgspec.json.decode(call["args"])
                except (ValueError, RecursionError):
                    continue
                if isinstance(found, dict):
                    call["args"] = found
                    yield f"{pointer}/{key}/args"


def _join_tools(line: _Object) -> Iterator[str]:
    tools = line.get("tools")
    if not isinstance(tools, list) or len(tools) < 2:  # noqa: PLR2004 (one is joined already)
        return
    declared: list[Any] = []
    for tool in tools:
        match tool:
            case {"functionDeclarations": [*more], **rest} if not rest:
                declared += more
            case _:
                return
    line["tools"] = [{"functionDeclarations": declared}]
    yield "/tools/1"


def _merge(line: _Object) -> Iterable[str]:
    contents = line.get("contents")
    if not isinstance(contents, list):
        return []
    merged: list[Any] = []
    changed: list[str] = []
    for number, turn in enumerate(contents):
        joined = _joined(merged[-1], turn) if merged else None
        if joined is None:
            merged.append(turn)
        else:
            merged[-1] = joined
            changed.append(f"/contents/{number}")
    contents[:] = merged
    return changed


def _joined(one: Any, other: Any) -> _Object | None:
    """Both turns as one; None where they are not one speaker's texts and files."""
    match one, other:
        case {"role": str(role), "parts": [*parts]}, {"role": str(same), "parts": [*more]}:
            if role != same or not parts or not more or not all(map(_is_said, parts + more)):
                return None
            texts = [part.get("text") for part in parts + more]
            if len(texts) == 2 and all(isinstance(text, str) for text in texts):  # noqa: PLR2004
                return {**one, "parts": [{"text": "\n\n".join(map(str, texts))}]}
            return {**one, "parts": [*parts, {"text": "\n\n"}, *more]}
        case _:
            return None


def _is_said(part: Any) -> bool:
    """Whether it is text or a file, and nothing that a tool has to do with."""
    if not isinstance(part, dict):
        return False
    return part.keys() == {"text"} or "fileData" in part or "file_data" in part
