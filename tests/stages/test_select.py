"""Each word of `SelectSpec` rejects with its own code and lets the others through."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.api.runs import Run
from pipeline.spec import SelectSpec
from pipeline.stages.read import read_run
from pipeline.stages.select import Select

GOOD: dict[str, Any] = {
    "id": "r",
    "status": "completed",
    "finish_reason": "stop",
    "modelId": "m-1",
    "interaction": {"id": "i1", "name": "Route"},
    "evaluation": {"score": 0.5},
    "tags": ["gold", "eu"],
    "created_at": "2025-08-14T10:00:00.000Z",
    "error": None,
}


def code(spec: SelectSpec, **changes: Any) -> str | None:
    run = read_run(json.dumps(GOOD | changes).encode(), 1 << 20)
    assert isinstance(run, Run)
    rejected = Select(spec)(run)
    assert rejected is None or rejected.stage == "select"
    return rejected.code if rejected else None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"status": "failed", "error": {"code": "timeout"}}, "status"),
        ({"status": "processing"}, "status"),
        ({"status": None}, "status"),
        ({"error": {"code": "x", "message": "y"}}, "run_error"),
        ({"error": "broken"}, "run_error"),
        ({"error": {}}, "run_error"),
        ({"finish_reason": None}, None),
        ({"finish_reason": ""}, None),
        ({"finish_reason": "content_filter"}, "finish_reason"),
        ({"finish_reason": "SAFETY"}, "finish_reason"),
        ({"finish_reason": "STOP"}, None),
        ({"finish_reason": "length"}, None),
        ({"finish_reason": "MAX_TOKENS"}, None),
        ({"finish_reason": "model_length"}, None),
    ],
)
def test_defaults(changes: dict[str, Any], expected: str | None) -> None:
    assert code(SelectSpec(), **changes) == expected


@pytest.mark.parametrize(
    ("spec", "changes", "expected"),
    [
        (SelectSpec(status=()), {"status": "failed"}, None),
        (SelectSpec(finish_reasons=()), {"finish_reason": "refusal"}, None),
        (SelectSpec(exclude_sources=("test-data",)), {"source": {"type": "test-data"}}, "source"),
        (SelectSpec(exclude_sources=("test-data",)), {"source": {"type": "api"}}, None),
        (SelectSpec(exclude_sources=("test-data",)), {"source": None}, None),
        (SelectSpec(min_score=0.5), {}, None),
        (SelectSpec(min_score=0.51), {}, "score"),
        (SelectSpec(min_score=0.1), {"evaluation": None}, None),
        (SelectSpec(min_score=0.1), {"evaluation": {"score": True}}, None),
        (SelectSpec(min_score=0.1, unscored="reject"), {"evaluation": {}}, "score"),
        (SelectSpec(tags=("gold",)), {}, None),
        (SelectSpec(tags=("silver",)), {}, "tag"),
        (SelectSpec(tags=("silver",)), {"tags": "silver"}, "tag"),
        (SelectSpec(exclude_tags=("eu",)), {}, "tag"),
        (SelectSpec(exclude_tags=("us",)), {"tags": None}, None),
        (SelectSpec(interactions=("Route",)), {}, None),
        (SelectSpec(interactions=("i1",)), {}, None),
        (SelectSpec(interactions=("i1",)), {"interaction": "i1"}, None),
        (SelectSpec(interactions=("i2",)), {}, "interaction"),
        (SelectSpec(interactions=("i2",)), {"interaction": 3}, "interaction"),
        (SelectSpec(models=("m-1",)), {}, None),
        (SelectSpec(models=("m-2",)), {}, "model"),
    ],
)
def test_words(spec: SelectSpec, changes: dict[str, Any], expected: str | None) -> None:
    assert code(spec, **changes) == expected


@pytest.mark.parametrize(
    ("since", "until", "created", "expected"),
    [
        (datetime(2025, 8, 14, 10, tzinfo=UTC), None, GOOD["created_at"], None),
        (datetime(2025, 8, 14, 10), None, GOOD["created_at"], None),  # noqa: DTZ001 (UTC is meant)
        (datetime(2025, 8, 14, 11, tzinfo=UTC), None, GOOD["created_at"], "time"),
        (None, datetime(2025, 8, 14, 10, tzinfo=UTC), GOOD["created_at"], "time"),
        (None, datetime(2025, 8, 15, tzinfo=UTC), "2025-08-15T01:00:00+02:00", None),
        (None, datetime(2025, 8, 15, tzinfo=UTC), "yesterday", "time"),
        (None, datetime(2025, 8, 15, tzinfo=UTC), None, "time"),
    ],
)
def test_time(
    since: datetime | None, until: datetime | None, created: str | None, expected: str | None
) -> None:
    assert code(SelectSpec(since=since, until=until), created_at=created) == expected
