"""Which runs the spec asks for. Imports `spec`, `records`, api's `Run`."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.api.runs import Run
from pipeline.records import RejectCode, Rejected
from pipeline.spec import SelectSpec
from pipeline.stages.refs import interaction_of, is_null, plain, score_of, tags_of

__all__ = ["CUT_OFF", "Select"]

CUT_OFF = frozenset(
    {"length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens", "incomplete"}
)
"""Finish reasons that mean the answer was cut; the label check `truncated` owns them."""


@dataclass(frozen=True, slots=True)
class Select:
    """Keep a run if the spec asks for it; the first condition that fails names the reason."""

    spec: SelectSpec

    def __call__(self, run: Run) -> Rejected | None:
        """None for a run that is asked for."""
        return (
            self._by_state(run) or self._by_origin(run) or self._by_score(run) or self._by_time(run)
        )

    def _by_state(self, run: Run) -> Rejected | None:
        spec = self.spec
        if spec.status and run.status not in spec.status:
            return _rejected("status", f"status is {run.status}, asked for {_any(spec.status)}")
        if not is_null(run.error):
            return _rejected("run_error", f"the run has an error: {_error(run)}")
        reason = run.finish_reason
        if reason and spec.finish_reasons and reason not in (*spec.finish_reasons, *CUT_OFF):
            return _rejected("finish_reason", f"finish_reason is {reason}")
        return None

    def _by_origin(self, run: Run) -> Rejected | None:
        spec = self.spec
        if spec.interactions and not {*interaction_of(run.interaction)} & {*spec.interactions}:
            name = interaction_of(run.interaction)[1]
            return _rejected("interaction", f"interaction is {name}, not asked for")
        if spec.models and run.model_id not in spec.models:
            return _rejected("model", f"model is {run.model_id}, not asked for")
        if not (spec.tags or spec.exclude_tags):
            return None
        tags = {*tags_of(run.tags)}
        if spec.tags and not tags & {*spec.tags}:
            return _rejected("tag", f"has none of the tags {_any(spec.tags)}")
        if barred := tags & {*spec.exclude_tags}:
            return _rejected("tag", f"has the excluded tag {min(barred)}")
        return None

    def _by_score(self, run: Run) -> Rejected | None:
        least = self.spec.min_score
        if least is None:
            return None
        score = score_of(run.evaluation)
        if score is None:
            barred = self.spec.unscored == "reject"
            return (
                _rejected("score", "has no score and select.unscored is reject") if barred else None
            )
        if score < least:
            return _rejected("score", f"score is {score:g}, select.min_score is {least:g}")
        return None

    def _by_time(self, run: Run) -> Rejected | None:
        since, until = self.spec.since, self.spec.until
        if since is None and until is None:
            return None
        moment = _moment(run.created_at)
        if moment is None:
            return _rejected("time", "created_at is missing or no ISO 8601 time")
        if (since and moment < _aware(since)) or (until and moment >= _aware(until)):
            return _rejected("time", f"was created at {run.created_at}")
        return None


def _error(run: Run) -> str:
    match plain(run.error):
        case {"code": str() as code, "message": str() as message}:
            return f"{code}: {message}"[:200]
        case other:
            return str(other)[:200]


def _moment(text: str | None) -> datetime | None:
    try:
        return _aware(datetime.fromisoformat(text or ""))
    except ValueError:
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _any(words: tuple[str, ...]) -> str:
    return " or ".join(words)


def _rejected(code: RejectCode, detail: str) -> Rejected:
    return Rejected("select", code, detail)
