"""Counts by code, added up part by part."""

from collections.abc import Mapping

__all__ = ["add_counts"]


def add_counts(total: dict[str, int], more: Mapping[str, int]) -> None:
    """Add `more` to `total`, key by key."""
    for key, count in more.items():
        total[key] = total.get(key, 0) + count
