import pytest

from tests.webhook_ingest.doubles import Clock
from webhook_ingest.quota import BURST, BURST_OF_ALL, SOURCES, Quota, network_of


def taken(quota: Quota, source: str, tries: int = 100) -> int:
    return sum(quota.take(source) for _ in range(tries))


def test_each_source_has_its_own() -> None:
    """What one source uses up, another one still has."""
    quota = Quota(Clock())

    assert [taken(quota, source) for source in ("192.0.2.1", "192.0.2.1", "192.0.2.2")] == [BURST, 0, BURST]


def test_all_together() -> None:
    """However many sources come, all together have no more than their common burst."""
    quota = Quota(Clock())

    assert sum(taken(quota, f"192.0.2.{number}") for number in range(100)) == BURST_OF_ALL


def test_who_has_none_left_takes_none_of_all() -> None:
    """A source that has used up its own costs the others nothing more."""
    quota = Quota(Clock())
    taken(quota, "192.0.2.1", 10_000)

    assert sum(taken(quota, f"198.51.100.{number}") for number in range(100)) == BURST_OF_ALL - BURST


def test_sources_kept() -> None:
    """However many sources come, only the last of them are kept."""
    quota = Quota(Clock())
    for number in range(2 * SOURCES):
        quota.take(str(number))

    assert len(quota._by_source) == SOURCES


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:db8:0:1:ffff::", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::", "2001:db8:0:2::/64"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_network(address: str, network: str) -> None:
    """One sender is an IPv4 address, but a whole /64 of IPv6, which any single host may have."""
    assert network_of(address) == network
