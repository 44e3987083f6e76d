from tests.ops.command import Ops


async def test_it_says_what_it_can_do(ops: Ops) -> None:
    """`python -m ops --help` names every command, and needs neither database nor broker."""
    ended = await Ops({"DATABASE_URL": ""}).process("--help")
    assert ended.code == 0
    named = {"status", "doctor", "items", "orphans", "item", "audit", "history", "usage", "quarantine", "keys"}
    assert named | {"webhook-url"} <= set(ended.out.split())
