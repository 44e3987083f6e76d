"""What a category rule would change about stored transactions, and having the categorizer change it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from common import outbox
from common.category_rules import Rule, Rules
from link_api.decisions import redecisions
from link_api.domain.rule_effects import Candidate, Outlook, placed
from link_api.problems import unknown
from link_api.store import categories, decided, rules

MOST = 1000
"""Transactions that one call has decided anew; the rest is told, and comes by asking again."""
MOST_EXAMPLES = 20
NEW = 0
"""The id of a rule that is not stored."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the rule comes to, some of what changes, and how many were asked to be decided anew."""

    outlook: Outlook
    examples: list[tuple[RowMapping, str | None]]
    requested: int


async def preview(
    session: AsyncSession, user_id: int, terms: Mapping[str, Any], *, rule_id: int | None, position: int | None
) -> Outcome:
    """Return what the rule of these terms would change: a new one, or one of the user's with other terms."""
    stored = {row["id"]: rule_of(row) for row in await rules.every(session, user_id)}
    if rule_id is not None and rule_id not in stored:
        raise unknown("rule")
    order, one = list(stored), rule_id or NEW
    rule = rule_of(dict(terms) | {"id": one})
    place = position or (order.index(one) if one in order else len(order)) + 1
    arranged = [(stored | {one: rule})[id_] for id_ in placed(order, one, place)]
    return await _outcome(session, user_id, await _candidate(session, rule, Rules(arranged)))


async def apply(session: AsyncSession, user_id: int, rule_id: int) -> Outcome:
    """Have up to MOST transactions decided anew that the rule changes, or that it decided and decides no more.

    They are looked at again once they are locked. What its user chose by hand is no decision of ours, and stays.
    """
    stored = [rule_of(row) for row in await rules.every(session, user_id)]
    rule = next((one for one in stored if one.id == rule_id), None)
    if rule is None:
        raise unknown("rule")
    candidate = await _candidate(session, rule, Rules(stored))
    outcome = await _outcome(session, user_id, candidate)
    locked = await decided.lock(session, user_id, outcome.outlook.affected)
    still = [row for row in locked if candidate.effect(row) in ("changing", "released")]
    await decided.forget(session, [row.id for row in still])
    for event in redecisions([(row.integration_id, row.id) for row in still], datetime.now(UTC)):
        await outbox.emit(session, event)
    return Outcome(outcome.outlook, outcome.examples, len(still))


async def _candidate(session: AsyncSession, rule: Rule, among: Rules) -> Candidate:
    return Candidate(rule, among, await categories.nonexpense(session))


async def _outcome(session: AsyncSession, user_id: int, candidate: Candidate) -> Outcome:
    outlook = Outlook(candidate, MOST)
    async for row in decided.every(session, user_id):
        outlook.add(row)
    newest = dict(outlook.changing[:MOST_EXAMPLES])
    examples = [(row, newest[row["id"]]) for row in await decided.shown(session, user_id, list(newest))]
    return Outcome(outlook, examples, 0)


def rule_of(row: RowMapping | Mapping[str, Any]) -> Rule:
    """Return a stored rule, or one of a request's terms, as the law of matching knows it."""
    return Rule(row["id"], row["category"], **{name: row[name] for name in rules.CONDITIONS})
