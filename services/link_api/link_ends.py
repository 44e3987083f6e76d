"""How Link sessions end."""

from typing import Literal

from prometheus_client import Counter

Outcome = Literal["linked", "repaired", "left", "failed"]
"""Left: the user closed Link. Failed: Link ended with an error. Either may be followed by a better end."""

ENDS = Counter("link_sessions_ended_total", "Link sessions that ended: linked, repaired, left, failed", ["outcome"])
