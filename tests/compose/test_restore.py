"""The drill of docs/operations.md: PostgreSQL restored from a backup, by the commands that stand there."""

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path

from tests.compose.crowd import CONVERGED, Crowd, crowd
from tests.compose.stack import DEPLOY, PATIENCE, Stack
from tests.e2e.people import link_whatever_happens
from tests.servers.network import interfaces

FIRST_USER = 9_001
LATE_USER = 9_101
"""Links a bank after the backup was taken."""
CHANGES = 12
OPERATIONS = Path("docs/operations.md")
DRILL = re.compile(r"### PostgreSQL restored from a backup\n.*?```sh\n(.*?)```.*?```sh\n(.*?)```", re.DOTALL)


def run(stack: Stack, commands: str, folder: Path) -> None:
    """Run what an operator types in deploy/; the backup lies in the folder."""
    typed = commands.replace("cora.dump", str(folder / "cora.dump"))
    with interfaces(change=True):
        done = subprocess.run(  # noqa: S603 - our own documentation
            ["/bin/sh", "-euxc", typed], cwd=DEPLOY, env=os.environ | stack.environment, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr


def drill() -> tuple[str, ...]:
    """Return the commands that take a backup, and those that restore it."""
    found = DRILL.search(OPERATIONS.read_text())
    assert found
    return found.groups()


async def an_hour_passes(people: Crowd) -> None:
    """Let things happen at every bank: purchases, corrections, withdrawals, pending ones that post."""
    for item in await people.items():
        for _ in range(CHANGES):
            await people.bank.stir(item)


async def link_late(stack: Stack, people: Crowd) -> str:
    """Let one more user link a bank, of which the backup will know nothing; return its item_id."""
    known = {item["item_id"] for item in (await people.bank.ask("items"))["items"]}
    await link_whatever_happens(stack.system, LATE_USER, "user_business_60")
    [late] = {item["item_id"] for item in (await people.bank.ask("items"))["items"]} - known
    return str(late)


async def orphaned(stack: Stack, item_id: str) -> None:
    """Return once the operators' command names the item as one that nobody has."""
    async with asyncio.timeout(CONVERGED):
        while True:
            told = await asyncio.to_thread(stack.compose, "run", "--rm", "--no-TTY", "ops", "orphans", "--json")
            if item_id in {orphan["item_id"] for orphan in json.loads(told)}:
                return
            await asyncio.sleep(1)


async def test_restored_from_a_backup_nothing_is_lost_or_doubled(stack: Stack, tmp_path: Path) -> None:
    """With cursors behind, and newer messages in RabbitMQ, all that the banks know is there again, once."""
    backup, restore = drill()
    async with crowd(stack, FIRST_USER) as people:
        await people.link("user_business_90", "user_business_200", "user_transactions_dynamic")
        await an_hour_passes(people)
        await people.stands()
        await asyncio.to_thread(run, stack, backup, tmp_path)
        await an_hour_passes(people)
        late = await link_late(stack, people)
        await people.stands()
        await asyncio.to_thread(stack.compose, "stop", "sync_worker", "categorizer")
        await an_hour_passes(people)
        await asyncio.to_thread(run, stack, restore, tmp_path)
        await people.stands(within=CONVERGED)
        await people.bank.add(late)
        await orphaned(stack, late)
