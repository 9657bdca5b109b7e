"""`/sign-in` and `/sign-out`: forms, posted from the page's own origin and from nowhere else."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import PermissionDeniedException
from litestar.params import FromPath

from pipeline.studio.people.answers import cookie_of, page, redirect
from pipeline.studio.people.door import Door, Viewer

__all__ = ["ROUTES", "refuse_other_origins"]

_MAX_FORM = 8192
_WRONG = "That is no API key of this Studio, or it has ended."
_USED = "This link was used already, or the Studio was started anew. Sign in with an API key."


@get("/sign-in", include_in_schema=False, sync_to_thread=False)
def show_door() -> Response[str]:
    """The form for an API key."""
    return page("sign_in", link=None, said=None)


@get("/sign-in/{link:str}", include_in_schema=False, sync_to_thread=False)
def show_link(link: FromPath[str]) -> Response[str]:
    """One button: a link that is only looked at, by a preview say, is not used up."""
    return page("sign_in", link=link, said=None)


@post("/sign-in", include_in_schema=False, request_max_body_size=_MAX_FORM)
async def sign_in(request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Any:
    """Let a person in who has a key, or the link."""
    refuse_other_origins(request)
    form = await request.form()
    link, key = form.get("link"), form.get("key")
    viewer: Viewer | None = None
    if isinstance(link, str):
        viewer = door.by_link(link)
    elif isinstance(key, str):
        viewer = door.by_key(key.strip())
    if viewer is None:
        said = _USED if link is not None else _WRONG
        return page("sign_in", status=403, link=None, said=said)
    secure = request.headers.get("x-forwarded-proto") == "https"
    return redirect("/", [cookie_of(door, viewer, secure=secure)])


@post("/sign-out", include_in_schema=False, request_max_body_size=_MAX_FORM)
async def sign_out(request: Request[Any, Any, Any], door: NamedDependency[Door]) -> Response[str]:
    """Forget the cookie."""
    refuse_other_origins(request)
    answer = redirect("/sign-in")
    answer.delete_cookie(door.cookie)
    return answer


def refuse_other_origins(request: Request[Any, Any, Any]) -> None:
    """403 for a form that another site has posted."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = request.headers.get("host", "")
    if site not in ("same-origin", "none") or (
        origin is not None and urlsplit(origin).netloc != own
    ):
        raise PermissionDeniedException(detail="the form was posted from another site")


ROUTES = [show_door, show_link, sign_in, sign_out]
