from tests.link_api.security.doors import OPEN, closed, doors, with_ids
from tests.link_api.world import World


def test_only_what_belongs_to_nobody_is_open() -> None:
    """All that is served without a token is named, and is no part of the API."""
    assert {path for _, path in doors()} - {path for _, path in closed()} == OPEN
    assert all(path.startswith("/api/") for _, path in closed())
    assert not any(path.startswith("/api/") for path in OPEN)


async def test_what_is_no_door_leads_nowhere(shared: World) -> None:
    """A method that an address does not take, or a file outside of the page's folder, is answered 404 or 405."""
    for method, path in closed():
        answer = await shared.call("TRACE", with_ids(path, 1))
        assert answer.status_code in {404, 405}, (method, path)
    for path in ("/page/../main.py", "/page/%2e%2e/main.py", "/page/..%2fmain.py", "/page//etc/passwd"):
        assert (await shared.api.get(path)).status_code == 404
