"""Interactions and prompt templates, and the runs of an interaction found by its id."""

import sqlalchemy as sa
from alembic import op

from pipeline.studio.migrations.kinds import words

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _documents(name: str) -> None:
    op.create_table(
        name,
        sa.Column("project", words(), nullable=False),
        sa.Column("id", words(), nullable=False),
        sa.Column("name", words(), nullable=True),
        sa.Column("version", words(), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("project", "id"),
    )


def upgrade() -> None:
    """Make the two tables and the index."""
    _documents("interactions")
    _documents("prompts")
    op.create_index("runs_by_interaction", "runs", ["project", "interaction"], unique=False)
