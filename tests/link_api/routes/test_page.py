import pytest

from tests.link_api.world import World


@pytest.mark.parametrize("path", ["/", "/oauth-return"])
async def test_the_page_is_bound_to_its_link_script(shared: World, path: str) -> None:
    """The page loads this deployment's Link script, and its policy lets in that origin and no inline script."""
    answer = await shared.api.get(path)
    plaid = str(shared.link.plaid.base_url).rstrip("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'src="{plaid}/link/v2/stable/link-initialize.js"' in answer.text
    assert "{{" not in answer.text
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert "'unsafe-inline'" not in answer.headers["content-security-policy"]
    assert f"{plaid}/link/v2/stable/link-initialize.js" in policy["script-src"]
    assert policy["frame-src"] == plaid
    assert policy["frame-ancestors"] == "'none'"


async def test_every_script_of_the_page_carries_this_answers_nonce(shared: World) -> None:
    """A nonce is used once: it is on each script tag, and the next answer has another."""
    first, second = (await shared.api.get("/")), (await shared.api.get("/"))
    [nonce] = {part.split('"')[0] for part in first.text.split('nonce="')[1:]}
    assert first.text.count("<script ") == first.text.count(f'<script nonce="{nonce}" ') > 0
    assert f"'nonce-{nonce}'" in first.headers["content-security-policy"]
    assert nonce not in second.text


async def test_what_the_page_needs_is_served(shared: World) -> None:
    """Script and style come from us, in their own types, and no answer may be framed or guessed at."""
    for name, type_ in [("page.js", "text/javascript"), ("page.css", "text/css")]:
        answer = await shared.api.get(f"/page/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(type_)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_what_belongs_to_a_user_is_kept_by_no_cache(shared: World) -> None:
    """Everything under /api says so."""
    assert (await shared.get("/api/expenses")).headers["cache-control"] == "no-store"
    assert (await shared.api.get("/api/expenses")).headers["cache-control"] == "no-store"
