"""The event stream of one user."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from link_api.parts import Listener, Use
from link_api.streams import Reader, stream

router = APIRouter(prefix="/api/events", tags=["events"])

STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Server-sent events, without end"}
}


@router.get("", response_class=StreamingResponse, responses=STREAM)
async def stream_events(
    parts: Use, user: Listener, last_event_id: Annotated[str | None, Header()] = None
) -> StreamingResponse:
    """Listen to what changes: `item.status_changed`, `sync.progress`, `user.notified`, `expenses.changed`.

    Events are hints: refetch what they name. Without `Last-Event-ID` the stream begins now, so fetch after connecting;
    with it, it goes on after that event, and `reset` says that too much was missed: fetch everything. An event may come
    twice. The stream ends when the token expires.
    """
    reader = Reader(parts.database, user.user_id)
    greeting = await reader.begin(last_event_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(parts.hub, reader, user, greeting), media_type="text/event-stream", headers=headers)
