"""`/interactions`: what applications call, with references to the templates it is made of."""

from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from pipeline.studio.catalog import get_interaction
from pipeline.studio.handlers.answers import raw_document
from pipeline.studio.keys import Caller
from pipeline.studio.state import Studio

__all__ = ["ROUTES"]


@get("/interactions/{interaction:str}", sync_to_thread=True)
def retrieve_interaction(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], interaction: FromPath[str]
) -> Any:
    """One interaction; its templates without their texts."""
    with studio.database.read() as connection:
        return raw_document(get_interaction(connection, caller.project, interaction))


ROUTES = [retrieve_interaction]
