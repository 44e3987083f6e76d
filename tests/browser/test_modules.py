"""Laws of the page's own arithmetic and parsing, asked of the modules as the browser runs them."""

from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from tests.browser.board import Board

MONEY = "async ([name, ...given]) => (await import('/page/money.js'))[name](...given)"
PARSE = """async (chunks) => {
    const { createParser } = await import('/page/events.js');
    const heard = [];
    const feed = createParser((event) => heard.push(event));
    chunks.forEach(feed);
    return heard;
}"""
STREAM = (
    ': hello\n\nid: 7\nevent: sync.progress\ndata: {"a": 1}\n\n'
    ": beat\r\n\r\ndata: one\ndata: two\n\nevent: reset\ndata: {}\n\n"
)
EVENTS = [
    {"type": "sync.progress", "id": "7", "data": '{"a": 1}'},
    {"type": "message", "id": None, "data": "one\ntwo"},
    {"type": "reset", "id": None, "data": "{}"},
]


async def money(board: Board, name: str, *given: Any) -> Any:
    return await board.page.evaluate(MONEY, [name, *given])


async def test_sums_are_exact(board: Board) -> None:
    """A sum of decimals is the sum, whatever their size and number of places; no float comes near it."""
    dice = Random(20261122)  # noqa: S311 - a play
    for _ in range(50):
        amounts = [Decimal(dice.randint(-(10**18), 10**18)).scaleb(-dice.randint(0, 7)) for _ in range(9)]
        told = await money(board, "sum", [format(amount, "f") for amount in amounts])
        assert Decimal(told) == sum(amounts)


@pytest.mark.parametrize(
    ("amount", "currency", "unofficial", "shown"),
    [
        ("45.90", "USD", None, "$45.90"),
        ("-45.90", "USD", None, "-$45.90"),
        ("842000", "JPY", None, "¥842,000"),
        ("12.345", "BHD", None, "BHD\N{NO-BREAK SPACE}12.345"),
        ("0.31415926", None, "BTC", "0.31415926 BTC"),
        ("1234.5", None, None, "1,234.5"),
        ("9007199254740993.01", "USD", None, "$9,007,199,254,740,993.01"),
    ],
)
async def test_money_is_shown_in_its_own_currency(
    board: Board, amount: str, currency: str | None, unofficial: str | None, shown: str
) -> None:
    """Each currency has its own sign and decimals, no currency is guessed, and no digit is lost on the way."""
    assert await money(board, "format", amount, currency, unofficial) == shown


async def test_events_are_the_same_however_the_stream_is_cut(board: Board) -> None:
    """A network cuts a stream anywhere; the events heard are the same."""
    dice = Random(7)  # noqa: S311 - a play
    for pieces in (1, 2, 5, len(STREAM)):
        cuts = sorted(dice.sample(range(1, len(STREAM)), pieces - 1)) if pieces < len(STREAM) else range(1, len(STREAM))
        edges = [0, *cuts, len(STREAM)]
        chunks = [STREAM[start:end] for start, end in pairwise(edges)]
        assert await board.page.evaluate(PARSE, chunks) == EVENTS
