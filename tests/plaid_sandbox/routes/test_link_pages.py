import pytest

from tests.plaid_sandbox.running import StandIn


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/link/v2/stable/link-initialize.js", "text/javascript"),
        ("/link/page", "text/html"),
        ("/link/oauth/authorize", "text/html"),
        ("/link/assets/page.js", "text/javascript"),
    ],
)
async def test_the_window_is_served(stand_in: StandIn, path: str, kind: str) -> None:
    """Script at Plaid's own path, the iframe's page, the bank's page and their assets, each as what it is."""
    answer = await stand_in.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)


async def test_nothing_else_is_served(stand_in: StandIn) -> None:
    """The assets are one folder and no way out of it."""
    for path in ("/link/assets/nothing.js", "/link/assets/..%2fmain.py", "/link/assets/%2e%2e/main.py"):
        assert (await stand_in.http.get(path)).status_code == 404
