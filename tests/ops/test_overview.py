from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from typer.main import get_command

from common.budget.tally import Share
from common.census.items import Institution
from deploy.status_example import CENSUS, EXAMPLE
from ops.main import app
from ops.overview import Overview, troubles
from ops.screen import Screen
from ops.store.overview import Outbox

WELL = replace(
    EXAMPLE,
    census=replace(CENSUS, quarantined=0, institutions=[Institution("ins_1", 10, 1)]),
    queues=[replace(one, dead=0) for one in EXAMPLE.queues],
)
"""The example without its troubles."""


def with_queue(**changes: float | None) -> Overview:
    return replace(WELL, queues=[replace(WELL.queues[0], **changes), *WELL.queues[1:]])  # type: ignore[arg-type]


TROUBLED = {
    "RabbitMQ does not answer": replace(WELL, broker_answers=False),
    "4 events wait to be published, the oldest for 2 min": replace(WELL, outbox=Outbox(4, 0, 130.0)),
    "1 event is of no queue's": replace(WELL, outbox=Outbox(0, 1, 0.0)),
    "nobody takes from sync_worker.sync": with_queue(consumers=0),
    "sync_worker.sync is behind by 10 min": with_queue(oldest=600.0),
    "5 dead letters of sync_worker.sync": with_queue(dead=5),
    "9 of 10 items of a bank fail": replace(
        WELL, census=replace(WELL.census, institutions=[Institution("ins_1", 10, 9)]), banks={"ins_1": "a bank"}
    ),
    "95% of Plaid's limit of /item/get is used": replace(
        WELL, census=replace(WELL.census, limits_used=[Share("/item/get", 60, 0.95)])
    ),
    "2 transactions could not be used": replace(WELL, census=replace(WELL.census, quarantined=2)),
    "1 item rings that no integration has": replace(WELL, orphans=1),
    "1 link broke off": replace(WELL, exchanges=1),
}


def drawn(seen: Overview, width: int = 120) -> str:
    console = Console(width=width, file=StringIO())
    console.print(Screen(seen))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("says", TROUBLED)
def test_what_is_wrong_is_said_with_a_command(says: str) -> None:
    """Each trouble is one sentence with what tells more or mends it; a command of ours that is named exists."""
    [trouble] = troubles(TROUBLED[says])
    assert trouble.says.startswith(says)
    assert trouble.command in drawn(TROUBLED[says])
    ours, *words = trouble.command.split()
    command = get_command(app)
    for word in words if ours == "ops" else ():
        command = getattr(command, "commands", {}).get(word, command) if not word.startswith("-") else command
    assert ours != "ops" or not hasattr(command, "commands")


def test_where_all_is_well() -> None:
    """Nothing is made up: without a trouble the screen says so."""
    assert troubles(WELL) == []
    assert "All is well" in drawn(WELL)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_it_fits_any_screen(width: int) -> None:
    """No line is wider than the screen, and every state is on it."""
    text = drawn(EXAMPLE, width)
    assert max(map(len, text.splitlines())) <= width
    assert all(f"{count:,}" in text for count in CENSUS.items.values())


def test_what_is_not_known_is_not_said_to_be_none() -> None:
    """Without RabbitMQ's answer, depths are a dash and no zero."""
    unknown = replace(WELL.queues[0], waiting=None, dead=None, consumers=None)
    [line] = [one for one in drawn(replace(WELL, queues=[unknown])).splitlines() if "sync_worker.sync" in one]
    assert line.rstrip(" │").split()[-3:] == ["s", "-", "-"]
