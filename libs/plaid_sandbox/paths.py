"""Plaid's endpoints, as far as the stand-in has them."""

from typing import Annotated

from pydantic import AfterValidator

PATHS = frozenset(
    {
        "/accounts/balance/get",
        "/accounts/get",
        "/institutions/get",
        "/institutions/get_by_id",
        "/item/get",
        "/item/public_token/exchange",
        "/item/remove",
        "/item/webhook/update",
        "/link/token/create",
        "/link/token/get",
        "/sandbox/item/fire_webhook",
        "/sandbox/item/reset_login",
        "/sandbox/public_token/create",
        "/sandbox/transactions/create",
        "/transactions/refresh",
        "/transactions/sync",
        "/webhook_verification_key/get",
    }
)


def _known(path: str) -> str:
    if path not in PATHS:
        raise ValueError(f"{path} is no endpoint of the stand-in; it has {', '.join(sorted(PATHS))}")
    return path


Path = Annotated[str, AfterValidator(_known)]
