from collections.abc import AsyncIterator

import pytest
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.broker import Message
from common.broker.rabbit import RabbitBroker
from common.broker.topology import QUEUES
from common.runtime import serving
from tests.e2e.virtual_hosts import virtual_host
from tests.ops.command import Ops
from tests.servers.rabbitmq import Rabbit
from tests.sync_worker.bank import bank

SECRETS = {
    "DATABASE_URL": "postgresql://cora:hush@127.0.0.1:1/cora",
    "AMQP_URL": "amqp://cora:hush@127.0.0.1:1/",
    "PLAID_SECRET": "hush",
}


async def nothing(_message: Message) -> None:
    """Take it."""


async def refuse(_request: Request) -> Response:
    return Response(status_code=401)


@pytest.fixture
async def deployment(database_url: str, rabbitmq_server: Rabbit) -> AsyncIterator[Ops]:
    """Everything that a deployment stands on, and all of it well."""
    amqp_url = await virtual_host(rabbitmq_server)
    broker = RabbitBroker(amqp_url)
    await broker.start()
    await broker.connected()
    consumers = [await broker.consume(queue, nothing, prefetch=1) for queue in QUEUES]
    web = Starlette(routes=[Route("/hook", refuse, methods=["POST"])])
    async with bank() as served, serving(web, "127.0.0.1", 0) as port:
        yield Ops(
            {
                "DATABASE_URL": database_url,
                "AMQP_URL": amqp_url,
                "PLAID_ENV": "sandbox",
                "PLAID_CLIENT_ID": "client",
                "PLAID_SECRET": "secret",
                "PLAID_BASE_URL": served.url,
                "PLAID_ENCRYPTION_KEY": Fernet.generate_key().decode(),
                "PLAID_WEBHOOK_URL": f"http://127.0.0.1:{port}/hook",
                "PLAID_REDIRECT_URI": "http://127.0.0.1:8000/oauth-return",
            }
        )
    for consumer in consumers:
        await consumer.stop(1)
    await broker.close()


async def test_where_all_is_well(deployment: Ops) -> None:
    """Every check is ok, each is one line, nothing is to be done, and the command ends with 0."""
    ended = await deployment.process("doctor", "--json")
    assert [(row["check"], row["says"]) for row in ended.rows if row["outcome"] != "ok"] == []
    assert ended.code == 0
    looked_at = {row["check"] for row in ended.rows}
    assert looked_at >= {
        "PostgreSQL",
        "migrations",
        "keys",
        "RabbitMQ",
        "queues",
        "Plaid",
        "redirect URI",
        "webhook URL",
    }
    table = await deployment.process("doctor")
    assert (table.code, len(table.out.splitlines()), "→" in table.out) == (0, len(ended.rows), False)


async def test_one_that_fails_stops_no_other(deployment: Ops) -> None:
    """With PostgreSQL away the others are examined all the same; the command ends with 1 and says what to do."""
    away = Ops(deployment.environment | {"DATABASE_URL": SECRETS["DATABASE_URL"]})
    outcomes = {row["check"]: row["outcome"] for row in (await away.process("doctor", "--json")).rows}
    assert (outcomes["PostgreSQL"], outcomes["keys"], outcomes["queues"], outcomes["Plaid"]) == (
        "fail", "skipped", "ok", "ok",
    )  # fmt: skip
    told = await away.process("doctor")
    assert (told.code, "→ See that it runs and that DATABASE_URL" in told.out) == (1, True)


@pytest.mark.parametrize("value", ["", "hush"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "AMQP_URL", "PLAID_SECRET_FILE", "PLAID_ENCRYPTION_KEY", "PLAID_ENV"])
async def test_a_setting_that_is_missing_or_senseless(name: str, value: str) -> None:
    """Each is named, none is shown, and a file that cannot be read is one."""
    keys = {"PLAID_ENCRYPTION_KEY": Fernet.generate_key().decode(), "PLAID_ENV": "sandbox", "PLAID_CLIENT_ID": "c"}
    environment: dict[str, str | None] = {**keys, **SECRETS, "PLAID_BASE_URL": "http://127.0.0.1:1", name: value}
    if name.startswith("PLAID_SECRET"):
        environment["PLAID_SECRET"] = ""
    ended = await Ops(environment)("doctor", "--json")
    wrong = [row["says"] for row in ended.rows if row["check"].startswith("settings") and row["outcome"] == "fail"]
    assert (ended.code, "hush" in ended.out + ended.err) == (1, False)
    assert any(name.removesuffix("_FILE") in says for says in wrong)


async def test_no_secret_is_told() -> None:
    """Where nothing answers, what is said holds no password; as a process it says no more than its findings."""
    ended = await Ops(
        {**SECRETS, "PLAID_ENV": "sandbox", "PLAID_CLIENT_ID": "c", "PLAID_BASE_URL": "http://127.0.0.1:1"}
    ).process("doctor")
    assert (ended.code, ended.err, "hush" in ended.out) == (1, "", False)
