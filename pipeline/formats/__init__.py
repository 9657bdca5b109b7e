"""Providers' training lines: one file a format, each pure."""

from collections.abc import Mapping
from typing import Any

from pipeline.errors import UsageError
from pipeline.formats.azure import AZURE
from pipeline.formats.bedrock_claude import BEDROCK_CLAUDE
from pipeline.formats.bedrock_nova import BEDROCK_NOVA
from pipeline.formats.bedrock_text import BEDROCK_TEXT
from pipeline.formats.cohere import COHERE
from pipeline.formats.fireworks import FIREWORKS
from pipeline.formats.fitting.carries import Carries
from pipeline.formats.fitting.fit import Fitted, Unfit, fit, line_of, write_line
from pipeline.formats.format import Format, Limits, Mend, Problem, Rule, Source
from pipeline.formats.gemini import GEMINI
from pipeline.formats.gemini_preference import GEMINI_PREFERENCE
from pipeline.formats.mistral import MISTRAL
from pipeline.formats.openai import OPENAI
from pipeline.formats.openai_dpo import OPENAI_DPO
from pipeline.formats.together import TOGETHER
from pipeline.formats.together_dpo import TOGETHER_DPO
from pipeline.formats.trl import TRL
from pipeline.formats.trl_completion import TRL_COMPLETION
from pipeline.formats.trl_dpo import TRL_DPO

__all__ = [
    "FORMATS",
    "Carries",
    "Fitted",
    "Format",
    "Limits",
    "Mend",
    "Problem",
    "Rule",
    "Source",
    "Unfit",
    "fit",
    "get_format",
    "line_of",
    "write_line",
]

FORMATS: Mapping[str, Format[Any]] = {
    form.name: form
    for form in (
        OPENAI,
        OPENAI_DPO,
        AZURE,
        GEMINI,
        GEMINI_PREFERENCE,
        BEDROCK_NOVA,
        BEDROCK_CLAUDE,
        BEDROCK_TEXT,
        MISTRAL,
        TOGETHER,
        TOGETHER_DPO,
        FIREWORKS,
        COHERE,
        TRL,
        TRL_COMPLETION,
        TRL_DPO,
    )
}
"""Every format, by name."""


def get_format(name: str) -> Format[Any]:
    """The format of that name; `UsageError` naming those that there are."""
    try:
        return FORMATS[name]
    except KeyError:
        built = ", ".join(FORMATS)
        raise UsageError(f"there is no format {name!r}; there are: {built}") from None
