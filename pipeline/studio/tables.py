"""The Studio's tables, as SQLAlchemy Core sees them. Migrations make them; nothing else does."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from pipeline.studio.database import BigNumber, LongWords, Words

__all__ = [
    "api_keys",
    "builds",
    "environments",
    "interactions",
    "jobs",
    "metadata",
    "objects",
    "prompts",
    "runs",
    "servers",
    "session_runs",
    "sessions",
    "uploads",
]

metadata = MetaData()

api_keys = Table(
    "api_keys",
    metadata,
    Column("hash", Words, primary_key=True),  # SHA-256 of the key; the key itself is not kept
    Column("project", Words, nullable=False),
    Column("prefix", Words, nullable=False),
    Column("created_at", Words, nullable=False),
    Column("expires_at", BigNumber),  # milliseconds since 1970
    Column("revoked_at", Words),
)

environments = Table(
    "environments",
    metadata,
    Column("project", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("project", Words, primary_key=True),
    Column("id", Words, primary_key=True),
    Column("raw", LargeBinary, nullable=False),  # the document's bytes exactly as they came
    Column("ref", LargeBinary, nullable=False),  # without prompt, parameters, result and schema
    Column("interaction", Words),
    Column("interaction_name", Words),
    Column("environment", Words),
    Column("model", Words),
    Column("status", Words),
    Column("tags", LongWords, nullable=False, default=""),  # each tag between newlines
    Column(
        "facts", LongWords, nullable=False, server_default=""
    ),  # top-level fields: `runs.facts_of`
    Column("created_at", Words),
    Column("updated_at", Words),
)
Index("runs_by_time", runs.c.project, runs.c.updated_at, runs.c.id)
Index("runs_by_interaction", runs.c.project, runs.c.interaction)


def _documents(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("project", Words, primary_key=True),
        Column("id", Words, primary_key=True),
        Column("name", Words),
        Column("version", Words),
        Column("document", LargeBinary, nullable=False),  # JSON, as it was imported
    )


interactions = _documents("interactions")
prompts = _documents("prompts")

sessions = Table(
    "sessions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Words, nullable=False, unique=True),
    Column("project", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("env", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("dataset", Words),  # an object's name
    Column("built", Words),  # the object that build made
    Column("built_from", Words),  # digest of the runs that it was made from
    Column("job", Words),
    Column("builder", Words),  # the server that builds it
    Column("created_by", Words, nullable=False),
    Column("updated_by", Words, nullable=False),
    Column("created_at", Words, nullable=False),
    Column("updated_at", Words, nullable=False),
)

session_runs = Table(
    "session_runs",
    metadata,
    Column("session", Words, ForeignKey("sessions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("run", Words, nullable=False),
    UniqueConstraint("session", "run"),
)

objects = Table(
    "objects",
    metadata,
    Column("name", Words, primary_key=True),
    Column("session", Words, ForeignKey("sessions.id"), nullable=False),
    Column("size", BigNumber, nullable=False),
    Column("crc32c", Words, nullable=False),
    Column("md5", Words, nullable=False),
    Column("generation", Words, nullable=False),
)

builds = Table(
    "builds",
    metadata,
    Column("id", Words, primary_key=True),
    Column("session", Words, ForeignKey("sessions.id"), nullable=False),
    Column("dataset", Words),  # the object that it made; none where it was refused
    Column("ended", BigNumber, nullable=False),  # milliseconds since 1970
    Column("outcome", LargeBinary, nullable=False),  # JSON, see outcomes.py
)
Index("builds_by_session", builds.c.session, builds.c.ended)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Words, primary_key=True),  # the upload_id: whoever has it can write
    Column("object", Words, nullable=False, unique=True),
    Column("session", Words, ForeignKey("sessions.id"), nullable=False),
    Column("state", Words, nullable=False),  # open, done or gone
    Column("total", BigNumber),  # the size, once a request has said it
    Column("expires_at", BigNumber, nullable=False),  # seconds since 1970
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Words, primary_key=True),
    Column("project", Words, nullable=False),
    Column("session", Words, ForeignKey("sessions.id"), nullable=False),
    Column("status", Words, nullable=False),
    Column("dataset", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("base_model", Words, nullable=False),
    Column("model", Words),
    Column("details", LongWords),
    Column("began", BigNumber, nullable=False),  # milliseconds since 1970
    Column("holder", Words),  # the server that looks after it
    Column("created_at", Words, nullable=False),
    Column("updated_at", Words, nullable=False),
)
Index(
    "one_active_job",
    jobs.c.session,
    unique=True,
    sqlite_where=text("status IN ('pending', 'running')"),
    postgresql_where=text("status IN ('pending', 'running')"),
)

servers = Table(
    "servers",
    metadata,
    Column("id", Words, primary_key=True),
    Column("until", BigNumber, nullable=False),  # milliseconds since 1970, by the database's clock
)
