"""Settings, block by block: set, sensible, their files readable. Values are never shown."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from common.settings import (
    Block,
    BrokerSettings,
    LimitSettings,
    PlaidSettings,
    PostgresSettings,
    SealingSettings,
    explain,
)
from ops.checks.finding import Finding, fail, ok
from ops.settings import AddressSettings, beside_us

REMEDY = "Mend it in deploy/.env, or where its file is (.env.example explains each), and restart the services."
BlockT = TypeVar("BlockT", bound=Block)


class Known:
    """The blocks that could be read; None where one could not."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.postgres = self._read("settings of PostgreSQL", PostgresSettings)
        self.broker = self._read("settings of RabbitMQ", BrokerSettings)
        self.plaid = self._read("settings of Plaid", PlaidSettings)
        self.limits = self._read("settings of Plaid's limits", LimitSettings) if self.plaid else None
        self.sealing = self._read("settings of keys", SealingSettings)
        self.addresses = self._read("settings of addresses", AddressSettings) or AddressSettings(_env_file=None)

    async def look(self) -> Sequence[Finding]:
        """Return how each block is."""
        return self.findings

    def _read(self, name: str, kind: type[BlockT]) -> BlockT | None:
        try:
            block = kind(_env_file=".env")
        except ValidationError as error:
            wrong = "; ".join(line.strip() for line in explain(error).splitlines())
            self.findings.append(fail(name, wrong, REMEDY))
            return None
        self.findings.append(ok(name, "readable and sensible"))
        return block

    @property
    def at_home(self) -> bool:
        """Whether a stand-in of Plaid's sandbox is beside us, which may use addresses that nobody else can."""
        return self.plaid is not None and beside_us(self.plaid)
