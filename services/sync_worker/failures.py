"""What the error that ended a sync means for its item."""

from random import random

from prometheus_client import Counter

from common.plaid import ItemGone, OperatorMustAct, PlaidError, RetryLater, UserMustAct
from common.plaid.errors import Details
from common.sealing import Unsealable
from sync_worker.domain import schedule
from sync_worker.domain.failure import Failure
from sync_worker.domain.life import Happening

OPERATORS = Counter("sync_operator_errors_total", "Calls that fail until an operator acts, by error", ["error_code"])

OF_INSTITUTION = "INSTITUTION_ERROR"
OF_ITEM = "UNSUPPORTED_RESPONSE"
"""Of that type, but the data of one item are to blame."""
ALSO_OF_INSTITUTION = "INSTITUTION_RATE_LIMIT"
"""A 429 that the bank sets for all of Plaid."""


def judge(error: Exception, failures: int) -> Failure:
    """Return the failure that goes on record; `failures` counts those in a row, this one included."""
    failure = _judge(error, failures)
    if failure.of_operator:
        OPERATORS.labels(failure.code).inc()
    return failure


def _judge(error: Exception, failures: int) -> Failure:
    if isinstance(error, PlaidError):
        return _of_plaid(error, failures)
    if isinstance(error, Unsealable):
        return Failure("TOKEN_UNSEALABLE", str(error), None, schedule.OPERATOR_BACKOFF, of_operator=True)
    message = f"Something went wrong on our side ({type(error).__name__}); it is tried again."
    return Failure("SYNC_CRASHED", message, None, None)


def _of_plaid(error: PlaidError, failures: int) -> Failure:
    details = error.details
    happening, pause = None, schedule.pause_after_failure(failures, random(), details.retry_after)  # noqa: S311 - jitter
    if isinstance(error, UserMustAct):
        happening, pause = Happening.LOGIN_BROKE, schedule.LOGIN_CHECK
    elif isinstance(error, ItemGone):
        happening = Happening.GONE
    elif isinstance(error, OperatorMustAct):
        pause = schedule.OPERATOR_BACKOFF
    return Failure(
        code=details.error_code,
        message=details.display_message or details.error_message,
        request_id=details.request_id,
        pause=pause,
        happening=happening,
        of_operator=isinstance(error, OperatorMustAct),
        of_institution=isinstance(error, RetryLater) and _is_of_institution(details),
    )


def _is_of_institution(details: Details) -> bool:
    if details.error_code == ALSO_OF_INSTITUTION:
        return True
    return details.error_type == OF_INSTITUTION and details.error_code != OF_ITEM
