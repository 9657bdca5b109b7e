"""Running the Studio: as a command, or inside a program on a free port."""

import ipaddress
import logging
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self
from urllib.parse import urlsplit

import uvicorn

from pipeline.api.documents import Documents
from pipeline.errors import PermanentError, UsageError
from pipeline.storage import hold_folder
from pipeline.studio.app import make_app
from pipeline.studio.building import build_with_stages
from pipeline.studio.connections import protocol_class
from pipeline.studio.database import Database, place_of
from pipeline.studio.faults import FaultLayer, FaultPlan
from pipeline.studio.importing import (
    ImportReport,
    import_environments,
    import_interactions,
    import_rehearsal,
    import_runs,
)
from pipeline.studio.keys import create_key
from pipeline.studio.limits import Gate, Limits
from pipeline.studio.objects import ObjectsAt
from pipeline.studio.operating.requests import Observed
from pipeline.studio.operating.stopping import Ending
from pipeline.studio.state import LINK_LIFETIME, TOKEN_LIFETIME, Studio, open_studio

__all__ = ["EmbeddedStudio", "import_into", "serve"]

_START_SECONDS = 30.0
_STOP_SECONDS = 5
_MAX_HEAD = 2 << 20
"""Bytes of a request's head: a token that is far too long is still refused as one."""


class EmbeddedStudio:
    """A Studio in a thread of this program, ready when the block begins."""

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        port: int = 0,
        token_lifetime: float = TOKEN_LIFETIME,
        link_lifetime: float = LINK_LIFETIME,
        database: str | None = None,
        limits: Limits | None = None,
        objects: ObjectsAt | None = None,
    ) -> None:
        self._given_dir = data_dir
        self._limits = limits
        self._port = port
        self._database = database
        self._lifetimes = (token_lifetime, link_lifetime)
        self._objects = objects
        self._stack = ExitStack()
        self._studio: Studio | None = None
        self._faults = FaultLayer()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def studio(self) -> Studio:
        """The running Studio's parts."""
        if self._studio is None:
            raise UsageError("the embedded Studio is not running: use it in a `with` block")
        return self._studio

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return self.studio.links.origin

    def import_runs(
        self,
        runs: Path,
        environments: Path | None = None,
        project: str = "default",
        *,
        interactions: Path | None = None,
    ) -> ImportReport:
        """Fill a project from files; without environments it gets the one that rehearses."""
        if environments is not None:
            import_environments(self.studio.database, environments, project)
        else:
            import_rehearsal(self.studio.database, project)
        if interactions is not None:
            self.import_interactions(interactions, project)
        return import_runs(self.studio.database, runs, project)

    def import_interactions(self, path: Path, project: str = "default") -> Documents:
        """Store the interactions and prompt templates of a file; what was found in it."""
        return import_interactions(self.studio.database, path, project)

    def page_link(self) -> str:
        """A link to the page for people that opens everything, once."""
        return page_link(self.studio)

    def create_key(self, project: str = "default") -> str:
        """A new API key."""
        return create_key(self.studio.database, project)

    def faults(self, script: Mapping[str, Sequence[str]]) -> AbstractContextManager[FaultPlan]:
        """Let requests fail as the script says, while the block runs.

        For each operation (`runs.list`, `training.start`, ...) the faults that its requests meet,
        one after the other; those that follow are answered as ever. docs/testing.md lists both.
        Raises `UsageError` for a name that there is not, and names those that were meant.
        """
        return self._faults.running(FaultPlan(script))

    def _start(self) -> None:
        data_dir = self._given_dir
        if data_dir is None:
            data_dir = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._stack.enter_context(hold_folder(data_dir))
        token_lifetime, link_lifetime = self._lifetimes
        self._studio = open_studio(
            data_dir,
            builder=build_with_stages,
            token_lifetime=token_lifetime,
            link_lifetime=link_lifetime,
            database=self._database,
            limits=self._limits,
            objects=self._objects,
        )
        self._stack.callback(self._studio.database.close)
        listener = _listen("127.0.0.1", self._port)
        self._stack.enter_context(listener)
        self._studio.links.origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._stack.enter_context(_serving(self._studio, listener, self._faults))


