"""Tests beside each other (`pytest -n auto`): how many at once, what stays together, what begins first."""

import os

from xdist.scheduler import LoadFileScheduling

BESIDE_CORES = 1
"""Workers more than cores: a test waits about as long as it computes."""
MOST = 8
"""Workers at most: each may start a PostgreSQL and a RabbitMQ of its own."""
TOGETHER = (
    ("tests/compose/", "tests/browser/"),  # Chromium drops its requests when a container's network comes or goes
    ("tests/common/broker/",),  # they alone need a second RabbitMQ
)
"""Folders whose tests run one after the other in one worker; elsewhere a file's tests do."""
LONGEST_FIRST = (
    "tests/compose/",
    "tests/browser/",
    "tests/e2e/",
    "tests/webhook_ingest/test_outages.py",
    "tests/common/broker/",
    "tests/deploy/",
)
"""What begins first, so that nothing long begins last."""


def count() -> int:
    """Return how many workers this machine carries."""
    return min(MOST, (os.cpu_count() or 1) + BESIDE_CORES)


def group(node_id: str) -> str:
    """Return what a test stays with in one worker."""
    return next((folders[0] for folders in TOGETHER if node_id.startswith(folders)), node_id.split("::", 1)[0])


def rank(node_id: str) -> int:
    """Return a test's place in the order in which the groups begin."""
    places = (place for place, path in enumerate(LONGEST_FIRST) if node_id.startswith(path))
    return next(places, len(LONGEST_FIRST))


class Scheduler(LoadFileScheduling):  # type: ignore[misc]
    """Hands one group after the other to whichever worker is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
