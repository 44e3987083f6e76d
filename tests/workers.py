"""Tests beside each other (`pytest -n auto`): how many at once, what stays together, what begins first."""

import os

from xdist.scheduler import LoadFileScheduling

BESIDE_CORES = 2
"""Workers more than cores: a test waits about as long as it computes."""
MOST = 8
"""Workers at most: each may start a PostgreSQL and a RabbitMQ of its own."""
ONE_AFTER_THE_OTHER = ("tests/compose/", "tests/browser/")
"""Folders whose tests share one worker: Chromium drops its requests when a container's network comes or goes."""
LONGEST_FIRST = (*ONE_AFTER_THE_OTHER, "tests/e2e/", "tests/deploy/", "tests/common/broker/", "tests/sync_worker/")
"""What begins first, so that nothing long begins last."""


def count() -> int:
    """Return how many workers this machine carries."""
    return min(MOST, (os.cpu_count() or 1) + BESIDE_CORES)


def group(node_id: str) -> str:
    """Return what a test stays with in one worker: its file, whose systems are started once."""
    return "networks" if node_id.startswith(ONE_AFTER_THE_OTHER) else node_id.split("::", 1)[0]


def rank(node_id: str) -> int:
    """Return a test's place in the order in which the groups begin."""
    places = (place for place, path in enumerate(LONGEST_FIRST) if node_id.startswith(path))
    return next(places, len(LONGEST_FIRST))


class Scheduler(LoadFileScheduling):  # type: ignore[misc]
    """Hands one group after the other to whichever worker is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
