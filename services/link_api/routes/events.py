"""The event stream of one user."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from common.events import ExpensesChanged, RulesChanged, StatusChanged, SyncProgress, UserEvent, UserNotified
from link_api.parts import Listener, Use
from link_api.streams import Reader, stream

router = APIRouter(prefix="/api/events", tags=["events"])

HINTS: tuple[UserEvent, ...] = (
    StatusChanged(user_id=1, integration_id=3, status="login_required"),
    SyncProgress(user_id=1, integration_id=3, stage="INITIAL_UPDATE_COMPLETE", transactions=500, done=False),
    UserNotified(user_id=1, notification_id=12, integration_id=3, kind="expiring"),
    ExpensesChanged(user_id=1, expense_ids=[4711, 4712]),
    RulesChanged(user_id=1),
)
MESSAGES = {hint.type: f"id: 815\nevent: {hint.type}\ndata: {hint.model_dump_json()}\n\n" for hint in HINTS} | {
    "reset": "id: 815\nevent: reset\ndata: {}\n\n",
    "heartbeat": ": beat\n\n",
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events, without end",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "examples": {name: {"value": message} for name, message in MESSAGES.items()},
            }
        },
    }
}


LastId = Annotated[str | None, Header(description="The `id` of the last event that you have; left out: begin now")]


@router.get("", response_class=StreamingResponse, responses=STREAM)
async def stream_events(parts: Use, user: Listener, last_event_id: LastId = None) -> StreamingResponse:
    """Listen to what changes: items, the progress of syncs, notifications, expenses, rules.

    Events are hints: refetch what they name. Without `Last-Event-ID` the stream begins now, so fetch after connecting;
    with it, it goes on after that event, and `reset` says that too much was missed: fetch everything. An event may come
    twice. A comment comes every 15 seconds, so that silence means a dead connection. The stream ends when the token
    expires; opening it is no call of your quota. The shapes of `data` are under Schemas, by the names `StatusChanged`,
    `SyncProgress`, `UserNotified`, `ExpensesChanged` and `RulesChanged`.
    """
    reader = Reader(parts.database, user.user_id)
    greeting = await reader.begin(last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(parts.hub, reader, user, greeting), media_type="text/event-stream", headers=headers)
