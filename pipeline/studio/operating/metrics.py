"""Numbers for Prometheus, one registry a Studio.

No label ever holds what a client made up: a route is its template, a method one of the known, a
status its class. Jobs and sessions are counted in the database when they are asked for.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from litestar.exceptions import HTTPException
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Table, func, select

from pipeline.studio.database import Database
from pipeline.studio.tables import jobs, sessions

__all__ = ["UNMATCHED", "BuildProgress", "Metrics"]

UNMATCHED = "unmatched"
"""The route of a request that no route fits, or that was refused before one was looked for."""
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_BUILD_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
_JOB_STATES = ("pending", "running", "completed", "failed", "cancelled")
_SESSION_STATES = (
    "created", "building", "prepared", "processing", "completed", "failed", "cancelled"
)  # fmt: skip


class BuildProgress:
    """A build on its way: it waits until `begin` says that its turn has come."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._state = "waiting"
        self._gauge.labels(self._state).inc()

    def begin(self) -> None:
        """Its turn has come."""
        self.end()
        self._state = "running"
        self._gauge.labels(self._state).inc()

    def end(self) -> None:
        """It is over."""
        self._gauge.labels(self._state).dec()


class Metrics:
    """What is counted in one Studio."""

    def __init__(self, database: Database) -> None:
        self.registry = CollectorRegistry()
        labels = ("route", "method", "status")
        self._requests = Counter(
            "trainset_requests", "Requests answered", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "trainset_request_seconds",
            "Time to the end of the answer",
            ("route", "method"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "trainset_requests_in_flight", "Requests that are answered now", registry=self.registry
        )
        self._bytes_in = Counter(
            "trainset_upload_bytes", "Bytes of uploads received", registry=self.registry
        )
        self._bytes_out = Counter(
            "trainset_download_bytes", "Bytes of datasets sent", registry=self.registry
        )
        self._builds = Counter("trainset_builds", "Builds", ("outcome",), registry=self.registry)
        self._build_seconds = Histogram(
            "trainset_build_seconds",
            "Time of a build, its waiting included",
            buckets=_BUILD_SECONDS,
            registry=self.registry,
        )
        self._queue = Gauge(
            "trainset_builds_in_progress", "Builds now", ("state",), registry=self.registry
        )
        for state in ("waiting", "running"):
            self._queue.labels(state)
        for outcome in ("made", "refused", "failed"):
            self._builds.labels(outcome)
        ProcessCollector(registry=self.registry)
        self.registry.register(_Counted(database))

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered."""
        method = method if method in _METHODS else "OTHER"
        self._requests.labels(route, method, f"{status // 100}xx").inc()
        self._seconds.labels(route, method).observe(seconds)

    def transferred(self, *, received: int, sent: int) -> None:
        """Bytes of an upload or a download."""
        self._bytes_in.inc(received)
        self._bytes_out.inc(sent)

    @contextmanager
    def build(self) -> Iterator[BuildProgress]:
        """Count a build, and how it ends."""
        began, outcome = time.perf_counter(), "made"
        progress = BuildProgress(self._queue)
        try:
            yield progress
        except HTTPException:
            outcome = "refused"
            raise
        except BaseException:
            outcome = "failed"
            raise
        finally:
            progress.end()
            self._builds.labels(outcome).inc()
            self._build_seconds.observe(time.perf_counter() - began)

    def page(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)


class _Counted(Collector):
    """Jobs and sessions by status, as the database has them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing is known before the database is asked."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge a table."""
        tables = (("jobs", jobs, _JOB_STATES), ("sessions", sessions, _SESSION_STATES))
        for name, table, states in tables:
            found = self._count(table)
            words = f"Training {name} by status"
            family = GaugeMetricFamily(f"trainset_{name}", words, labels=["status"])
            for state in states:
                family.add_metric([state], found.get(state, 0))
            yield family

    def _count(self, table: Table) -> dict[str, int]:
        query = select(table.c.status, func.count()).group_by(table.c.status)
        with self._database.read() as connection:
            return {str(status): int(count) for status, count in connection.execute(query)}
