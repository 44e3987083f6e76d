import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest

from categorizer.commands.session import DONE, REFUSED
from categorizer.commands.train import run
from categorizer.data import model_file, text_tables
from categorizer.domain.pipeline import Pipeline
from categorizer.handlers import decide
from common.database import Database
from tests.categorizer.bank import Bank
from tests.categorizer.commands.test_entry import categorizer


def test_the_release_makes_its_own_model(tmp_path: Path) -> None:
    """Without one setting the tables' own model is written, the one that is trained where there is no file."""
    path = tmp_path / "model.json"
    done = categorizer("train", "--out", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    usual = text_tables.judge().scorer.model
    assert usual is not None
    assert model_file.read(path).version == vars(usual)["version"]
    assert json.loads(path.read_text())["version"] in done.stdout


def test_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not there is told, with the exit code of a wrong question."""
    assert run(["--out", str(tmp_path / "none" / "model.json")]) == REFUSED
    assert "No such file or directory" in capsys.readouterr().err


async def test_choices_are_learned(
    *,
    bank: Bank,
    database: Database,
    database_url: str,
    pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With --confirmed what users chose goes into the model, what they did not does not, and its worth is told."""
    names = ("QWZRANDO", "QWZRELTA", "QWZRIMBU", "QWZROSKY", "QWZRURPH", "QWZRANNE", "XKVJANNE")
    ids = [await bank.add(name=f"{name} #12", merchant_name=None, amount=Decimal(80)) for name in names]
    await decide(bank.changed(*ids), database, pipeline)
    for id_ in ids[:-1]:
        await bank.decide(id_, user_category_id="shopping")
    path = tmp_path / "model.json"
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert await asyncio.to_thread(run, ["--confirmed", "--out", str(path)]) == DONE
    assert "6 choices of users" in capsys.readouterr().out
    model = model_file.read(path)
    assert "shopping" in dict(model.weigh("QWZRTT"))
    assert "XKVJANNE" not in model.pieces
