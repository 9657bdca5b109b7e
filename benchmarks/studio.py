"""The Studio under load, beside a bare server of the same stack that does nothing.

    python benchmarks/studio.py [--clients 64] [--requests 6000] [--upload-mb 512] [--minutes 20]

Each server is a process of its own; the clients are one more, with a connection each that stays
open. Printed are requests a second and the 99th percentile of the time to an answer, and how many
times that is of the bare server's (Litestar and uvicorn, a handler that answers two bytes);
uploads beside writing the same bytes to the same disk with one fdatasync; and the memory of the
server after a minute's worth of mixed requests (a thousand) and after many.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from measure import _kilobytes
from pull import READY, TRAINSET, studio

RUNS = 2000
SESSIONS = 200
MINUTE = 1000
"""Requests: what a team of a dozen makes in one."""
BLOCK = 1 << 20
GROWTH = 1.1
"""The memory after many minutes may be so many times that after one."""


class Answer(Exception):
    """A server answered something else than 2xx."""


class Wire:
    """One connection that stays open."""

    def __init__(self, url: str) -> None:
        self.host, self.port = urlsplit(url).hostname, urlsplit(url).port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def open(self) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: str = "",
        any_status: bool = False,
    ) -> bytes:
        """Send the request and read the whole answer."""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{headers}"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.writer.write(head.encode() + b"\r\n" + body)
        await self.writer.drain()
        return await self.answer(path, any_status=any_status)

    async def put(self, path: str, size: int) -> bytes:
        """Upload so many bytes in one request."""
        head = f"PUT {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
        self.writer.write(f"{head}Content-Length: {size}\r\n\r\n".encode())
        block = os.urandom(BLOCK)
        for _ in range(size // BLOCK):
            self.writer.write(block)
            await self.writer.drain()
        return await self.answer(path)

    async def answer(self, path: str, *, any_status: bool = False) -> bytes:
        """Read the whole answer; its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await self.reader.readexactly(int(length or 0))
        if not any_status and not 200 <= status < 300:
            raise Answer(f"{path}: {status} {body[:200]!r}")
        return body


@asynccontextmanager
async def wires(url: str, count: int) -> AsyncIterator[list[Wire]]:
    """So many connections."""
    made = [Wire(url) for _ in range(count)]
    await asyncio.gather(*(one.open() for one in made))
    try:
        yield made
    finally:
        for one in made:
            one.writer.close()


Ask = Callable[[Wire, int], object]


