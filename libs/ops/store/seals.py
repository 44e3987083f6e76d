"""Sealed text, wherever it stands: every column that `common.tables` declares as sealed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.schema import Column

from common.sealing import SealedToken

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What stands in one row of a column."""

    key: Key
    token: SealedToken


@dataclass(frozen=True, slots=True)
class Change:
    """A token that is to stand where another did."""

    key: Key
    old: SealedToken = field(repr=False)
    new: SealedToken = field(repr=False)


async def count(session: AsyncSession, column: Column[Any]) -> int:
    """Return how many rows hold something there."""
    return int((await session.execute(select(func.count(column)))).scalar_one())


async def some(
    session: AsyncSession, column: Column[Any], after: Key | None, most: int, *, newest_first: bool = False
) -> list[Sealed]:
    """Return what is sealed in the rows behind this key (None: from the first), at most so many, by key."""
    keys = _keys(column)
    order = [key.desc() for key in keys] if newest_first else keys
    query = select(column, *keys).where(column.is_not(None)).order_by(*order).limit(most)
    if after is not None:
        query = query.where(
            tuple_(*keys) > tuple_(*(literal(at, key.type) for at, key in zip(after, keys, strict=True)))
        )
    return [Sealed(tuple(row[1:]), SealedToken(row[0])) for row in await session.execute(query)]


async def replace(session: AsyncSession, column: Column[Any], changes: Sequence[Change]) -> None:
    """Put the new tokens where the old ones still stand: what was changed or erased meanwhile is left alone."""
    keys = _keys(column)
    ours = [key == bindparam(f"at_{key.name}") for key in keys]
    statement = update(column.table).where(*ours, column == bindparam("old")).values({column: bindparam("new")})
    values = [
        {"old": one.old.ciphertext, "new": one.new.ciphertext}
        | {f"at_{key.name}": at for key, at in zip(keys, one.key, strict=True)}
        for one in changes
    ]
    await (await session.connection()).execute(statement, values)


def _keys(column: Column[Any]) -> list[KeyedColumnElement[Any]]:
    return list(column.table.primary_key)
