"""Fireworks supervised fine-tuning: OpenAI's chat line, with weights, reasoning, images in it.

Its page takes OpenAI's files as they are and shows calls without ids, which are read too. A weight
may stand on any message; one of the whole example, at the root, multiplies its loss. Imports
`records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Across, Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import result_names_dropped
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import systems_joined, tail_dropped
from pipeline.formats.openai import decode_chat, encode_chat
from pipeline.formats.rules.tools import TOOL_RULES, results_answer_calls
from pipeline.formats.rules.turns import (
    LAST_MESSAGE_OURS,
    NOTHING_TO_TRAIN,
    SYSTEM_FIRST,
    cited,
    ends_with,
    system_comes_first,
    trains_something,
)

__all__ = ["FIREWORKS"]

_GUIDE = Source("https://docs.fireworks.ai/fine-tuning/fine-tuning-models", "2026-11-26")

_RULES: dict[str, Rule] = {
    "system-first": cited(SYSTEM_FIRST, _GUIDE),
    "last-message": LAST_MESSAGE_OURS,
    "nothing-to-train": cited(NOTHING_TO_TRAIN, _GUIDE),
    **TOOL_RULES,
    "example-weights": Rule(
        "Where one example of a file has a weight of its own, each has",
        "give the other examples a weight of 1, or take the weights away",
        _GUIDE,
    ),
}


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["messages"]
    yield from system_comes_first(messages)
    yield from ends_with("assistant", messages)
    yield from trains_something(messages)
    yield from results_answer_calls(messages)


def _judge_weights() -> Across:
    weighed: bool | None = None

    def judge(line: dict[str, Any]) -> tuple[Problem, ...]:
        nonlocal weighed
        has = "weight" in line
        if weighed is None:
            weighed = has
        if has == weighed:
            return ()
        if has:
            said = "is the weight of an example; the first one of the file has none"
            return (Problem("example-weights", "/weight", said),)
        return (Problem("example-weights", "", "has no weight; the first one of the file has one"),)

    return judge


FIREWORKS = Format(
    name="fireworks",
    title="Fireworks supervised fine-tuning",
    kind="chat",
    schema="fireworks",
    source=_GUIDE,
    limits=Limits(
        min_examples=3,
        max_examples=3_000_000,
        sources={"min_examples": _GUIDE, "max_examples": _GUIDE},
    ),
    carries=Carries(
        several_systems="joined",
        later_system="refused",
        images=("data",),
        image_types=("image/jpeg", "image/png"),
        detail="kept",
        example_weight="kept",
        reasoning="kept",
        names="kept",
        strict="kept",
        parallel_tool_calls="kept",
    ),
    rules=_RULES,
    encode=encode_chat,
    decode=decode_chat,
    break_rules=_break_rules,
    across=_judge_weights,
    mends=(
        *openai_mends(CHAT, "messages", "tools", "parallel_tool_calls", "weight"),
        result_names_dropped(CHAT),
        systems_joined(CHAT),
        tail_dropped(CHAT),
    ),
)
"""Chat with tools, images in the line, reasoning, and weights of messages and examples."""
