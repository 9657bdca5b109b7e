"""Vertex AI preference tuning of Gemini: contents, and two completions with a score of 1 and 0.

Text alone. Only the completions are trained. The limits are those of a training file; a
validation file takes 5,000 examples (or 30 % of the training examples, if it has more than 1,000).
Imports `records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import unknown_keys_dropped
from pipeline.formats.mends.gemini import gemini_mends
from pipeline.formats.rules.contents import ORDER_RULES, turns_follow
from pipeline.formats.rules.preferences import PREFERENCE_RULES
from pipeline.formats.wires.gemini import (
    ENCODER,
    WireContent,
    decode_contents,
    decode_system,
    either,
    encode_contents,
    encode_system,
)
from pipeline.records import PreferenceRecord

__all__ = ["GEMINI_PREFERENCE"]


class _Completion(Struct, frozen=True):
    score: Literal[0, 1]
    completion: WireContent


class _Line(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    system_instruction: WireContent | UnsetType = UNSET
    contents: list[WireContent]
    completions: list[_Completion]


_DOCS = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/models"
_PREPARE = Source(f"{_DOCS}/gemini-preference-tuning-prepare", "2026-11-26")
_ABOUT = Source(f"{_DOCS}/gemini-preference-tuning", "2026-11-26")

_RULES: dict[str, Rule] = {
    "prompt-end": Rule(
        "The contents end with a user's turn",
        "put the model's last turn into both completions",
        _PREPARE,
    ),
    "same-outputs": PREFERENCE_RULES["same-outputs"],
    **ORDER_RULES,
}


def encode_gemini_preference(record: PreferenceRecord) -> bytes:
    """The preference's line, the preferred completion first."""
    line = _Line(
        system_instruction=encode_system(record.prompt),
        contents=encode_contents(record.prompt),
        completions=[
            _Completion(1, encode_contents(record.chosen)[0]),
            _Completion(0, encode_contents(record.rejected)[0]),
        ],
    )
    return ENCODER.encode(line)


def decode_gemini_preference(line: bytes) -> PreferenceRecord:
    """The preference of an accepted line."""
    read = msgspec.json.decode(line)
    system = decode_system(either(read, "systemInstruction", "system_instruction"))
    by_score = {one["score"]: decode_contents([one["completion"]]) for one in read["completions"]}
    return PreferenceRecord(
        prompt=(*system, *decode_contents(read["contents"])),
        chosen=by_score[1],
        rejected=by_score[0],
    )


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    contents = line["contents"]
    if contents[-1]["role"] != "user":
        pointer = f"/contents/{len(contents) - 1}/role"
        yield Problem("prompt-end", pointer, "the contents do not end with a user's turn")
    first, second = line["completions"]
    if first["completion"]["parts"] == second["completion"]["parts"]:
        said = "is the other completion as well"
        yield Problem("same-outputs", "/completions/1/completion", said)
    yield from turns_follow(contents)


GEMINI_PREFERENCE = Format(
    name="gemini-preference",
    title="Vertex AI preference tuning of Gemini",
    kind="preference",
    schema="gemini-preference",
    source=_PREPARE,
    limits=Limits(
        max_examples=10_000_000,
        max_file_bytes=1_000_000_000,
        max_example_tokens=131_072,
        sources={
            "max_examples": _ABOUT,
            "max_file_bytes": _ABOUT,
            "max_example_tokens": _ABOUT,
        },
    ),
    carries=Carries(
        several_systems="joined",
        later_system="refused",
        same_role_turns="merged",
        tools="refused",
        text_parts="joined",
        weight="refused",
    ),
    rules=_RULES,
    encode=encode_gemini_preference,
    decode=decode_gemini_preference,
    break_rules=_break_rules,
    mends=(
        *gemini_mends(),
        unknown_keys_dropped("systemInstruction", "system_instruction", "contents", "completions"),
    ),
)
"""One completion preferred to another, both a single turn of the model."""
