"""The life of an item as a page for people, drawn from the table that decides it: `make docs` writes it."""

from itertools import groupby

from sync_worker.domain.life import ITEM_WEBHOOKS, TABLE, Hearing, State
from sync_worker.domain.notices import ARRIVALS

MEANINGS = {
    State.ACTIVE: "synced when a bell rings, and after silence",
    State.LOGIN_REQUIRED: "waits for its user; every 6 h a free look at /item/get",
    State.REVOKED: "no more calls; only a new link helps",
    State.REMOVING: "/item/remove is called until Plaid confirms",
    State.DISCONNECTED: "its token is erased; its history stays",
}


TOP = """\
# The life of an item

Drawn by `make docs` from the table in `services/sync_worker/domain/life.py`; a test keeps the two equal.
"""
LOGIN = """\
An ITEM webhook is a doorbell as any other: a sync follows where the state allows it. How the login stands is asked of
/item/get, since webhooks come late, twice and in any order.
"""


def page() -> str:
    """Return the page as Markdown with a Mermaid diagram."""
    return "\n".join([TOP, f"```mermaid\n{diagram()}\n```\n", f"{_states()}\n", LOGIN, f"{_webhooks()}\n"])


def diagram() -> str:
    """Return every transition that leads to another state, those between the same two joined."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.ACTIVE}: public token exchanged"]
    for before, row in TABLE.items():
        moves = sorted((after, happening) for happening, after in row.items() if after != before)
        for after, same in groupby(moves, key=lambda move: move[0]):
            lines.append(f"    {before} --> {after}: {', or '.join(happening for _, happening in same)}")
    return "\n".join([*lines, f"    {State.DISCONNECTED} --> [*]"])


def _states() -> str:
    rows = ["| state | what is done | its user is told |", "|---|---|---|"]
    for state in State:
        told = sorted(ARRIVALS[state].told) if state in ARRIVALS else []
        rows.append(f"| `{state}` | {MEANINGS[state]} | {', '.join(f'`{kind}`' for kind in told)} |")
    return "\n".join(rows)


def _webhooks() -> str:
    rows = ["| ITEM webhook | /item/get is asked | what is kept of it |", "|---|---|---|"]
    for code, hearing in [*ITEM_WEBHOOKS.items(), ("any other", Hearing())]:
        name = f"`{code}`" if code in ITEM_WEBHOOKS else code
        rows.append(f"| {name} | {'yes' if hearing.check_login else 'no'} | {hearing.fact or ''} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its output is the page
