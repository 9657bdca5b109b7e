"""The repairs that OpenAI's line and those copied from it have in common. Imports its kin."""

from pipeline.formats.format import Mend
from pipeline.formats.mends.fields import (
    calls_nested,
    nulls_dropped,
    tools_nested,
    types_added,
    unknown_keys_dropped,
)
from pipeline.formats.mends.places import Places
from pipeline.formats.mends.turns import roles_renamed
from pipeline.formats.mends.values import arguments_as_text, results_as_text, weights_as_numbers

__all__ = ["openai_mends"]


def openai_mends(places: Places, *known: str) -> tuple[Mend, ...]:
    """Repairs of a line with these keys at its top."""
    return (
        nulls_dropped(places),
        types_added(places),
        calls_nested(places),
        tools_nested(places),
        arguments_as_text(places),
        results_as_text(places),
        weights_as_numbers(places),
        roles_renamed(places, {"developer": "system"}),
        unknown_keys_dropped(*known),
    )
