"""Pieces of lines as TRL's page shows them, for tests to put together and to break."""

import json
from typing import Any

__all__ = ["ASKED", "CALLED", "DONE", "LIGHT", "called", "in_string"]

ASKED = {"role": "user", "content": "Turn on the living room lights."}
DONE = {"role": "assistant", "content": "Done!"}
LIGHT = {
    "type": "function",
    "function": {
        "name": "control_light",
        "description": "Controls the lights in a room.",
        "parameters": {
            "type": "object",
            "properties": {"room": {"type": "string", "description": "The name of the room."}},
            "required": ["room"],
        },
        "return": {"type": "string", "description": "What was done."},
    },
}


def called(arguments: Any = None, **call: Any) -> dict[str, Any]:
    """The assistant's turn that calls `control_light`."""
    given = {"room": "living room"} if arguments is None else arguments
    function = {"name": "control_light", "arguments": given}
    return {
        "role": "assistant",
        "tool_calls": [{"type": "function", "function": function, **call}],
    }


def in_string(*tools: Any) -> str:
    """Tools as JSON in a string."""
    return json.dumps(list(tools))


CALLED = [
    ASKED,
    called(),
    {"role": "tool", "name": "control_light", "content": "They are on."},
    DONE,
]
"""A conversation whose call has no id, as on TRL's page."""
