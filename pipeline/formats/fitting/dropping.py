"""Rewrites that leave a field out, or add an empty one, where a format has it so.

Each takes the list in which a rewrite is named. Imports `records`, `carries`, `reducing`.
"""

from typing import Any

from msgspec.structs import replace

from pipeline.formats.fitting.carries import Carries, Rewrite
from pipeline.formats.fitting.reducing import reduce_schema
from pipeline.records import ContentPart, ImagePart, Message, Record, Tool

__all__ = ["drop_fields", "rewrite_beside"]

_Turns = tuple[Message, ...]


def drop_fields(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    """The turns without what the format has no field for; the same object where that is nothing."""
    kept = [_drop_of(message, carries, rewrites) for message in turns]
    same = all(new is old for new, old in zip(kept, turns, strict=True))
    return turns if same else tuple(kept)


def rewrite_beside(record: Record, carries: Carries, rewrites: list[Rewrite]) -> dict[str, Any]:
    """What stands beside the messages, as the format has it."""
    tools = _drop_strict(record.tools, carries, rewrites)
    if carries.descriptions == "required":
        tools = _describe(tools, rewrites)
    if carries.tool_schemas == "openapi":
        tools = _reduce_schemas(tools, rewrites)
    parallel, weight = record.parallel_tool_calls, record.weight
    if parallel is not None and carries.parallel_tool_calls == "dropped":
        parallel = None
        rewrites.append("parallel_tool_calls_dropped")
    if weight is not None and carries.example_weight == "refused":
        weight = None
        rewrites.append("weights_dropped")
    return {"tools": tools, "parallel_tool_calls": parallel, "weight": weight}


def _drop_of(message: Message, carries: Carries, rewrites: list[Rewrite]) -> Message:
    if message.reasoning is not None and carries.reasoning == "dropped":
        rewrites.append("reasoning_dropped")
        message = replace(message, reasoning=None)
    if message.name is not None and message.role != "tool" and carries.names == "dropped":
        rewrites.append("names_dropped")
        message = replace(message, name=None)
    if message.tool_calls and message.content == "" and carries.content_beside_calls != "kept":
        rewrites.append("empty_texts_dropped")
        message = replace(message, content=None)
    if isinstance(message.content, tuple) and carries.detail == "dropped":
        return _drop_detail(message, message.content, rewrites)
    return message


def _drop_detail(
    message: Message, content: tuple[ContentPart, ...], rewrites: list[Rewrite]
) -> Message:
    if not any(isinstance(part, ImagePart) and part.detail for part in content):
        return message
    rewrites.append("detail_dropped")
    parts = (replace(p, detail=None) if isinstance(p, ImagePart) else p for p in content)
    return replace(message, content=tuple(parts))


def _drop_strict(
    tools: tuple[Tool, ...], carries: Carries, rewrites: list[Rewrite]
) -> tuple[Tool, ...]:
    if carries.strict == "kept" or all(tool.strict is None for tool in tools):
        return tools
    rewrites.append("strict_dropped")
    return tuple(replace(tool, strict=None) for tool in tools)


def _describe(tools: tuple[Tool, ...], rewrites: list[Rewrite]) -> tuple[Tool, ...]:
    if all(tool.description is not None for tool in tools):
        return tools
    rewrites.append("empty_descriptions_added")
    return tuple(replace(one, description=one.description or "") for one in tools)


def _reduce_schemas(tools: tuple[Tool, ...], rewrites: list[Rewrite]) -> tuple[Tool, ...]:
    reduced = tuple([replace(tool, parameters=reduce_schema(tool.parameters)) for tool in tools])
    if reduced == tools:
        return tools
    rewrites.append("schemas_rewritten")
    return reduced
