"""The answer of `POST /token/issue`."""

from msgspec import Struct

__all__ = ["IssuedToken"]


class IssuedToken(Struct, frozen=True):
    """A JWT for an API key."""

    token: str
    token_type: str = "Bearer"  # noqa: S105 (the scheme's name, no secret)
    expires_in: int | None = None
    """Seconds; the JWT's own `exp` counts first."""
