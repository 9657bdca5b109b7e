"""The Studio's tables, as SQLAlchemy Core sees them. Migrations make them; nothing else does."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

__all__ = [
    "api_keys",
    "environments",
    "interactions",
    "jobs",
    "metadata",
    "objects",
    "prompts",
    "runs",
    "session_runs",
    "sessions",
    "uploads",
]

metadata = MetaData()

api_keys = Table(
    "api_keys",
    metadata,
    Column("hash", String, primary_key=True),  # SHA-256 of the key; the key itself is not kept
    Column("project", String, nullable=False),
    Column("prefix", String, nullable=False),
    Column("created_at", String, nullable=False),
)

environments = Table(
    "environments",
    metadata,
    Column("project", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("document", LargeBinary, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("project", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("raw", LargeBinary, nullable=False),  # the document's bytes exactly as they came
    Column("ref", LargeBinary, nullable=False),  # without prompt, parameters, result and schema
    Column("interaction", String),
    Column("interaction_name", String),
    Column("environment", String),
    Column("model", String),
    Column("status", String),
    Column("tags", Text, nullable=False, default=""),  # each tag between newlines
    Column("created_at", String),
    Column("updated_at", String),
)
Index("runs_by_time", runs.c.project, runs.c.updated_at, runs.c.id)
Index("runs_by_interaction", runs.c.project, runs.c.interaction)


def _documents(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("project", String, primary_key=True),
        Column("id", String, primary_key=True),
        Column("name", String),
        Column("version", String),
        Column("document", LargeBinary, nullable=False),  # JSON, as it was imported
    )


interactions = _documents("interactions")
prompts = _documents("prompts")

sessions = Table(
    "sessions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("project", String, nullable=False),
    Column("name", String, nullable=False),
    Column("env", String, nullable=False),
    Column("model", String, nullable=False),
    Column("status", String, nullable=False),
    Column("dataset", String),  # an object's name
    Column("built", String),  # the object that build made
    Column("built_from", String),  # digest of the runs that it was made from
    Column("job", String),
    Column("created_by", String, nullable=False),
    Column("updated_by", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
)

session_runs = Table(
    "session_runs",
    metadata,
    Column("session", String, ForeignKey("sessions.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("run", String, nullable=False),
    UniqueConstraint("session", "run"),
)

objects = Table(
    "objects",
    metadata,
    Column("name", String, primary_key=True),
    Column("session", String, ForeignKey("sessions.id"), nullable=False),
    Column("size", Integer, nullable=False),
    Column("crc32c", String, nullable=False),
    Column("md5", String, nullable=False),
    Column("generation", String, nullable=False),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", String, primary_key=True),  # the upload_id: whoever has it can write
    Column("object", String, nullable=False, unique=True),
    Column("session", String, ForeignKey("sessions.id"), nullable=False),
    Column("state", String, nullable=False),  # open, done or gone
    Column("total", Integer),  # the size, once a request has said it
    Column("expires_at", Integer, nullable=False),  # seconds since 1970
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("project", String, nullable=False),
    Column("session", String, ForeignKey("sessions.id"), nullable=False),
    Column("status", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("base_model", String, nullable=False),
    Column("model", String),
    Column("details", Text),
    Column("began", Integer, nullable=False),  # milliseconds since 1970
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
)
Index(
    "one_active_job",
    jobs.c.session,
    unique=True,
    sqlite_where=text("status IN ('pending', 'running')"),
    postgresql_where=text("status IN ('pending', 'running')"),
)
