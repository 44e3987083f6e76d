import json
import os
import sys
from contextlib import suppress

import pytest
from structlog.contextvars import get_contextvars

from common.logging import Lines, correlated, correlation_id
from tests.common.process import tiny


async def spoken(**environment: str) -> str:
    """Return what the tiny service logs when it is told to say something."""
    async with tiny(**environment) as service:
        await service.client.get("/speak", headers={"X-Correlation-ID": "the-id"})
        service.terminate()
        _, errors = await service.end()
    return errors


async def test_json() -> None:
    """Every line is one JSON object, ours and the libraries'; what nobody asked for stays out, access lines too."""
    by_event = {line["event"]: line for line in map(json.loads, (await spoken()).splitlines())}

    said = by_event["spoken"]
    assert (said["level"], said["integration_id"], said["text"]) == ("info", 7, "Überweisung ☕\nsecond line")
    assert said["timestamp"].endswith("Z")
    assert said["correlation_id"] == "the-id"
    assert by_event["bound"]["correlation_id"] == "another-id"
    assert by_event["library says hello"]["level"] == "warning"
    assert by_event["library says hello"]["correlation_id"] == "the-id"
    assert "ValueError: invalid literal" in by_event["failed"]["exception"]
    assert "correlation_id" not in by_event["stopping"]
    assert not by_event.keys() & {"too.quiet", "chatter"}
    assert not [event for event in by_event if "GET /speak" in event]


async def test_console() -> None:
    """For people the same lines are readable, as many as LOG_LEVEL says, without colours where no terminal is."""
    said = await spoken(LOG_FORMAT="console", LOG_LEVEL="DEBUG")

    assert "too.quiet" in said
    assert "integration_id=7" in said
    assert "ValueError: invalid literal" in said
    assert "access-sandbox-local-variable" not in said
    assert "\x1b[" not in said
    with pytest.raises(json.JSONDecodeError):
        json.loads(said.splitlines()[-1])


@pytest.mark.parametrize("closed", [False, True])
def test_nobody_reads(monkeypatch: pytest.MonkeyPatch, *, closed: bool) -> None:
    """A log that cannot be written stops no work: the disk may be full, or the reader gone."""
    reader, writer = os.pipe()
    os.close(reader)
    pipe = os.fdopen(writer, "w", buffering=1)
    if closed:
        pipe.close()
    monkeypatch.setattr(sys, "stderr", pipe)
    Lines().info("said to nobody")
    with suppress(OSError):
        pipe.close()


def test_outside_any_work() -> None:
    """Where no correlation id is bound each asking gets a new one."""
    assert correlation_id() != correlation_id()


def test_correlated() -> None:
    """Within the block the id and the fields are bound; after it, also after a fault, what was before."""
    with correlated("outer", integration_id=7):
        with correlated("inner"):
            assert get_contextvars() == {"correlation_id": "inner", "integration_id": 7}
        assert correlation_id() == "outer"
    with pytest.raises(RuntimeError), correlated("failing"):
        raise RuntimeError
    assert get_contextvars() == {}
