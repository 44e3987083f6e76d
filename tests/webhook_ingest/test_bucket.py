from tests.webhook_ingest.doubles import Clock
from webhook_ingest.bucket import Bucket


def taken(bucket: Bucket, tries: int) -> int:
    return sum(bucket.take() for _ in range(tries))


def test_a_burst() -> None:
    """A full bucket gives its capacity at once, and no more."""
    assert taken(Bucket(5, 0.2, Clock()), 100) == 5


def test_the_rate() -> None:
    """Tokens come back at the steady rate."""
    clock = Clock()
    bucket = Bucket(5, 0.2, clock)
    taken(bucket, 5)

    clock.now += 15

    assert taken(bucket, 100) == 3


def test_the_rate_under_constant_demand() -> None:
    """Asking all the time neither slows the refill down nor speeds it up."""
    clock = Clock()
    bucket = Bucket(5, 0.25, clock)
    count = 0
    for _ in range(800):
        count += bucket.take()
        clock.now += 0.125

    assert 29 <= count <= 30


def test_the_capacity() -> None:
    """However long nobody asks, the bucket holds no more than its capacity."""
    clock = Clock()
    bucket = Bucket(5, 0.2, clock)

    clock.now += 10**6

    assert taken(bucket, 100) == 5
