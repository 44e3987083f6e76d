import json
from pathlib import Path

from common.asyncapi import document
from common.events import EVENTS


def test_the_committed_document_is_current() -> None:
    """docs/events.json is what `make docs` writes today."""
    assert json.loads(Path("docs/events.json").read_text()) == document()


def test_every_event_travels_on_a_channel() -> None:
    """No event is documented that no queue carries."""
    travelling = {name for channel in document()["channels"].values() for name in channel["messages"]}
    assert travelling == set(EVENTS)
