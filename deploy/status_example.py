"""A system with some trouble, made up, for the picture of `ops status`: the same each time."""

from datetime import UTC, datetime

from common.broker.topology import CATEGORIZE, LEARN, SWEEP, SYNC
from common.budget.tally import Share
from common.census import Census
from common.census.items import Institution
from common.census.transactions import Reviews
from ops.overview import Depth, Overview
from ops.store.overview import Outbox

AT = datetime(2026, 11, 23, 14, 3, 7, tzinfo=UTC)
CENSUS = Census(
    at=AT,
    items={"active": 12_704, "login_required": 318, "revoked": 9, "removing": 2, "disconnected": 641, "paused": 1},
    freshness={0.5: 1_140.0, 0.9: 9_480.0, 0.99: 20_400.0, 1.0: 21_540.0},
    institutions=[Institution("ins_109512", 412, 398), Institution("ins_109509", 2_210, 31)],
    limits_used=[Share("/transactions/sync", 60, 0.46), Share("/item/get", 60, 0.07), Share("/accounts/get", 60, 0.02)],
    quarantined=3,
    reviews=Reviews(10_000, 412),
    oldest_work={SYNC.name: 0.4, SWEEP.name: 21.0, CATEGORIZE.name: 1.2},
)
EXAMPLE = Overview(
    census=CENSUS,
    outbox=Outbox(waiting=4, buried=0, oldest=0.2),
    queues=[
        Depth(SYNC.name, 0.4, waiting=7, dead=0, consumers=4),
        Depth(SWEEP.name, 21.0, waiting=38, dead=0, consumers=4),
        Depth(CATEGORIZE.name, 1.2, waiting=2, dead=2, consumers=2),
        Depth(LEARN.name, None, waiting=0, dead=0, consumers=2),
    ],
    broker_answers=True,
    orphans=0,
    exchanges=0,
    banks={"ins_109512": "Houndstooth Bank", "ins_109509": "First Gingham Credit Union"},
)
