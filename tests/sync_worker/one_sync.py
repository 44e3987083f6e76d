"""A process that does one sync and tells by how much it grew: `python -m tests.sync_worker.one_sync`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr

from common.sealing import Vault
from tests.sync_worker.world import worker


def peak() -> int:
    """Return the most memory that this process ever had resident, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


async def main(*, bank_url: str, database_url: str, key: str, small: int, large: int) -> None:
    """Sync a small item, for all that is loaded once; then the large one; print the growth in bytes."""
    hired = worker(database_url, bank_url, Vault([SecretStr(key)]))
    await hired.ring(small, "linked")
    before = peak()
    await hired.ring(large, "linked")
    print(peak() - before)  # noqa: T201 - its output is the figure
    hired.plaid.close()
    await hired.database.close()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asked: dict[str, Any] = json.loads(sys.argv[1])
    asyncio.run(main(**asked))
