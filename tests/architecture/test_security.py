from itertools import chain
from pathlib import Path

from tests.architecture.named import missing, rows

DOCUMENT = Path("SECURITY.md")


def test_every_claim_names_its_tests() -> None:
    """No row of SECURITY.md is without a test that holds it, and none names one that is not there."""
    claims = rows(DOCUMENT)
    assert len(claims) > 30
    assert [says for says, tests in claims if not tests] == []
    assert missing(list(chain.from_iterable(tests for _, tests in claims))) == []
