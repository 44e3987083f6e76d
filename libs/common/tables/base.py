"""What every table shares: one metadata, fixed constraint names, aware timestamps."""

from typing import Any

from sqlalchemy import Column, DateTime, MetaData, Text, func

SEALED = "sealed"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def moment(name: str, comment: str | None = None, *, nullable: bool = True) -> Column[Any]:
    """Return a timestamptz column."""
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


def now(name: str) -> Column[Any]:
    """Return a timestamptz column that is set when the row is made."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def sealed(name: str, comment: str = "sealed", *, nullable: bool = True) -> Column[Any]:
    """Return a column that holds what `common.sealing` seals: `ops keys rotate` seals it anew."""
    return Column(name, Text, nullable=nullable, comment=comment, info={SEALED: True})


def sealed_columns() -> list[Column[Any]]:
    """Return every column of a table that holds sealed text."""
    return [column for table in metadata.sorted_tables for column in table.columns if SEALED in column.info]
