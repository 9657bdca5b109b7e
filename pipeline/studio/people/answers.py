"""How a page is answered: the template, and the headers that keep it to itself.

Every value is escaped by the template engine; the policy below forbids whatever would slip
through to run or to load.
"""

import logging
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException

from pipeline.errors import TransientError
from pipeline.studio.people.door import IDLE_SECONDS, Door, Viewer

__all__ = [
    "HEADERS",
    "NotSignedIn",
    "broken",
    "cookie_of",
    "page",
    "redirect",
    "refused",
    "turned_away",
]

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_LOG = logging.getLogger("trainset.studio")
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP = 1024


class NotSignedIn(Exception):
    """Nobody known asks for a page."""


def _moment(text: str | None) -> str:
    """A time to read: to the minute, UTC."""
    return "" if not text else text[:16].replace("T", " ")


def _size(count: int) -> str:
    size, unit = float(count), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "moment": _moment,
        "size": _size,
        "count": lambda number: f"{number:,}",
    }
    return made


_TEMPLATES = _environment()


def page(
    name: str,
    *,
    status: int = 200,
    viewer: Viewer | None = None,
    door: Door | None = None,
    **words: Any,
) -> Response[str]:
    """The template of that name; a viewer whose cookie is old gets a new one."""
    text = _TEMPLATES.get_template(f"{name}.html").render(viewer=viewer, **words)
    cookies = [cookie_of(door, viewer)] if viewer and door and viewer.stale else []
    return Response(
        text, status_code=status, media_type=MediaType.HTML, headers=HEADERS, cookies=cookies
    )


def redirect(path: str, cookies: list[Cookie] | None = None) -> Response[str]:
    """See another page."""
    headers = {**HEADERS, "location": path}
    return Response(
        "", status_code=303, media_type=MediaType.HTML, headers=headers, cookies=cookies or []
    )


def cookie_of(door: Door, viewer: Viewer, *, secure: bool = False) -> Cookie:
    """The cookie by which a person is known again."""
    return Cookie(
        key=door.cookie,
        value=door.token(viewer),
        max_age=IDLE_SECONDS,
        path="/",
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """A page that says what is not there, or not allowed."""
    del request
    status = 400 if error.status_code == 422 else error.status_code  # noqa: PLR2004
    said = {404: "There is nothing here, or it is another project's.", 405: "That cannot be done."}
    return page("refused", status=status, said=said.get(status, "That cannot be shown."))


def turned_away(request: Request[Any, Any, Any], error: NotSignedIn) -> Response[str]:
    """To the door."""
    del request, error
    return redirect("/sign-in")


def broken(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    """A page that says that it is our fault, or that it passes by itself."""
    if isinstance(error, TransientError):
        return page("refused", status=503, said=f"The Studio is busy: {error}.")
    _LOG.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return page("refused", status=500, said="The Studio made a mistake; its log says where.")
