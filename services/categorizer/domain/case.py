"""A transaction with everything that a decision about it may rest on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter

from categorizer.domain.catalogue import OTHER, Catalogue, Meaning
from categorizer.domain.decision import Decision
from categorizer.domain.evidence import Said, View, disagreement, possible, said_by_plaid, together
from categorizer.domain.memory import Memory
from categorizer.domain.merchant import Merchant
from categorizer.domain.partners import Partners
from categorizer.domain.reliability import Reliability
from categorizer.domain.text.evidence import Opinion
from categorizer.domain.text.judge import Judge
from categorizer.domain.text.normalise import Line
from categorizer.domain.transaction import Transaction
from common.category_rules import Rules


@dataclass(frozen=True, slots=True)
class Taught:
    """What the user has told us: rules laid down, and answers given."""

    rules: Rules = field(default_factory=Rules)
    memory: Memory = field(default_factory=Memory)


UNTAUGHT = Taught()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How sure (0 to 1) an answer must be to stand without asking; memory has a threshold of its own.

    Above `disagreement`, what both text and Plaid are sure of where they differ is a question too.
    """

    review_below: float = 0.86
    memory_below: Decimal = Decimal("0.8")
    disagreement: float = 0.6


USUAL = Thresholds()


_UNASKED = Said(Meaning(OTHER, "", False, ()), OTHER, 0.0)


@dataclass(slots=True, eq=False)
class Case:
    """A transaction, what its user taught, its partners, and what there is to judge by: read once, and when needed."""

    transaction: Transaction
    taught: Taught
    partners: Partners
    judge: Judge
    catalogue: Catalogue
    reliability: Reliability
    thresholds: Thresholds
    _line: Line | None = None
    _opinion: Opinion | None = None
    _said: Said | None = _UNASKED
    _view: View | None = None

    @property
    def line(self) -> Line:
        """The transaction's name, read."""
        if self._line is None:
            self._line = self.judge.read(self.transaction.name)
        return self._line

    @property
    def merchant(self) -> Merchant:
        """Whom the money went to or came from."""
        return Merchant(self.transaction.merchant_entity_id, self.line.key)

    @property
    def opinion(self) -> Opinion:
        """What the text says."""
        if self._opinion is None:
            self._opinion = self._judged()
        return self._opinion

    @property
    def said(self) -> Said | None:
        """What Plaid says."""
        if self._said is _UNASKED:
            self._said = self._heard()
        return self._said

    @property
    def view(self) -> View:
        """What text and Plaid say together."""
        if self._view is None:
            self._view = self._seen()
        return self._view

    @property
    def settled(self) -> bool:
        """Whether the view is sure enough to stand."""
        view, thresholds = self.view, self.thresholds
        return view.ranking[0][1] >= thresholds.review_below and view.disagreement <= thresholds.disagreement

    def _heard(self) -> Said | None:
        one = self.transaction
        meaning = self.catalogue.meaning(one.pfc_version, one.pfc_primary, one.pfc_detailed)
        if meaning is None:
            return None
        return said_by_plaid(meaning, self.reliability.of(one.pfc_detailed, one.pfc_confidence))

    def _judged(self) -> Opinion:
        """Judge the name; where that leaves a doubt, the merchant's name and the bank's own words may help."""
        transaction, judge = self.transaction, self.judge
        opinion = judge.judge(self.line, transaction.amount)
        if opinion.confidence < self.thresholds.review_below and not opinion.mixed:
            for text in (transaction.merchant_name, transaction.original_description):
                if text and text.casefold() not in transaction.name.casefold():
                    other = judge.judge(judge.read(text), transaction.amount)
                    opinion = max(opinion, other, key=attrgetter("confidence"))
        return opinion

    def _seen(self) -> View:
        """A text that is sure of what Plaid has no word for speaks alone."""
        opinion, said, amount = self.opinion, self.said, self.transaction.amount
        if said is None:
            return View(possible(opinion.ranking, money_out=amount > 0))
        differ = disagreement(opinion, said, self.catalogue)
        if opinion.category not in self.catalogue.expressible and opinion.source != "model":
            beyond = opinion.confidence > self.thresholds.disagreement and self.catalogue.is_expense(said.category)
            if beyond:
                return View(possible(opinion.ranking, money_out=amount > 0), differ)
        ranking = together(opinion, said, self.judge.prior(said.category, amount))
        return View(possible(ranking, money_out=amount > 0), differ)


Stage = Callable[[Case], Decision | None]
"""Answers, with a decision or with a question, or leaves it to the next."""