def serve(  # noqa: PLR0913 (one of each flag)
    *,
    host: str,
    port: int,
    data_dir: Path,
    allow_remote: bool = False,
    database: str | None = None,
    objects: ObjectsAt | None = None,
    stop_seconds: int = 30,
    public_url: str | None = None,
) -> None:
    """Serve until interrupted; says on stdout when it is ready.

    Links to datasets begin with `public_url`, where clients reach the server by another name.
    """
    if not (allow_remote or _is_loopback(host)):
        raise UsageError(
            f"--host {host}: others could reach it; give --allow-remote if that is meant "
            "(keys and tokens travel unencrypted: put TLS in front)"
        )
    public_url = None if public_url is None else _origin(public_url)
    with hold_folder(data_dir), _listen(host, port) as listener:
        studio = open_studio(
            data_dir, builder=build_with_stages, database=database, objects=objects
        )
        address = f"http://{_in_url(host)}:{listener.getsockname()[1]}"
        studio.links.origin = public_url or address
        server = _Server(studio, f"Studio ready at {address}", ending=Ending(stop_seconds))
        if _is_loopback(host) and sys.stderr.isatty():
            print(f"Look at it, once: {page_link(studio)}", file=sys.stderr)  # noqa: T201
        try:
            with suppress(KeyboardInterrupt):  # the signal that ended it comes once more
                server.run(sockets=[listener])
        finally:
            studio.database.close()


def page_link(studio: Studio) -> str:
    """A link that signs one person in; the one made before is over."""
    return f"{studio.links.origin}/sign-in/{studio.door.open_link()}"


def import_into(
    data_dir: Path,
    runs: Path | None,
    environments: Path | None,
    project: str,
    *,
    interactions: Path | None = None,
    database: str | None = None,
) -> ImportReport:
    """Fill a project; the server may be running."""
    with closing(Database(place_of(data_dir, database))) as opened:
        if environments is not None:
            import_environments(opened, environments, project)
        found = import_interactions(opened, interactions, project) if interactions else None
        report = import_runs(opened, runs, project) if runs else ImportReport([], [])
    if found is None or interactions is None:
        return report
    problems = [f"{interactions.name}: {problem}" for problem in found.problems]
    return ImportReport(
        report.run_ids, [*problems, *report.problems], len(found.interactions), len(found.prompts)
    )


class _Server(uvicorn.Server):
    """Says when it is ready, and lets those who wait go before it stops."""

    def __init__(
        self,
        studio: Studio,
        announcement: str = "",
        faults: FaultLayer | None = None,
        ending: Ending | None = None,
    ) -> None:
        super().__init__(_config(studio, faults, ending.seconds if ending else _STOP_SECONDS))
        self.studio = studio
        self.announcement = announcement
        self.ending = ending
        """None inside a program, which ends by itself."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.announcement and self.started:
            print(self.announcement, flush=True)  # noqa: T201 (what callers wait for)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.ending is not None:
            self.ending.signalled(sig)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.studio.jobs.end_waiting()
        if self.ending is not None:
            self.ending.begin()
        await super().shutdown(sockets)


@contextmanager
def _serving(studio: Studio, listener: socket.socket, faults: FaultLayer) -> Iterator[None]:
    server = _Server(studio, faults=faults)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="studio", daemon=True
    )
    thread.start()
    waited = threading.Event()
    for _ in range(int(_START_SECONDS / 0.01)):
        if server.started or not thread.is_alive():
            break
        waited.wait(0.01)
    if not server.started:
        raise PermanentError("the embedded Studio did not start; TRAINSET_DEBUG=1 shows why")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _config(studio: Studio, faults: FaultLayer | None, stop_seconds: int) -> uvicorn.Config:
    """A quiet server: URLs hold secrets, so no access is logged."""
    observed = Observed(Gate(make_app(studio), studio.limits), studio.metrics)
    for name in ("uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return uvicorn.Config(
        observed if faults is None else faults.around(observed),
        http=protocol_class(studio.limits),
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=stop_seconds,
        server_header=False,
        h11_max_incomplete_event_size=_MAX_HEAD,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), family=_family(host), backlog=512)
    except OSError as error:
        raise PermanentError(
            f"cannot listen at {host}:{port}: {error.strerror}; give another --port"
        ) from None
    # asyncio does so only for sockets made with an explicit protocol; without it an answer's body
    # waits 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise UsageError("--public-url: must be https://HOST or https://HOST:PORT, with no path")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError("--public-url: must have no user, query or fragment")
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
