"""What there is to choose from: our expense categories, and what each of Plaid's categories means among them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OTHER = "other"
INCOME = "income"
MOST = 3
"""Suggestions that a question offers."""


@dataclass(frozen=True, slots=True)
class Category:
    """One of ours; its kind is business, personal or nonexpense (income, transfers, debt).

    `merchants` is what one of its merchants does, in words that follow the merchant's name.
    """

    slug: str
    name: str
    kind: str
    merchants: str = ""


@dataclass(frozen=True, slots=True)
class PlaidCategory:
    """One of Plaid's (plaid.com/documents/pfc-taxonomy-all.csv); `low_information` ones never decide alone."""

    versions: tuple[str, ...]
    primary: str
    detailed: str
    category: str
    low_information: bool


@dataclass(frozen=True, slots=True)
class Meaning:
    """What Plaid's word for a transaction says about ours."""

    category: str
    words: str
    decisive: bool
    suggestions: tuple[str, ...]


class Catalogue:
    """Looks categories up, ours and Plaid's."""

    def __init__(self, categories: Iterable[Category], plaid_categories: Iterable[PlaidCategory]) -> None:
        self.categories: Mapping[str, Category] = {category.slug: category for category in categories}
        members = defaultdict(list)
        self.expressible = {OTHER}
        """The categories that Plaid has a telling word for; `other` needs none."""
        for member in plaid_categories:
            members[member.primary].append(member)
            if not member.low_information:
                self.expressible.add(member.category)
        self._by_code: dict[tuple[str | None, str | None], Meaning] = {}
        self._by_detailed: dict[str | None, Meaning] = {}
        self._by_primary: dict[str | None, Meaning] = {}
        for primary, group in members.items():
            self._add(primary, group)

    def _add(self, primary: str, group: Iterable[PlaidCategory]) -> None:
        group = list(group)
        usual = [slug for slug, _ in Counter(member.category for member in group).most_common() if slug != OTHER]
        family = _words(primary)
        self._by_primary[primary] = Meaning(usual[0] if usual else OTHER, family, False, tuple(usual[:MOST]))
        for member in group:
            meaning = Meaning(
                member.category,
                _in_family(_words(member.detailed.removeprefix(f"{primary}_")), family),
                not member.low_information,
                tuple(dict.fromkeys(slug for slug in (member.category, *usual) if slug != OTHER))[:MOST],
            )
            self._by_detailed[member.detailed] = meaning
            self._by_code.update({(version, member.detailed): meaning for version in member.versions})

    def meaning(self, version: str | None, primary: str | None, detailed: str | None) -> Meaning | None:
        """Return what Plaid's category means; one that is too new for us is read by its primary, and never decides."""
        if primary is None and detailed is None:
            return None
        return (
            self._by_code.get((version, detailed)) or self._by_detailed.get(detailed) or self._by_primary.get(primary)
        )

    def is_expense(self, slug: str) -> bool:
        """Return whether money of this category is spent; a category that we do not know yet counts as one."""
        category = self.categories.get(slug)
        return category is None or category.kind != "nonexpense"

    def name(self, slug: str) -> str:
        """Return the category's name for people."""
        category = self.categories.get(slug)
        return category.name if category else slug

    def merchants(self, slug: str) -> str:
        """Return what the category's merchants do: `sells fuel`."""
        category = self.categories.get(slug)
        return category.merchants if category and category.merchants else f"stands for {self.name(slug)}"


def _in_family(words: str, family: str) -> str:
    return words if family in words else f"{words} ({family})"


def _words(code: str) -> str:
    return code.replace("_", " ").lower()
