"""Every error as problem+json: our own, Plaid's, the framework's, and a database that does not answer."""

from math import ceil

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError

from common import web
from common.database import unavailable
from common.plaid import ItemGone, OperatorMustAct, OverBudget, PlaidError, RetryLater, UserMustAct
from common.web import Problem

log = structlog.get_logger(__name__)

UNREADABLE = "The body is no JSON that can be read."
STATUSES: dict[type[PlaidError], int] = {RetryLater: 503, UserMustAct: 422, OperatorMustAct: 502, ItemGone: 410}
UNREACHABLE = 502
SAYS: dict[type[PlaidError], str] = {
    RetryLater: "The bank or Plaid cannot answer right now; try again later.",
    UserMustAct: "Your bank needs you: open Link again and follow what it says.",
    OperatorMustAct: "Plaid refused our request; our operators have to look at this.",
    ItemGone: "Plaid knows this connection no more; link the bank anew.",
}
NEXT_STEPS: dict[type[PlaidError], str] = {
    RetryLater: "Try again in a few minutes. Nothing is lost; if it goes on, the bank itself may be down.",
    UserMustAct: "Connect or repair the bank once more, and follow what it asks of you there.",
    OperatorMustAct: "There is nothing that you can do here; tell our support, with the reference of this error.",
    ItemGone: "Connect the bank anew. Your expenses stay.",
}


def unknown(what: str) -> Problem:
    """Return the 404 for what does not exist or is another user's: nobody learns which."""
    return Problem(404, f"There is no such {what}.")


def use_problems(app: FastAPI) -> None:
    """Answer every error of the app as problem+json."""
    web.use_problems(app)
    web.render(app, RequestValidationError, of_invalid_request)
    web.render(app, PlaidError, of_plaid)
    web.render(app, OverBudget, of_budget)
    web.render(app, SQLAlchemyError, of_database)
    web.render(app, OSError, of_database)


def of_invalid_request(error: RequestValidationError) -> Problem:
    """Return what is wrong with a request, field by field; never its values."""
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return Problem(400, UNREADABLE, code="invalid_request")
    errors = [{"field": _field(problem["loc"]), "message": problem["msg"]} for problem in problems]
    detail = "; ".join(f"{error['field']}: {error['message']}" for error in errors)
    return Problem(422, f"{detail}.", code="invalid_request", errors=errors)


def _field(location: tuple[str | int, ...]) -> str:
    """Return ("body", "public_token") as public_token, and ("body",) as body."""
    return ".".join(str(part) for part in (location[1:] or location))


def of_plaid(error: PlaidError) -> Problem:
    """Return Plaid's refusal with all that its support will ask for."""
    log.warning("plaid.refused", error_code=error.code, plaid_request_id=error.details.request_id)
    return refused(error)


def refused(error: PlaidError) -> Problem:
    """Return Plaid's refusal: its own words for the user where it has some, and what they can do next."""
    kind, said = type(error), error.details
    return Problem(
        STATUSES[kind] if said.status else UNREACHABLE,
        said.display_message or SAYS[kind],
        code=said.error_code.lower(),
        retryable=kind is RetryLater,
        headers={"Retry-After": str(ceil(said.retry_after))} if said.retry_after is not None else None,
        next_step=NEXT_STEPS[kind],
        plaid={
            "error_type": said.error_type,
            "error_code": said.error_code,
            "error_message": said.error_message,
            "display_message": said.display_message,
            "request_id": said.request_id,
        },
    )


def of_budget(error: OverBudget) -> Problem:
    """Return when Plaid's rate limits have room again: Plaid was not asked."""
    detail = "Many people use this at the moment; try again shortly."
    headers = {"Retry-After": str(max(1, ceil(error.wait.total_seconds())))}
    return Problem(503, detail, code="over_budget", retryable=True, headers=headers)


def of_database(error: Exception) -> Problem:
    """Return that the database cannot serve now; any other of its errors, or of the system's, is a fault of ours."""
    if not unavailable(error):
        return web.unexpected(error)
    log.error("database.unavailable", error=type(error).__name__)
    detail = "Our database does not answer right now; try again in a moment."
    return Problem(503, detail, retryable=True, headers={"Retry-After": "5"})
