"""The `test` provider: a rehearsal. It checks the file as a provider would and trains nothing."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from pipeline.trainers.trainer import Submission, TrainerState

__all__ = ["Rehearsal", "check_file"]

_MIN_EXAMPLES = 10
_SHOWN = 5
_MAX_LINE = 64 << 20
_ROLES = frozenset({"system", "user", "assistant", "tool"})


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Goes pending, running, completed over a little time, if the file is good."""

    pending_ms: int = 300
    running_ms: int = 700

    def look(self, submission: Submission, now: int) -> TrainerState:
        """How the rehearsal stands; depends on the file and the time alone."""
        age = now - submission.began
        if age < self.pending_ms:
            return TrainerState("pending")
        problems, digest = _looked_at(submission.dataset, submission.dataset.stat().st_mtime_ns)
        if problems:
            return TrainerState("failed", details="; ".join(problems))
        if age < self.pending_ms + self.running_ms:
            return TrainerState("running")
        return TrainerState(
            "completed",
            model=f"{submission.model}:rehearsal:{digest}",
            details="a rehearsal: the file was checked as a provider would, nothing was trained",
        )


@lru_cache(maxsize=64)
def _looked_at(path: Path, changed: int) -> tuple[tuple[str, ...], str]:
    """What is wrong with the file, and its digest; read once for as long as it is unchanged."""
    del changed
    return tuple(check_file(path)), _digest(path)


def check_file(path: Path) -> list[str]:
    """What a provider of chat fine-tuning would refuse: the first few lines and reasons."""
    problems: list[str] = []
    count = 0
    with path.open("rb") as file:
        for count, line in enumerate(iter(lambda: file.readline(_MAX_LINE + 1), b""), 1):
            if len(line) > _MAX_LINE:
                return [*problems, f"line {count}: has more than {_MAX_LINE:,} bytes"]
            if reason := _refusal(line):
                problems.append(f"line {count}: {reason}")
                if len(problems) >= _SHOWN:
                    return [*problems, "and perhaps more"]
    if count < _MIN_EXAMPLES:
        problems.append(f"the file has {count} examples, at least {_MIN_EXAMPLES} are needed")
    return problems


def _refusal(line: bytes) -> str | None:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "is no JSON"
    match value:
        case {"messages": [*messages]} if messages:
            return _refused_messages(messages)
        case _:
            return "has no messages"


def _refused_messages(messages: list[Any]) -> str | None:
    for at, message in enumerate(messages):
        if not isinstance(message, dict) or str(message.get("role")) not in _ROLES:
            return f"message {at + 1} has no role that is known"
        if not message.get("content") and not message.get("tool_calls"):
            return f"message {at + 1} is empty"
    return None if messages[-1]["role"] == "assistant" else "does not end with the assistant"


def _digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:12]
