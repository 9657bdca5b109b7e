"""What is kept of a build: counts, reasons, some of the runs that left."""

from typing import Any

from sqlalchemy import select

from pipeline.studio.outcomes import Outcome, keep_outcome, read_outcome
from pipeline.studio.tables import builds


def kept(account: Any, session: str) -> list[tuple[str | None, Outcome]]:
    query = select(builds).where(builds.c.session == session).order_by(builds.c.ended)
    with account.studio.studio.database.read() as connection:
        return [(row.dataset, read_outcome(row)) for row in connection.execute(query)]


def test_a_build_leaves_its_counts_and_who_left_why(account: Any) -> None:
    failed = [{**run, "status": "failed"} for run in list(account.documents.values())[:3]]
    account.load(failed)
    session = account.session(runs=12)
    url = account.ok(account.post(f"/training/{session}/build"))["dataset"]
    ((dataset, outcome),) = kept(account, session)
    assert url.endswith(f"/objects/{dataset}")
    assert (outcome.pulled, outcome.kept, outcome.refused) == (12, 9, None)
    assert sum(outcome.rejected.values()) == 3
    assert sum(outcome.splits.values()) == 9
    assert {sample.run_id for sample in outcome.samples} == {run["id"] for run in failed}
    assert all(sample.detail and "failed" in sample.detail for sample in outcome.samples)


def test_unchanged_runs_leave_nothing_new(account: Any) -> None:
    session = account.session(runs=12)
    for _ in range(2):
        account.ok(account.post(f"/training/{session}/build"))
    assert len(kept(account, session)) == 1


def test_a_build_that_was_refused_leaves_the_reason(account: Any) -> None:
    account.load([{**run, "status": "failed"} for run in account.documents.values()])
    session = account.session(runs=3)
    said = account.refused(account.post(f"/training/{session}/build"), 400)
    assert kept(account, session) == [(None, Outcome(refused=said))]


def test_of_many_alike_ten_are_kept_and_a_sentence_has_an_end(account: Any) -> None:
    runs = list(account.documents.values())
    many = [{**runs[0], "id": f"f{at}", "status": "failed" + "x" * 5000} for at in range(30)]
    account.load(many)
    session = account.session(runs=len(account.ids))
    account.ok(account.post(f"/training/{session}/build"))
    ((_, outcome),) = kept(account, session)
    assert sum(outcome.rejected.values()) == 30
    assert len(outcome.samples) == 10
    assert all(len(sample.detail or "") <= 500 for sample in outcome.samples)


def test_a_session_keeps_its_last_builds(account: Any) -> None:
    session, other = account.session(), account.session()
    database = account.studio.studio.database
    keep_outcome(database, other, None, Outcome(refused="other"))
    for at in range(30):
        keep_outcome(database, session, None, Outcome(refused=str(at)))
    found = [outcome.refused for _, outcome in kept(account, session)]
    assert len(found) == 20
    assert "29" in found
    assert len(kept(account, other)) == 1
