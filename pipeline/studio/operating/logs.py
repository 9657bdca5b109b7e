"""Structured logs: one JSON object a line, each with the id of the request that it belongs to.

What must not be read in a log is taken out of the finished line, whoever wrote it: keys, tokens,
the ids of uploads, the signatures of links. Imports the standard library alone.
"""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

__all__ = ["REQUEST_ID", "redacted", "set_up_logs"]

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; empty outside of one."""

_SECRETS = re.compile(
    r"""
    \b[sp]k-[A-Za-z0-9_-]{8,}                                  # API keys
  | \beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*     # JWTs
  | (?<=/sign-in/)[^\s"'/?&]+                                  # one-time links to the page
  | (?<=upload_id=)[^\s"'&\\]+
  | (?<=X-Signature=)[^\s"'&\\]+
  | (?<=X-Goog-Signature=)[^\s"'&\\]+
  | (?<=X-Goog-Credential=)[^\s"'&\\]+
  | (?<=X-Amz-Signature=)[^\s"'&\\]+
  | (?<=X-Amz-Credential=)[^\s"'&\\]+
  | (?<=X-Amz-Security-Token=)[^\s"'&\\]+
  | (?<=token=)[^\s"'&\\]+
  | (?<=://)[^\s"'/@:]+:[^\s"'/@]+(?=@)                        # user and password of a URL
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TRACES = ("uvicorn.error", "uvicorn.access")


def redacted(text: str) -> str:
    """The text without its secrets."""
    return _SECRETS.sub("[redacted]", text)


def set_up_logs(level: str) -> None:
    """Log to stderr from that level on: words for a person at a terminal, else JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Words() if sys.stderr.isatty() else _Json())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("trainset").setLevel(level.upper())
    for name in _TRACES:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST_ID.get():
            line["request_id"] = request
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line, ensure_ascii=False, default=str))


class _Words(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        facts = "".join(f" {k}={v}" for k, v in getattr(record, "facts", {}).items())
        request = REQUEST_ID.get()
        said = f" request_id={request}" if request else ""
        return redacted(super().format(record) + facts + said)
