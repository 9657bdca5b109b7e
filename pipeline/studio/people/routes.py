"""The page as routes of the app: the pages, the door, and three small files."""

from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from pipeline.studio.failures import missing
from pipeline.studio.people import pages, signing
from pipeline.studio.people.answers import (
    HEADERS,
    NotSignedIn,
    broken,
    refused,
    turned_away,
)
from pipeline.studio.people.door import Door, Viewer
from pipeline.studio.state import Studio

__all__ = ["page_routes"]

_STATIC = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FILES = {
    path.name: (path.read_bytes(), _KINDS[path.suffix])
    for path in sorted(_STATIC.iterdir())
    if path.suffix in _KINDS
}


@get("/static/{name:str}", include_in_schema=False, sync_to_thread=False)
def show_file(name: FromPath[str]) -> Response[bytes]:
    """The style, the script and the icon."""
    if name not in _FILES:
        raise missing("file", name)
    content, kind = _FILES[name]
    headers = {**HEADERS, "cache-control": "max-age=300"}
    return Response(content, media_type=kind, headers=headers)


def page_routes() -> Router:
    """All of it."""
    return Router(
        "/",
        route_handlers=[*pages.ROUTES, *signing.ROUTES, show_file],
        dependencies={
            "door": Provide(_give_door, sync_to_thread=False),
            "viewer": Provide(_give_viewer, sync_to_thread=True),
        },
        exception_handlers={
            HTTPException: refused,
            NotSignedIn: turned_away,
            Exception: broken,
        },
    )


def _give_door(studio: NamedDependency[Studio]) -> Door:
    return studio.door


def _give_viewer(request: Request[Any, Any, Any], studio: NamedDependency[Studio]) -> Viewer:
    viewer = studio.door.knows(request.cookies.get(studio.door.cookie, ""))
    if viewer is None:
        raise NotSignedIn
    return viewer
