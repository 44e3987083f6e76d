import asyncio
import os
import sys
from pathlib import Path

from tests.plaid_sandbox.processes import started


async def start(*arguments: str, **variables: str) -> tuple[int | None, str]:
    """Start the stand-in, and return its exit code and what it said."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "plaid_sandbox",
        *arguments,
        env=dict(os.environ) | variables,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, said = await child.communicate()
    return child.returncode, said.decode()


async def test_a_senseless_setting_stops_the_start() -> None:
    """A setting that makes no sense is named, with what it may be, and nothing starts."""
    code, said = await start(PLAID_SANDBOX_RATE_LIMITS="foo")
    assert code == 1
    assert "RATE_LIMITS: Input should be 'off', 'sandbox' or 'production'" in said
    assert "Traceback" not in said


async def test_a_scenario_that_is_not_understood_stops_the_start(tmp_path: Path) -> None:
    """The file, the step and what is allowed are told, and nothing starts."""
    file = tmp_path / "mine.toml"
    file.write_text('[[step]]\nat = 1\ndo = "refrehs"\nitem = 1')
    code, said = await start("--scenario", str(file))
    assert code == 1
    assert "mine.toml: step 1: " in said
    assert "there is no 'refrehs'; allowed: accounts/balance" in said
    assert "Traceback" not in said


async def test_a_scenario_runs_from_the_start(tmp_path: Path) -> None:
    """The setting names its file, and its first moment has come by the time that anybody asks."""
    file = tmp_path / "mine.toml"
    file.write_text('[[step]]\nat = 0\ndo = "webhooks/rotate_key"')
    async with started(tmp_path / "state.json", PLAID_SANDBOX_SCENARIO=str(file)) as process:
        done = (await process.get("/sandbox_control/scenario"))["done"]
    assert [(deed["do"], deed["error"]) for deed in done] == [("webhooks/rotate_key", None)]
