"""Keeps Plaid's reliability in step with what users say."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from categorizer.domain.catalogue import Catalogue
from categorizer.domain.evidence import said_by_plaid
from categorizer.domain.reliability import Code, Outcomes, Reliability
from categorizer.store.outcomes import Confirmed, confirmed
from common.database import Database

log = structlog.get_logger(__name__)

EVERY = 3600.0
"""Seconds between two looks: what they count moves slowly."""


class Estimates:
    """Runs in every categorizer, each for itself."""

    def __init__(self, database: Database, catalogue: Catalogue, reliability: Reliability) -> None:
        self._database = database
        self._catalogue = catalogue
        self._reliability = reliability

    async def run(self) -> None:
        """Learn at the start and every hour, until cancelled; while that fails, what was learned last holds."""
        while True:
            try:
                await self.once()
            except (SQLAlchemyError, OSError) as error:
                log.warning("estimates.failed", error=type(error).__name__, exc_info=True)
            await asyncio.sleep(EVERY)

    async def once(self) -> dict[Code, Outcomes]:
        """Learn from all that stands; return it."""
        async with self._database.transaction() as session:
            found = outcomes(await confirmed(session), self._catalogue)
        self._reliability.learn(found.items())
        return found


def outcomes(seen: Iterable[Confirmed], catalogue: Catalogue) -> dict[Code, Outcomes]:
    """Return how often Plaid's codes were right, by code and level; those that mean nothing to us are left out."""
    right, wrong = defaultdict[Code, float](float), defaultdict[Code, float](float)
    for one in seen:
        meaning = catalogue.meaning(one.version, one.primary, one.detailed)
        said = meaning and said_by_plaid(meaning, 1.0)
        if said:
            (right if one.category == said.category else wrong)[one.detailed, one.level] += one.times
    return {code: Outcomes(right[code], wrong[code]) for code in sorted({*right, *wrong}, key=str)}
