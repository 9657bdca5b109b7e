"""The first tables."""

import sqlalchemy as sa
from alembic import op

from pipeline.studio.migrations.kinds import big_number, long_words, words

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("hash", words(), nullable=False),
        sa.Column("project", words(), nullable=False),
        sa.Column("prefix", words(), nullable=False),
        sa.Column("created_at", words(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
    )


def _environments() -> None:
    op.create_table(
        "environments",
        sa.Column("project", words(), nullable=False),
        sa.Column("id", words(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("project", words(), nullable=False),
        sa.Column("id", words(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("interaction", words(), nullable=True),
        sa.Column("interaction_name", words(), nullable=True),
        sa.Column("environment", words(), nullable=True),
        sa.Column("model", words(), nullable=True),
        sa.Column("status", words(), nullable=True),
        sa.Column("tags", long_words(), nullable=False),
        sa.Column("created_at", words(), nullable=True),
        sa.Column("updated_at", words(), nullable=True),
        sa.PrimaryKeyConstraint("project", "id"),
    )
    op.create_index("runs_by_time", "runs", ["project", "updated_at", "id"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", words(), nullable=False),
        sa.Column("project", words(), nullable=False),
        sa.Column("name", words(), nullable=False),
        sa.Column("env", words(), nullable=False),
        sa.Column("model", words(), nullable=False),
        sa.Column("status", words(), nullable=False),
        sa.Column("dataset", words(), nullable=True),
        sa.Column("built", words(), nullable=True),
        sa.Column("built_from", words(), nullable=True),
        sa.Column("job", words(), nullable=True),
        sa.Column("created_by", words(), nullable=False),
        sa.Column("updated_by", words(), nullable=False),
        sa.Column("created_at", words(), nullable=False),
        sa.Column("updated_at", words(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", words(), nullable=False),
        sa.Column("project", words(), nullable=False),
        sa.Column("session", words(), nullable=False),
        sa.Column("status", words(), nullable=False),
        sa.Column("dataset", words(), nullable=False),
        sa.Column("provider", words(), nullable=False),
        sa.Column("base_model", words(), nullable=False),
        sa.Column("model", words(), nullable=True),
        sa.Column("details", long_words(), nullable=True),
        sa.Column("began", big_number(), nullable=False),
        sa.Column("created_at", words(), nullable=False),
        sa.Column("updated_at", words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session"],
            ["sessions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_active_job",
        "jobs",
        ["session"],
        unique=True,
        sqlite_where=sa.text("status IN ('pending', 'running')"),
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )


def _objects() -> None:
    op.create_table(
        "objects",
        sa.Column("name", words(), nullable=False),
        sa.Column("session", words(), nullable=False),
        sa.Column("size", big_number(), nullable=False),
        sa.Column("crc32c", words(), nullable=False),
        sa.Column("md5", words(), nullable=False),
        sa.Column("generation", words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session"],
            ["sessions.id"],
        ),
        sa.PrimaryKeyConstraint("name"),
    )


def _session_runs() -> None:
    op.create_table(
        "session_runs",
        sa.Column("session", words(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("run", words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session"],
            ["sessions.id"],
        ),
        sa.PrimaryKeyConstraint("session", "position"),
        sa.UniqueConstraint("session", "run"),
    )


def _uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", words(), nullable=False),
        sa.Column("object", words(), nullable=False),
        sa.Column("session", words(), nullable=False),
        sa.Column("state", words(), nullable=False),
        sa.Column("total", big_number(), nullable=True),
        sa.Column("expires_at", big_number(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session"],
            ["sessions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("object"),
    )


def upgrade() -> None:
    """Make every table of the first version."""
    _api_keys()
    _environments()
    _runs()
    _sessions()
    _jobs()
    _objects()
    _session_runs()
    _uploads()
