import asyncio
import signal
import sys
from pathlib import Path

import httpx2
import pytest

from common.runtime import serving
from common.web import probes
from deploy.demo import link
from deploy.embedded import HOST, Ports, System, keys, main
from tests.deploy.embedded_run import PATIENCE, address, command, free_range, interrupt


@pytest.mark.slow
async def test_data_survives_a_restart(tmp_path: Path) -> None:
    """Ctrl-C ends it with exit code 0; after the next start the bank is still linked and syncs on."""
    first = free_range()
    ports = Ports.beginning(first)
    sandbox = f"http://{HOST}:{ports.plaid_sandbox}"
    async with command(tmp_path, first) as child:
        await address(child)
        running = System(f"http://{HOST}:{first}", "", sandbox, "", keys(tmp_path)["auth_jwt_secret"])
        await link(running, 1, "user_good")
        assert await integrations(running) == [("active", None)]
        assert await interrupt(child) == 0
    async with command(tmp_path, first) as child:
        await address(child)
        async with asyncio.timeout(PATIENCE):
            while await transactions(running) < 1000:  # noqa: ASYNC110 - history comes by webhook, from outside
                await asyncio.sleep(0.2)
        assert await integrations(running) == [("active", None)]
        assert await interrupt(child) == 0


async def integrations(running: System) -> list[tuple[str, object]]:
    """Return status and last error of what the user linked."""
    return [(one["status"], one["last_error"]) for one in await listed(running)]


async def transactions(running: System) -> int:
    """Return how many transactions the page would show."""
    return sum(int(str(one["transactions"])) for one in await listed(running))


async def listed(running: System) -> list[dict[str, str]]:
    """Return the integrations as the page gets them."""
    headers = {"Authorization": f"Bearer {running.token(1)}"}
    async with httpx2.AsyncClient(base_url=running.api_url, headers=headers, timeout=30) as api:
        answer = (await api.get("/api/plaid/integrations")).raise_for_status().json()
    return list(answer["items"])


@pytest.mark.slow
async def test_ctrl_c_while_starting(tmp_path: Path) -> None:
    """Pressed before everything runs, Ctrl-C ends it without a traceback, and the next start is none the worse."""
    first = free_range()
    async with command(tmp_path, first) as child:
        assert child.stdout is not None
        async with asyncio.timeout(PATIENCE):
            assert b"Starting" in await child.stdout.readline()
        await asyncio.sleep(0.5)
        child.send_signal(signal.SIGINT)
        async with asyncio.timeout(PATIENCE):
            _, said = await child.communicate()
    assert child.returncode == 130
    assert "Traceback" not in said.decode()
    async with command(tmp_path, first) as child:
        await address(child)
        assert await interrupt(child) == 0


@pytest.mark.parametrize("port", ["70000", "65500", "80", "none"])
def test_a_senseless_port(port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that cannot be is refused with a sentence."""
    monkeypatch.setattr(sys, "argv", ["embedded.py", "--port", port])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.slow
async def test_a_port_in_use_is_a_clear_message(tmp_path: Path) -> None:
    """When somebody listens already, the start ends at once and says where and what to do."""
    async with serving(probes([]), HOST, 0) as taken, command(tmp_path, taken - 100) as child:
        _, said = await child.communicate()
    assert child.returncode == 1
    assert f"{HOST}:{taken}" in said.decode()
    assert "another PORT" in said.decode()
    assert "Traceback" not in said.decode()
