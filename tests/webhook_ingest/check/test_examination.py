"""The check against the real service, whole or with something wrong before it or in it."""

import json
from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from plaid_sandbox.settings import Settings as SandboxSettings
from tests.common.faulty_broker import FaultyBroker
from tests.plaid_sandbox import running
from tests.plaid_sandbox.running import StandIn, serving
from tests.webhook_ingest.check.conftest import Ingest, examine
from tests.webhook_ingest.check.front import Front, answering, parsed
from tests.webhook_ingest.doubles import PATH
from webhook_ingest.check.diagnosis import Finding, Mark

NOWHERE = "http://127.0.0.1:1"
RIGHT = ["private_address", "unsigned", "stranger", "clock", "environment"]


def names(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings]


def wrong(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings if finding.mark is Mark.WRONG]


async def test_all_is_well(stand_in: StandIn, ingest: Ingest, broker: FaultyBroker) -> None:
    """With the stand-in's signature the whole way is proven; nothing follows from it, and two keys are asked for."""
    async with ingest(stand_in.url) as url:
        found = await examine(url + PATH, sandbox=stand_in.url, expected="sandbox")
        assert names(found) == [*RIGHT, "genuine", "other"]
        assert wrong(found) == []
    assert broker.published == []
    assert len(list(stand_in.sandbox.calls.find("/webhook_verification_key/get", None, 0))) == 2


async def test_without_a_stand_in(stand_in: StandIn, ingest: Ingest) -> None:
    """All but Plaid's own key is found out with a stranger's, in two requests; the environment is told."""
    async with ingest(stand_in.url) as url:
        front = Front(url)
        async with front.serving() as address:
            found = await examine(address)
    assert names(found) == RIGHT
    assert [finding.mark for finding in found][-1] is Mark.NOTE
    assert "takes webhooks of sandbox" in found[-1].text
    assert front.requests == 2


REWRITERS: dict[str, Callable[[bytes], bytes]] = {
    "compact": lambda body: json.dumps(parsed(body), separators=(",", ":"), ensure_ascii=False).encode(),
    "same layout": lambda body: json.dumps(parsed(body), indent=2).encode(),
    "same layout, UTF-8": lambda body: json.dumps(parsed(body), indent=2, ensure_ascii=False).encode(),
    "sorted": lambda body: json.dumps(parsed(body), indent=2, sort_keys=True).encode(),
    "line break": lambda body: body + b"\n",
    "line ends": lambda body: body.replace(b"\n", b"\r\n"),
    "slashes": lambda body: body.replace(rb"\/", b"/"),
    "entities": lambda body: body.replace(b"<", b"&lt;"),
    "latin": lambda body: body.decode().encode("latin-1"),
    "numbers": lambda body: body.replace(b"1.10", b"1.1"),
    "empty": lambda _: b"",
}


async def test_a_rewritten_body(stand_in: StandIn, ingest: Ingest) -> None:
    """Whatever a proxy makes of the body is found out, and nothing else is blamed."""
    async with ingest(stand_in.url) as url:
        front = Front(url)
        async with front.serving() as address:
            found = {}
            for name, front.rewrite in REWRITERS.items():
                found[name] = wrong(await examine(address, sandbox=stand_in.url))
    assert found == {name: ["body_changed"] for name in REWRITERS}


HEADERS = {"lost": (None, "missing"), "cut": ("eyJhbGciOi", "malformed"), "twice": ("a.b.c, a.b.c", "malformed")}


@pytest.mark.parametrize(("value", "name"), HEADERS.values(), ids=HEADERS)
async def test_a_changed_header(ingest: Ingest, value: str | None, name: str) -> None:
    """A signature that is lost or changed on the way is told as that."""
    async with ingest(NOWHERE) as url, Front(url, change={"plaid-verification": value}).serving() as address:
        assert wrong(await examine(address)) == [name]


async def test_a_changed_content_type(stand_in: StandIn, ingest: Ingest) -> None:
    """What becomes of Content-Type is found out with the stand-in's signature."""
    async with ingest(stand_in.url) as url, Front(url, change={"content-type": "text/plain"}).serving() as address:
        assert wrong(await examine(address, sandbox=stand_in.url)) == ["unreadable"]


@pytest.mark.parametrize(("off", "said"), [(420.0, "420 s ahead of"), (-180.0, "180 s behind")])
async def test_the_servers_clock_is_off(stand_in: StandIn, ingest: Ingest, off: float, said: str) -> None:
    """The answer's Date says by how much; with its time the signature arrives, so nothing else is wrong."""
    async with ingest(stand_in.url, off=off) as url, Front(url, clock=off).serving() as address:
        found = await examine(address)
    assert names(found) == ["private_address", "unsigned", "clock", "stranger", "environment"]
    assert wrong(found) == ["clock"]
    seconds, *words = said.split()
    assert " ".join(words) in found[2].text
    told = int(found[2].text.partition("clock is ")[2].split()[0])
    assert abs(told - int(seconds)) <= 2


@pytest.mark.parametrize("off", [420.0, -180.0])
async def test_the_clock_behind_the_proxy_is_off(ingest: Ingest, off: float) -> None:
    """Where the proxy's clock agrees with ours, webhook_ingest's own is blamed."""
    async with ingest(NOWHERE, off=off) as url, Front(url).serving() as address:
        found = await examine(address)
    assert wrong(found) == ["clock"]
    assert "webhook_ingest runs on" in found[-1].text


