"""Calls of the API: address, headers, token, the retry, and answers as types or exceptions.

Every resource goes through here, so that what may be sent twice is decided in one place.
Imports api's constants and the modules of this room below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import httpx2
import msgspec

from pipeline.api import API_VERSION
from pipeline.client.auth import Bearer
from pipeline.client.failures import failure, server_words, unreachable, unreadable
from pipeline.client.hosts import host_of
from pipeline.client.retry import Repeat, RetryPolicy, persist
from pipeline.client.wire import Answer, Limits, Wire

__all__ = ["Call", "Refusal", "Transport", "get", "post"]

T = TypeVar("T")

_HEADERS = {"Accept": "application/json", "x-api-version": API_VERSION}
_REFUSED = 401
_NOT_THIS = (400, 403, 404, 405, 410, 413, 415, 422, 501)
"""Answers that refuse one thing for good and say nothing of others."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that the Studio does not give: it is not there, not allowed, or cannot be done."""

    status: int
    words: str
    """What the Studio says of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One operation of the API."""

    method: Literal["GET", "POST"]
    path: str
    """Below `/api/v1`, its ids percent-encoded."""
    what: str
    """Completes the sentence "cannot …"."""
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: msgspec.Struct | msgspec.Raw | None = None
    """What is sent as JSON; `Raw` is JSON already."""
    repeat: Repeat = "never"
    patience: float = 0.0
    """Seconds that the server may take before it answers, where that is long."""


def get(
    path: str,
    what: str,
    *,
    params: Mapping[str, str | int] | None = None,
    patience: float = 0.0,
) -> Call:
    """A call that only reads."""
    return Call("GET", path, what, params=params or {}, repeat="safe", patience=patience)


def post(
    path: str,
    what: str,
    *,
    repeat: Repeat,
    body: msgspec.Struct | msgspec.Raw | None = None,
    patience: float = 0.0,
) -> Call:
    """A call that may change something; `repeat` says whether the contract lets it be repeated."""
    return Call("POST", path, what, body=body, repeat=repeat, patience=patience)


class Transport:
    """Carries calls to one Studio. Safe to share between threads."""

    def __init__(self, api: httpx2.URL, *, wire: Wire, bearer: Bearer, policy: RetryPolicy) -> None:
        self._api = api
        self._wire = wire
        self._bearer = bearer
        self._policy = policy
        self.host = host_of(api)

    @property
    def studio(self) -> httpx2.URL:
        """Where the API's paths hang."""
        return self._api

    def send(self, call: Call) -> Answer:
        """The last answer, whatever its status; `Unreachable` where there is none."""
        try:
            return persist(
                lambda: self._attempt(call),
                repeat=call.repeat,
                policy=self._policy,
                pause=self._wire.pause,
            )
        except httpx2.HTTPError as error:
            raise unreachable(call.what, self.host, error) from error

    def ask(self, call: Call) -> Answer:
        """The answer of a call that succeeded; every other outcome is raised."""
        answer = self.send(call)
        if not answer.is_success:
            raise failure(call.what, self.host, answer)
        return answer

    def read(self, call: Call, kind: type[T]) -> T:
        """The answer as the type that the contract promises."""
        return self.decoded(call, self.ask(call), kind)

    def answer_or_refusal(self, call: Call) -> Answer | Refusal:
        """The answer of a call that succeeded or was refused for good; what may pass is raised."""
        answer = self.send(call)
        if answer.is_success:
            return answer
        if answer.status in _NOT_THIS:
            return Refusal(answer.status, server_words(answer))
        raise failure(call.what, self.host, answer)

    def document(self, call: Call, answer: Answer) -> bytes:
        """The answer's bytes as they came, once they look like a JSON object."""
        body = answer.body
        if not body.lstrip().startswith(b"{"):
            raise unreadable(call.what, self.host, ValueError("it is no JSON object"))
        return body

    def decoded(self, call: Call, answer: Answer, kind: type[T]) -> T:
        """The body as a type, or `PermanentError` where it is something else."""
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(call.what, self.host, error) from None

    def _attempt(self, call: Call) -> Answer:
        """One exchange; a second one where a 401 says that the token went stale.

        A 401 comes before any handler runs, so that this is safe for every call.
        """
        token = self._bearer.token()
        answer = self._exchange(call, token)
        if answer.status != _REFUSED or token is None:
            return answer
        fresh = self._bearer.renewed(token)
        return answer if fresh is None else self._exchange(call, fresh)

    def _exchange(self, call: Call, token: str | None) -> Answer:
        limits = self._limits(call)
        headers = dict(_HEADERS)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(call.body)
        request = self._wire.request(
            call.method, self._url(call), headers=headers, content=content, limits=limits
        )
        return self._wire.exchange(request, limits)

    def _limits(self, call: Call) -> Limits:
        limits = self._wire.limits
        if not call.patience:
            return limits
        return limits.patient(call.patience + limits.silence, call.patience + limits.whole)

    def _url(self, call: Call) -> httpx2.URL:
        path = self._api.raw_path.decode("ascii") + call.path
        query = str(httpx2.QueryParams(dict(call.params)))
        raw = f"{path}?{query}" if query else path
        return self._api.copy_with(raw_path=raw.encode("ascii"))
