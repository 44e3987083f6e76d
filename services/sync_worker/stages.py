"""How long each stage of a sync takes, failures included."""

from prometheus_client import Histogram

STAGES = Histogram(
    "sync_stage_seconds",
    "Stages of a sync: lease, fetch (all pages, and the accounts beside them), decode (one page), store",
    ["stage"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
)
LEASE, FETCH, DECODE, STORE = (STAGES.labels(stage) for stage in ("lease", "fetch", "decode", "store"))
