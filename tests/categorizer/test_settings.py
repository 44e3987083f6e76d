from pathlib import Path

import pytest
from pydantic import ValidationError

from categorizer.data import model_file
from categorizer.domain.text.model import WordModel
from categorizer.settings import Settings

SERVERS = {"DATABASE_URL": "postgresql://a:b@c/d", "AMQP_URL": "amqp://a:b@c/"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "PORT",
        "CATEGORIZER_PREFETCH",
        "CATEGORIZER_REVIEW_BELOW",
        "CATEGORIZER_MEMORY_BELOW",
        "CATEGORIZER_DISAGREEMENT",
        "CATEGORIZER_MODEL",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in SERVERS.items():
        monkeypatch.setenv(name, value)


def test_defaults() -> None:
    """With nothing but its servers named, it starts, on its own port."""
    settings = Settings()
    assert (settings.port, settings.categorizer_prefetch) == (8003, 4)
    assert (settings.categorizer_review_below, settings.categorizer_disagreement) == (0.86, 0.6)
    assert settings.categorizer_model is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CATEGORIZER_PREFETCH", "0"),
        ("CATEGORIZER_REVIEW_BELOW", "80"),
        ("PORT", "0"),
        ("CATEGORIZER_MODEL", "/dev/null"),
    ],
)
def test_senseless(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A senseless value is refused by its name."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_a_model_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file that CATEGORIZER_MODEL names is there, read and whole, before anything is served."""
    model_file.write(WordModel({"QWZR": (("fuel", 1.0),)}, "v"), tmp_path / "model.json")
    monkeypatch.setenv("CATEGORIZER_MODEL", str(tmp_path / "model.json"))
    model = Settings().categorizer_model
    assert model is not None
    assert (model.pieces, model.version) == ({"QWZR": (("fuel", 1.0),)}, "v")
