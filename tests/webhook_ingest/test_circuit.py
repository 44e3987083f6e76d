from tests.webhook_ingest.doubles import Clock
from webhook_ingest.circuit import Circuit, Leave


def test_closed() -> None:
    """What works is used by everybody."""
    circuit = Circuit(5, Clock())

    assert [circuit.ask() for _ in range(3)] == [Leave.USE] * 3


def test_open() -> None:
    """What failed a moment ago is left alone."""
    clock = Clock()
    circuit = Circuit(5, clock)

    circuit.failed()
    clock.now += 4.9

    assert circuit.ask() is Leave.SKIP


def test_half_open() -> None:
    """After the cooldown one caller probes, and the others go on skipping."""
    clock = Clock()
    circuit = Circuit(5, clock)
    circuit.failed()

    clock.now += 5

    assert [circuit.ask() for _ in range(3)] == [Leave.PROBE, Leave.SKIP, Leave.SKIP]


def test_a_failed_probe() -> None:
    """A probe that fails opens for another cooldown; one that never reports back does not block the next."""
    clock = Clock()
    circuit = Circuit(5, clock)
    circuit.failed()

    clock.now += 5
    circuit.ask()
    clock.now += 2
    circuit.failed()
    clock.now += 4
    assert circuit.ask() is Leave.SKIP
    clock.now += 1
    assert circuit.ask() is Leave.PROBE
    clock.now += 5
    assert circuit.ask() is Leave.PROBE


def test_recovery() -> None:
    """One success closes it for everybody."""
    circuit = Circuit(5, Clock())
    circuit.failed()

    circuit.succeeded()

    assert circuit.ask() is Leave.USE
