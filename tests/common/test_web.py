import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from common.logging import correlation_id
from common.runtime import serving
from common.web import Check, Correlation, Problem, probe_routes, probes, read_body, use_problems

LIMIT = 1_000


@asynccontextmanager
async def client(*routes: Route) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an app with these routes, as a service serves it."""
    app = Starlette(routes=list(routes))
    use_problems(app)
    transport = httpx2.ASGITransport(app=Correlation(app), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


def raising(error: Exception) -> Route:
    async def endpoint(_request: Request) -> Response:
        raise error

    return Route("/", endpoint)


async def test_a_problem() -> None:
    """A problem says its status, a sentence, a stable code, and whether to try again (RFC 9457)."""
    error = Problem(409, "The bank is linked already.", code="duplicate_bank", integration_id=7, plaid_code=None)
    async with client(raising(error)) as http:
        answer = await http.get("/")

    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The bank is linked already.",
        "code": "duplicate_bank",
        "retryable": False,
        "integration_id": 7,
    }


async def test_a_problem_with_headers() -> None:
    """A problem may say when to come again."""
    async with client(raising(Problem(503, "Later.", retryable=True, headers={"Retry-After": "30"}))) as http:
        answer = await http.get("/")

    assert (answer.headers["Retry-After"], answer.json()["retryable"]) == ("30", True)
    assert answer.json()["code"] == "service_unavailable"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nowhere", 404, "not_found"), ("POST", "/", 405, "method_not_allowed"), ("GET", "/", 400, "bad_request")],
)
async def test_the_frameworks_errors(method: str, path: str, status: int, code: str) -> None:
    """What the framework refuses is a problem with a sentence that helps, and the framework's headers."""
    async with client(raising(HTTPException(400))) as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ("Allow" in answer.headers) == (status == 405)
    assert answer.json()["detail"].endswith(".")
    assert ("/docs" in answer.json()["detail"]) == (status != 400)


async def test_the_unexpected() -> None:
    """A fault of ours is answered without its text, and logged under the correlation id that the caller got."""
    with capture_logs(processors=[merge_contextvars]) as lines:
        async with client(raising(RuntimeError("access-sandbox-secret"))) as http:
            answer = await http.get("/")

    assert (answer.status_code, answer.json()["retryable"]) == (500, True)
    assert "access-sandbox-secret" not in answer.text
    [line] = lines
    assert line["correlation_id"] == answer.headers["X-Correlation-ID"]
    assert (line["event"], line["error"]) == ("http.unexpected", "RuntimeError")


async def echo(_request: Request) -> Response:
    return JSONResponse({"id": correlation_id()})


async def test_a_correlation_id_of_its_own() -> None:
    """Each request has a correlation id, in its context and in its answer."""
    async with client(Route("/", echo)) as http:
        answers = [await http.get("/") for _ in range(2)]

    assert [answer.json()["id"] for answer in answers] == [answer.headers["X-Correlation-ID"] for answer in answers]
    assert answers[0].json() != answers[1].json()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("0b0f4a0c-5b0e-4a51-8c3b-8a2f1c3d7e11", True),
        ("abc123", True),
        ("", False),
        ("----", False),
        ("a b", False),
        ("a\tb", False),
        ("<script>", False),
        ("é", False),
    ],
)
async def test_a_given_correlation_id(given: str, kept: bool) -> None:
    """A caller's correlation id is taken on if it is one, and never if it could break a log line or a header."""
    async with client(Route("/", echo)) as http:
        answer = await http.get("/", headers=[(b"X-Correlation-ID", given.encode("latin-1"))])

    assert (answer.json()["id"] == given) == kept
    assert answer.headers["X-Correlation-ID"] == answer.json()["id"]


async def test_a_long_correlation_id() -> None:
    """A caller cannot fill our logs with an endless id."""
    async with client(Route("/", echo)) as http:
        answer = await http.get("/", headers={"X-Correlation-ID": "a" * 1_000})

    assert len(answer.json()["id"]) == 64


async def swallow(request: Request) -> Response:
    return JSONResponse({"size": len(await read_body(request, LIMIT, within=0.2))})


@pytest.mark.parametrize("size", [0, 1, LIMIT])
async def test_a_body(size: int) -> None:
    """A body up to the limit is read whole."""
    async with client(Route("/", swallow, methods=["POST"])) as http:
        assert (await http.post("/", content=b"x" * size)).json() == {"size": size}


