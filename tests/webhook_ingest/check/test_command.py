"""`python -m webhook_ingest check` as people and programs meet it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE

import pytest

from tests.plaid_sandbox.running import StandIn
from tests.webhook_ingest.check.conftest import Ingest
from tests.webhook_ingest.doubles import PATH
from webhook_ingest.check.command import run

NOWHERE = "http://127.0.0.1:1"


async def check(*arguments: str, **environment: str) -> tuple[int | None, str, str]:
    """Run the command as a process that no setting was given to; return exit code, stdout and stderr."""
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "webhook_ingest", *arguments, env=bare | environment, stdout=PIPE, stderr=PIPE
    )
    said, complained = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, said.decode(), complained.decode()


async def test_all_is_well(stand_in: StandIn, ingest: Ingest) -> None:
    """A line for each finding, the verdict last, exit code 0; PLAID_ENV is what is expected."""
    async with ingest(stand_in.url) as url:
        code, said, complained = await check(
            "check", "--url", url + PATH, "--sandbox", stand_in.url, PLAID_ENV="sandbox", HTTP_PROXY=NOWHERE
        )
    assert (code, complained) == (0, "")
    *lines, verdict = said.splitlines()
    assert [line[0] for line in lines] == list("·✓✓✓✓✓✓")
    assert verdict == "All is well: webhooks arrive, are verified and taken."


async def test_something_is_wrong() -> None:
    """What is wrong is told with what to do, exit code 1."""
    code, said, complained = await check("check", "--url", NOWHERE + PATH)
    assert (code, complained) == (1, "")
    assert said.splitlines() == [
        "✗ 127.0.0.1 refuses connections on port 1. See that the proxy runs, and that it listens on that port.",
        "1 thing is wrong. Mend what ✗ says, and run this again.",
    ]


async def test_json(stand_in: StandIn, ingest: Ingest) -> None:
    """For programs the same as one JSON object."""
    async with ingest(stand_in.url) as url:
        code, said, _ = await check("check", "--url", url + PATH, "--environment", "production", "--json")
    told = json.loads(said)
    assert (code, told["url"], told["ok"]) == (1, url + PATH, False)
    assert [(one["name"], one["mark"]) for one in told["findings"]] == [
        ("private_address", "note"),
        ("unsigned", "right"),
        ("stranger", "right"),
        ("clock", "right"),
        ("environment", "wrong"),
    ]
    assert told["findings"][-1]["mend"].startswith("Set PLAID_ENV there")


async def test_words_that_nobody_knows() -> None:
    """Another word than `check` starts nothing and says what there is, exit code 2."""
    code, said, complained = await check("serve")
    assert (code, said) == (2, "")
    assert complained.startswith("usage: ")


SENSELESS = [
    [],
    ["--url", "bank.example.com"],
    ["--url", "https://user:the-password@bank.example.com/hook"],
    ["--url", "https://bank.example.com/hook#there"],
    ["--url", "https://bank.example.com/h\u00f6\u00f6k"],
    ["--url", "https://bank.example.com:99999/hook"],
    ["--url", NOWHERE, "--environment", "development"],
    ["--url", NOWHERE, "--timeout", "0"],
]


@pytest.mark.parametrize("arguments", SENSELESS, ids=" ".join)
def test_asked_wrongly(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A senseless question is refused with 2 before anything is sent, and repeats no password."""
    with pytest.raises(SystemExit) as end:
        run(arguments)
    said, complained = capsys.readouterr()
    assert (end.value.code, said) == (2, "")
    assert complained.startswith("usage: ")
    assert "the-password" not in complained