async def test_clocks_differ_a_little(stand_in: StandIn, ingest: Ingest) -> None:
    """A clock that will soon refuse is worth a word, but nothing is wrong yet."""
    async with ingest(stand_in.url, off=100) as url, Front(url, clock=100).serving() as address:
        found = await examine(address)
    assert names(found) == ["private_address", "unsigned", "stranger", "clocks_differ", "environment"]
    assert wrong(found) == []


async def test_the_other_environment(stand_in: StandIn, ingest: Ingest) -> None:
    """A service of the other environment is found out from outside; the rest of it works."""
    async with ingest(stand_in.url) as url:
        found = await examine(url + PATH, sandbox=stand_in.url, expected="production")
    assert wrong(found) == ["environment"]
    assert "takes webhooks of sandbox and refuses those of production" in found[4].text
    assert names(found)[-2:] == ["genuine", "other"]


async def test_plaid_cannot_be_reached(ingest: Ingest) -> None:
    """A service that gets no keys says so; then no stand-in is asked."""
    async with ingest(NOWHERE) as url:
        found = await examine(url + PATH, sandbox=NOWHERE)
    assert wrong(found) == ["no_key"]
    assert names(found)[-1] == "no_key"


async def test_plaid_refuses_the_credentials(stand_in: StandIn, ingest: Ingest) -> None:
    """Credentials that Plaid does not know leave the service without keys."""
    async with ingest(stand_in.url, plaid_secret="of the other environment") as url:
        assert wrong(await examine(url + PATH)) == ["no_key"]


async def test_too_many_unknown_keys(stand_in: StandIn, ingest: Ingest) -> None:
    """Who examines again and again is told to wait, not that anything is broken."""
    async with ingest(stand_in.url) as url:
        runs = [wrong(await examine(url + PATH)) for _ in range(12)]
    assert runs[0] == []
    assert runs[-1] == ["too_many_keys"]


async def test_another_stand_in(stand_in: StandIn, ingest: Ingest) -> None:
    """A service that asks somebody else for keys does not take the stand-in's webhooks."""
    async with running.running(SandboxSettings(seed="another")) as another, ingest(stand_in.url) as url:
        found = await examine(url + PATH, sandbox=another.url)
    assert wrong(found) == ["unknown_key"]
    assert "PLAID_BASE_URL" in str(found[-1].mend)


@pytest.mark.parametrize("path", ["", "/nowhere"])
async def test_no_stand_in(stand_in: StandIn, ingest: Ingest, path: str) -> None:
    """A stand-in that cannot be asked, or is none, is told by its own address."""
    async with ingest(stand_in.url) as url:
        found = await examine(url + PATH, sandbox=(stand_in.url if path else NOWHERE) + path)
    assert wrong(found) == ["no_stand_in"]
    assert names(found)[-1] == "no_stand_in"


async def test_an_address_that_is_not_listed(ingest: Ingest) -> None:
    """Where an operator listed the sources of webhooks, whoever is none of them is told so."""
    async with ingest(NOWHERE, webhook_sources=["203.0.113.0/24"]) as url:
        assert names(await examine(url + PATH)) == ["private_address", "source"]


async def test_the_wrong_path(ingest: Ingest) -> None:
    """webhook_ingest itself, asked elsewhere, is known as what it is."""
    async with ingest(NOWHERE) as url:
        assert wrong(await examine(url + "/webhook")) == ["not_found"]
        assert wrong(await examine(url + "/healthz")) == ["method_not_allowed"]
        assert wrong(await examine(url + PATH + "/")) == ["redirect"]


HTML = "<html><body>Hello</body></html>"
STRANGERS = {
    200: "unsigned_taken",
    204: "unsigned_taken",
    301: "redirect",
    308: "redirect",
    400: "somebody_else",
    401: "password",
    403: "forbidden",
    404: "nothing_there",
    405: "no_post",
    413: "foreign_limit",
    418: "somebody_else",
    429: "throttled",
    500: "somebody_else",
    502: "no_service",
    503: "no_service",
    504: "no_service",
}


async def test_somebody_else_answers() -> None:
    """What a proxy, a firewall or another program says is told by its status, and ends the examination."""
    elsewhere = {"content_type": "text/html", "location": "https://elsewhere.example/hook"}
    async with answering(HTML, **elsewhere) as address:
        found = {status: await examine(f"{address}/{status}") for status in STRANGERS}
    assert {status: names(told) for status, told in found.items()} == {
        status: ["private_address", name] for status, name in STRANGERS.items()
    }
    assert "https://elsewhere.example/hook" in str(found[301][1].mend)


async def test_caddys_own_problems_are_not_ours() -> None:
    """A problem+json without a code is a proxy's."""
    problem = '{"type":"about:blank","title":"Bad Gateway","status":502}'
    async with answering(problem, content_type="application/problem+json") as address:
        assert wrong(await examine(f"{address}/502")) == ["no_service"]


async def test_who_believes_everything() -> None:
    """Whoever refuses what is unsigned and takes any signature is no webhook_ingest."""
    refusal = '{"status":401,"code":"missing"}'

    async def believe(request: Request) -> Response:
        if "plaid-verification" in request.headers:
            return Response("ok")
        return Response(refusal, 401, media_type="application/problem+json")

    async with serving(Starlette(routes=[Route(PATH, believe, methods=["POST"])])) as url:
        assert wrong(await examine(url + PATH)) == ["stranger_taken"]
