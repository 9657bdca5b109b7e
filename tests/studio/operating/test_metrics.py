"""`/metrics`: what is counted, and that its labels are few whatever clients send."""

import secrets
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.studio import EmbeddedStudio


def numbers(http: httpx2.Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels."""
    answer = http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: Any, name: str, **labels: str) -> float:
    return float(found.get((name, tuple(sorted(labels.items()))), 0.0))


def test_requests_are_counted_by_route_method_and_class(account: Any) -> None:
    before = numbers(account.http)
    session = account.session()
    account.ok(account.get(f"/training/{session}"))
    account.refused(account.get(f"/training/{secrets.token_hex(12)}"), 404)
    after = numbers(account.http)
    route = {"route": "/api/v1/training/{session}", "method": "GET"}
    for status, count in (("2xx", 1), ("4xx", 1)):
        name = "trainset_requests_total"
        had = value(before, name, **route, status=status)
        assert value(after, name, **route, status=status) - had == count
    name = "trainset_request_seconds_count"
    assert value(after, name, **route) - value(before, name, **route) == 2


def test_what_clients_make_up_becomes_no_label(account: Any, http: httpx2.Client) -> None:
    mark = secrets.token_hex(8)
    for method in ("GET", "POST", mark.upper(), "PROPFIND"):
        http.request(method, f"/{mark}/{secrets.token_hex(4)}")
        http.request(method, f"/api/v1/training/{mark}")
        http.request(method, f"/objects/{mark}?X-Signature={mark}")
    account.get(f"/training/{mark}/runs", limit=mark)
    first = numbers(http)
    for _ in range(50):
        http.request(secrets.token_hex(5).upper(), f"/{secrets.token_hex(5)}/x")
        account.get(f"/training/job/{secrets.token_hex(5)}/x")
    text = http.get("/metrics").text
    assert mark not in text.lower()
    routes = {dict(labels).get("route") for _, labels in first}
    assert {"unmatched", "/objects", "/api/v1/training/{session}"} <= routes
    more = {dict(labels).get("route") for _, labels in numbers(http)} - routes
    assert more <= {"/api/v1/training/job/{job}", "/metrics"}


def test_bytes_of_uploads_and_downloads_are_counted(account: Any) -> None:
    data = account.good_dataset(1000)
    before = numbers(account.http)
    session = account.prepared(data)
    answer = account.http.get(account.ok(account.get(f"/training/{session}/url"))["url"])
    assert answer.content == data
    after = numbers(account.http)
    for name in ("trainset_upload_bytes_total", "trainset_download_bytes_total"):
        more = value(after, name) - value(before, name)
        assert len(data) <= more <= len(data) + 2000


def test_jobs_and_sessions_are_counted_by_status(account: Any) -> None:
    before = numbers(account.http)
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    account.ok(account.get(f"/training/job/{job}", sync="true"))
    account.session()
    after = numbers(account.http)
    for name, status in (
        ("trainset_jobs", "completed"),
        ("trainset_sessions", "completed"),
        ("trainset_sessions", "created"),
    ):
        assert value(after, name, status=status) - value(before, name, status=status) == 1
    assert ("trainset_jobs", (("status", "running"),)) in after


def test_builds_are_counted_by_how_they_end(account: Any) -> None:
    before = numbers(account.http)
    session = account.session(runs=12)
    account.ok(account.post(f"/training/{session}/build"))
    account.refused(account.post(f"/training/{account.session()}/build"), 400)
    after = numbers(account.http)
    for outcome in ("made", "refused"):
        name = "trainset_builds_total"
        assert value(after, name, outcome=outcome) - value(before, name, outcome=outcome) == 1
    name = "trainset_build_seconds_count"
    assert value(after, name) - value(before, name) == 2
    for state in ("waiting", "running"):
        assert value(after, "trainset_builds_in_progress", state=state) == 0


def test_a_build_that_runs_and_one_that_waits_are_seen(studio: EmbeddedStudio) -> None:
    metrics = studio.studio.metrics

    def now() -> tuple[float | None, float | None]:
        name, read = "trainset_builds_in_progress", metrics.registry.get_sample_value
        return read(name, {"state": "waiting"}), read(name, {"state": "running"})

    with metrics.build() as first, metrics.build():
        first.begin()
        assert now() == (1, 1)
    with pytest.raises(OSError, match="disk"), metrics.build():
        raise OSError("disk")
    assert now() == (0, 0)


def test_the_numbers_of_one_studio_are_its_own(studio: EmbeddedStudio) -> None:
    with EmbeddedStudio() as other, httpx2.Client(base_url=other.url) as client:
        assert not [name for name, _ in numbers(client) if name == "trainset_requests_total"]
        assert studio.url != other.url
