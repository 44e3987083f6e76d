import asyncio
import signal
import socket
import subprocess
import sys

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from common.runtime import PortInUse, running, serving
from tests.common.broker.site import eventually
from tests.common.process import Tiny, start, tiny
from tests.servers.network import free_port


async def in_hand(service: Tiny, seconds: float) -> asyncio.Task[httpx2.Response]:
    """Return a request that the service has begun to answer and will take so long to end."""
    request = asyncio.create_task(service.client.get("/slow", params={"seconds": seconds}))

    async def begun() -> bool:
        return (await service.client.get("/waiting")).text == "1"

    await eventually(begun)
    return request


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_drain(number: signal.Signals) -> None:
    """Told to stop, a service takes nothing new, finishes what is in hand, closes what it opened and exits 0."""
    async with tiny() as service:
        request = await in_hand(service, 2)
        service.terminate(number)

        async def refused() -> bool:
            async with httpx2.AsyncClient(base_url=service.client.base_url, trust_env=False, timeout=60) as another:
                try:
                    await another.get("/healthz")
                except (httpx2.ConnectError, httpx2.ReadError):  # nobody listens, or closed before it was taken
                    return True
            return False

        await eventually(refused)
        assert not request.done()
        assert (await request).text == "done"
        code, errors = await service.end()

    assert code == 0, errors
    assert [errors.count(f'"{event}"') for event in ("stopping", "built.down")] == [1, 1]
    assert "Traceback" not in errors


async def test_a_loop_that_dies() -> None:
    """When a loop dies the whole process ends, drained, saying why and with an exit code that tells a fault."""
    async with tiny(DIE_AFTER="0.5") as service:
        code, errors = await service.end()

    assert code == 1
    assert "the loop has no luck" in errors
    assert '"loop.died"' in errors
    assert '"built.down"' in errors


async def test_port_in_use() -> None:
    """A port that somebody listens on ends the start with a sentence: which port, and what to do."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process = await start(port)
        _, errors = await asyncio.wait_for(process.communicate(), 20)

    last = errors.decode().splitlines()[-1]
    assert process.returncode == 1
    assert last.startswith(f"Cannot start: cannot listen on 127.0.0.1:{port} (Address already in use)")
    assert "PORT" in last
    assert "Traceback" not in errors.decode()


async def test_a_setting_that_is_wrong() -> None:
    """A senseless setting ends the start with its name, and nothing runs."""
    process = await start(free_port(), DATABASE_URL="mysql://cora:db-password@db.example/")
    _, errors = await asyncio.wait_for(process.communicate(), 20)

    assert process.returncode == 1
    assert "DATABASE_URL: must look like postgresql://" in errors.decode()
    assert "db-password" not in errors.decode()


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


HELLO = Starlette(routes=[Route("/", hello)])


async def test_serving() -> None:
    """Within the block the app is served on the port it yields, after it the port is free."""
    async with serving(HELLO, "127.0.0.1", 0) as port, httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).text == "hello"
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))


async def test_two_on_one_port() -> None:
    """Of two that start on one port at the same moment exactly one wins."""
    port = free_port()

    async def serve() -> None:
        async with serving(HELLO, "127.0.0.1", port):
            await asyncio.sleep(0.2)

    outcomes = await asyncio.gather(*(serve() for _ in range(2)), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "PortInUse"]


async def test_a_host_that_is_not_ours() -> None:
    """An address of another machine is told as such."""
    with pytest.raises(PortInUse, match=r"cannot listen on 192\.0\.2\.1:"):
        async with serving(HELLO, "192.0.2.1", 0):
            raise AssertionError


async def test_running() -> None:
    """Loops run beside the block and are cancelled, and waited for, at its end, also when the block fails."""
    ended: list[str] = []

    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("ended")

    async def fail() -> None:
        async with running([loop, loop]):
            await asyncio.sleep(0)
            raise RuntimeError("the block's own")

    with pytest.raises(RuntimeError, match="the block's own"):
        await fail()
    assert ended == ["ended", "ended"]


@pytest.mark.parametrize(("may", "has"), [(900, 700), (500, 500)])
def test_a_process_lets_itself_have_many_files(may: int, has: int) -> None:
    """A process that was started with few files asks for as many as it was told, within what it may have."""
    code = "import resource; from common.runtime import allow_files; allow_files(700); print(resource.getrlimit(7)[0])"
    limited = f"ulimit -S -n 100; ulimit -H -n {may}; exec {sys.executable} -c '{code}'"
    said = subprocess.run(["/bin/sh", "-c", limited], check=True, capture_output=True)  # noqa: S603 - our own words
    assert int(said.stdout) == has
