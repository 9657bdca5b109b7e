"""`/api/v1/openapi.json` for programs and `/docs` for people; neither needs a token."""

from litestar import MediaType, Response, get

from pipeline.studio.document.openapi import make_document_bytes
from pipeline.studio.document.page import PAGE_HEADERS, make_page

__all__ = ["ROUTES"]


@get("/api/v1/openapi.json", sync_to_thread=True)
def show_document() -> Response[bytes]:
    """The API's OpenAPI document."""
    return Response(make_document_bytes(), media_type="application/json")


@get("/docs", sync_to_thread=True)
def show_page() -> Response[str]:
    """The document as a page."""
    return Response(make_page(), media_type=MediaType.HTML, headers=PAGE_HEADERS)


ROUTES = [show_document, show_page]
