"""The error body that every failing call answers."""

from msgspec import Struct

__all__ = ["ErrorBody"]


class ErrorBody(Struct, frozen=True, omit_defaults=True):
    """`{"error", "status", "message", "details"}`; real servers leave some out."""

    error: str
    status: int
    message: str | None = None
    details: str | None = None
