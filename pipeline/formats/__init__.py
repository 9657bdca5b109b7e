"""Providers' training lines: one file a format, each pure."""

from pipeline.errors import UsageError
from pipeline.formats.format import Format, Limits, Problem
from pipeline.formats.openai import OpenAIChat

__all__ = ["FORMATS", "Format", "Limits", "Problem", "get_format"]

FORMATS: dict[str, Format] = {form.name: form for form in (OpenAIChat(),)}
"""Every format that is built, by name."""


def get_format(name: str) -> Format:
    """The format of that name; `UsageError` naming those that are built."""
    try:
        return FORMATS[name]
    except KeyError:
        built = ", ".join(FORMATS)
        raise UsageError(f"--format {name}: is not built yet or unknown; built: {built}") from None
