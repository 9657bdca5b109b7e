"""The Litestar app: routes, who calls, and every error as the contract's JSON."""

import logging
from http import HTTPStatus
from typing import Any

from litestar import Litestar, Request, Response, Router, asgi
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.types import Receive, Scope, Send

from pipeline.api import BASE_PATH
from pipeline.api.errors import ErrorBody
from pipeline.errors import TransientError
from pipeline.studio.document.openapi import API_ROUTES
from pipeline.studio.handlers import document
from pipeline.studio.handlers.tokens import bearer, issue_token, list_signing_keys
from pipeline.studio.keys import Caller
from pipeline.studio.objects import Transfers
from pipeline.studio.operating import routes as operating
from pipeline.studio.people.routes import page_routes
from pipeline.studio.state import Studio
from pipeline.studio.versions import RunShape, refuse_unknown_keys, version_of

__all__ = ["make_app"]

_MAX_BODY = 16 << 20
_LOG = logging.getLogger("trainset.studio")
_LOG.addHandler(logging.NullHandler())


def make_app(studio: Studio) -> Litestar:
    """The whole API over one Studio."""
    transfers = Transfers(studio.store, studio.links)

    @asgi("/upload/storage/v1/b/trainset/o", copy_scope=True)
    async def upload(scope: Scope, receive: Receive, send: Send) -> None:
        await transfers.resumable(scope, receive, send)

    @asgi("/objects", is_mount=True, copy_scope=True)
    async def objects(scope: Scope, receive: Receive, send: Send) -> None:
        await transfers.object(scope, receive, send)

    def give_studio() -> Studio:
        return studio

    async def authenticate(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        del handler
        if studio.tokens.ended.stale:
            await sync_to_thread(studio.tokens.ended.refresh)
        connection.state.caller = studio.tokens.check(bearer(connection))

    api = Router(
        BASE_PATH,
        route_handlers=API_ROUTES,
        guards=[authenticate, _refuse_other_media],
        before_request=refuse_unknown_keys,
        dependencies={
            "caller": Provide(_give_caller, sync_to_thread=False),
            "shape": Provide(_give_shape, sync_to_thread=False),
        },
    )
    return Litestar(
        route_handlers=[
            api,
            *document.ROUTES,
            issue_token,
            list_signing_keys,
            upload,
            objects,
            *operating.ROUTES,
            page_routes(),
        ],
        dependencies={"studio": Provide(give_studio, sync_to_thread=False)},
        exception_handlers={
            HTTPException: _refused,
            TransientError: _busy,
            UnicodeDecodeError: _unreadable,
            RecursionError: _unreadable,
            Exception: _broken,
        },
        request_max_body_size=_MAX_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
        on_startup=[studio.presence.start, studio.jobs.start],
        on_shutdown=[studio.jobs.stop, studio.presence.stop, studio.templates.close],
    )


def _give_caller(request: Request[Any, Any, Any]) -> Caller:
    """Who the guard let in."""
    caller: Caller = request.state.caller
    return caller


def _give_shape(request: Request[Any, Any, Any]) -> RunShape:
    return RunShape(version_of(request))


def _refuse_other_media(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """415 for a body that says it is something other than JSON in UTF-8."""
    del handler
    headers = connection.headers
    if headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return
    kind, _, rest = headers.get("content-type", "application/json").lower().partition(";")
    charset = rest.partition("charset=")[2].partition(";")[0].strip(' "')
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if kind.strip() != "application/json" or charset not in ("", "utf-8", "utf8"):
        raise HTTPException(status_code=415, detail="send JSON in UTF-8, as application/json")
    if encoding != "identity":
        raise HTTPException(status_code=415, detail="send the body without Content-Encoding")


def _refused(request: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorBody]:
    del request
    status = 400 if error.status_code == HTTPStatus.UNPROCESSABLE_ENTITY else error.status_code
    return _answer(status, _sentence(error), error.headers)


def _busy(request: Request[Any, Any, Any], error: TransientError) -> Response[ErrorBody]:
    del request
    return _answer(503, str(error), {"Retry-After": "1"})


def _unreadable(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
    """A body that is no UTF-8, or that is nested too deeply: the framework lets these two pass."""
    del request, error
    return _answer(400, "the body cannot be read as JSON", None)


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
    _LOG.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return _answer(500, "the Studio made a mistake; its log says where", None)


def _answer(status: int, message: str, headers: Any) -> Response[ErrorBody]:
    body = ErrorBody(error=HTTPStatus(status).phrase, status=status, message=message)
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def _sentence(error: HTTPException) -> str:
    """What was wrong, without the paths and the data of the machine."""
    match error.extra:
        case [{"message": str() as message, "key": str() as key}, *_]:
            return f"{key}: {message}"
        case _:
            return str(error.detail).split(" for http")[0]