async def load(url: str, ask: Ask, *, clients: int, requests: int) -> tuple[float, float]:
    """All clients at once, each its share: requests a second, and the 99th percentile in ms."""
    times: list[float] = []

    async def client(number: int, wire: Wire) -> None:
        for turn in range(requests // clients):
            began = time.perf_counter()
            await ask(wire, turn * clients + number)  # type: ignore[misc]
            times.append(time.perf_counter() - began)

    async with wires(url, clients) as made:
        await asyncio.gather(*(ask(one, 0) for one in made))  # type: ignore[arg-type]
        began = time.perf_counter()
        await asyncio.gather(*(client(at, one) for at, one in enumerate(made)))
        took = time.perf_counter() - began
    times.sort()
    return len(times) / took, times[len(times) * 99 // 100] * 1000


def bare(port: int) -> None:
    """The same stack, doing nothing."""
    import uvicorn  # noqa: PLC0415 - only in the process that serves
    from litestar import Litestar, asgi, get, post  # noqa: PLC0415

    @get("/", sync_to_thread=False)
    def nothing() -> bytes:
        return b"ok"

    @post("/", sync_to_thread=False)
    def nothing_new() -> bytes:
        return b"ok"

    @asgi("/sink", is_mount=True, copy_scope=True)
    async def sink(scope: object, receive: Callable, send: Callable) -> None:  # type: ignore[type-arg]
        del scope
        while (await receive())["more_body"]:
            pass
        head = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"ok"})

    app = Litestar([nothing, nothing_new, sink], openapi_config=None, logging_config=None)
    print(f"{READY}http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, port=port, log_config=None, access_log=False)


@contextmanager
def program(words: list[str]) -> Iterator[tuple[str, int]]:
    """A server in a process; its address and the process's number."""
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        assert one.stdout is not None
        url = one.stdout.readline().partition(READY)[2].strip()
        if not url:
            sys.exit("the server ended before it was ready")
        try:
            yield url, one.pid
        finally:
            one.terminate()


def fill(folder: str) -> str:
    """A project with runs and an environment; its key."""
    runs, listed = Path(folder) / "runs.jsonl", Path(folder) / "environments.json"
    said = {"prompt": [{"role": "user", "content": "word " * 100}], "result": "ho " * 50}
    runs.write_text("".join(json.dumps({"id": f"r{at}", **said}) + "\n" for at in range(RUNS)))
    account = {"id": "e", "name": "e", "provider": "test", "default_model": "m"}
    listed.write_text(json.dumps([account]))
    where = ("--data-dir", f"{folder}/data", "--project", "default")
    studio("import", *where, "--runs", str(runs), "--environments", str(listed))
    return studio("key", *where)


class Team:
    """What the clients ask of the Studio."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = ""
        self.sessions: list[str] = []

    async def prepare(self, key: str) -> None:
        """Sign in, make the sessions, put runs into them."""
        async with wires(self.url, 1) as (wire,):
            token = json.loads(
                await wire.ask("POST", "/token/issue", headers=f"Authorization: Bearer {key}\r\n")
            )["token"]
            self.headers = f"Authorization: Bearer {token}\r\n"
            body = json.dumps({"name": "n", "env": "e", "model": "m"}).encode()
            for _ in range(SESSIONS):
                self.sessions.append(
                    json.loads(await self.ask(wire, "POST", "/training", body))["id"]
                )
            runs = json.dumps({"runs": [f"r{at}" for at in range(100)]}).encode()
            await self.ask(wire, "POST", f"/training/{self.sessions[0]}/add", runs)

    async def ask(self, wire: Wire, method: str, path: str, body: bytes = b"") -> bytes:
        """Ask the API, signed in."""
        return await wire.ask(method, f"/api/v1{path}", body, headers=self.headers)

    async def list(self, wire: Wire, number: int) -> None:
        """A list of a hundred."""
        del number
        await self.ask(wire, "GET", "/training?limit=100")

    async def retrieve(self, wire: Wire, number: int) -> None:
        """One session."""
        del number
        await self.ask(wire, "GET", f"/training/{self.sessions[0]}")

    async def add(self, wire: Wire, number: int) -> None:
        """A run that the session has not, as long as there are such."""
        session = self.sessions[1 + number % (SESSIONS - 1)]
        body = json.dumps({"runs": [f"r{number // (SESSIONS - 1) % RUNS}"]}).encode()
        await self.ask(wire, "POST", f"/training/{session}/add", body)

    async def mixed(self, wire: Wire, number: int) -> None:
        """A bit of everything, what is refused too."""
        match number % 8:
            case 0:
                await self.list(wire, number)
            case 1:
                await self.retrieve(wire, number)
            case 2:
                await self.add(wire, number)
            case 3:
                body = json.dumps({"query": {"id": {"$in": [f"r{number % RUNS}"]}}}).encode()
                await self.ask(wire, "POST", "/runs/find", body)
            case 4:
                await wire.ask("GET", f"/nowhere/{number}", any_status=True)
            case 5:
                path = f"/api/v1/training/{number:024x}"
                await wire.ask("GET", path, headers=self.headers, any_status=True)
            case 6:
                path = f"/training/{self.sessions[number % SESSIONS]}/upload-url?resumable=true"
                url = json.loads(await self.ask(wire, "GET", path))["url"]
                await wire.ask("PUT", url.removeprefix(self.url), b"x" * 1000)
            case _:
                await wire.ask("GET", "/metrics")


def print_row(name: str, ours: tuple[float, float], nothing: tuple[float, float]) -> None:
    """A line of the table."""
    figures = f"{ours[0]:>9,.0f}{ours[1]:>9.1f}{nothing[0]:>12,.0f}{nothing[1]:>9.1f}"
    print(
        f"{name:<26}{figures}{ours[1] / nothing[1]:>9.1f}{nothing[0] / ours[0]:>9.1f}", flush=True
    )


def calls(team: Team, bare_url: str, clients: int, requests: int) -> None:
    """Lists, retrieves and adds beside the bare server."""

    async def got(wire: Wire, number: int) -> None:
        del number
        await wire.ask("GET", "/")

    async def posted(wire: Wire, number: int) -> None:
        del number
        await wire.ask("POST", "/", b'{"runs":["r1"]}')

    print(f"\n{clients} clients at once, {requests:,} requests each row")
    print(f"{'':<26}{'/s':>9}{'p99 ms':>9}{'bare /s':>12}{'p99 ms':>9}{'p99 x':>9}{'/s x':>9}")
    rows = (
        ("list of 100 sessions", team.list, got),
        ("one session, 100 runs", team.retrieve, got),
        ("add of a run (durable)", team.add, posted),
    )
    for name, ask, nothing in rows:
        found = [
            asyncio.run(load(url, one, clients=clients, requests=requests))
            for url, one in ((team.url, ask), (bare_url, nothing))
        ]
        print_row(name, *found)


async def upload(team: Team, bare_url: str, folder: str, megabytes: int) -> None:
    """Bytes a second into an object, into nothing, and on the disk."""
    size = megabytes << 20
    async with wires(team.url, 1) as (wire,):
        path = f"/training/{team.sessions[0]}/upload-url?resumable=true"
        url = json.loads(await team.ask(wire, "GET", path))["url"]
        began = time.perf_counter()
        await wire.put(url.removeprefix(team.url), size)
        ours = megabytes / (time.perf_counter() - began)
    async with wires(bare_url, 1) as (wire,):
        began = time.perf_counter()
        await wire.put("/sink/x", size)
        nothing = megabytes / (time.perf_counter() - began)
    disk = megabytes / plain_write(Path(folder) / "plain", size)
    print(f"\nupload of {megabytes:,} MiB: {ours:,.0f} MiB/s")
    print(f"  the bare server, which keeps none of it: {nothing:,.0f} ({nothing / ours:.1f} times)")
    print(f"  written to the disk, one fdatasync: {disk:,.0f} ({disk / ours:.1f} times)")


def plain_write(path: Path, size: int) -> float:
    """Seconds to write so many bytes for good."""
    block, began = os.urandom(BLOCK), time.perf_counter()
    with path.open("wb") as file:
        for _ in range(size // BLOCK):
            file.write(block)
        file.flush()
        os.fdatasync(file.fileno())
    took = time.perf_counter() - began
    path.unlink()
    return took


def memory(team: Team, pid: int, clients: int, minutes: int) -> bool:
    """Megabytes after a minute's worth of requests and after many; False where they grow."""
    found = []
    for count in (1, minutes - 1):
        asyncio.run(load(team.url, team.mixed, clients=clients, requests=count * MINUTE))
        time.sleep(1)
        found.append(_kilobytes(pid) / 1024)
    grown = found[1] / found[0]
    print(f"\nmemory of the Studio after {MINUTE:,} mixed requests: {found[0]:,.0f} MB")
    print(f"  after {minutes * MINUTE:,}: {found[1]:,.0f} MB, {grown:.2f} times (target {GROWTH})")
    return grown <= GROWTH


def main() -> int:
    """Read the flags, serve, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=6000)
    parser.add_argument("--upload-mb", type=int, default=512)
    parser.add_argument("--minutes", type=int, default=20)
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.bare:
        bare(flags.bare)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        key = fill(folder)
        ours = [TRAINSET, "studio", "serve", "--port", "0", "--data-dir", f"{folder}/data"]
        nothing = [sys.executable, __file__, "--bare", str(free_port())]
        with program(ours) as (url, pid), program(nothing) as (bare_url, _):
            team = Team(url)
            asyncio.run(team.prepare(key))
            calls(team, bare_url, flags.clients, flags.requests)
            asyncio.run(upload(team, bare_url, folder, flags.upload_mb))
            return 0 if memory(team, pid, flags.clients, flags.minutes) else 1


def free_port() -> int:
    """A port that nobody listens at."""
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
