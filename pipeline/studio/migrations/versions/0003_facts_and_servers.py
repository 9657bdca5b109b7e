"""A run's fields as lines that any database finds, and which server looks after a job or a build.

The lines of the runs that are there already are written as the server would write them now.
"""

import msgspec
import sqlalchemy as sa
from alembic import op
from msgspec import Raw

from pipeline.studio.facts import facts_of
from pipeline.studio.migrations.kinds import big_number, long_words, words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MANY = 500
_runs = sa.table(
    "runs", sa.column("project"), sa.column("id"), sa.column("ref"), sa.column("facts")
)


def upgrade() -> None:
    """Add the columns and the table, and write the lines."""
    op.add_column("runs", sa.Column("facts", long_words(), nullable=False, server_default=""))
    _fill(op.get_bind())
    op.create_table(
        "servers",
        sa.Column("id", words(), nullable=False),
        sa.Column("until", big_number(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("jobs", sa.Column("holder", words(), nullable=True))
    op.add_column("sessions", sa.Column("builder", words(), nullable=True))


def _fill(connection: sa.Connection) -> None:
    """Some runs at a time, in the order of their keys."""
    last = ("", "")
    while True:
        after = sa.tuple_(_runs.c.project, _runs.c.id) > sa.tuple_(*last)
        query = sa.select(_runs).where(after).order_by(_runs.c.project, _runs.c.id)
        found = connection.execute(query.limit(_MANY)).all()
        if not found:
            return
        for row in found:
            fields = msgspec.json.decode(row.ref, type=dict[str, Raw])
            change = sa.update(_runs).where(_runs.c.project == row.project, _runs.c.id == row.id)
            connection.execute(change.values(facts=facts_of(fields)))
        last = (found[-1].project, found[-1].id)
