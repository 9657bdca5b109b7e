"""Time as the Studio writes it, and fresh ids."""

import secrets
import time
from datetime import UTC, datetime

__all__ = ["fresh_id", "now_ms", "now_text", "text_of_ms"]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def now_text() -> str:
    """ISO 8601 with milliseconds and Z."""
    return text_of_ms(now_ms())


def text_of_ms(milliseconds: int) -> str:
    """A moment as text."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def fresh_id() -> str:
    """24 hexadecimal digits."""
    return secrets.token_hex(12)
