"""Fetches institutions again whose names and logos are old, and those that could not be had when a bank was linked."""

import asyncio
from datetime import timedelta
from random import random

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from common.database import Database
from common.plaid import PlaidError, RetryLater
from link_api.institutions import Institutions
from link_api.store import institutions as store

log = structlog.get_logger(__name__)

EVERY = 60.0
"""Seconds between two rounds, on average: no two processes keep step."""
MOST = 5
"""Institutions a round: however many have grown old at once, Plaid and its budget are asked for little at a time."""
CLAIM = timedelta(minutes=10)
"""Longer than a round can take; what a dead process had claimed is free again then."""
SOON = timedelta(hours=1)
LATER = timedelta(days=1)
"""For what another try will hardly help: Plaid does not know it, or its answer cannot be read."""


async def renew(database: Database, institutions: Institutions, every: float = EVERY) -> None:
    """Keep the institutions of connected banks younger than 30 days, until cancelled."""
    while True:
        await asyncio.sleep(every * (0.5 + random()))  # noqa: S311 - jitter
        try:
            async with database.transaction() as session:
                claimed = await store.claim_old(session, MOST, CLAIM)
            for institution_id in claimed:
                await _fetch(database, institutions, institution_id)
        except (SQLAlchemyError, OSError) as error:
            log.warning("renewal.failed", error=type(error).__name__)


async def _fetch(database: Database, institutions: Institutions, institution_id: str) -> None:
    try:
        await institutions.fetch(institution_id)
    except (PlaidError, ValidationError, SQLAlchemyError, OSError) as error:
        log.warning("institution.not_renewed", institution_id=institution_id, error=type(error).__name__)
        async with database.transaction() as session:
            await store.put_off(session, institution_id, SOON if isinstance(error, RetryLater) else LATER)
