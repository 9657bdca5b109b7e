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
from pipeline.formats.mends.turns import parts_joined, roles_renamed, systems_joined
from pipeline.formats.mends.values import (
    arguments_as_objects,
    arguments_as_text,
    results_as_text,
    trained_weights_dropped,
    weights_as_numbers,
)

__all__ = ["openai_mends", "trl_mends"]


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


def trl_mends(places: Places) -> tuple[Mend, ...]:
    """Repairs of a line for chat templates: columns that TRL does not know do no harm."""
    return (
        nulls_dropped(places, contents=True),
        calls_nested(places),
        tools_nested(places),
        arguments_as_objects(places),
        results_as_text(places),
        parts_joined(places),
        roles_renamed(places, {"developer": "system"}),
        weights_as_numbers(places),
        trained_weights_dropped(places),
        systems_joined(places),
    )
