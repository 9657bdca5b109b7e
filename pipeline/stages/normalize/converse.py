"""Bedrock Converse: `{messages, system?, toolConfig?}` with blocks that have no `type`."""

from typing import Any

from pipeline.records import Tool, ToolCall
from pipeline.stages.normalize.turns import NotUnderstood, ReadPrompt, Turn, compact, expect

__all__ = ["is_converse", "read_converse"]

_BLOCKS = frozenset({"text", "toolUse", "toolResult", "image", "document", "video"})


def is_converse(prompt: dict[str, Any]) -> bool:
    """Whether the first content block is a Converse block: known keys, no `type`."""
    match prompt.get("messages"):
        case [{"content": [dict() as block, *_]}, *_]:
            return "type" not in block and bool(_BLOCKS & block.keys())
        case _:
            return False


def read_converse(prompt: dict[str, Any]) -> ReadPrompt:
    """The turns of a Converse request, tool results as turns of their own, and its tools."""
    turns = [
        Turn("system", [_text(block, f"prompt.system[{at}]")])
        for at, block in enumerate(expect(prompt.get("system") or [], list, "prompt.system"))
    ]
    for at, item in enumerate(expect(prompt["messages"], list, "prompt.messages")):
        path = f"prompt.messages[{at}]"
        message = expect(item, dict, path)
        role = message.get("role")
        if role not in ("user", "assistant"):
            raise NotUnderstood("unknown_prompt_shape", f"{path}.role", f"is {role!r}")
        blocks = expect(message.get("content"), list, f"{path}.content")
        turns += _message(role, blocks, f"{path}.content")
    return ReadPrompt(turns, _tools(prompt.get("toolConfig")))


def _message(role: str, blocks: list[Any], path: str) -> list[Turn]:
    """A message's blocks: its tool results first, as they answer the turn before."""
    said = Turn(role)
    results: list[Turn] = []
    for at, block in enumerate(blocks):
        where = f"{path}[{at}]"
        match block:
            case {"text": str() as text}:
                said.parts.append(text)
            case {"toolUse": {"toolUseId": str() as ident, "name": str() as name, **use}}:
                arguments = expect(use.get("input", {}), dict, f"{where}.toolUse.input")
                said.calls.append(ToolCall(ident, name, arguments))
            case {"toolResult": {"toolUseId": str() as ident, "content": list() as content}}:
                parts = [_result(one, f"{where}.toolResult.content") for one in content]
                results.append(Turn("tool", ["\n".join(parts)], tool_call_id=ident))
            case {"cachePoint": _}:
                pass
            case _:
                raise _unknown(block, where)
    return [*results, said] if said.parts or said.calls else results


def _result(block: Any, path: str) -> str:
    match block:
        case {"text": str() as text}:
            return text
        case {"json": value}:
            return compact(value)
        case _:
            raise _unknown(block, path)


def _text(block: Any, path: str) -> str:
    match block:
        case {"text": str() as text}:
            return text
        case {"cachePoint": _}:
            return ""
        case _:
            raise _unknown(block, path)


def _unknown(block: Any, path: str) -> NotUnderstood:
    if isinstance(block, dict) and block.keys() & {"image", "document", "video", "audio"}:
        kind = next(iter(block.keys() & {"image", "document", "video", "audio"}))
        return NotUnderstood("unsupported_content", path, f"is a block of {kind}")
    return NotUnderstood("unknown_prompt_shape", path, "is no block that is known")


def _tools(config: Any) -> tuple[Tool, ...]:
    if config is None:
        return ()
    listed = expect(
        expect(config, dict, "prompt.toolConfig").get("tools") or [],
        list,
        "prompt.toolConfig.tools",
    )
    return tuple(_tool(tool, f"prompt.toolConfig.tools[{at}]") for at, tool in enumerate(listed))


def _tool(tool: Any, path: str) -> Tool:
    match tool:
        case {
            "toolSpec": {"name": str() as name, "inputSchema": {"json": dict() as schema}, **rest}
        }:
            description = rest.get("description")
            return Tool(name, schema, description if isinstance(description, str) else None)
        case _:
            raise NotUnderstood("unknown_prompt_shape", path, "is no toolSpec with a JSON schema")
