"""Whatever fits /openapi.json, and whatever does not, is answered as it says (schemathesis, over HTTP)."""

import asyncio
import copy
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks
from starlette.applications import Starlette

from link_api.document import document
from tests.link_api.ledger import ledger
from tests.link_api.world import World, bearer, world

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 15
"""Of each operation and mode: what is made up is the same every time."""
TABLES = {"integration_id": "plaid_integrations", "expense_id": "expenses", "notification_id": "notifications"}
STREAM = "/api/events"
FAULTS = 500


# Hypothesis looks for what moves `random` while it draws, and the service beside it does.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning"
)


@pytest.fixture
async def lived_in(database_url: str, sandbox: Starlette) -> AsyncIterator[World]:
    """link_api with two banks of user 1, expenses of many kinds and a notification."""
    async with world(database_url, sandbox) as live:
        await live.linked()
        book = await ledger(live)
        for category in ("materials", "fuel", "income", "groceries"):
            await book.expense(category=category)
        await book.expense("-0.00000001", iso=None)
        await book.transaction(pending=True)
        await book.notification()
        yield live


async def aimed(live: World) -> dict[str, Any]:
    """Return the description, whose ids and categories are of something that is there, or might be."""
    whole: dict[str, Any] = copy.deepcopy(document())
    meant: dict[str, Any] = {"category": {"type": "array", "items": {"enum": ["fuel", "materials", "none"]}}}
    for name, table in TABLES.items():
        [row] = await live.rows(f"SELECT max(id) AS id FROM {table} WHERE user_id = 1")
        meant[name] = {"type": "string", "enum": [str(row["id"]), "99", "é%00"]}
    del whole["paths"][STREAM]
    for methods in whole["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = meant.get(parameter["name"], parameter["schema"])
    return whole


def fuzz(description: dict[str, Any], url: str, mode: GenerationMode) -> Counter[int]:
    """Send each operation what the mode makes up; return how often each status came, or raise what is not promised."""
    answered: Counter[int] = Counter()
    operations = [
        one.ok() for one in schemathesis.openapi.from_dict(description).get_all_operations() if isinstance(one, Ok)
    ]
    assert len(operations) == sum(map(len, description["paths"].values()))
    for operation in sorted(operations, key=lambda one: (one.method == "delete", one.path)):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Case[Any]) -> None:
            answer = case.call(base_url=url, headers=bearer())
            answered[answer.status_code] += 1
            assert answer.status_code < FAULTS, (case.as_curl_command(), answer.text)
            case.validate_response(answer, checks=CHECKS)

        holds()
    return answered


async def test_what_is_as_described(lived_in: World) -> None:
    """What fits the description is done or refused as it says; nothing fails."""
    url = str(lived_in.api.base_url).rstrip("/")
    answered = await asyncio.to_thread(fuzz, await aimed(lived_in), url, GenerationMode.POSITIVE)
    assert {200, 202, 204, 400, 404, 422} <= set(answered)


async def test_what_is_not_as_described(lived_in: World) -> None:
    """What does not fit is refused as the description says, or passed over; nothing fails."""
    url = str(lived_in.api.base_url).rstrip("/")
    answered = await asyncio.to_thread(fuzz, await aimed(lived_in), url, GenerationMode.NEGATIVE)
    assert answered[422] > answered[200]
