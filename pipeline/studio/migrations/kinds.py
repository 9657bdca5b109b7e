"""The kinds of columns that migrations make, the same in SQLite and in PostgreSQL.

They stand here by themselves, because a migration says the same for ever: text is compared byte
by byte (PostgreSQL would else sort by a language), and a large number has eight bytes.
"""

import sqlalchemy as sa

__all__ = ["big_number", "long_words", "words"]


def words() -> sa.types.TypeEngine[str]:
    """Text that an index may have."""
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def long_words() -> sa.types.TypeEngine[str]:
    """Text of any length."""
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def big_number() -> sa.types.TypeEngine[int]:
    """A whole number of eight bytes."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
