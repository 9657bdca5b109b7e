"""Our verdict beside the oracles', line by line, and what becomes of each disagreement.

Where we accept and an oracle refuses, a row of `excused.toml` must say why. Where we refuse and all
its oracles accept, the rule that refused must have a source or a reason; these are counted by
format, rule, place and words into `disagreements.json`.
"""

import json
import random
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import strategies as st
from msgspec import Struct, convert

from pipeline.formats import Format, Problem, Unfit, line_of, write_line
from tests.formats.cases import CHATS, PREFERENCES
from tests.oracles.mutations import BYTES, changes, mutated, places, replaced, value_at
from tests.oracles.oracle import FileOracle
from tests.oracles.register import FILE_JUDGES, JUDGES
from tests.strategies import RECORDS

__all__ = ["Budget", "Excuse", "Tally", "excuses", "judge_format"]

HERE = Path(__file__).parent


class Excuse(Struct, frozen=True, forbid_unknown_fields=True):
    """Why we may accept what an oracle refuses."""

    formats: tuple[str, ...]
    oracle: str
    refuses: str
    """A regular expression that its whole reason matches."""
    because: str
    source: str
    read: str


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How many lines a format is judged on."""

    step: int = 1
    """Golden lines with one change each: every one, or every n-th of all changes."""
    records: int = 150
    """Records drawn that the format has a place for, each with `each` lines changed."""
    each: int = 5
    """With one or two changes."""
    files: int = 60
    seed: int = 0
    """Of what is drawn."""


@dataclass
class Tally:
    """What came of one format."""

    lines: int = 0
    accepted: int = 0
    """By us and by every oracle that knows the line."""
    refused: int = 0
    """By us and by at least one oracle."""
    refused_alone: int = 0
    """By us, and by no oracle that knows the line."""
    unfit: int = 0
    """Records that the format has no place for."""
    files: int = 0
    alone: Counter[str] = field(default_factory=Counter)
    """Lines that we refuse and all accept, by rule, place and words."""
    by_oracle: dict[str, Counter[str]] = field(default_factory=dict)
    """Lines that we refuse and one accepts, by oracle and rule."""
    examples: dict[str, str] = field(default_factory=dict)
    """The shortest line of each kind of disagreement."""
    loose: dict[str, str] = field(default_factory=dict)
    """What we accept and an oracle refuses without an excuse: the shortest line, by its reason."""
    excused: Counter[Excuse] = field(default_factory=Counter)

    def example(self, of: dict[str, str], kind: str, line: bytes) -> None:
        """Keep the shortest."""
        told = line.decode("utf-8", "backslashreplace")
        if kind not in of or len(told) < len(of[kind]):
            of[kind] = told


@cache
def excuses() -> tuple[Excuse, ...]:
    """The rows of `excused.toml`."""
    rows = tomllib.loads((HERE / "excused.toml").read_text(encoding="utf-8"))
    return tuple(convert(row, Excuse) for row in rows.get("excused", ()))


def judge_format(form: Format[Any], budget: Budget) -> Tally:
    """Good lines, changed lines and files of a format, judged by us and by its oracles."""
    tally = Tally()
    good = [line for line in _golden(form) if not form.check(line)]
    pool: list[bytes] = []
    for line in good:
        _judge(form, line, tally, pool)
        for change in BYTES.values():
            _judge(form, change(line), tally, [])
    for line in _changed_once(good, budget):
        _judge(form, line, tally, pool)
    _judge_drawn(form, budget, tally, pool)
    if form.name in FILE_JUDGES:
        _judge_files(form, budget, tally, pool)
    return tally


def _golden(form: Format[Any]) -> Iterator[bytes]:
    cases = CHATS if form.kind == "chat" else PREFERENCES
    return filter(None, (line_of(form, record) for record in cases.values()))


def _changed_once(good: Sequence[bytes], budget: Budget) -> Iterator[bytes]:
    """Golden lines with one change each."""
    changed = (value for line in good for _, value in mutated(json.loads(line)))
    return (_written(value) for value in islice(changed, 0, None, budget.step))


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _judge_drawn(form: Format[Any], budget: Budget, tally: Tally, pool: list[bytes]) -> None:
    """Records that hypothesis draws, their lines as they are written, and changed."""

    @hypothesis.seed(budget.seed)
    @hypothesis.settings(
        max_examples=budget.records,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(record=RECORDS[form.kind], dice=st.randoms(use_true_random=False))
    def judge_one(record: Any, dice: random.Random) -> None:
        written = write_line(form, record)
        if isinstance(written, Unfit):
            tally.unfit += 1
            hypothesis.reject()
        _judge(form, written[0], tally, pool)
        value = json.loads(written[0])
        for _ in range(budget.each):
            _judge(form, _written(_changed(value, dice)), tally, pool)

    judge_one()


def _changed(value: Any, dice: random.Random) -> Any:
    """The document with one or two changes."""
    for _ in range(dice.choice((1, 1, 2))):
        place = dice.choice(list(places(value)))
        old = value_at(value, place)
        _, change = dice.choice(changes(old, place))
        value = replaced(value, place, change(old))
    return value


def _judge(form: Format[Any], line: bytes, tally: Tally, pool: list[bytes]) -> None:
    """One line: ours, theirs, and the books."""
    tally.lines += 1
    problems = form.check(line)
    known = _decoded(line)
    reasons = {
        oracle.name: oracle.judge(line)
        for oracle in JUDGES[form.name]
        if known is None or oracle.knows(known)
    }
    if not problems:
        pool.append(line)
    _keep_books(form, line, problems, reasons, tally)


def _decoded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _keep_books(
    form: Format[Any],
    line: bytes,
    problems: Sequence[Problem],
    reasons: dict[str, str | None],
    tally: Tally,
) -> None:
    refusals = {name: reason for name, reason in reasons.items() if reason is not None}
    if problems:
        for name in reasons.keys() - refusals.keys():
            tally.by_oracle.setdefault(name, Counter()).update({one.rule for one in problems})
        if refusals:
            tally.refused += 1
        elif reasons:
            tally.refused_alone += 1
            for kind in {_kind(one) for one in problems}:
                tally.alone[kind] += 1
                tally.example(tally.examples, kind, line)
        return
    tally.accepted += not refusals
    for name, reason in refusals.items():
        excuse = _excuse(form.name, name, reason)
        if excuse is None:
            tally.example(tally.loose, f"{name}: {_shape(reason)}", line)
        else:
            tally.excused[excuse] += 1


def _excuse(form: str, oracle: str, reason: str) -> Excuse | None:
    for one in excuses():
        if form in one.formats and oracle == one.oracle and re.fullmatch(one.refuses, reason):
            return one
    return None


def _kind(problem: Problem) -> str:
    """A problem without what is particular to its line: rule, place, and of a schema its words."""
    place = re.sub(r"/\d+(?=/|$)", "/*", problem.pointer) or "/"
    place = _FREE.sub(r"\1", place)
    return f"{problem.rule} {place}" + (
        f": {_words(problem.reason)}" if problem.rule == "schema" else ""
    )


_FREE = re.compile(r"(/(?:parameters|inputSchema/json|arguments|args|response|toolUse/input))/.*")
"""Places below which keys are the user's own."""
_PHRASES = re.compile(
    r"(?:is not (?:of types?|one of|valid under)|is a required property|should (?:be non-empty|not)"
    r"|Additional properties are not allowed|is too (?:long|short)|does not (?:match|have enough)"
    r"|was expected|is (?:less|greater) than|has (?:non-unique|too many)|is valid under each)"
)


