"""The client's one face: an address, a key, and a resource for each thing. Imports this room."""

from collections.abc import Collection
from types import TracebackType
from typing import Self

import httpx2

from pipeline.client.auth import Bearer, FixedBearer, IssuedBearer, checked_secret
from pipeline.client.environments import Environments
from pipeline.client.hosts import api_root, token_endpoint
from pipeline.client.interactions import Interactions
from pipeline.client.prompts import Prompts
from pipeline.client.retry import RetryPolicy
from pipeline.client.runs import Runs
from pipeline.client.training import Training
from pipeline.client.transport import Transport
from pipeline.client.wire import Limits, Wire
from pipeline.errors import UsageError

__all__ = ["StudioClient"]

_KEYS = ("sk-", "pk-")


class StudioClient:
    """A Studio's API as types, errors with sentences, and one retry. Safe between threads.

    `api_key` (`sk-…`, `pk-…`) is exchanged for tokens at `token_url`, by default the origin of
    `url`; anything else, and every `token`, is sent as it is. A key goes to no other host.
    Nothing is sent before the first call. Datasets go to the Studio itself, to Google's and
    Amazon's storage, and to the `storage_hosts` (`HOST` or `HOST:PORT`) alone.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        token_url: str | None = None,
        storage_hosts: Collection[str] = (),
        limits: Limits | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        api = api_root(url)
        secret = _given(api_key, token)
        tokens = token_endpoint(api, token_url)
        policy = retry or RetryPolicy()
        self._wire = Wire(limits or Limits())
        bearer = self._bearer(secret, tokens, policy)
        transport = Transport(api, wire=self._wire, bearer=bearer, policy=policy)
        self.host = transport.host
        """Host and port, for sentences."""
        self.training = Training(transport, storage_hosts)
        self.runs = Runs(transport)
        self.environments = Environments(transport)
        self.interactions = Interactions(transport)
        self.prompts = Prompts(transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go; calls under way in other threads end with `Unreachable`."""
        self._wire.close()

    def _bearer(self, secret: str | None, tokens: httpx2.URL, policy: RetryPolicy) -> Bearer:
        if secret is None or not secret.startswith(_KEYS):
            return FixedBearer(secret)
        return IssuedBearer(secret, url=tokens, wire=self._wire, policy=policy)


def _given(key: str | None, token: str | None) -> str | None:
    if key is not None and token is not None:
        raise UsageError("give an API key or a token, not both")
    secret = key if key is not None else token
    return None if secret is None else checked_secret(secret)
