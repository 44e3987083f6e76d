"""What webhook_ingest is compared with: an endpoint that reads the body and answers, served by our runtime."""

import asyncio
import os

from fastapi import FastAPI, Request, Response

from common.runtime import Service, loop_factory, serve
from common.web import probe_routes


def app() -> FastAPI:
    """Return the app."""
    made = FastAPI()
    made.router.routes.extend(probe_routes([]))

    @made.post("/api/plaid/webhook")
    async def take(request: Request) -> Response:
        await request.body()
        return Response(b'{"received":true}', media_type="application/json")

    return made


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve([(Service(app()), os.environ["HOST"], int(os.environ["PORT"]))]))
