"""The lever of rate limits."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from plaid_sandbox.control.levers import Lever
from plaid_sandbox.core import Sandbox
from plaid_sandbox.encoding import Answer
from plaid_sandbox.limits import FIRST_PAGES, PRODUCTION, SANDBOX, Limit, Most, Table, limits_of
from plaid_sandbox.paths import PATHS
from plaid_sandbox.requests import Part

Calls = Annotated[int, Field(ge=0)]


def _limitable(path: str) -> str:
    if path not in PATHS | {FIRST_PAGES}:
        raise ValueError(f"{path} is neither an endpoint of the stand-in nor {FIRST_PAGES!r}")
    return path


class Windows(Part):
    minute: Calls | None = None
    hour: Calls | None = None
    day: Calls | None = None


class Override(Part):
    """A number is calls a minute, null is no limit; a side that is left out stays as in the table."""

    item: Calls | Windows | None = None
    client: Calls | Windows | None = None


class RateLimits(Part):
    table: Table = "off"
    overrides: Annotated[dict[Annotated[str, AfterValidator(_limitable)], Override], Field(default_factory=dict)]
    retry_after: Annotated[int, Field(ge=0, description="seconds in each 429's Retry-After header")] | None = None


def set_limits(sandbox: Sandbox, ask: RateLimits) -> Answer:
    """Replace the limits; calls made before do not count against them."""
    limits = dict(limits_of(ask.table))
    for path, override in ask.overrides.items():
        limits[path] = _overridden(path, limits.get(path), override)
    sandbox.limiter.set(limits, ask.retry_after)
    return ask.model_dump(exclude_unset=True)


def _overridden(path: str, known: Limit | None, override: Override) -> Limit:
    fallback = SANDBOX.get(path) or PRODUCTION.get(path) or Limit(Most(), Most())
    limit = known or Limit(Most(), Most(), fallback.code)
    return Limit(
        _most(override.item) if "item" in override.model_fields_set else limit.item,
        _most(override.client) if "client" in override.model_fields_set else limit.client,
        limit.code,
    )


def _most(wanted: int | Windows | None) -> Most:
    return Most(wanted.minute, wanted.hour, wanted.day) if isinstance(wanted, Windows) else Most(wanted)


LEVERS: list[Lever[Any]] = [Lever("rate_limits", RateLimits, set_limits)]
