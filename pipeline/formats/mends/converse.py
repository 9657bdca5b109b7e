"""Repairs of lines with Converse's turns, as Amazon Nova takes them."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from pipeline.formats.format import Mend
from pipeline.formats.mends.places import CHAT, messages_in, parts_in

__all__ = ["inputs_as_objects", "texts_in_blocks", "unused_blocks_dropped", "version_added"]

_Object = dict[str, Any]


def version_added(version: str) -> Mend:
    """The schema version, of which there is one."""

    def apply(line: _Object) -> Iterator[str]:
        if line.get("schemaVersion") is None:
            line["schemaVersion"] = version
            yield ""

    return Mend("version_added", f"The schemaVersion that there is, {version}, is added", apply)


def texts_in_blocks() -> Mend:
    """Texts where a list of blocks is asked for."""

    def apply(line: _Object) -> Iterator[str]:
        system = line.get("system")
        if isinstance(system, str) and system:
            line["system"] = [{"text": system}]
            yield "/system"
        for pointer, message in messages_in(line, CHAT):
            if isinstance(message.get("content"), str):
                message["content"] = [{"text": message["content"]}]
                yield f"{pointer}/content"

    return Mend("texts_in_blocks", "Texts become lists of one block", apply)


def inputs_as_objects() -> Mend:
    """What a tool is called with, as the object that is in the text."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, block in parts_in(line, CHAT):
            call = block.get("toolUse")
            if isinstance(call, dict) and isinstance(call.get("input"), str):
                try:
                    found = msgspec.json.decode(call["input"])
                except (ValueError, RecursionError):
                    continue
                if isinstance(found, dict):
                    call["input"] = found
                    yield f"{pointer}/toolUse/input"

    return Mend("inputs_as_objects", "Inputs of tools that are a string become the object", apply)


def unused_blocks_dropped() -> Mend:
    """Nulls, as a table of many columns leaves them in every block."""

    def apply(line: _Object) -> Iterable[str]:
        found = [("", line), *messages_in(line, CHAT), *parts_in(line, CHAT)]
        changed: list[str] = []
        for pointer, one in found:
            for key in [key for key, value in one.items() if value is None]:
                del one[key]
                changed.append(f"{pointer}/{key}")
        return changed

    return Mend("nulls_dropped", "Fields that hold null go", apply)
