"""Lets a client send a POST again after a lost answer: under one Idempotency-Key it is done once, answered twice."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import structlog
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.database import Database
from common.sealing import Vault
from common.web import Problem
from link_api import problems
from link_api.callers import Callers
from link_api.domain.idempotency import KEPT_HEADERS, Answer, Request, fingerprint, is_key
from link_api.rates import Rates
from link_api.store import idempotency
from link_api.store.idempotency import Kept

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
"""More than a request takes; what a process left unanswered that died may run again then."""
SCHEME = "bearer "


class Runs:
    """Which request runs, and what came of those that did."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def once(self, request: Request, run: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """Run unless it was done; return the answer and whether it is an old one. Raise a 409 or 422 Problem."""
        claim = uuid4()
        async with self._database.transaction() as session:
            kept = await idempotency.claim(session, request, claim, LEASE)
        if kept is not None:
            return self._old(request, kept), True
        answer = await run()
        sealed = self._vault.seal(SecretStr(answer.dump())) if answer.final else None
        try:
            async with self._database.transaction() as session:
                await idempotency.finish(session, request, claim, sealed)
        except (SQLAlchemyError, OSError) as error:
            log.warning("idempotency.not_kept", operation=request.operation, error=type(error).__name__)
        return answer, False

    def _old(self, request: Request, kept: Kept) -> Answer:
        if kept.fingerprint != request.fingerprint:
            detail = "This Idempotency-Key was sent with another request; take a new key for a new request."
            raise Problem(422, detail, code="idempotency_key_reused")
        if kept.answer is None:
            detail = "The same request is still being worked on; ask again for its answer."
            raise Problem(409, detail, code="in_progress", retryable=True, headers={"Retry-After": "1"})
        return Answer.load(self._vault.open(kept.answer).get_secret_value())


class Idempotency:
    """Around the app: a POST under /api with an Idempotency-Key is run once, its answer kept before it is sent."""

    def __init__(self, app: ASGIApp, runs: Runs, callers: Callers, rates: Rates) -> None:
        self._app = app
        self._runs = runs
        self._callers = callers
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if (key := headers.get("idempotency-key")) is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await self._answer(scope, receive, headers, key)
        except Problem as problem:
            response = problem.response()
        except (SQLAlchemyError, OSError) as error:
            response = problems.of_database(error).response()
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, headers: Headers, key: str) -> Response:
        caller = await self._callers.admit(_token(headers))
        scope["state"]["standing"] = await self._rates.take(caller.user_id)
        if not is_key(key):
            detail = "An Idempotency-Key has 1 to 255 printable ASCII characters; a UUID is a good one."
            raise Problem(400, detail, code="bad_idempotency_key")
        message = await receive()  # all of the body: it was read before
        path, query = scope["path"], scope["query_string"]
        print_ = fingerprint("POST", path, query, message.get("body", b""))
        request = Request(caller.user_id, key, f"POST {path}", print_)
        answer, old = await self._runs.once(request, lambda: run(self._app, scope, message, receive))
        replayed = {"Idempotency-Replayed": "true"} if old else {}
        return Response(answer.body, answer.status, answer.headers | replayed)


async def run(app: ASGIApp, scope: Scope, body: Message, receive: Receive) -> Answer:
    """Return what the app answers to this request, whole."""
    messages = iter([body])
    sent: list[Message] = []

    async def replay() -> Message:
        return next(messages, None) or await receive()

    async def collect(message: Message) -> None:
        sent.append(message)

    try:
        await app(scope, replay, collect)
    except Exception:  # it is logged and answered, unless nothing was sent
        if not sent:
            raise
    headers = Headers(raw=sent[0]["headers"])
    kept = {name: headers[name] for name in KEPT_HEADERS if name in headers}
    return Answer(sent[0]["status"], kept, b"".join(message.get("body", b"") for message in sent[1:]))


def _token(headers: Headers) -> str | None:
    sent = headers.get("authorization", "")
    return sent[len(SCHEME) :].strip() or None if sent.lower().startswith(SCHEME) else None
