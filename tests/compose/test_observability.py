"""The profile `observability`: Prometheus finds every replica by itself, and keeps our rules."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlencode

from tests.compose.stack import SETTINGS, Stack

PATIENCE = 60.0
REPLICAS = {
    "link_api": 1,
    "webhook_ingest": 1,
    "sync_worker": int(SETTINGS["SYNC_WORKERS"]),
    "categorizer": int(SETTINGS["CATEGORIZERS"]),
    "rabbitmq": 1,
}


@contextmanager
def observed(stack: Stack) -> Iterator[str]:
    """Yield the name of Prometheus' container, which runs until the block ends."""
    with_profile = replace(stack, environment=stack.environment | {"COMPOSE_PROFILES": "sandbox,observability"})
    with_profile.compose("up", "--detach", "--wait", "--no-recreate", "--no-deps", "prometheus")
    try:
        yield with_profile.containers("prometheus")[0]
    finally:
        with_profile.compose("rm", "--stop", "--force", "--volumes", "prometheus")


def ask(stack: Stack, container: str, path: str) -> object:
    """Return what Prometheus answers; it has no port but inside."""
    return json.loads(stack.execute(container, "wget", "-q", "-O", "-", f"http://127.0.0.1:9090/api/v1/{path}"))["data"]


async def test_every_replica_is_found_and_every_rule_is_kept(stack: Stack) -> None:
    """Read-only, without rights and on the inner network alone, it scrapes all there is, and evaluates the alerts."""
    with observed(stack) as container:
        found: dict[str, int] = {}
        async with asyncio.timeout(PATIENCE):
            while found != REPLICAS:
                query = urlencode({"query": "count by (job) (up == 1)"})
                result = (await asyncio.to_thread(ask, stack, container, f"query?{query}"))["result"]  # type: ignore[index]
                found = {one["metric"]["job"]: int(one["value"][1]) for one in result}
                await asyncio.sleep(1)
        groups = (await asyncio.to_thread(ask, stack, container, "rules"))["groups"]  # type: ignore[index]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 15
    assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
