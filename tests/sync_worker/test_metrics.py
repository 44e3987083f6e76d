"""What a sync counts: its stages, and leases that were taken over."""

from prometheus_client import REGISTRY

from tests.sync_worker.world import World

STAGES = ("lease", "fetch", "decode", "store")
DEAD_WORKERS = "lease_token = gen_random_uuid(), lease_expires_at = now() - interval '1 s'"


def stolen() -> float:
    return REGISTRY.get_sample_value("leases_stolen_total") or 0


def stages(of: str) -> list[float]:
    return [REGISTRY.get_sample_value(f"sync_stage_seconds_{of}", {"stage": stage}) or 0 for stage in STAGES]


async def test_every_stage_of_a_sync_is_timed(world: World) -> None:
    """One sync of one page adds one to each stage, and the time that it took."""
    item = await world.link()
    counts, sums = stages("count"), stages("sum")
    await world.worker.ring(item.id)
    assert [after - before for before, after in zip(counts, stages("count"), strict=True)] == [1, 1, 1, 1]
    assert all(after > before for before, after in zip(sums, stages("sum"), strict=True))


async def test_a_lease_is_stolen_when_it_was_neither_let_go_nor_prolonged(world: World) -> None:
    """A dead worker's lease that is taken over counts once; a free one, and one that was let go, do not."""
    item, before = await world.link(), stolen()
    await world.worker.ring(item.id)
    assert stolen() == before
    await world.rows(f"UPDATE plaid_integrations SET {DEAD_WORKERS} WHERE id = :id", id=item.id)
    for _ in range(2):
        await world.worker.ring(item.id)
    assert stolen() == before + 1
