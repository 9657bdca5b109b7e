"""What handlers share: a JSON array of documents that are bytes already, and limits of lists."""

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter

__all__ = ["MAX_OFFSET", "Limit", "Offset", "raw_document", "raw_list"]

MAX_OFFSET = 2**53
Limit = Annotated[int, QueryParameter(ge=1, le=1000)]
Offset = Annotated[int, QueryParameter(ge=0, le=MAX_OFFSET)]


def raw_document(document: bytes) -> Response[bytes]:
    """A document as it is stored."""
    return Response(document, media_type="application/json")


def raw_list(documents: list[bytes]) -> Response[bytes]:
    """An array of documents, none of them decoded."""
    return Response(b"[" + b",".join(documents) + b"]", media_type="application/json")