def _words(reason: str) -> str:
    """What a schema says without the value that it quotes; the schema's own reason as it is."""
    found = _PHRASES.findall(reason)
    if found:
        return str(found[-1])
    return "a long value" if reason.endswith("...") else _shape(reason)


def _shape(reason: str) -> str:
    """A reason without numbers and quoted values, cut."""
    reason = re.sub(r"input_value=.*?(?=, input_type|$)", "input_value=..", reason)
    reason = re.sub(r"'[^']*'|\"[^\"]*\"", "..", reason)
    return re.sub(r"\d[\d,.]*", "#", reason)[:160]


def _judge_files(form: Format[Any], budget: Budget, tally: Tally, pool: Sequence[bytes]) -> None:
    """Files of lines that we accept one by one."""
    dice = random.Random(budget.seed)
    for _ in range(budget.files):
        lines = [dice.choice(pool) for _ in range(dice.choice((1, 2, 2, 3, 8)))]
        _judge_file(form, lines, tally)


def _judge_file(form: Format[Any], lines: Sequence[bytes], tally: Tally) -> None:
    tally.files += 1
    problems = list(_across(form, lines))
    for oracle in FILE_JUDGES[form.name]:
        if not all(oracle.knows(json.loads(line)) for line in lines):
            continue
        _file_books(form, oracle, lines, problems, tally)


def _across(form: Format[Any], lines: Iterable[bytes]) -> Iterator[Problem]:
    judge = form.across() if form.across else (lambda _: ())
    for line in lines:
        yield from judge(json.loads(line))


def _file_books(
    form: Format[Any],
    oracle: FileOracle,
    lines: Sequence[bytes],
    problems: Sequence[Problem],
    tally: Tally,
) -> None:
    reason = oracle.judge(lines)
    file = b"\n".join(lines)
    if problems and reason is None:
        tally.by_oracle.setdefault(oracle.name, Counter()).update({one.rule for one in problems})
        for kind in {f"file: {_kind(one)}" for one in problems}:
            tally.alone[kind] += 1
            tally.example(tally.examples, kind, file)
    elif reason is not None and not problems:
        excuse = _excuse(form.name, oracle.name, reason)
        if excuse is None:
            tally.example(tally.loose, f"{oracle.name}: {_shape(reason)}", file)
        else:
            tally.excused[excuse] += 1
