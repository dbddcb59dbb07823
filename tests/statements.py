"""Statements are compiled once for a whole run, not once for each test: a fifth of what a test of the whole app takes.

SQLAlchemy keeps a compiled statement below its dialect, which each engine has for itself. Those of a run speak to one
server in one way, so here they count as one.
"""

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.util import LRUCache

COMPILED: LRUCache[object, object] = LRUCache(3000)


class OneDialect(PGDialect_asyncpg):
    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OneDialect)

    def __hash__(self) -> int:
        return hash(OneDialect)


def share_compiled_statements() -> None:
    registry.register("postgresql.asyncpg", __name__, OneDialect.__name__)
    event.listen(Engine, "engine_connect", _compile_into_one_place)


def _compile_into_one_place(connection: Connection) -> None:
    connection.execution_options(compiled_cache=COMPILED)
