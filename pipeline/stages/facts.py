"""Facts of a run that stand beside the conversation, read tolerantly from its `Raw` fields.

The platform stored them in more than one form over the years; a form that is not known here gives
"no such fact", never an error. Expects a run that `read` let through. Imports api's `Run`.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeGuard

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from pipeline.api.runs import Run

__all__ = [
    "Reference",
    "TokenUse",
    "decode_field",
    "error_of",
    "execution_of",
    "is_cut_off",
    "max_tokens_of",
    "moment_of",
    "reference_of",
    "score_of",
    "selected_of",
    "source_of",
    "step_of",
    "tags_of",
    "token_use_of",
    "wants_thoughts",
]

CUT_OFF = frozenset(
    {
        "length",
        "max_tokens",
        "max_output_tokens",
        "max_completion_tokens",
        "model_length",
        "model_context_window_exceeded",
        "token_limit",
        "incomplete",
    }
)
"""Finish reasons, in lower case, that mean: the answer was cut off."""


class Reference(Struct, frozen=True):
    """Who is referred to: an interaction or an environment, in whichever form it was stored."""

    id: str | None = None
    name: str | None = None
    version: str | None = None
    provider: str | None = None


class TokenUse(Struct, frozen=True):
    """Tokens as the provider counted them; None where it did not say."""

    prompt: int | None
    result: int | None


def decode_field(value: Raw | UnsetType) -> Any:
    """The decoded field; None where it is null or absent."""
    return None if value is UNSET else msgspec.json.decode(value)


def reference_of(value: Raw | UnsetType) -> Reference:
    """The parts of a reference: a bare id, a reference or the whole object."""
    return Reference() if value is UNSET else _reference(bytes(value))


@lru_cache(maxsize=1024)
def _reference(data: bytes) -> Reference:
    value = msgspec.json.decode(data)
    if isinstance(value, str):
        return Reference(id=value)
    if not isinstance(value, dict):
        return Reference()
    version = value.get("version")
    return Reference(
        id=_text(value.get("id")),
        name=_text(value.get("name")),
        version=str(version) if isinstance(version, str | int) else None,
        provider=_text(value.get("provider")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def error_of(run: Run) -> str | None:
    """What the run's error says; None where there is none."""
    error = decode_field(run.error)
    if error is None or error is False:
        return None
    if isinstance(error, dict):
        said = [text for key in ("code", "message") if (text := _text(error.get(key)))]
        return ": ".join(said) or "without a message"
    return error if isinstance(error, str) and error else "without a message"


def is_cut_off(finish_reason: str | None) -> bool:
    """Whether the provider ended the answer before the model did."""
    return finish_reason is not None and finish_reason.lower() in CUT_OFF


def score_of(run: Run) -> float | None:
    """`evaluation.score`."""
    evaluation = decode_field(run.evaluation)
    score = evaluation.get("score") if isinstance(evaluation, dict) else None
    return float(score) if _is_number(score) else None


def selected_of(run: Run) -> bool | None:
    """`evaluation.selected`: whether a mediator took this answer; None where nobody chose."""
    evaluation = decode_field(run.evaluation)
    selected = evaluation.get("selected") if isinstance(evaluation, dict) else None
    return selected if isinstance(selected, bool) else None


def moment_of(text: str | None) -> int | None:
    """Microseconds since 1970 of an ISO 8601 time; without an offset it is UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000_000)


def tags_of(run: Run) -> frozenset[str]:
    """The run's tags."""
    tags = decode_field(run.tags)
    return frozenset(_strings(tags)) if isinstance(tags, list) else frozenset()


def source_of(run: Run) -> str | None:
    """`source.type`: api, cli, ui, webhook, test-data, system, schedule."""
    source = decode_field(run.source)
    return _text(source.get("type")) if isinstance(source, dict) else None


def execution_of(run: Run) -> tuple[str, str] | None:
    """The workflow's id and that of its execution; None where the run belongs to none."""
    flow, execution, _ = _workflow_of(run)
    return None if flow is None or execution is None else (flow, execution)


def step_of(run: Run) -> tuple[str, str, str] | None:
    """The workflow's id, its run's id and the activity; None where the run is no such step."""
    flow, execution, activity = _workflow_of(run)
    if flow is None or execution is None or activity is None:
        return None
    return flow, execution, activity


def _workflow_of(run: Run) -> tuple[str | None, str | None, str | None]:
    workflow = decode_field(run.workflow)
    if not isinstance(workflow, dict):
        return None, None, None
    flow, execution, activity = (
        _text(workflow.get(key)) for key in ("workflow_id", "run_id", "activity_type")
    )
    return flow, execution, activity


def _strings(values: list[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def token_use_of(run: Run) -> TokenUse:
    """`token_use`; its first form said `completion` for `result`."""
    use = decode_field(run.token_use)
    if not isinstance(use, dict):
        return TokenUse(None, None)
    return TokenUse(_count(use.get("prompt")), _count(use.get("result", use.get("completion"))))


def max_tokens_of(run: Run) -> int | None:
    """The limit that the answer was asked to keep: `config.model_options`, or older, `config`."""
    return _options_of(run).max_tokens


def wants_thoughts(run: Run) -> bool:
    """Whether the model was asked to give its reasoning with the answer."""
    return _options_of(run).include_thoughts


_LARGEST = 1 << 53
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens")


class _Options(Struct, frozen=True):
    max_tokens: int | None = None
    include_thoughts: bool = False


def _options_of(run: Run) -> _Options:
    return _Options() if run.config is UNSET else _read_options(bytes(run.config))


@lru_cache(maxsize=256)
def _read_options(data: bytes) -> _Options:
    config = msgspec.json.decode(data)
    if not isinstance(config, dict):
        return _Options()
    nested = config.get("model_options")
    options = config | nested if isinstance(nested, dict) else config
    return _Options(
        max_tokens=next((n for key in _LIMITS if (n := _count(options.get(key)))), None),
        include_thoughts=options.get("include_thoughts") is True,
    )


def _count(value: Any) -> int | None:
    return int(value) if _is_number(value) and value > 0 else None


def _is_number(value: Any) -> TypeGuard[int | float]:
    """A number that every table can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
