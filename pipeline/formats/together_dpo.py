"""Together preference fine-tuning (DPO): OpenAI's line, its conversation as in `together`.

Imports `records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from pipeline.formats.format import Format, Problem, Rule, Source
from pipeline.formats.mends.fields import nulls_dropped
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import PAIR
from pipeline.formats.mends.turns import systems_joined, texts_in_parts, turns_merged
from pipeline.formats.mends.values import output_weights_dropped
from pipeline.formats.openai_dpo import decode_preference, encode_preference
from pipeline.formats.rules.preferences import PREFERENCE_RULES, break_preference_rules
from pipeline.formats.rules.tools import TOOL_RULES
from pipeline.formats.together import (
    TOGETHER_CARRIES,
    TOGETHER_CODE,
    TOGETHER_LIMITS,
    TOGETHER_PAGE,
    TOGETHER_TURN_RULES,
    break_turn_rules,
)

__all__ = ["TOGETHER_DPO"]

_GUIDE = Source("https://docs.together.ai/docs/fine-tuning/preference-tuning", "2026-11-26")

_PROMPT_END = PREFERENCE_RULES["prompt-end"]
_RULES: dict[str, Rule] = {
    **PREFERENCE_RULES,
    "prompt-end": Rule(_PROMPT_END.says, _PROMPT_END.fix, TOGETHER_CODE),
    "message-weight": Rule(
        "A message of a preference has no weight of its own",
        "take the weight away; one beside the input weighs the whole example",
        TOGETHER_PAGE,
    ),
    **TOGETHER_TURN_RULES,
    **TOOL_RULES,
}


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["input"]["messages"]
    yield from break_preference_rules(line)
    yield from break_turn_rules(messages, "/input/messages")
    for at, side in (
        ("/input/messages", messages),
        ("/preferred_output", line["preferred_output"]),
        ("/non_preferred_output", line["non_preferred_output"]),
    ):
        for number, message in enumerate(side):
            if "weight" in message:
                said = "is a message's weight; only conversations have those"
                yield Problem("message-weight", f"{at}/{number}/weight", said)


TOGETHER_DPO = Format(
    name="together-dpo",
    title="Together preference fine-tuning (DPO)",
    kind="preference",
    schema="together-dpo",
    source=_GUIDE,
    limits=TOGETHER_LIMITS,
    carries=replace(TOGETHER_CARRIES, weight="refused"),
    rules=_RULES,
    encode=encode_preference,
    decode=decode_preference,
    break_rules=_break_rules,
    mends=(
        *openai_mends(PAIR, "input", "preferred_output", "non_preferred_output", "weight"),
        nulls_dropped(PAIR, contents=True),
        output_weights_dropped(PAIR),
        systems_joined(PAIR),
        turns_merged(PAIR),
        texts_in_parts(PAIR),
    ),
)
"""One answer preferred to another, both of one message."""
