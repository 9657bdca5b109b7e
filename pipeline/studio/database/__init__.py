"""Where the Studio's state lies: a SQLite file, or a PostgreSQL that several servers share.

`Database` is the one door. What the two say differently is in `sqlite`, `postgres` and `words`.
"""

from pipeline.studio.database.database import Database
from pipeline.studio.database.place import default_place, place_of
from pipeline.studio.database.words import BigNumber, LongWords, Words, clock_ms, holds, upsert

__all__ = [
    "BigNumber",
    "Database",
    "LongWords",
    "Words",
    "clock_ms",
    "default_place",
    "holds",
    "place_of",
    "upsert",
]
