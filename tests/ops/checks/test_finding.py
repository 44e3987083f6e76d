import asyncio
from collections.abc import Sequence

from ops.checks.finding import Check, Finding, Outcome, examine, ok


async def well() -> Sequence[Finding]:
    return [ok("well", "it is")]


async def hang() -> Sequence[Finding]:
    await asyncio.Event().wait()
    raise AssertionError


async def break_down() -> Sequence[Finding]:
    raise RuntimeError("hush")


async def test_a_check_that_hangs_or_breaks_stops_no_other() -> None:
    """Each is bounded in time, and what breaks is a finding that says no more than its kind."""
    found = await examine([Check("hangs", hang), Check("breaks", break_down), Check("well", well)], patience=0.05)
    assert [(one.check, one.outcome) for one in found] == [
        ("hangs", Outcome.FAIL),
        ("breaks", Outcome.FAIL),
        ("well", Outcome.OK),
    ]
    assert [one.says for one in found] == ["no answer within 0.05 s", "could not be examined (RuntimeError)", "it is"]
    assert all(one.remedy for one in found[:2])
