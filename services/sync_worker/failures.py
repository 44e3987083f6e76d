"""What the error that ended a sync means for its item."""

from random import random

from common.plaid import ItemGone, OperatorMustAct, PlaidError, UserMustAct
from common.sealing import Unsealable
from sync_worker.domain import schedule
from sync_worker.domain.failure import Failure


def judge(error: Exception, failures: int) -> Failure:
    """Return the failure that goes on record; `failures` counts the syncs in a row that failed, this one included."""
    if isinstance(error, PlaidError):
        return _of_plaid(error, failures)
    if isinstance(error, Unsealable):
        return Failure("active", "TOKEN_UNSEALABLE", str(error), None, schedule.OPERATOR_BACKOFF)
    message = f"Something went wrong on our side ({type(error).__name__}); it is tried again."
    return Failure("active", "SYNC_CRASHED", message, None, None)


def _of_plaid(error: PlaidError, failures: int) -> Failure:
    details = error.details
    status, pause = "active", schedule.pause_after_failure(failures, random(), details.retry_after)  # noqa: S311 - jitter
    if isinstance(error, UserMustAct):
        status, pause = "login_required", schedule.LOGIN_CHECK
    elif isinstance(error, ItemGone):
        status = "revoked"
    elif isinstance(error, OperatorMustAct):
        pause = schedule.OPERATOR_BACKOFF
    message = details.display_message or details.error_message
    return Failure(status, details.error_code, message, details.request_id, pause)
