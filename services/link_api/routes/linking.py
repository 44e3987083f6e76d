"""Linking a bank: link token, the way back from the bank's own page, exchange."""

import structlog
from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError

from common.plaid import PlaidError
from common.web import Problem
from link_api.claims import UnderWay, UsedUp
from link_api.domain import identifiers
from link_api.domain.link_requests import CountryNotServed, Terms
from link_api.exchange import DuplicateBank, ForeignItem, ForeignPublicToken
from link_api.parts import Parts, Use, User
from link_api.problems import unknown
from link_api.refusals import OF_ITEMS, OF_PLAID, refusals
from link_api.routes.integrations import ENDED, connected, read_integration
from link_api.schemas.integrations import EXAMPLE, Integration
from link_api.schemas.linking import UPDATE_MODE, LinkToken, LinkTokenRequest, PublicTokenRequest, ResumeRequest

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api/plaid", tags=["linking"])

NOT_SERVED = Problem(
    422,
    "country_codes: must be of US.",
    code="invalid_request",
    errors=[{"field": "country_codes", "message": "must be of US"}],
)
OPENED = (
    NOT_SERVED,
    *ENDED,
    *OF_PLAID,
    *OF_ITEMS,
)


def foreign() -> Problem:
    return Problem(
        400,
        "No Link session of yours issued this public token, or it is used or too old; open Link again.",
        code="public_token_foreign",
    )


def taken() -> Problem:
    return Problem(
        409,
        "Another user has linked this very connection; link the bank anew, with a login of your own.",
        code="item_foreign",
    )


def under_way() -> Problem:
    return Problem(
        409,
        "This bank is being connected by another request; ask again for its answer.",
        code="in_progress",
        retryable=True,
        headers={"Retry-After": "1"},
    )


EXCHANGED = (
    *OF_PLAID,
    *OF_ITEMS,
    foreign(),
    taken(),
    under_way(),
    Problem(
        409,
        "First Platypus Bank is linked already. Open Link in update mode to repair it, "
        'or send "allow_duplicate": true to link it with another login.',
        code="duplicate_bank",
        integration=EXAMPLE,
        update_mode=UPDATE_MODE,
    ),
)


@router.post("/create_link_token", responses=refusals(*OPENED))
async def create_link_token(parts: Use, user: User, body: LinkTokenRequest | None = None) -> LinkToken:
    """Get a token that opens Plaid Link: for a new bank, or for one of yours (update mode).

    Update mode repairs a login, and adds accounts with `account_selection_enabled`. Both end with `repaired`.
    """
    body = body or LinkTokenRequest()
    terms = _terms(parts, body)
    if body.integration_id is None:
        return LinkToken.of(await parts.link_tokens.open(user.user_id, terms))
    integration_id = identifiers.check(body.integration_id)
    if integration_id is None:
        raise unknown("integration")
    access_token = await connected(parts, user.user_id, integration_id)
    opened = await parts.link_tokens.open_update_mode(
        user.user_id, integration_id, access_token, terms, selects_accounts=body.account_selection_enabled
    )
    return LinkToken.of(opened)


@router.post("/resume_link", responses=refusals(unknown("Link session")))
async def resume_link(parts: Use, user: User, body: ResumeRequest) -> LinkToken:
    """Get the link token again that this browser session went to an OAuth bank with.

    Create Link with it and with `receivedRedirectUri`, the whole address that the bank led back to.
    """
    opened = await parts.link_tokens.resume(user.user_id, body.state)
    if opened is None:
        raise unknown("Link session")
    return LinkToken.of(opened)


@router.post("/exchange_public_token", status_code=201, responses=refusals(*EXCHANGED))
async def exchange_public_token(parts: Use, user: User, body: PublicTokenRequest) -> Integration:
    """Turn the public token of Link's onSuccess into an integration; its first sync begins at once.

    The same public token again answers the same integration.
    """
    try:
        integration_id = await parts.exchange.run(user.user_id, body.public_token, allow_duplicate=body.allow_duplicate)
    except (ForeignPublicToken, UsedUp):
        raise foreign() from None
    except ForeignItem:
        raise taken() from None
    except UnderWay:
        raise under_way() from None
    except DuplicateBank as duplicate:
        raise await _duplicate(parts, user.user_id, duplicate.integration_id) from None
    return await read_integration(parts, user.user_id, integration_id)


def _terms(parts: Parts, body: LinkTokenRequest) -> Terms:
    try:
        return parts.link_tokens.terms.chosen(body.language, body.country_codes)
    except CountryNotServed as error:
        errors = [{"field": "country_codes", "message": str(error)}]
        raise Problem(422, f"country_codes: {error}.", code="invalid_request", errors=errors) from None


async def _duplicate(parts: Parts, user_id: int, integration_id: int) -> Problem:
    existing = await read_integration(parts, user_id, integration_id)
    update_mode = await _update_mode(parts, user_id, integration_id)
    detail = (
        f"{existing.institution.name or 'This bank'} is linked already. Open Link in update mode to repair it, "
        'or send "allow_duplicate": true to link it with another login.'
    )
    return Problem(
        409,
        detail,
        code="duplicate_bank",
        integration=existing.model_dump(mode="json"),
        update_mode=update_mode and update_mode.model_dump(mode="json"),
    )


async def _update_mode(parts: Parts, user_id: int, integration_id: int) -> LinkToken | None:
    """Return the way to repair what is linked already; None where it cannot be had now."""
    try:
        access_token = await connected(parts, user_id, integration_id)
        return LinkToken.of(await parts.link_tokens.open_update_mode(user_id, integration_id, access_token))
    except (Problem, PlaidError, SQLAlchemyError, OSError) as error:
        log.warning("update_mode.not_ready", integration_id=integration_id, error=type(error).__name__)
        return None
