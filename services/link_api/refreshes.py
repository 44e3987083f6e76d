"""Asks a bank itself for news, through Plaid: a paid add-on, which not every deployment and bank has."""

from common.plaid import PlaidClient, PlaidError
from common.sealing import SealedToken, Vault

NOT_TO_BE_HAD = {"INVALID_PRODUCT", "PRODUCT_NOT_ENABLED", "PRODUCTS_NOT_SUPPORTED", "UNAUTHORIZED_ROUTE_ACCESS"}
"""Plaid's codes for an add-on that is not in our plan, or not at this bank (plaid.com/docs/errors)."""


class NoRefresh(Exception):
    """This bank cannot be asked on demand; its transactions come by themselves."""


class Refreshes:
    """What users ask of banks while they wait."""

    def __init__(self, plaid: PlaidClient, vault: Vault) -> None:
        self._plaid = plaid
        self._vault = vault

    async def ask(self, integration_id: int, access_token: SealedToken) -> None:
        """Have the bank read now; what is new comes by webhook. Raises NoRefresh or PlaidError."""
        try:
            await self._plaid.for_item_of(integration_id).refresh_transactions(self._vault.open(access_token))
        except PlaidError as error:
            if error.code in NOT_TO_BE_HAD:
                raise NoRefresh(error.code) from None
            raise
