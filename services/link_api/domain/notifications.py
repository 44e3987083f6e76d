"""What each kind of notification says to its user, and what the user can do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from link_api.domain.actions import Action as Repair

Action = Repair | Literal["add_accounts", "none"]

NO_BANK = "your bank"
NO_ACCOUNT = "one of your accounts"


@dataclass(frozen=True, slots=True)
class Words:
    """A notification in the user's words, and what it asks for."""

    title: str
    message: str
    action: Action = "none"


WORDS: Mapping[str, Words] = {
    "initial_complete": Words(
        "The last 30 days from {bank} are here",
        "Older transactions follow by themselves; there is nothing for you to do.",
    ),
    "history_complete": Words(
        "Your history from {bank} is complete",
        "From now on new transactions become expenses as they come in.",
    ),
    "login_required": Words(
        "{bank} asks you to sign in again",
        "Until you do, no new transactions arrive. Nothing is lost: what you miss is fetched afterwards.",
        "reconnect",
    ),
    "expiring": Words(
        "Your connection to {bank} runs out soon",
        "Sign in again before it does, and transactions go on arriving without a gap.",
        "reconnect",
    ),
    "revoked": Words(
        "Your connection to {bank} has ended",
        "Access was withdrawn, at the bank or at Plaid. Connect the bank again to go on; your expenses stay.",
        "relink",
    ),
    "account_revoked": Words(
        "{bank} no longer shares {account}",
        "No new transactions of this account arrive; its expenses stay, and your other accounts go on as before.",
        "add_accounts",
    ),
    "repaired": Words(
        "{bank} works again",
        "Transactions arrive again, and those that you missed are being fetched.",
    ),
    "new_accounts": Words(
        "{bank} has accounts that you do not share yet",
        "Their transactions do not become expenses. The accounts that you share go on as before.",
        "add_accounts",
    ),
    "institution_down": Words(
        "{bank} does not answer right now",
        "We keep trying by ourselves, and nothing is lost. New transactions arrive as soon as it answers again.",
    ),
}

NEWS = Words("There is news about {bank}", "Its card shows how it stands.")
"""For a kind that a newer sync_worker writes while this process is not yet replaced."""


def words(kind: str, bank: str | None, account: str | None, *, standing: bool) -> Words:
    """Return what a notification says; one that stands no longer asks for nothing."""
    text = WORDS.get(kind, NEWS)
    named = {"bank": bank or NO_BANK, "account": account or NO_ACCOUNT}
    title = text.title.format_map(named)
    return Words(title[:1].upper() + title[1:], text.message, text.action if standing else "none")
