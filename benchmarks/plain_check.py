"""What a person writes to check a chat file: a loop of `json.loads` and a few questions.

    python benchmarks/plain_check.py FILE

Asks what OpenAI's cookbook asks of a line (an object, a list of messages, known keys and roles, a
text or a call in each, an answer among them) and counts what does not hold.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

KEYS = {"role", "content", "name", "function_call", "weight", "tool_calls", "tool_call_id"}
ROLES = {"system", "user", "assistant", "function", "tool"}


def problems(line: str) -> set[str]:
    """What is wrong with a line, each once."""
    value = json.loads(line)
    if not isinstance(value, dict):
        return {"no object"}
    messages = value.get("messages")
    if not messages:
        return {"no messages"}
    found = {said for message in messages for said in asked(message)}
    if not any(message.get("role") == "assistant" for message in messages):
        found.add("no answer")
    return found


def asked(message: dict[str, Any]) -> set[str]:
    """What is wrong with a message."""
    found = set()
    if "role" not in message or ("content" not in message and "tool_calls" not in message):
        found.add("a key is missing")
    if any(key not in KEYS for key in message):
        found.add("a key is unknown")
    if message.get("role") not in ROLES:
        found.add("a role is unknown")
    content = message.get("content")
    if not (content and isinstance(content, str | list)) and "tool_calls" not in message:
        found.add("no content")
    return found


def main() -> None:
    """Read, count, print."""
    counts: Counter[str] = Counter()
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        for line in file:
            counts.update(problems(line))
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
