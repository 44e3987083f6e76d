"""Knows institutions: from the database while fresh, else from Plaid."""

from collections.abc import Sequence

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from common.database import Database
from common.plaid import PlaidClient, PlaidError
from link_api.store import institutions

log = structlog.get_logger(__name__)


class Institution(BaseModel):
    """The fields of Plaid's institution that we keep (plaid.com/docs/api/institutions)."""

    model_config = ConfigDict(frozen=True)
    institution_id: str
    name: str
    oauth: bool = False
    url: str | None = None
    primary_color: str | None = None
    logo: str | None = None


class Institutions:
    """Institutions of the countries that we serve."""

    def __init__(self, database: Database, plaid: PlaidClient, country_codes: Sequence[str]) -> None:
        self._database = database
        self._plaid = plaid
        self._country_codes = list(country_codes)

    async def ensure(self, institution_id: str) -> None:
        """Have a fresh row of the institution; when Plaid cannot say now, go on without."""
        async with self._database.transaction() as session:
            if await institutions.is_fresh(session, institution_id):
                return
        try:
            await self.fetch(institution_id)
        except (PlaidError, ValidationError) as error:
            log.warning("institution.unknown", institution_id=institution_id, error=type(error).__name__)

    async def fetch(self, institution_id: str) -> None:
        """Store what Plaid says of it now. Raises PlaidError, ValidationError and the database's errors."""
        answer = await self._plaid.get_institution(institution_id, self._country_codes)
        institution = Institution.model_validate(answer.get("institution"))
        async with self._database.transaction() as session:
            await institutions.put(session, institution.model_dump())
