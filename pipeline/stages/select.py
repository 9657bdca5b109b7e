"""The first stage: does the spec ask for this run at all? Imports api's `Run` and the nouns.

Nothing of the conversation is read here, only what is said about the run.
"""

from datetime import UTC, datetime

from msgspec import Struct

from pipeline.api.runs import Run
from pipeline.records import RejectCode, Rejected
from pipeline.spec import SelectSpec
from pipeline.stages.facts import error_of, is_cut_off, reference_of, score_of, source_of, tags_of

__all__ = ["Select"]


class Select(Struct, frozen=True):
    """Says no to runs that the spec does not ask for; the first reason that holds is given."""

    spec: SelectSpec

    def __call__(self, run: Run) -> Rejected | None:
        """Why the run is not asked for, or None where it is."""
        return (
            self._outcome(run)
            or self._score(run)
            or self._tags(run)
            or self._origin(run)
            or self._time(run)
        )

    def _outcome(self, run: Run) -> Rejected | None:
        spec = self.spec
        if spec.status and run.status not in spec.status:
            return _refuse("status", f"status is {run.status!r}, asked for {_list(spec.status)}")
        if said := error_of(run):
            return _refuse("run_error", f"the run carries an error: {said}")
        reason = run.finish_reason
        if not reason or not spec.finish_reasons or is_cut_off(reason):
            return None
        if reason.lower() in {one.lower() for one in spec.finish_reasons}:
            return None
        asked = _list(spec.finish_reasons)
        return _refuse("finish_reason", f"finish_reason is {reason!r}, asked for {asked}")

    def _score(self, run: Run) -> Rejected | None:
        least = self.spec.min_score
        if least is None:
            return None
        score = score_of(run)
        if score is None:
            keep = self.spec.unscored == "keep"
            return None if keep else _refuse("score", "the run has no evaluation.score")
        if score >= least:
            return None
        return _refuse("score", f"evaluation.score is {score:g}, asked for at least {least:g}")

    def _tags(self, run: Run) -> Rejected | None:
        spec = self.spec
        if not spec.tags and not spec.exclude_tags:
            return None
        tags = tags_of(run)
        if spec.tags and not tags.intersection(spec.tags):
            return _refuse("tag", f"has none of the tags {_list(spec.tags)}")
        if excluded := tags.intersection(spec.exclude_tags):
            return _refuse("tag", f"has the excluded tag {min(excluded)!r}")
        return None

    def _origin(self, run: Run) -> Rejected | None:
        spec = self.spec
        if spec.exclude_sources and (kind := source_of(run)) in spec.exclude_sources:
            return _refuse("source", f"source.type is {kind!r}, which is excluded")
        if spec.models and run.model_id not in spec.models:
            return _refuse("model", f"model is {run.model_id!r}, asked for {_list(spec.models)}")
        if not spec.interactions:
            return None
        reference = reference_of(run.interaction)
        if {reference.id, reference.name}.intersection(spec.interactions):
            return None
        named = reference.name or reference.id
        asked = _list(spec.interactions)
        return _refuse("interaction", f"interaction is {named!r}, asked for {asked}")

    def _time(self, run: Run) -> Rejected | None:
        since, until = self.spec.since, self.spec.until
        if since is None and until is None:
            return None
        created = _moment(run.created_at)
        if created is None:
            return _refuse("time", f"created_at is no moment: {run.created_at!r}")
        if since is not None and created < _aware(since):
            return _refuse("time", f"created at {run.created_at}, before {since.isoformat()}")
        if until is not None and created >= _aware(until):
            return _refuse("time", f"created at {run.created_at}, not before {until.isoformat()}")
        return None


def _refuse(code: RejectCode, detail: str) -> Rejected:
    return Rejected("select", code, detail)


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(repr(word) for word in words)


def _moment(text: str | None) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(text or ""))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    """Without an offset it is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
