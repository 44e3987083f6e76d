"""Who may log in at which bank: the sandbox's test credentials (https://plaid.com/docs/sandbox/test-credentials)."""

from plaid_sandbox.bank.plans import Profile
from plaid_sandbox.bank.profiles import profile_of
from plaid_sandbox.errors import CATALOGUE, PlaidError
from plaid_sandbox.institutions import Institution

_FORCED = "error_"
_PASSWORDS = {"user_good": "pass_good"}


def sign_in(institution: Institution, username: str, password: str) -> Profile:
    """Return whose login this is, or raise the error that the bank or the test user stands for.

    `error_<CODE>`, as user name or as password, fails with that code. Only `user_good` needs the right password; all
    others take any that is not blank.
    """
    if institution.login_error:
        raise PlaidError(institution.login_error)
    for word in (username, password):
        if word.startswith(_FORCED) and (code := word.removeprefix(_FORCED)) in CATALOGUE:
            raise PlaidError(code)
    profile = profile_of(username)
    if profile is None or not password.strip() or password != _PASSWORDS.get(username, password):
        raise PlaidError("INVALID_CREDENTIALS")
    return profile
