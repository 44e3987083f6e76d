import asyncio
import os
import sys


async def test_a_senseless_setting_stops_the_start() -> None:
    """A setting that makes no sense is named, with what it may be, and nothing starts."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "plaid_sandbox",
        env=dict(os.environ) | {"PLAID_SANDBOX_RATE_LIMITS": "foo"},
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        _, said = await child.communicate()
    assert child.returncode == 1
    assert "RATE_LIMITS: Input should be 'off', 'sandbox' or 'production'" in said.decode()
    assert "Traceback" not in said.decode()
