"""Which counter a model and a format have.

The encodings of OpenAI's models are those of tiktoken 0.14.0 (tiktoken/model.py, read 2026-11-26),
but for fine-tuned names: there `ft:gpt-4.1-...` is taken for gpt-4, here it is looked up by the
base model that it names. Imports `records` and the counters of this room.
"""

from typing import Literal

from pipeline.tokens.chat import ChatCounter, ChatRule
from pipeline.tokens.counter import TokenCounter
from pipeline.tokens.encodings import EncodingLengths
from pipeline.tokens.estimate import CharacterLengths
from pipeline.tokens.images import gemini_image, openai_image
from pipeline.tokens.mistral import MISTRAL_MODELS, MistralCounter, MistralLengths, is_at_hand
from pipeline.tokens.tools import ToolRule

__all__ = ["counter_for", "encoding_of"]

_ENCODING_OF = (
    ("gpt-4o", "o200k_base"),
    ("chatgpt-4o", "o200k_base"),
    ("gpt-4.1", "o200k_base"),
    ("gpt-4.5", "o200k_base"),
    ("gpt-5", "o200k_base"),
    ("o1", "o200k_base"),
    ("o3", "o200k_base"),
    ("o4-mini", "o200k_base"),
    ("gpt-oss", "o200k_harmony"),
    ("gpt-4", "cl100k_base"),
    ("gpt-3.5", "cl100k_base"),
    ("gpt-35", "cl100k_base"),
    ("babbage-002", "cl100k_base"),
    ("davinci-002", "cl100k_base"),
)
"""Beginnings of names of OpenAI's models, the first that fits counts, and their encodings."""

_OPENAI_FORMATS = ("openai", "azure", "openai-dpo")
_MISTRAL_FORMAT = "mistral"
_MISTRAL_FAMILY = (
    "mistral", "open-mistral", "ministral", "mixtral", "open-mixtral", "codestral", "pixtral",
    "magistral", "devstral",
)  # fmt: skip
_USUAL = "o200k_base"
"""Of every model that OpenAI trains in 2026, and what stands in for tokenizers that are not at
hand: the large vocabularies of today are alike."""
_USUAL_MISTRAL = "mistral-tekken-v3"

_STAND_IN_ERROR = 0.14
_CHARACTERS_ERROR = 0.17
"""Measured by benchmarks/tokens.py; docs/tokens.md has the table."""

_TOOLS = {"cl100k_base": ToolRule(tool=10)}
_TOOLS_USUAL = ToolRule(tool=7)


def counter_for(
    model: str | None, format_name: str, *, counting: Literal["auto", "estimate"] = "auto"
) -> TokenCounter:
    """The counter of a base model, by the provider's id; without one the format's usual one.

    `auto` takes the model's own tokenizer where it is at hand and a stand-in where it is not;
    `estimate` loads none.
    """
    if counting == "estimate":
        return _estimate(format_name)
    name = _base_name(model)
    encoding = encoding_of(model) if model is not None else None
    if encoding is not None:
        return _by_encoding(encoding, format_name, exact=True)
    if name.startswith(_MISTRAL_FAMILY) or (not name and format_name == _MISTRAL_FORMAT):
        return _mistral(name, format_name)
    if format_name in _OPENAI_FORMATS:
        if not name:
            return _by_encoding(_USUAL, format_name, exact=True)
        note = f"{model} is not a model that is known here: counted as gpt-4.1 is"
        return _by_encoding(_USUAL, format_name, exact=False, note=note)
    whose = "the model's" if model is None else f"{model}'s"
    note = f"{whose} own tokenizer is not at hand: {_USUAL} stands in for it"
    return _by_encoding(_USUAL, format_name, exact=False, error=_STAND_IN_ERROR, note=note)


def encoding_of(model: str) -> str | None:
    """The encoding of a model of OpenAI, tuned or not; None for all others."""
    name = _base_name(model)
    return next((found for begin, found in _ENCODING_OF if name.startswith(begin)), None)


def _base_name(model: str | None) -> str:
    """The base model's bare name: without `ft:`, what comes after it, and a maker's path."""
    if model is None:
        return ""
    name = model.lower()
    if name.startswith("ft:"):
        name = name.split(":")[1]
    return name.rsplit("/", 1)[-1]


def _by_encoding(
    encoding: str,
    format_name: str,
    *,
    exact: bool,
    error: float | None = None,
    note: str | None = None,
) -> ChatCounter:
    rule = _rule(format_name, _TOOLS.get(encoding, _TOOLS_USUAL))
    lengths = EncodingLengths(encoding)
    return ChatCounter(encoding, lengths, rule, exact=exact, error=error, note=note)


def _estimate(format_name: str) -> ChatCounter:
    note = "no tokenizer was to be loaded: counted by the characters"
    rule = _rule(format_name, _TOOLS_USUAL)
    return ChatCounter(
        "characters", CharacterLengths(), rule, exact=False, error=_CHARACTERS_ERROR, note=note
    )


def _mistral(name: str, format_name: str) -> TokenCounter:
    found = next((one for begin, one in MISTRAL_MODELS if name.startswith(begin)), None)
    if not is_at_hand():
        lacking = (
            f"mistral-common is not installed (pip install 'trainset[mistral]'): {_USUAL} stands "
            "in for Mistral's tokenizer"
        )
        return _by_encoding(_USUAL, format_name, exact=False, error=_STAND_IN_ERROR, note=lacking)
    tokenizer = found or _USUAL_MISTRAL
    known = found is not None or not name
    guess = f"{name} is not known here: counted with the tokenizer of Mistral Nemo"
    rule = _rule(format_name, _TOOLS_USUAL)
    lengths = MistralLengths(tokenizer)
    note = None if known else guess
    return MistralCounter(ChatCounter(tokenizer, lengths, rule, exact=known, note=note))


def _rule(format_name: str, tools: ToolRule) -> ChatRule:
    return ChatRule(
        tools=tools,
        image=gemini_image if format_name.startswith("gemini") else openai_image,
        reasoning=format_name not in _OPENAI_FORMATS,
    )
