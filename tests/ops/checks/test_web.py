import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common.runtime import serving
from ops.checks import web as checks
from ops.checks.finding import Outcome

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank")])


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(401, Outcome.OK), (403, Outcome.OK), (404, Outcome.FAIL), (200, Outcome.FAIL), (502, Outcome.FAIL)],
)
async def test_what_is_not_signed_is_refused(status: int, outcome: Outcome) -> None:
    """An answer as webhook_ingest gives it proves the way there; any other says that something else stands there."""

    async def answer(_request: Request) -> Response:
        return Response(status_code=status)

    async with serving(Starlette(routes=[Route("/hook", answer, methods=["POST"])]), "127.0.0.1", 0) as port:
        [found] = await checks.webhook_url(f"http://127.0.0.1:{port}/hook", at_home=True)
    assert found.outcome is outcome


async def test_a_webhook_url_that_leads_nowhere() -> None:
    """What Plaid could never use fails; what only we cannot reach is to be looked at."""
    [form] = await checks.webhook_url("http://127.0.0.1:1/hook", at_home=False)
    [away] = await checks.webhook_url("http://127.0.0.1:1/hook", at_home=True)
    assert (form.outcome, away.outcome) == (Outcome.FAIL, Outcome.WARN)


@asynccontextmanager
async def tls(folder: Path, lasts: timedelta) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """Serve TLS with a certificate that lasts so long; yield its address, and who trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    begins, ends = datetime.now(UTC) - timedelta(days=9), datetime.now(UTC) + lasts
    made = (
        x509.CertificateBuilder(NAME, NAME, key.public_key(), x509.random_serial_number(), begins, ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "bank.pem").write_bytes(made.public_bytes(pem) + private)
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(folder / "bank.pem")
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=shows)
    async with server:
        trust = ssl.create_default_context(cadata=made.public_bytes(pem).decode())
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/x", trust


@pytest.mark.parametrize(
    ("days", "outcome"), [(60, Outcome.OK), (3, Outcome.WARN), (-1, Outcome.FAIL)], ids=["long", "soon", "over"]
)
async def test_how_long_a_certificate_lasts(days: int, outcome: Outcome, tmp_path: Path) -> None:
    """Days are told; one that should have been renewed by now is to be looked at, one that is over fails."""
    async with tls(tmp_path, timedelta(days=days, hours=1)) as (url, trust):
        [found] = await checks.certificate(url, trust)
    assert found.outcome is outcome
    assert f"{days} days left" == found.says or days < 0


async def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    """What a browser would refuse is no certificate."""
    async with tls(tmp_path, timedelta(days=60)) as (url, _):
        [found] = await checks.certificate(url)
    assert (found.outcome, "not valid" in found.says) == (Outcome.FAIL, True)
