"""Where the layer stands, and that it does nothing without a plan."""

import asyncio
from typing import Any

from pipeline.studio import EmbeddedStudio, serving
from pipeline.studio.faults import FaultLayer, FaultPlan


def test_without_a_plan_the_app_gets_the_request_itself() -> None:
    got: list[Any] = []

    async def app(*given: Any) -> None:
        got.extend(given)

    given = [{"type": "http", "path": "/", "method": "GET", "headers": []}, object(), object()]
    asyncio.run(FaultLayer().around(app)(*given))  # type: ignore[arg-type]
    assert all(one is other for one, other in zip(got, given, strict=True))


def test_a_request_that_is_no_operation_passes_and_meets_nothing() -> None:
    got: list[Any] = []

    async def app(*given: Any) -> None:
        got.extend(given)

    layer, scope = FaultLayer(), {"type": "http", "path": "/", "method": "GET", "headers": []}
    with layer.running(FaultPlan({"runs.list": ["503"]})) as plan:
        asyncio.run(layer.around(app)(scope, None, None))  # type: ignore[arg-type]
    assert got[0] is scope
    assert plan.left == {"runs.list": ("503",)}
    assert plan.seen == ()


def test_the_command_serves_without_the_layer(studio: EmbeddedStudio) -> None:
    faulty = serving._Server(studio.studio, faults=FaultLayer()).config.app
    served = serving._Server(studio.studio, "Studio ready at").config.app
    assert "FaultLayer" in faulty.__qualname__  # type: ignore[union-attr]
    assert "FaultLayer" not in getattr(served, "__qualname__", "")
