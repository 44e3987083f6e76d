"""Linking a bank: link token, exchange."""

from fastapi import APIRouter

from common.web import Problem
from link_api.domain import identifiers
from link_api.exchange import DuplicateBank, ForeignItem, ForeignPublicToken
from link_api.parts import Parts, Use, User
from link_api.problems import unknown
from link_api.refusals import OF_PLAID, refusals
from link_api.routes.integrations import ENDED, connected, read_integration
from link_api.schemas.integrations import EXAMPLE, Integration
from link_api.schemas.linking import LinkToken, LinkTokenRequest, PublicTokenRequest

router = APIRouter(prefix="/api/plaid", tags=["linking"])


NEEDS_USER = {
    "error_type": "ITEM_ERROR",
    "error_code": "ITEM_NOT_SUPPORTED",
    "error_message": "this account is currently not supported by Plaid",
    "display_message": None,
    "request_id": "HNTDNrA8F1shFEW",
}
GONE = {
    "error_type": "ITEM_ERROR",
    "error_code": "ITEM_NOT_FOUND",
    "error_message": "the item cannot be found",
    "display_message": None,
    "request_id": "9vDs2BqLmKw4xRt",
}
OPENED = (
    *ENDED,
    *OF_PLAID,
    Problem(410, "Plaid knows this connection no more; link the bank anew.", code="item_not_found", plaid=GONE),
)
EXCHANGED = (
    *OF_PLAID,
    Problem(
        400,
        "No Link session of yours issued this public token, or it is used or too old; open Link again.",
        code="public_token_foreign",
    ),
    Problem(
        409,
        "First Platypus Bank is linked already. Open Link in update mode to repair it, "
        'or send "allow_duplicate": true to link it with another login.',
        code="duplicate_bank",
        integration=EXAMPLE,
    ),
    Problem(
        409,
        "Another user has linked this very connection; link the bank anew, with a login of your own.",
        code="item_foreign",
    ),
    Problem(
        422,
        "Your bank needs you: open Link again and follow what it says.",
        code="item_not_supported",
        plaid=NEEDS_USER,
    ),
)


@router.post("/create_link_token", responses=refusals(*OPENED))
async def create_link_token(parts: Use, user: User, body: LinkTokenRequest | None = None) -> LinkToken:
    """Get a token that opens Plaid Link: for a new bank, or for the repair of an integration (update mode)."""
    if body is None or body.integration_id is None:
        token = await parts.link_tokens.open(user.user_id)
    else:
        integration_id = identifiers.check(body.integration_id)
        if integration_id is None:
            raise unknown("integration")
        access_token = await connected(parts, user.user_id, integration_id)
        token = await parts.link_tokens.open_update_mode(user.user_id, integration_id, access_token)
    return LinkToken(link_token=token.link_token.get_secret_value(), expiration=token.expiration)


@router.post("/exchange_public_token", status_code=201, responses=refusals(*EXCHANGED))
async def exchange_public_token(parts: Use, user: User, body: PublicTokenRequest) -> Integration:
    """Turn the public token of Link's onSuccess into an integration; its first sync begins at once."""
    try:
        integration_id = await parts.exchange.run(user.user_id, body.public_token, allow_duplicate=body.allow_duplicate)
    except ForeignPublicToken:
        detail = "No Link session of yours issued this public token, or it is used or too old; open Link again."
        raise Problem(400, detail, code="public_token_foreign") from None
    except ForeignItem:
        detail = "Another user has linked this very connection; link the bank anew, with a login of your own."
        raise Problem(409, detail, code="item_foreign") from None
    except DuplicateBank as duplicate:
        raise await _duplicate(parts, user.user_id, duplicate.integration_id) from None
    return await read_integration(parts, user.user_id, integration_id)


async def _duplicate(parts: Parts, user_id: int, integration_id: int) -> Problem:
    existing = await read_integration(parts, user_id, integration_id)
    detail = (
        f"{existing.institution.name or 'This bank'} is linked already. Open Link in update mode to repair it, "
        'or send "allow_duplicate": true to link it with another login.'
    )
    return Problem(409, detail, code="duplicate_bank", integration=existing.model_dump(mode="json"))
