"""Whatever fits /openapi.json, and whatever does not, is answered as it says (schemathesis, over HTTP)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from common.database import Database
from common.runtime import serving
from tests.common.faulty_broker import FaultyBroker
from tests.webhook_ingest.conftest import application
from tests.webhook_ingest.doubles import Clock, KeyEndpoint, Signer

# Hypothesis looks for what moves `random` while it draws, and the service beside it does.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
Authorise = Callable[[Any], Any]


def unsigned(request: Any) -> Any:
    """Leave the request as it is."""
    return request


def signed_by(signer: Signer) -> Authorise:
    """Return what signs a prepared request as Plaid does."""

    def sign(request: Any) -> Any:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else body
        request.headers["Plaid-Verification"] = signer.sign(raw)
        return request

    return sign


def fuzz(description: dict[str, Any], url: str, mode: GenerationMode, authorise: Authorise) -> set[int]:
    """Send each operation what the mode makes up; return the answers' statuses, or raise what is not as promised."""
    answered: set[int] = set()
    for found in schemathesis.openapi.from_dict(description).get_all_operations():
        assert isinstance(found, Ok)

        @settings(max_examples=60, deadline=None, derandomize=True)
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def holds(case: Case[Any]) -> None:
            answer = case.call(base_url=url, auth=authorise)
            answered.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        holds()
    return answered


@pytest.fixture
async def url(clock: Clock, endpoint: KeyEndpoint, broker: FaultyBroker, no_database: Database) -> AsyncIterator[str]:
    """Where the service is served."""
    async with serving(application(clock, endpoint, broker, no_database), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


async def statuses(url: str, mode: GenerationMode, authorise: Authorise) -> set[int]:
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        description = (await client.get(f"{url}/openapi.json")).json()
    return await asyncio.to_thread(fuzz, description, url, mode, authorise)


async def test_signed(url: str, signer: Signer) -> None:
    """What fits the description and is signed is taken, or refused for its environment alone."""
    assert await statuses(url, GenerationMode.POSITIVE, signed_by(signer)) == {200, 400}


async def test_signed_and_not_as_described(url: str, signer: Signer) -> None:
    """What does not fit and is signed is refused as the description says; never by a 500."""
    assert 400 in await statuses(url, GenerationMode.NEGATIVE, signed_by(signer)) <= {200, 400}


async def test_nobody_there_to_keep_it(url: str, signer: Signer, broker: FaultyBroker) -> None:
    """While nothing can be kept what fits is put off with a 503 as described."""
    broker.down = True

    assert 503 in await statuses(url, GenerationMode.POSITIVE, signed_by(signer)) <= {200, 400, 503}


@pytest.mark.parametrize("mode", GenerationMode)
async def test_unsigned(url: str, mode: GenerationMode) -> None:
    """Whatever it is, unsigned it is answered 401."""
    assert await statuses(url, mode, unsigned) == {401}


async def test_what_no_description_makes_up(url: str) -> None:
    """The answers to what a fuzzer sends too rarely are described as well."""
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        description = (await client.get(f"{url}/openapi.json")).json()
    [operation] = [methods["post"] for methods in description["paths"].values()]

    assert set(operation["responses"]) == {"200", "400", "401", "403", "408", "413", "503"}
    for status in ("403", "408", "413"):
        assert set(operation["responses"][status]["content"]) == {"application/problem+json"}
