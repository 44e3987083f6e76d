"""How often senders may make us call Plaid: no source uses up what another one needs."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from webhook_ingest.bucket import Bucket

BURST = 5
PER_SECOND = 1 / 5
"""Of one source."""
BURST_OF_ALL = 20
PER_SECOND_OF_ALL = 4.0
"""Of all sources together: half of the 500 a minute that Plaid allows."""
SOURCES = 1024


class Quota:
    """A bucket for each source, and one for all; of the sources the ones seen last are kept."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = Bucket(BURST_OF_ALL, PER_SECOND_OF_ALL, clock)
        self._by_source: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, source: str) -> bool:
        """Take one call of this address; return whether it had one left, and all together had."""
        return self._bucket_of(network_of(source)).take() and self._all.take()

    def _bucket_of(self, source: str) -> Bucket:
        if source not in self._by_source:
            self._by_source[source] = Bucket(BURST, PER_SECOND, self._clock)
            if len(self._by_source) > SOURCES:
                self._by_source.popitem(last=False)
        self._by_source.move_to_end(source)
        return self._by_source[source]


def network_of(address: str) -> str:
    """Return what one sender has: an IPv4 address, or of IPv6 a /64; what is no address stands for itself."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    except ValueError:
        return address
