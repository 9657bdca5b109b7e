"""What is said about a target before anything is done for it. The day is asked for here."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from pipeline.api.sessions import TrainingSession
from pipeline.build.target import (
    ResolvedTarget,
    format_for,
    refuse_closed,
    resolve_session,
    resolve_target,
)
from pipeline.cli.console import say
from pipeline.spec import BuildSpec

__all__ = ["check_session", "today", "warn_of_target"]


def today() -> date:
    """The day, in UTC."""
    return datetime.now(UTC).date()


def check_session(spec: BuildSpec, session: TrainingSession, formats: Sequence[str]) -> str:
    """Which of the formats is handed over; warns of a target that is closing.

    It is the spec's, else the session's environment and model. Raises `GateRefused` for one that
    is closed, and where the session's provider takes none of the formats.
    """
    form = format_for(spec.target, session, formats)
    resolved = resolve_session(spec.target, session, [form], today())
    _warn(refuse_closed(resolved, allow=spec.target.allow_closed))
    return form


def warn_of_target(spec: BuildSpec) -> ResolvedTarget | None:
    """Warn of the spec's target; nothing is handed over, so a closed one is no refusal."""
    resolved = resolve_target(spec.target, spec.formats, today())
    if resolved is not None:
        _warn(refuse_closed(resolved, allow=True))
    return resolved


def _warn(warnings: Sequence[str]) -> None:
    for sentence in warnings:
        say(f"warning: {sentence}")
