"""`POST /token/issue`: an API key for a JWT, on the same origin and without the API's prefix.

Beside it the public keys, for whoever wants to check a token without asking.
"""

from typing import Any

from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency

from pipeline.api.tokens import IssuedToken
from pipeline.studio.auth.signing import PublicKey
from pipeline.studio.failures import unauthorized
from pipeline.studio.keys import known_key
from pipeline.studio.state import Studio

__all__ = ["bearer", "issue_token", "list_signing_keys"]


@post("/token/issue", status_code=200, sync_to_thread=True)
def issue_token(studio: NamedDependency[Studio], request: Request[Any, Any, Any]) -> IssuedToken:
    """A token for the key in the Authorization header; the body is not read."""
    key = known_key(studio.database, bearer(request))
    if key is None:
        raise unauthorized("the API key is not known, or it is over")
    return studio.tokens.issue(key)


@get("/.well-known/jwks.json", sync_to_thread=True)
def list_signing_keys(studio: NamedDependency[Studio]) -> Response[dict[str, list[PublicKey]]]:
    """The public keys that tokens are signed with (RFC 7517)."""
    found = {"keys": studio.tokens.signing.listed()}
    return Response(found, headers={"cache-control": "public, max-age=300"})


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """What the Authorization header bears."""
    scheme, _, word = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not word.strip():
        raise unauthorized("send `Authorization: Bearer <token>`")
    return word.strip()
