"""Requests that get no answer, each for another reason."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.servers.network import free_port
from tests.webhook_ingest.check.certificates import showing, write
from tests.webhook_ingest.check.front import answering
from tests.webhook_ingest.doubles import PATH
from webhook_ingest.check.answer import Answer, Silence
from webhook_ingest.check.probe import Probe


async def post(url: str, *, patience: float = 30) -> Answer:
    return await asyncio.to_thread(Probe(url, patience).post, b"{}", "a.b.c")


async def silent(url: str, *, patience: float = 30) -> str:
    """Return why there is no answer."""
    with pytest.raises(Silence) as silence:
        await post(url, patience=patience)
    return silence.value.reason


CERTIFICATES = {
    "certificate_expired": {"ends": -1},
    "certificate_early": {"begins": 1},
    "certificate_name": {"address": "192.0.2.1"},
}


@pytest.mark.parametrize("reason", CERTIFICATES)
async def test_a_certificate_that_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    """What is wrong with a certificate is told, even where its authority is known."""
    certificate = write(tmp_path, **CERTIFICATES[reason])  # type: ignore[arg-type]
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with showing(certificate) as address:
        assert await silent(f"https://{address}") == reason


async def test_a_certificate_that_signed_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of an unknown authority is not taken; once the machine knows it, it is."""
    certificate = write(tmp_path)
    async with showing(certificate) as address:
        assert await silent(f"https://{address}") == "certificate_untrusted"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert (await post(f"https://{address}")).code == "missing"


async def test_http_and_https_mixed_up(tmp_path: Path) -> None:
    """Plain HTTP at a TLS port gets no answer, TLS at a port of plain HTTP is told as that."""
    async with showing(write(tmp_path)) as address:
        assert await silent(f"http://{address}") == "cut_off"
    async with answering("") as address:
        assert await silent(address.replace("http:", "https:")) == "no_tls"


async def test_nobody_listens() -> None:
    """A closed port, and a name that nobody has."""
    assert await silent(f"http://127.0.0.1:{free_port()}{PATH}") == "refused"
    assert await silent(f"https://bank.invalid{PATH}") == "unknown_host"
    assert await silent(f"https://{'x' * 64}.invalid{PATH}") == "unknown_host"


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def says(words: bytes) -> Handler:
    """Return a server that says this, whatever it is asked, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        await writer.drain()
        writer.close()

    return answer


async def sleep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and say nothing until the client is gone."""
    await reader.read()
    writer.close()


ODD = {
    "cut_off": says(b""),
    "no_http": says(b"220 mail.example.com ESMTP\r\n"),
    "slow": sleep,
}


@pytest.mark.parametrize("reason", ODD)
async def test_odd_servers(reason: str) -> None:
    """A server that hangs up, speaks something else, or takes too long."""
    async with await asyncio.start_server(ODD[reason], "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await silent(f"http://127.0.0.1:{port}{PATH}", patience=0.3 if reason == "slow" else 30) == reason


async def test_what_is_sent() -> None:
    """A POST to path and query of the very bytes, as JSON, with the signature; read back in bounds."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"{}"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nX-Much: a\r\n\r\n" + bytes(100_000))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        told = await post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook?of=bank")
    lines = heard[0].decode().splitlines()
    assert lines[0] == "POST /hook?of=bank HTTP/1.1"
    assert {"Content-Type: application/json", "Plaid-Verification: a.b.c", "Content-Length: 2"} <= set(lines)
    assert (told.status, len(told.body), told.headers["x-much"], told.code) == (200, 65_536, "a", None)
