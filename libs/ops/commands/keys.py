"""`ops keys`: which keys seal what is stored, and sealing all of it with the newest."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TypeVar

import typer

from common.database import Database
from common.sealing import Vault
from ops import printing, resealing
from ops.commands.arguments import Json, Yes
from ops.progress import Advance, bar
from ops.recorded import recorded
from ops.resealing import Sealing, Survey
from ops.session import WRONG, deed, read, run
from ops.settings import KeySettings

app = typer.Typer(help="The keys in PLAID_ENCRYPTION_KEY, and what they seal.", no_args_is_help=True)

T = TypeVar("T")

RESTARTED = (
    "Each link_api and sync_worker must run with all of these keys by now: one that lacks the newest cannot open what "
    "is sealed with it."
)
UNSEALABLE = "{tokens} with none of the keys: put back the key that sealed. Found in: {named}."
GOES_ON = "{tokens} sealed with an older key still: a process runs without the newest. Restart it, and repeat."
OVER = "All is sealed with the newest key: take the older ones out of PLAID_ENCRYPTION_KEY, and restart."


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its place in PLAID_ENCRYPTION_KEY, 1 being the newest (None: none of them), and what it seals."""

    key: int | None
    tokens: int
    youngest: datetime | None
    """When the youngest of them was sealed first."""


@app.command("status")
def status(as_json: Json = False) -> None:
    """Tell how many tokens each key seals. Ends with 1 when there are some that none of the keys opens."""
    vault, number = _vault()
    found = _with_bar("Looking", lambda database, advance: resealing.survey(database, vault, advance))
    _print(found, number, as_json=as_json)
    if found.older:
        tokens = printing.many(found.older, "token is", "tokens are")
        printing.tell(f"{tokens} sealed with an older key: `ops keys rotate` seals anew.")
    if found.unsealable:
        raise typer.Exit(WRONG)


@app.command("rotate")
def rotate(yes: Yes = False, as_json: Json = False) -> None:
    """Seal everything with the newest key while all goes on; may be broken off and repeated at any time.

    Ends with 0 only when no older key is needed any more.
    """
    vault, number = _vault()
    if not yes:
        typer.confirm(f"{RESTARTED} Seal everything with the newest?", abort=True, err=True)
    what = deed("keys rotate")

    async def reseal(database: Database, advance: Advance) -> tuple[int, Survey]:
        return await recorded(database, what, resealing.reseal(database, vault, advance), _outcome)

    done, found = _with_bar("Sealing", reseal)
    _print(found, number, as_json=as_json)
    printing.tell(f"{printing.many(done, 'token was', 'tokens were')} sealed anew.")
    if found.older:
        printing.tell(GOES_ON.format(tokens=printing.many(found.older, "token is", "tokens are")))
    if found.older or found.unsealable:
        raise typer.Exit(WRONG)
    if number > 1:
        printing.tell(OVER)


def _outcome(result: tuple[int, Survey]) -> str:
    done, found = result
    return f"{done} sealed anew, {found.older} left, {found.unsealable} that no key opens"


def _vault() -> tuple[Vault, int]:
    keys = read(KeySettings).plaid_encryption_key
    return Vault(keys), len(keys)


def _with_bar(what: str, work: Callable[[Database, Advance], Awaitable[T]]) -> T:
    async def watched(database: Database) -> T:
        with bar(what, await resealing.total(database)) as advance:
            return await work(database, advance)

    return run(watched)


def _print(found: Survey, number: int, *, as_json: bool) -> None:
    keys = [found.keys.get(key, Sealing(key)) for key in range(1, number + 1)]
    rows = [Key(one.key, one.tokens, one.youngest) for one in keys]
    if found.unsealable:
        rows.append(Key(None, found.unsealable, None))
    printing.dump(rows) if as_json else printing.tabulate([asdict(row) for row in rows], "")
    if found.unsealable:
        more = found.unsealable - len(found.named)
        named = "; ".join(found.named) + (f"; and {more} more" if more else "")
        tokens = printing.many(found.unsealable, "token opens", "tokens open")
        printing.tell(UNSEALABLE.format(tokens=tokens, named=named))
