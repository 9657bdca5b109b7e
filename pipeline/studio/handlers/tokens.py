"""`POST /token/issue`: an API key for a JWT, on the same origin and without the API's prefix."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency

from pipeline.api.tokens import IssuedToken
from pipeline.studio.failures import unauthorized
from pipeline.studio.keys import project_of_key
from pipeline.studio.state import Studio

__all__ = ["bearer", "issue_token"]


@post("/token/issue", status_code=200, sync_to_thread=True)
def issue_token(studio: NamedDependency[Studio], request: Request[Any, Any, Any]) -> IssuedToken:
    """A token for the key in the Authorization header; the body is not read."""
    project = project_of_key(studio.database, bearer(request))
    if project is None:
        raise unauthorized("the API key is not known")
    return studio.tokens.issue(project)


def bearer(request: Request[Any, Any, Any]) -> str:
    """What the Authorization header bears."""
    scheme, _, word = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not word.strip():
        raise unauthorized("send `Authorization: Bearer <token>`")
    return word.strip()
