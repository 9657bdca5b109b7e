"""Providers' training lines: one file a format, each pure."""

from collections.abc import Mapping

from pipeline.errors import UsageError
from pipeline.formats.format import Format, Limits, Problem, Source
from pipeline.formats.openai import OpenAIChat

__all__ = ["FORMATS", "Format", "Limits", "Problem", "Source", "get_format"]

FORMATS: Mapping[str, Format] = {form.name: form for form in (OpenAIChat(),)}
"""Every format that is built, by name."""


def get_format(name: str) -> Format:
    """The format of that name; `UsageError` naming those that are built."""
    try:
        return FORMATS[name]
    except KeyError:
        built = ", ".join(FORMATS)
        said = f"there is no format {name!r}, or it is not built yet; built: {built}"
        raise UsageError(said) from None
