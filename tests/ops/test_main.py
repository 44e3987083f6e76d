from tests.ops.command import Ops


async def test_it_says_what_it_can_do(ops: Ops) -> None:
    """`python -m ops --help` names every command, and needs neither database nor broker."""
    ended = await Ops({"DATABASE_URL": ""}).process("--help")
    assert ended.code == 0
    assert {"items", "orphans", "item", "audit", "history", "usage", "quarantine"} <= set(ended.out.split())
