from pathlib import Path

import pytest

from deploy.compose import remains
from tests.compose.stack import KINDS, need_compose, prepared
from tests.servers.skips import skipping


@pytest.mark.slow
def test_down_leaves_nothing(tmp_path: Path) -> None:
    """Whatever a project made, scaled and of every profile, is gone after `make down`, also without its settings."""
    with skipping():
        need_compose()
    made = prepared(tmp_path)
    try:
        made.compose("create", "--build")
        assert [kind for kind in KINDS if not remains(kind, made.project)] == []
        (tmp_path / ".env").write_text("COMPOSE_FILE=docker-compose.yml\n")
    finally:
        made.make("down")
    assert [kind for kind in KINDS if remains(kind, made.project)] == []
