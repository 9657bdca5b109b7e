"""Vertex AI Gemini: `{contents, system?}`. Calls have no ids there: ids are minted in order."""

from typing import Any

from pipeline.records import ImagePart, ToolCall
from pipeline.stages.normalize.turns import (
    NotUnderstood,
    ReadPrompt,
    Turn,
    compact,
    expect,
    image_of,
)

__all__ = ["read_gemini"]


def read_gemini(prompt: dict[str, Any]) -> ReadPrompt:
    """The turns of a Gemini request; a function's answers are paired with its calls in order."""
    turns: list[Turn] = []
    if prompt.get("system") is not None:
        system = expect(prompt["system"], dict, "prompt.system")
        turns += [
            Turn("system", [_system_text(part, f"prompt.system.parts[{at}]")])
            for at, part in enumerate(expect(system.get("parts"), list, "prompt.system.parts"))
        ]
    minted = _Minted()
    for at, item in enumerate(expect(prompt["contents"], list, "prompt.contents")):
        path = f"prompt.contents[{at}]"
        content = expect(item, dict, path)
        role = {"user": "user", "model": "assistant", "function": "user"}.get(content.get("role"))
        if role is None:
            raise NotUnderstood(
                "unknown_prompt_shape", f"{path}.role", f"is {content.get('role')!r}"
            )
        parts = expect(content.get("parts"), list, f"{path}.parts")
        turns += _content(role, parts, f"{path}.parts", minted)
    return ReadPrompt(turns)


class _Minted:
    """Ids for calls that have none, and which of a function's calls still wait for an answer."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: dict[str, list[str]] = {}

    def call(self, name: str) -> str:
        self._count += 1
        ident = f"call_{self._count}"
        self._waiting.setdefault(name, []).append(ident)
        return ident

    def answer(self, name: str, path: str) -> str:
        waiting = self._waiting.get(name)
        if not waiting:
            raise NotUnderstood("orphan_tool_result", path, f"answers no call of {name}")
        return waiting.pop(0)


def _content(role: str, parts: list[Any], path: str, minted: _Minted) -> list[Turn]:
    said = Turn(role)
    results: list[Turn] = []
    for at, part in enumerate(parts):
        where = f"{path}[{at}]"
        match part:
            case {"thought": True}:
                pass
            case {"text": str() as text}:
                said.parts.append(text)
            case {"functionCall": {"name": str() as name, **call}}:
                arguments = expect(call.get("args") or {}, dict, f"{where}.functionCall.args")
                said.calls.append(ToolCall(minted.call(name), name, arguments))
            case {"functionResponse": {"name": str() as name, **answer}}:
                ident = minted.answer(name, where)
                results.append(Turn("tool", [compact(answer.get("response"))], tool_call_id=ident))
            case _:
                said.parts.append(_image(part, where))
    return [*results, said] if said.parts or said.calls else results


def _image(part: Any, path: str) -> ImagePart:
    match part:
        case {"inlineData": {"mimeType": str() as mime, "data": str() as data}} if mime.startswith(
            "image/"
        ):
            return image_of(f"data:{mime};base64,{data}", path)
        case {"fileData": {"mimeType": str() as mime, "fileUri": str() as uri}} if mime.startswith(
            "image/"
        ):
            return ImagePart(mime_type=mime, url=uri)
        case {"inlineData": _} | {"fileData": _}:
            raise NotUnderstood("unsupported_content", path, "is a file that is no image")
        case _:
            raise NotUnderstood("unknown_prompt_shape", path, "is no part that is known")


def _system_text(part: Any, path: str) -> str:
    match part:
        case {"text": str() as text}:
            return text
        case _:
            raise NotUnderstood("unknown_prompt_shape", path, "is no text")
