"""How the Studio refuses: a status and a sentence, which the app turns into the error body."""

from litestar.exceptions import HTTPException

__all__ = ["bad_request", "conflict", "missing", "unauthorized"]


def bad_request(message: str) -> HTTPException:
    """400: what was sent cannot be used."""
    return HTTPException(status_code=400, detail=message)


def unauthorized(message: str) -> HTTPException:
    """401: no token, or one that does not count."""
    headers = {"www-authenticate": "Bearer"}
    return HTTPException(status_code=401, detail=message, headers=headers)


def missing(what: str, ident: str) -> HTTPException:
    """404: the same for what is not there and for what is another project's."""
    return HTTPException(status_code=404, detail=f"no {what} {ident[:200]}")


def conflict(message: str) -> HTTPException:
    """409: the thing is in a state that forbids it."""
    return HTTPException(status_code=409, detail=message)
