import asyncio

import pytest

from plaid_sandbox.durability import Durability


class Disk:
    """Where a test saves: counts, can be slow and can be full."""

    def __init__(self) -> None:
        self.saves = 0
        self.free = asyncio.Event()
        self.free.set()
        self.full = False

    async def save(self) -> None:
        """Save, or fail."""
        await self.free.wait()
        if self.full:
            raise OSError("no space left on device")
        self.saves += 1


async def test_nobody_waits_without_a_writer() -> None:
    """In memory only, everything is settled at once."""
    durability = Durability()
    durability.note()
    await asyncio.wait_for(durability.settled(), 0.1)


async def test_many_who_wait_share_one_save() -> None:
    """What happens while the disk is busy is saved together, once, after what it is busy with."""
    durability, disk = Durability(), Disk()
    async with durability.saving(disk.save):
        disk.free.clear()
        durability.note()
        first = asyncio.create_task(durability.settled())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        durability.note()
        others = [asyncio.create_task(durability.settled()) for _ in range(50)]
        await asyncio.sleep(0)
        assert not first.done()
        disk.free.set()
        await asyncio.gather(first, *others)
        assert disk.saves == 3  # at the start, for the first, and for all others
        before = disk.saves
        await durability.settled()
        assert disk.saves == before
    assert disk.saves == before + 1


async def test_a_full_disk_is_told_and_got_over() -> None:
    """Who waits hears of it, and once there is room again everything is saved."""
    durability, disk = Durability(), Disk()
    async with durability.saving(disk.save):
        disk.full = True
        durability.note()
        with pytest.raises(OSError, match="no space"):
            await durability.settled()
        disk.full = False
        await durability.settled()
        assert disk.saves == 2


async def test_what_nobody_waits_for_is_saved_too() -> None:
    """Within a fraction of a second, and at the end in any case."""
    durability, disk = Durability(), Disk()
    async with durability.saving(disk.save):
        durability.note()
        async with asyncio.timeout(5):
            while disk.saves < 2:  # noqa: ASYNC110 - the disk has no event
                await asyncio.sleep(0.01)


async def test_a_waiter_that_goes_away_stops_no_save() -> None:
    """A caller that hung up takes nobody else's save with it."""
    durability, disk = Durability(), Disk()
    async with durability.saving(disk.save):
        disk.free.clear()
        durability.note()
        gone, stays = (asyncio.create_task(durability.settled()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        disk.free.set()
        await stays
