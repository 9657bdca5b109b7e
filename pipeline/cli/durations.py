"""A length of time as a flag: `90d`, `12h`, `30m`, `45s`, or seconds. Imports click alone."""

import re
from typing import Any

import click

__all__ = ["DURATION"]

_WORD = re.compile(r"(\d{1,9})([smhd]?)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        match = _WORD.match(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no length of time; write 90d, 12h, 30m or 45s", param, ctx)
        return float(int(match[1]) * _SECONDS[match[2]])


DURATION = _Duration()
"""Seconds as a float."""
