"""What the two databases say differently: text, large numbers, finding, and replacing rows.

PostgreSQL has no NUL in its text, compares text by the rules of a language unless told, and its
Integer has four bytes. https://www.postgresql.org/docs/current/datatype.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Connection, Dialect, Integer, String, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["BigNumber", "LongWords", "Words", "clock_ms", "holds", "upsert"]

_POSTGRES = "postgresql"
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, _POSTGRES: postgresql.insert}
_ESCAPES = {"\0": "\x01\x01", "\x01": "\x01\x02"}
"""How PostgreSQL's text holds NUL, which it cannot; in this way the order stays the same."""
_TABLE = str.maketrans(_ESCAPES)
_ESCAPED = re.compile("\x01(.)")

BigNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number of eight bytes: milliseconds, bytes of an object."""


class Words(TypeDecorator[str]):
    """Text that is compared byte by byte, whatever the database's language, and may hold NUL."""

    impl = String
    cache_ok = True
    _of_postgres: TypeEngine[str] = String(collation="C")

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in that database."""
        return self._of_postgres if dialect.name == _POSTGRES else self.impl_instance

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The value as that database can hold it."""
        if value is None or dialect.name != _POSTGRES:
            return value
        return value.translate(_TABLE) if "\0" in value or "\x01" in value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The value as it was given."""
        if value is None or dialect.name != _POSTGRES or "\x01" not in value:
            return value
        return _ESCAPED.sub(lambda found: chr(ord(found[1]) - 1), value)


class LongWords(Words):
    """The same for text that no index has."""

    impl = Text
    cache_ok = True
    _of_postgres = Text(collation="C")


class holds(FunctionElement[bool]):  # noqa: N801 (reads as the function that it is)
    """Whether text has a part: `holds(column, part)`. Upper and lower case differ."""

    type = Boolean()
    inherit_cache = True


@compiles(holds)
def _holds_in_sqlite(element: holds, compiler: SQLCompiler, **words: Any) -> str:
    return f"instr({compiler.process(element.clauses, **words)}) > 0"


@compiles(holds, _POSTGRES)
def _holds_in_postgres(element: holds, compiler: SQLCompiler, **words: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **words)}) > 0"


class clock_ms(FunctionElement[int]):  # noqa: N801 (the same)
    """Milliseconds since 1970 by the database's own clock, as it is now."""

    type = BigNumber
    inherit_cache = True


@compiles(clock_ms)
def _clock_of_sqlite(element: clock_ms, compiler: SQLCompiler, **words: Any) -> str:
    del element, compiler, words
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(clock_ms, _POSTGRES)
def _clock_of_postgres(element: clock_ms, compiler: SQLCompiler, **words: Any) -> str:
    del element, compiler, words
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


def upsert(
    connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows; one whose keys are there already is replaced. All rows have the same columns."""
    if not rows:
        return
    statement = _INSERTS[connection.dialect.name](table)
    changed: dict[str, ColumnElement[Any]] = {
        name: statement.excluded[name] for name in rows[0] if name not in keys
    }
    replacing = statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
    connection.execute(replacing, list(rows))
