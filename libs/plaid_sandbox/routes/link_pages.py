"""The files of Link's window and of the OAuth bank's page."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_FOLDER = Path(__file__).parent.parent / "link_page"


def routes() -> list[BaseRoute]:
    """Return the routes of this module."""
    return [
        _page("/v2/stable/link-initialize.js", "link-initialize.js"),
        _page("/page", "page.html"),
        _page("/oauth/authorize", "oauth.html"),
        Mount("/assets", StaticFiles(directory=_FOLDER)),
    ]


def _page(path: str, name: str) -> Route:
    async def answer(_: Request) -> FileResponse:
        return FileResponse(_FOLDER / name, headers={"Cache-Control": "no-cache"})

    return Route(path, answer, methods=["GET"])
