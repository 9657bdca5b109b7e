"""What each fault does to a request and its answer. Imports `exchange`, `plan` and `script`."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qs, urlencode

import msgspec
from litestar.types import HTTPScope
from msgspec import Raw

from pipeline.studio.faults.exchange import Answer, Exchange
from pipeline.studio.faults.plan import FaultPlan
from pipeline.studio.faults.script import Fault

__all__ = ["happen", "is_gone", "without_gone"]

_SAID = "a scripted fault"
_PAGE = b"<html><head><title>Bad gateway</title></head><body>Try again later.</body></html>"
_GARBAGE = b"\x00\xff<this is no JSON"
_UNIT = 256 << 10
_MIB = b" " * (1 << 20)
_WRONG = "AAAAAA=="


class _Case(msgspec.Struct, frozen=True):
    operation: str
    plan: FaultPlan
    exchange: Exchange
    arguments: tuple[str | None, ...]

    def number(self, default: int) -> int:
        """The first argument."""
        return default if self.arguments[0] is None else int(self.arguments[0])


async def happen(fault: Fault, operation: str, plan: FaultPlan, exchange: Exchange) -> None:
    """Let the fault happen to the request."""
    await _DEEDS[fault.name](_Case(operation, plan, exchange, fault.arguments))


def is_gone(plan: FaultPlan, operation: str, path: str) -> bool:
    """Whether the request asks for a run that vanished."""
    return operation == "runs.get" and path.rstrip("/").rsplit("/", 1)[-1] in plan.gone


def without_gone(plan: FaultPlan, answer: Answer) -> Answer:
    """The list without the runs that vanished, the others byte for byte."""
    gone = plan.gone
    rows = msgspec.json.decode(answer.body, type=list[Raw])
    kept = [bytes(row) for row in rows if _id_of(row) not in gone]
    return answer.with_body(b"[" + b",".join(kept) + b"]")


async def _ok(case: _Case) -> None:
    await case.exchange.carry_out()


async def _status(case: _Case) -> None:
    headers = {"retry_after": after} if (after := "".join(_others(case))) else {}
    await case.exchange.answer(Answer.error(case.number(500), _SAID, **headers))


async def _page(case: _Case) -> None:
    await case.exchange.answer(Answer.of(case.number(502), "text/html", _PAGE))


async def _pacing(case: _Case) -> None:
    headers = {"x_ratelimit_reason": "pacing", "x_ratelimit_retry_ms": str(case.number(200))}
    await case.exchange.answer(Answer.error(429, _SAID, **headers))


async def _quota(case: _Case) -> None:
    await case.exchange.answer(Answer.error(429, _SAID, x_ratelimit_reason="quota"))


async def _redirect(case: _Case) -> None:
    await case.exchange.answer(Answer.of(307, "text/plain", b"", location="/elsewhere"))


async def _reset(case: _Case) -> None:
    await case.exchange.hang_up()


async def _lost(case: _Case) -> None:
    await case.exchange.carry_out_unheard()
    await case.exchange.hang_up()


async def _cut(case: _Case) -> None:
    await case.exchange.answer_cut(case.number(0))


async def _slow(case: _Case) -> None:
    await asyncio.sleep(float(case.arguments[0] or 0))
    await case.exchange.carry_out()


async def _garbage(case: _Case) -> None:
    answer = await case.exchange.answered()
    await case.exchange.answer(answer.with_body(_GARBAGE))


async def _bomb(case: _Case) -> None:
    body = await asyncio.to_thread(_compressed, case.number(512))
    packed = Answer.of(200, "application/json", body, content_encoding="gzip")
    await case.exchange.answer(packed)


async def _shift(case: _Case) -> None:
    query = _query(case.exchange)
    offset = int(query.get("offset", "0")) + case.number(1)
    await _turned(case.exchange, query, offset)


async def _repeat(case: _Case) -> None:
    query = _query(case.exchange)
    offset = int(query.get("offset", "0")) - int(query.get("limit", "100"))
    await _turned(case.exchange, query, offset)


async def _vanish(case: _Case) -> None:
    """Of a list, after it was shown; of a fetch, before."""
    if case.operation == "runs.get":
        case.plan.vanish([case.exchange.scope["path"].rstrip("/").rsplit("/", 1)[-1]])
        await case.exchange.answer(Answer.error(404, "no such run"))
        return
    answer = await case.exchange.answered()
    there = without_gone(case.plan, answer)
    rows = msgspec.json.decode(there.body, type=list[Raw])
    case.plan.vanish([_id_of(row) for row in rows[: case.number(1)]])
    shown = without_gone(case.plan, answer) if case.operation == "runs.find" else answer
    await case.exchange.answer(shown)


async def _expire(case: _Case) -> None:
    answer = await case.exchange.answered()
    token = msgspec.json.decode(answer.body, type=dict[str, Any]).get("token")
    if isinstance(token, str):
        case.plan.limit(token, case.number(0))
    await case.exchange.answer(answer)


async def _half(case: _Case) -> None:
    length = int(case.exchange.header("content-length") or 0) // 2
    await case.exchange.carry_out_unheard(case.exchange.shortened(length, broken=True))
    await case.exchange.hang_up()


async def _partial(case: _Case) -> None:
    """The same request with a body half as long, which no checksum goes with."""
    exchange = case.exchange
    span = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", exchange.header("content-range"))
    if span is None:
        await exchange.carry_out()
        return
    first, last = int(span[1]), int(span[2])
    kept = (last + 1 - first) // 2 // _UNIT * _UNIT
    place = f"{first}-{first + kept - 1}" if kept else "*"
    exchange.set_header("content-range", f"bytes {place}/{span[3]}")
    exchange.set_header("content-length", str(kept))
    exchange.set_header("x-goog-hash", None)
    await exchange.answer(await exchange.answered(exchange.shortened(kept, broken=False)))


async def _corrupt(case: _Case) -> None:
    if case.operation == "objects.get":
        await case.exchange.answer_changed(_flipped)
    else:
        await case.exchange.carry_out(case.exchange.changed(_flipped))


async def _checksum(case: _Case) -> None:
    answer = await case.exchange.answered()
    told = re.compile(rb"crc32c=[^,\s]+")
    headers = [
        (name, told.sub(b"crc32c=" + _WRONG.encode(), value)) for name, value in answer.headers
    ]
    answer = msgspec.structs.replace(answer, headers=tuple(headers))
    if case.operation != "objects.get" and answer.body:
        fields = msgspec.json.decode(answer.body, type=dict[str, Any])
        if "crc32c" in fields:
            answer = answer.with_body(msgspec.json.encode({**fields, "crc32c": _WRONG}))
    await case.exchange.answer(answer)


_DEEDS: Mapping[str, Callable[[_Case], Awaitable[None]]] = {
    "ok": _ok,
    "status": _status,
    "page": _page,
    "pacing": _pacing,
    "quota": _quota,
    "redirect": _redirect,
    "reset": _reset,
    "lost": _lost,
    "cut": _cut,
    "slow": _slow,
    "garbage": _garbage,
    "bomb": _bomb,
    "shift": _shift,
    "repeat": _repeat,
    "vanish": _vanish,
    "expire": _expire,
    "half": _half,
    "partial": _partial,
    "corrupt": _corrupt,
    "checksum": _checksum,
}


def _others(case: _Case) -> list[str]:
    """The arguments after the first."""
    return [word for word in case.arguments[1:] if word is not None]


def _query(exchange: Exchange) -> dict[str, str]:
    words = parse_qs(exchange.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[-1] for name, values in words.items()}


async def _turned(exchange: Exchange, query: dict[str, str], offset: int) -> None:
    """Carry out the request of another page."""
    changed = urlencode({**query, "offset": str(max(offset, 0))}).encode()
    exchange.scope = cast("HTTPScope", {**exchange.scope, "query_string": changed})
    await exchange.carry_out()


def _id_of(row: Raw) -> str:
    return str(msgspec.json.decode(row, type=dict[str, Raw] | Any)["id"])


def _flipped(body: bytes) -> bytes:
    return bytes([body[0] ^ 1]) + body[1:]


def _compressed(mib: int) -> bytes:
    """So many MiB of spaces as gzip: one block, which is packed once and repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    first = packer.compress(_MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(_MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mib):
        checksum = zlib.crc32(_MIB, checksum)
    size = (mib << 20) & 0xFFFFFFFF
    end = b"\x03\x00" + checksum.to_bytes(4, "little") + size.to_bytes(4, "little")
    return first + again * (mib - 1) + end
