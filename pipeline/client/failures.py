"""Answers that are no success, as the exceptions of the house. Imports `errors` and `wire`."""

import re
from typing import Any

import httpx2
import msgspec

from pipeline.client.retry import is_quota
from pipeline.client.wire import Answer
from pipeline.errors import (
    AuthRefused,
    Conflict,
    NotFound,
    PermanentError,
    RateLimited,
    TrainsetError,
    Unreachable,
)

__all__ = [
    "NoTrainingApi",
    "failure",
    "no_training_api",
    "server_words",
    "unreachable",
    "unreadable",
]

_LONGEST_SAYING = 600
_SECRETS = re.compile(
    r"(?P<key>\b[sp]k-)[\w-]+|(?P<jwt>\beyJ)[\w-]+\.[\w-]+(\.[\w-]*)?|(?P<query>https?://[^\s?]+\?)\S+"
)
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\x9f]+")


class NoTrainingApi(NotFound):
    """This Studio has no `/training` paths at all, as tenants of the platform may not."""


def failure(what: str, host: str, answer: Answer) -> TrainsetError:
    """The exception for an answer that is no success: what call, which host, its words, advice."""
    kind, advice = _kind(answer)
    said = f"{host} answered {answer.status}, {server_words(answer)}"
    return kind(f"cannot {what}: {said}; {advice}")


def unreachable(what: str, host: str, error: httpx2.HTTPError) -> Unreachable:
    """The exception for a call that has no answer to the end of the retries."""
    reason = _clean(str(error)) or type(error).__name__
    return Unreachable(
        f"cannot {what}: {host} gave no whole answer ({reason}); check the address, try again later"
    )


def unreadable(what: str, host: str, error: Exception) -> PermanentError:
    """The exception for a success whose body is not what the contract promises."""
    return PermanentError(
        f"cannot {what}: the answer of {host} is not the JSON that the training API promises "
        f"({_clean(str(error))}); check that the URL is a Studio's"
    )


def no_training_api(host: str) -> NoTrainingApi:
    """The exception for a Studio without `/training`, with what still works."""
    return NoTrainingApi(
        f"{host} has no training API (/training is absent there); a dataset can still be built "
        "from exported runs: trainset build --runs FILE"
    )


def server_words(answer: Answer) -> str:
    """What the other side says went wrong, in one line without secrets."""
    try:
        body: Any = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "with a page that is not JSON" if answer.body.strip() else "without a word"
    fields = body if isinstance(body, dict) else {"message": body}
    said = [word for name in ("message", "details") if (word := _text(fields.get(name)))]
    # `error` is the status in words: worth saying only where nothing else is said.
    said = said or [word for word in (_text(fields.get("error")),) if word]
    return "saying: " + "; ".join(said) if said else "without a word"


def _kind(answer: Answer) -> tuple[type[TrainsetError], str]:
    match answer.status:
        case 401:
            return AuthRefused, "check the API key (TRAINSET_API_KEY)"
        case 403:
            return AuthRefused, "the key's project or role does not allow this"
        case 404 | 410:
            return NotFound, "check the id, and that the key is of the same project"
        case 308 if "location" not in answer.headers:
            # No redirect, but a resumable upload's "go on", said once too often.
            return Unreachable, "it takes no more bytes; try again later"
        case 408:
            return Unreachable, "try again later"
        case 409:
            return Conflict, "wait until that is over, or cancel it"
        case 429:
            advice = "the quota is used up; try again later" if is_quota(answer) else "try later"
            return RateLimited, advice
        case status if status >= 500:  # noqa: PLR2004 (server errors, RFC 9110)
            return Unreachable, "try again later"
        case status if 300 <= status < 400:  # noqa: PLR2004 (redirections, RFC 9110)
            return PermanentError, "redirects are not followed: give the address it points to"
        case _:
            return PermanentError, "the same call will be refused again"


def _text(value: Any) -> str:
    """A word of the error body; real servers put objects where the contract has strings."""
    if isinstance(value, dict):
        value = value.get("message") or value.get("error") or msgspec.json.encode(value).decode()
    if isinstance(value, list):
        value = msgspec.json.encode(value).decode()
    return _clean(str(value)) if value else ""


def _clean(text: str) -> str:
    shown = _UNPRINTABLE.sub(" ", text).strip()
    shown = _SECRETS.sub(lambda found: f"{found['key'] or found['jwt'] or found['query']}…", shown)
    return shown if len(shown) <= _LONGEST_SAYING else shown[:_LONGEST_SAYING] + "…"
