from pathlib import Path

from sync_worker.picture import page

PICTURE = Path(__file__).parents[2] / "docs" / "item-life.md"


def test_the_picture_shows_the_table() -> None:
    """The page for people is the one that the table draws: run `make docs` when this fails."""
    assert PICTURE.read_text() == page()
