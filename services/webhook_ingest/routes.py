"""POST /api/plaid/webhook: read it whole, believe it only when verified, answer 200 only when it is durable."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter, Histogram

from common.events import WebhookReceived
from common.web import Problem, read_body
from webhook_ingest import answers
from webhook_ingest.acceptance import Acceptance
from webhook_ingest.bucket import Bucket
from webhook_ingest.domain.refusal import Refusal, Unreadable
from webhook_ingest.domain.webhook import Decision, Webhook, read
from webhook_ingest.openapi import ANSWERS, REQUEST
from webhook_ingest.sources import Sources, address_of
from webhook_ingest.verification import Verifier

log = structlog.get_logger(__name__)

WEBHOOKS = Counter("webhooks_total", "Webhooks by outcome: published, stored, ignored, unknown or why not", ["outcome"])
ANSWERED = Histogram(
    "webhook_answer_seconds",
    "Time from a webhook's headers to its answer",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

LARGEST = 256 * 1024
"""Bytes. Plaid's have a few hundred."""
ACCEPTED = b'{"received":true}'


class Webhooks:
    """What happens to each webhook, in order."""

    def __init__(
        self,
        verifier: Verifier,
        acceptance: Acceptance,
        environment: str,
        *,
        sources: Sources | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._verifier = verifier
        self._acceptance = acceptance
        self._environment = environment
        self._sources = sources or Sources()
        self._clock = clock
        self._log_lines = Bucket(20, 1)

    async def receive(self, request: Request) -> str:
        """Return what became of the webhook, or raise the Problem to answer with."""
        source = address_of(request)
        body = None
        try:
            self._sources.check(source)
            body = await read_body(request, LARGEST)
            await self._verifier.verify(_signature(request), body, source)
            _check_content_type(request)
            return await self._follow(read(body, self._environment))
        except (Problem, Refusal) as refusal:
            problem = answers.problem(refusal, self._environment) if isinstance(refusal, Refusal) else refusal
            if self._log_lines.take():
                log.warning("webhook.refused", code=problem.code, source=source, **_measures(request, body))
            raise problem from None

    async def _follow(self, webhook: Webhook) -> str:
        if webhook.doorbell is not None:
            event = WebhookReceived(
                webhook_type=webhook.type,
                webhook_code=webhook.code,
                received_at=datetime.fromtimestamp(self._clock(), UTC),
                **webhook.doorbell.model_dump(),
            )
            outcome = await self._acceptance.accept(event)
            log.info("webhook.accepted", webhook_type=webhook.type, webhook_code=webhook.code, outcome=outcome)
            return outcome
        if webhook.decision is Decision.UNKNOWN:
            if self._log_lines.take():
                log.warning("webhook.unknown", webhook_type=webhook.type, webhook_code=webhook.code)
            return "unknown"
        return "ignored"


def _measures(request: Request, body: bytes | None) -> dict[str, int | str]:
    if body is not None:
        return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    declared = request.headers.get("content-length", "")[:19]
    return {"size": int(declared)} if declared.isdecimal() else {}


def _signature(request: Request) -> str:
    return ", ".join(request.headers.getlist("plaid-verification"))  # RFC 9110: the same; two make no JWT


def _check_content_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise Unreadable("Content-Type")


def routes(webhooks: Webhooks) -> APIRouter:
    """Return the one route that Plaid knows."""
    router = APIRouter()

    @router.post("/api/plaid/webhook", response_class=Response, responses=ANSWERS, openapi_extra=REQUEST)
    async def plaid_webhook(request: Request) -> Response:
        """Take a webhook of Plaid. 200 means that it is durable and will have its effect, or that none follows."""
        started = time.perf_counter()
        outcome = "failed"
        try:
            outcome = await webhooks.receive(request)
        except Problem as problem:
            outcome = problem.code
            raise
        finally:
            WEBHOOKS.labels(outcome).inc()
            ANSWERED.observe(time.perf_counter() - started)
        return Response(ACCEPTED, media_type="application/json")

    return router
