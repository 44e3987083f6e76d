"""The reference page, and the address that OAuth banks lead back to."""

from pathlib import Path
from secrets import token_urlsafe

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from link_api.parts import Use

FOLDER = Path(__file__).parent.parent / "page"

router = APIRouter(include_in_schema=False)


@router.get("/")
@router.get("/oauth-return")
def page(parts: Use) -> HTMLResponse:
    """Return the page, bound to this deployment's Link script."""
    nonce = token_urlsafe(16)
    html = (FOLDER / "index.html").read_text(encoding="utf-8").replace("{{ link_script }}", parts.page.link_script)
    headers = {"Content-Security-Policy": parts.page.policy(nonce), "Cache-Control": "no-cache"}
    return HTMLResponse(html.replace("<script ", f'<script nonce="{nonce}" '), headers=headers)
