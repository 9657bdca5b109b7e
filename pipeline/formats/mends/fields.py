"""Fields that stand in the way, or are missing though nothing else could be there."""

from collections.abc import Iterable, Iterator
from typing import Any

from pipeline.formats.format import Mend
from pipeline.formats.mends.places import (
    Places,
    calls_in,
    each_message,
    messages_in,
    parts_in,
    tools_in,
)
from pipeline.formats.schemas import pointer_to

__all__ = [
    "calls_nested",
    "names_dropped",
    "nulls_dropped",
    "parameters_added",
    "result_names_dropped",
    "tools_nested",
    "types_added",
    "unknown_keys_dropped",
]

_Object = dict[str, Any]

_MEANT = frozenset(
    {"answer", "answers", "chosen", "completion", "completions", "contents", "conversation"}
    | {"conversations", "documents", "function_call", "functions", "generationConfig", "images"}
    | {"input", "inputs", "instruction", "instructions", "interactions", "label", "labels"}
    | {"messages", "non_preferred_output", "output", "outputs", "preferred_output", "prompt"}
    | {"question", "reference_answer", "references", "rejected", "response", "response_format"}
    | {"response_schema", "schemaVersion", "system", "systemInstruction", "system_instruction"}
    | {"text", "toolConfig", "tool_choice", "tools", "weight"}
)
"""Top-level keys that some provider trains on or by: a line that has one where it has no place may
mean another thing than it would without it."""
_FUNCTION = frozenset({"name", "description", "parameters", "strict"})


def nulls_dropped(places: Places, *, contents: bool = False) -> Mend:
    """Fields that hold null, and empty lists of tools and calls.

    A content that is null beside calls stays, unless `contents` says that it is refused.
    """

    def apply(line: _Object) -> Iterable[str]:
        changed = [*_nulls("", line, ("tools",))]
        for path in {path[:-1] for path in (*places.messages, places.tools)} - {()}:
            inner = line.get(path[0])
            if isinstance(inner, dict):
                changed += _nulls(f"/{path[0]}", inner, ("tools",))
        for pointer, message in messages_in(line, places):
            keep = () if contents and message.get("tool_calls") else ("content",)
            changed += _nulls(pointer, message, ("tool_calls", "annotations"), keep)
        for pointer, call in calls_in(line, places):
            changed += _nulls(pointer, call)
        for pointer, part in parts_in(line, places):
            changed += _nulls(pointer, part)
            if isinstance(image := part.get("image_url"), dict):
                changed += _nulls(f"{pointer}/image_url", image)
        for pointer, tool in tools_in(line, places):
            changed += _nulls(pointer, tool)
            if isinstance(function := tool.get("function"), dict):
                changed += _nulls(f"{pointer}/function", function)
        return changed

    return Mend("nulls_dropped", "Fields that hold null, or no tool and no call, go", apply)


def types_added(places: Places) -> Mend:
    """The `type` of calls and tools that have a `function`."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, one in (*calls_in(line, places), *tools_in(line, places)):
            if "type" not in one and isinstance(one.get("function"), dict):
                one["type"] = "function"
                yield pointer

    return Mend("types_added", 'Calls and tools get the type that they lack, "function"', apply)


def tools_nested(places: Places) -> Mend:
    """Tools that are written flat, as the Responses API takes them."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, tool in tools_in(line, places):
            if isinstance(tool.get("name"), str) and tool.keys() <= _FUNCTION | {"type"}:
                kind = tool.pop("type", "function")
                function = dict(tool)
                tool.clear()
                tool.update({"type": kind, "function": function})
                yield pointer

    return Mend("tools_nested", "Tools that are written flat get their function", apply)


def calls_nested(places: Places) -> Mend:
    """Calls with their name and arguments beside their id."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, call in calls_in(line, places):
            if call.keys() - {"id", "type"} == {"name", "arguments"}:
                call.setdefault("type", "function")
                call["function"] = {"name": call.pop("name"), "arguments": call.pop("arguments")}
                yield pointer

    return Mend("calls_nested", "Calls that are written flat get their function", apply)


def unknown_keys_dropped(*known: str) -> Mend:
    """Keys of the line that the provider refuses and that nobody trains on, such as an id."""

    def apply(line: _Object) -> Iterator[str]:
        for key in [key for key in line if key not in known and key not in _MEANT]:
            del line[key]
            yield pointer_to([key])

    says = "Keys beside the example that say nothing of it, such as an id, go"
    return Mend("unknown_keys_dropped", says, apply)


def result_names_dropped(places: Places) -> Mend:
    """The tool's name beside a result, where it is that of the call which the result answers."""

    def apply(line: _Object) -> Iterator[str]:
        called = {
            str(call.get("id")): function.get("name")
            for _, call in calls_in(line, places)
            if isinstance(function := call.get("function"), dict)
        }
        for pointer, message in messages_in(line, places):
            if message.get("role") != "tool" or "name" not in message:
                continue
            if called.get(str(message.get("tool_call_id"))) == message["name"]:
                del message["name"]
                yield f"{pointer}/name"

    return Mend("result_names_dropped", "Results of tools lose the name that their call has", apply)


def names_dropped(places: Places) -> Mend:
    """Names of participants, for a format that has no place for them."""
    says = "Names of participants go"
    return each_message("names_dropped", says, places, _drop_name)


def parameters_added(places: Places) -> Mend:
    """What a format asks of every tool, where a tool has none: an empty one says the same."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, tool in tools_in(line, places):
            function = tool.get("function")
            if isinstance(function, dict) and not {"description", "parameters"} <= function.keys():
                function.setdefault("description", "")
                function.setdefault("parameters", {"type": "object", "properties": {}})
                yield f"{pointer}/function"

    says = "Tools get the description and the parameters that they lack, empty ones"
    return Mend("parameters_added", says, apply)


def _nulls(
    pointer: str, found: _Object, lists: tuple[str, ...] = (), keep: tuple[str, ...] = ()
) -> Iterator[str]:
    """Drop what is null, and those lists where they are empty."""
    for key, value in list(found.items()):
        if (value is None and key not in keep) or (value == [] and key in lists):
            del found[key]
            yield pointer + pointer_to([key])


def _drop_name(message: _Object) -> bool:
    return message.get("role") != "tool" and message.pop("name", None) is not None
