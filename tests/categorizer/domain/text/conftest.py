"""The judge as production builds it."""

import pytest

from categorizer.data import text_tables
from categorizer.domain.text.judge import Judge


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Everything that reads lines, of the reviewed tables."""
    return text_tables.judge()
