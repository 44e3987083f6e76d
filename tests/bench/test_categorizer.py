"""What `make bench` says of the categorizer is true."""

from bench import categorizer
from bench.deciding import BATCH, FRAMES, lines, plain
from categorizer.data import text_tables


def test_lines_are_distinct_and_of_every_frame() -> None:
    """As many lines as were asked for, no two the same, the same ones every time: no cache makes them cheap."""
    found = lines(BATCH)
    assert len(set(found)) == len(found) == BATCH
    assert found == lines(BATCH)
    assert len(FRAMES) == sum(any(line.startswith(start) for line in found) for start in ("SQ *", "POS D", "CHECK")) + 3


def test_the_plain_way_finds_keywords() -> None:
    """The baseline does what it is said to do."""
    search = plain()
    assert search("SOME ABOGADO 12") in {row["category"] for row in text_tables.rows("words.csv")}
    assert search("QWZRT") is None


async def test_what_was_measured_is_told() -> None:
    """A run decides every batch in both ways, and its figures say so with their targets."""
    taken = await categorizer.run(1)
    assert (len(taken.us), len(taken.plain_us), len(taken.ms)) == (1, 1, BATCH)
    reads, single, loads, memory = categorizer.figures_of([taken, taken])
    assert (reads.repetitions, reads.value, reads.baseline) == (2, taken.us[0], taken.plain_us[0])
    assert reads.ratio == taken.us[0] / taken.plain_us[0]
    assert single.value > 0
    assert (loads.value, memory.value) == (taken.load_s, taken.megabytes)
    assert all(one.target for one in (reads, single, loads, memory))
