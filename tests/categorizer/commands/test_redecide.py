import asyncio
import json

import pytest

from categorizer.commands import redecide, reliability
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.handlers import decide
from common.database import Database
from tests.categorizer.bank import Bank
from tests.categorizer.commands.test_entry import categorizer
from tests.categorizer.test_redeciding import made_old


@pytest.fixture
async def old(database: Database, bank: Bank, pipeline: Pipeline) -> Bank:
    """A bank with a lunch that an older pipeline called travel."""
    id_ = await bank.add(name="XQWZK", merchant_name=None)
    await decide(bank.changed(id_), database, pipeline)
    await made_old(database, id_)
    return bank


async def command(monkeypatch: pytest.MonkeyPatch, url: str, module: object, *arguments: str) -> int:
    """Run a command as a process would, beside this loop."""
    monkeypatch.setenv("DATABASE_URL", url)
    return int(await asyncio.to_thread(module.run, list(arguments)))  # type: ignore[attr-defined]


async def test_rehearsed_then_done(
    old: Bank, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run tells what would change, and the same without it changes that."""
    assert await command(monkeypatch, database_url, redecide, "--dry-run") == 0
    told = capsys.readouterr().out
    assert "travel                   -> meals                           1" in told
    assert "1 looked at, 1 would change." in told
    assert (await old.expense()).auto_category == "travel"
    assert await command(monkeypatch, database_url, redecide, "--json", "--batch", "1") == 0
    assert json.loads(capsys.readouterr().out) == {
        "pipeline_version": PIPELINE_VERSION,
        "dry_run": False,
        "looked_at": 1,
        "questions": {"appear": 0, "vanish": 0},
        "changed": [{"from": "travel", "to": "meals", "count": 1}],
    }
    assert (await old.expense()).auto_category == "meals"


async def test_reliability(
    old: Bank, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What users said about Plaid's codes is listed, with what is believed of them now."""
    await old.decide((await old.expense()).transaction_id, user_category_id="fuel")
    assert await command(monkeypatch, database_url, reliability, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "detailed": "FOOD_AND_DRINK_FAST_FOOD",
        "level": "VERY_HIGH",
        "right": 0.0,
        "wrong": 1.0,
        "claimed": 0.98,
        "believed": 0.961,
    }
    assert await command(monkeypatch, database_url, reliability) == 0
    assert "FOOD_AND_DRINK_FAST_FOOD" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["redecide", "reliability"])
def test_refused(word: str) -> None:
    """Without a database named it says what to set, and ends with 2; of what it does not know too."""
    unset, unknown = categorizer(word), categorizer(word, "--colour")
    assert (unset.returncode, unknown.returncode) == (2, 2)
    assert "DATABASE_URL" in unset.stderr


async def test_no_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A database that cannot be reached is one line and exit code 3."""
    assert await command(monkeypatch, "postgresql://a:secret@127.0.0.1:1/c", redecide) == 3
    told = capsys.readouterr().err
    assert told.startswith("PostgreSQL cannot serve")
    assert "secret" not in told
