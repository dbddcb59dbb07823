"""Statements written by hand: their parameters get types, because PostgreSQL cannot guess them everywhere."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, Interval, Text, TextClause, bindparam, text
from sqlalchemy.types import TypeEngine

NUMBER = BigInteger()
NUMBERS = ARRAY(BigInteger())
MOMENT = DateTime(timezone=True)
SPAN = Interval()
WORDS = Text()


def typed(sql: str, **types: TypeEngine[Any]) -> TextClause:
    """*sql* with a type for each of its parameters."""
    return text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in types.items()))
