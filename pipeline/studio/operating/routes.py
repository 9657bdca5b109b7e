"""`/healthz` and `/metrics`: asked for without a token, by whatever watches the server."""

from litestar import Response, get
from litestar.di import NamedDependency

from pipeline.studio.operating.health import HealthBody
from pipeline.studio.state import Studio

__all__ = ["ROUTES"]

_FORMAT = "text/plain; version=0.0.4; charset=utf-8"


@get("/healthz", include_in_schema=False)
async def health(studio: NamedDependency[Studio]) -> Response[HealthBody]:
    """200 when the Studio can do its work, else 503; which part cannot and why."""
    body = await studio.health.look()
    headers = {"cache-control": "no-store"}
    return Response(body, status_code=200 if body.ready else 503, headers=headers)


@get("/metrics", include_in_schema=False, sync_to_thread=True)
def metrics(studio: NamedDependency[Studio]) -> Response[bytes]:
    """The numbers, in Prometheus's text format."""
    return Response(studio.metrics.page(), media_type=_FORMAT)


ROUTES = [health, metrics]
