"""A PostgreSQL server for tests: a cluster of its own in a temporary folder, and schemas in it.

As a command it runs another one with TRAINSET_POSTGRES set, and ends the server after it:

    python -m tests.postgres python -m pytest -q -m postgres
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import create_engine

USER = "trainset"
NAMED = "TRAINSET_POSTGRES"
"""The variable that holds the URL of a server."""
SERVER = [
    "listen_addresses=127.0.0.1",
    "fsync=off",  # a killed server loses nothing by it: only a machine that loses power would
    "full_page_writes=off",
    "max_connections=60",
    "timezone=Asia/Kathmandu",
]
"""Settings of the server; a strange time zone, because nothing may depend on it."""


def program(name: str) -> str:
    """Where a program of PostgreSQL lies: in PATH, or where Debian puts it."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    found = str(versions[-1]) if versions else shutil.which(name)
    if found is None:
        raise RuntimeError(f"no {name} is installed; apt-get install postgresql")
    return found


def _version(path: Path) -> int:
    return int(path.parent.parent.name)


@dataclass
class Cluster:
    """A server that is started and stopped as often as a test wants, on one port."""

    password: str = field(default_factory=lambda: f"pw-{secrets.token_hex(8)}")
    folder: Path = Path()
    port: int = 0

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="trainset-postgres-"))
        if self._user:
            shutil.chown(self.folder, self._user)
        written = self.folder / "password"
        written.write_text(self.password)
        written.chmod(0o644)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        words = ["--auth=scram-sha-256", f"--pwfile={written}", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", f"--username={USER}", "--locale=C.UTF-8", *words)
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{USER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it; returns when it answers."""
        settings = [*SERVER, f"port={self.port}", f"unix_socket_directories={self.folder}"]
        words = " ".join(f"-c {setting}" for setting in settings)
        self._run("pg_ctl", "start", "-w", "-o", words, "-l", str(self.folder / "log"))

    def stop(self) -> None:
        """Kill it, as a crash does."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    @property
    def _user(self) -> str | None:
        """PostgreSQL does not run as root."""
        return "postgres" if os.geteuid() == 0 else None

    def _run(self, name: str, *words: str, check: bool = True) -> None:
        command = [program(name), "-D", str(self.folder / "data"), *words]
        done = subprocess.run(
            command,
            user=self._user,
            cwd=self.folder,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server inherits it: a pipe would never end
            stderr=subprocess.DEVNULL,
        )
        if check and done.returncode:
            log = self.folder / "log"
            said = log.read_text()[-2000:] if log.exists() else ""
            raise RuntimeError(f"{name} ended with {done.returncode}: {said}")


@dataclass
class Schemas:
    """Schemas in one database, one for each thing that wants tables of its own."""

    url: str
    made: set[str] = field(default_factory=set)

    def of(self, thing: object) -> str:
        """The URL of that thing's schema; the same one every time."""
        thing = thing.resolve() if isinstance(thing, Path) else thing
        name = f"t_{os.getpid()}_{sha256(str(thing).encode()).hexdigest()[:12]}"
        if name not in self.made:
            self.made.add(name)
            self._do(f"CREATE SCHEMA IF NOT EXISTS {name}")
        return f"{self.url}?options=-csearch_path%3D{name}"

    def drop(self) -> None:
        """Remove them all."""
        self._do(*(f"DROP SCHEMA {name} CASCADE" for name in sorted(self.made)))

    def _do(self, *statements: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
        engine.dispose()


SCHEMAS = Schemas(os.environ[NAMED]) if os.environ.get(NAMED) else None
"""Where every data-dir's state lies in a schema of its own; None where no server is named."""


def environ_for(words: Sequence[object]) -> dict[str, str]:
    """What makes a command with `--data-dir` work on the schema of that data-dir."""
    said = list(map(str, words))
    if SCHEMAS is None or "--data-dir" not in said:
        return {}
    return {"TRAINSET_DATABASE": SCHEMAS.of(Path(said[said.index("--data-dir") + 1]))}


def main(command: list[str]) -> int:
    """Run the command beside a server of its own; its exit code. A signal ends both."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Cluster() as cluster:
        environ = {**os.environ, NAMED: cluster.url}
        return subprocess.run(command, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
