"""What a check found, and how checks run: beside each other, each within its time, none stopping another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

PATIENCE = 15.0
"""Seconds for a check."""


class Outcome(StrEnum):
    """How a thing is; `skipped`: it could not be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and where it is not well, what to do."""

    check: str
    outcome: Outcome
    says: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at: the name of its first finding, and how to look."""

    name: str
    look: Callable[[], Awaitable[Sequence[Finding]]]


def ok(check: str, says: str) -> Finding:
    """Return that it is well."""
    return Finding(check, Outcome.OK, says)


def warn(check: str, says: str, remedy: str) -> Finding:
    """Return that it works, and should be seen to."""
    return Finding(check, Outcome.WARN, says, remedy)


def fail(check: str, says: str, remedy: str) -> Finding:
    """Return that it does not work."""
    return Finding(check, Outcome.FAIL, says, remedy)


def skipped(check: str, why: str) -> Finding:
    """Return that it could not be looked at."""
    return Finding(check, Outcome.SKIPPED, why)


async def examine(checks: Sequence[Check], patience: float = PATIENCE) -> list[Finding]:
    """Return what all checks found, in their order."""
    found = await asyncio.gather(*(_bounded(check, patience) for check in checks))
    return [finding for findings in found for finding in findings]


async def _bounded(check: Check, patience: float) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(patience):
            return await check.look()
    except TimeoutError:
        return [fail(check.name, f"no answer within {patience:g} s", "See that it runs and that we can reach it.")]
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, and its text may hold a secret
        remedy = "This check broke: tell its maintainers, with the release's number."
        return [fail(check.name, f"could not be examined ({type(error).__name__})", remedy)]
