import csv
from importlib import resources

from sqlalchemy import select

from categorizer import data
from common.database import Database
from common.tables.categorizer import expense_categories


def test_catalogue_is_consistent() -> None:
    """Every category of Plaid's means one of ours, each code once, and every kind is one of three."""
    lines = resources.files(data).joinpath("plaid_categories.csv").read_text("utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    categories = data.catalogue().categories
    assert len({row["detailed"] for row in rows}) == len(rows)
    assert {row["category"] for row in rows} <= set(categories)
    assert {row["low_information"] for row in rows} == {"yes", "no"}
    assert all(row["detailed"].startswith(row["primary"]) for row in rows)
    assert {category.kind for category in categories.values()} == {"business", "personal", "nonexpense"}


async def test_database_has_the_categories(database: Database) -> None:
    """The migrations' rows equal the package's categories."""
    lines = resources.files(data).joinpath("categories.csv").read_text("utf-8").splitlines()
    names = ("slug", "name", "cora_group", "kind", "schedule_c_line")
    ours = {tuple(row[name] or None for name in names) for row in csv.DictReader(lines)}
    async with database.transaction() as session:
        rows = await session.execute(select(*(expense_categories.c[name] for name in names)))
        theirs = {tuple(row) for row in rows}
    assert ours == theirs
