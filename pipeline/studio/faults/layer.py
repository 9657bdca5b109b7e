"""A layer in front of the app that lets a plan's faults happen. Plain ASGI; imports this room.

Without a plan a request costs one look at an attribute. `trainset studio serve` has no such layer.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from pipeline.errors import UsageError
from pipeline.studio.faults.exchange import Answer, Exchange
from pipeline.studio.faults.happening import happen, is_gone, without_gone
from pipeline.studio.faults.operations import operation_of
from pipeline.studio.faults.plan import FaultPlan

__all__ = ["FaultLayer"]


class FaultLayer:
    """Holds the plan that runs, if one does."""

    def __init__(self) -> None:
        self._plan: FaultPlan | None = None

    @contextmanager
    def running(self, plan: FaultPlan) -> Iterator[FaultPlan]:
        """Let the plan's faults happen until the block ends."""
        if self._plan is not None:
            raise UsageError("faults: a plan is running already; end its block first")
        self._plan = plan
        try:
            yield plan
        finally:
            self._plan = None

    def around(self, app: ASGIApp) -> ASGIApp:
        """The app behind this layer. Nothing may stand between the layer and the server."""

        async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
            plan = self._plan
            if plan is None or scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            await _serve(plan, Exchange(app, scope, receive, send))

        return faulty


async def _serve(plan: FaultPlan, exchange: Exchange) -> None:
    method, path = exchange.scope["method"], exchange.scope["path"]
    operation = operation_of(method, path, exchange.header("content-range"))
    if operation is None:
        await exchange.carry_out()
        return
    if plan.spent(exchange.header("authorization").partition(" ")[2]):
        plan.note(operation, method, path, "expire")
        await exchange.answer(Answer.error(401, "the token has expired"))
        return
    fault = plan.take(operation, method, path)
    if fault is not None:
        await happen(fault, operation, plan, exchange)
    elif is_gone(plan, operation, path):
        await exchange.answer(Answer.error(404, "no such run"))
    elif operation == "runs.find" and plan.gone:
        await exchange.answer(without_gone(plan, await exchange.answered()))
    else:
        await exchange.carry_out()
