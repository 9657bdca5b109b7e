"""What each build came to: counts, and some of the runs that left."""

import sqlalchemy as sa
from alembic import op

from pipeline.studio.migrations.kinds import big_number, words

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and its index."""
    op.create_table(
        "builds",
        sa.Column("id", words(), nullable=False),
        sa.Column("session", words(), nullable=False),
        sa.Column("dataset", words(), nullable=True),
        sa.Column("ended", big_number(), nullable=False),
        sa.Column("outcome", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("builds_by_session", "builds", ["session", "ended"], unique=False)
