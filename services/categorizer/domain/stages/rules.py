"""What the user laid down."""

from decimal import Decimal

from categorizer.domain.case import Case
from categorizer.domain.decision import Decision


def by_rule(case: Case) -> Decision | None:
    """The user's first rule that matches: as sure as anything, and before anything that others say, Plaid included."""
    rule = case.taught.rules.first(case.transaction)
    if rule is None:
        return None
    return Decision(rule.category, Decimal(1), "rule", f"Your rule says so: {rule.words}.", rule_id=rule.id)
