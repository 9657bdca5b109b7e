"""API keys that end: at a time, or when they are revoked."""

import sqlalchemy as sa
from alembic import op

from pipeline.studio.migrations.kinds import big_number, words

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two moments; keys that are there go on without an end."""
    op.add_column("api_keys", sa.Column("expires_at", big_number(), nullable=True))
    op.add_column("api_keys", sa.Column("revoked_at", words(), nullable=True))