async def endless(sent: list[bytes]) -> AsyncIterator[bytes]:
    while True:
        sent.append(b"x" * 100)
        yield sent[-1]


async def test_an_endless_body() -> None:
    """A body without a declared size is read up to the limit, and no further."""
    sent: list[bytes] = []
    async with client(Route("/", swallow, methods=["POST"])) as http:
        answer = await http.post("/", content=endless(sent))

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert len(sent) * 100 <= LIMIT + 200


@pytest.mark.parametrize("declared", [str(LIMIT + 1), "9" * 19, "9" * 5_000])
async def test_a_body_that_declares_itself_too_large(declared: str) -> None:
    """A body that says that it is too large is refused before any of it is read."""
    sent: list[bytes] = []
    async with client(Route("/", swallow, methods=["POST"])) as http:
        answer = await http.post("/", content=endless(sent), headers={"Content-Length": declared})

    assert answer.status_code == 413
    assert sent == []


@pytest.mark.parametrize("declared", ["-1", "ten", "", "²"])
async def test_a_body_with_a_senseless_size(declared: str) -> None:
    """What a client says about its body's size is only a hint."""
    headers = [(b"Content-Length", declared.encode("latin-1"))]
    async with client(Route("/", swallow, methods=["POST"])) as http:
        assert (await http.post("/", content=b"x", headers=headers)).json() == {"size": 1}


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]
HEAD = b"POST / HTTP/1.1\r\nHost: service\r\nContent-Length: 500\r\n\r\n"


@asynccontextmanager
async def raw(*routes: Route) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A bare connection to a served app."""
    app = Starlette(routes=list(routes))
    use_problems(app)
    async with serving(app, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        yield reader, writer
        writer.close()


async def test_a_slow_body() -> None:
    """A client that sends its body drop by drop is cut off."""
    async with raw(Route("/", swallow, methods=["POST"])) as (reader, writer):
        writer.write(HEAD + b"x")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)

    assert answer.startswith(b"HTTP/1.1 408")


async def test_a_body_that_ends_early() -> None:
    """A client that goes away in the middle is no fault of ours."""
    ended: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def note(request: Request) -> Response:
        try:
            return JSONResponse(len(await read_body(request, LIMIT, within=5)))
        except Problem as problem:
            ended.set_result(problem)
            raise

    async with raw(Route("/", note, methods=["POST"])) as (_, writer):
        writer.write(HEAD + b"x")
        await writer.drain()
        writer.close()
        problem = await asyncio.wait_for(ended, 5)

    assert isinstance(problem, Problem)
    assert problem.code == "cut_off"


async def database() -> None:
    """There."""


async def broker() -> None:
    raise ConnectionRefusedError("amqp://cora:mq-password@mq.example/")


@pytest.mark.parametrize(
    ("checks", "status", "said"),
    [
        ([], 200, "ready\n"),
        ([database], 200, "ready\n"),
        ([database, broker], 503, "not ready: broker: ConnectionRefusedError\n"),
    ],
)
async def test_readiness(checks: list[Check], status: int, said: str) -> None:
    """Ready when every check passes; else the name of what is missing, and no address or password."""
    async with client(*probe_routes(checks)) as http:
        answer = await http.get("/readyz")

    assert (answer.status_code, answer.text) == (status, said)


async def test_liveness_asks_nobody() -> None:
    """A process is alive whatever is down around it: restarting it would not help."""
    async with client(*probe_routes([broker])) as http:
        assert (await http.get("/healthz")).status_code == 200


async def test_probes_of_a_worker() -> None:
    """A service without an API still serves its probes and metrics."""
    transport = httpx2.ASGITransport(app=probes([database]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as http:
        assert [(await http.get(path)).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]
        assert "# TYPE outbox_oldest_seconds gauge" in (await http.get("/metrics")).text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/", 404), ("POST", "/readyz", 405)])
async def test_probes_say_what_there_is(method: str, path: str, status: int) -> None:
    """Whoever asks a worker for something else is told what it serves, in the shape of every problem."""
    transport = httpx2.ASGITransport(app=probes([]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://service") as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert "/healthz, /readyz and /metrics" in answer.json()["detail"]
