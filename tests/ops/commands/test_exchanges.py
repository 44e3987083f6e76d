import pytest

from common.database import Database
from tests.ops.command import Ops

EXCHANGES = """
    INSERT INTO public_token_exchanges
        (user_id, public_token_hash, institution_id, institution_name, item_id, claimed_until, begun_at)
    SELECT 7, n::text::bytea, 'ins_1', 'A Bank', CASE n WHEN 2 THEN 'item-2' END,
        now() + (n - 3) * interval '1 minute' - interval '1 second', now() - interval '1 hour' + n * interval '1 minute'
    FROM generate_series(1, 4) n
"""


@pytest.fixture
async def database(database_url: str) -> Database:
    """A database with four exchanges of user 7, the youngest of them still under way."""
    made = Database(database_url)
    async with made.transaction() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("INSERT INTO users (id) VALUES (7)")
        await connection.exec_driver_sql(EXCHANGES)
    await made.close()
    return made


@pytest.mark.usefixtures("database")
async def test_exchanges_without_an_end_are_listed_with_what_to_do(ops: Ops) -> None:
    """The latest first: whose, at which bank, when, and the item where it is known; one under way is none."""
    found = (await ops("exchanges", "list", "--json")).rows
    assert [(row["id"], row["item_id"]) for row in found] == [(3, None), (2, "item-2"), (1, None)]
    assert {(row["user_id"], row["institution_name"]) for row in found} == {(7, "A Bank")}
    table = await ops("exchanges", "list", "--most", "1")
    assert (table.code, "A Bank" in table.out) == (0, True)
    assert "1 of 3" in table.err
    assert "ops exchanges settle" in table.err


@pytest.mark.usefixtures("database")
async def test_what_an_operator_has_seen_to_is_settled(ops: Ops) -> None:
    """It leaves the list; one under way and one that is not there are refused."""
    assert (await ops("exchanges", "settle", "2")).code == 0
    assert [row["id"] for row in (await ops("exchanges", "list", "--json")).rows] == [3, 1]
    for id_ in ("2", "4", "99"):
        assert (await ops("exchanges", "settle", id_)).code == 2


async def test_no_exchange_without_an_end_is_no_error(ops: Ops) -> None:
    """That all is well is said."""
    ended = await ops("exchanges", "list")
    assert (ended.code, "has ended" in ended.err) == (0, True)
