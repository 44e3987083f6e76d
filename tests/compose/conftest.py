"""The images and the compose project, once for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.browser.conftest import browser, context
from tests.compose import stack as compose_stack
from tests.servers.skips import skipping

__all__ = ["browser", "context"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs the project as one that needs real servers."""
    for item in items:
        if isinstance(item, pytest.Function) and "stack" in item.fixturenames:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[compose_stack.Stack]:
    """The compose project with four sync workers and two categorizers. Leave it running, and whole, as you found it."""
    with skipping(), compose_stack.stack(tmp_path_factory.mktemp("compose")) as started:
        yield started
