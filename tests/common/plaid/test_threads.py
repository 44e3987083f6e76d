import asyncio
import sys
import threading
from asyncio.subprocess import PIPE
from time import sleep

import pytest

from common.plaid.threads import Threads


async def test_results() -> None:
    """What a call returns or raises reaches whoever awaits it."""
    threads = Threads(2)

    assert await threads.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)


async def test_beside_the_loop() -> None:
    """Calls run beside each other and beside the loop, never more at once than allowed."""
    threads = Threads(3)
    at_work = most = 0
    lock = threading.Lock()

    def call() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        sleep(0.02)
        with lock:
            at_work -= 1

    await asyncio.gather(*(threads.run(call) for _ in range(12)))

    assert most == 3


async def test_a_call_that_nobody_awaits_any_more() -> None:
    """A call whose caller gave up keeps its slot until it ends, and harms nobody when it does."""
    threads = Threads(1)
    go_on, ended = threading.Event(), threading.Event()

    def call() -> None:
        go_on.wait(10)
        ended.set()

    abandoned = asyncio.create_task(threads.run(call))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.wait([abandoned])
    following = asyncio.create_task(threads.run(lambda: "next"))
    await asyncio.sleep(0)
    assert not following.done()

    go_on.set()

    assert await asyncio.wait_for(following, 10) == "next"
    assert ended.is_set()


HANGING = """
import asyncio, time
from common.plaid.threads import Threads

async def main():
    call = asyncio.create_task(Threads(1).run(lambda: time.sleep(60)))
    await asyncio.sleep(0.1)
    call.cancel()

asyncio.run(main())
"""


async def test_nobody_waits_for_a_thread_at_the_end() -> None:
    """A call that hangs does not keep a process from ending, and ending well."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", HANGING, stderr=PIPE)
    _, errors = await asyncio.wait_for(process.communicate(), 20)

    assert (process.returncode, errors) == (0, b"")
