from link_api.domain.page_policy import Page, origin

PLAID = Page("https://cdn.plaid.com/link/v2/stable/link-initialize.js", "https://production.plaid.com")


def test_plaids_own_link_is_let_in() -> None:
    """All that Plaid asks a page's policy to allow (plaid.com/docs/link/web), with a nonce for 'unsafe-inline'."""
    policy = dict(part.split(" ", 1) for part in PLAID.policy("n0nce").split("; "))
    assert policy["default-src"] == "'self' https://cdn.plaid.com"
    assert policy["script-src"] == "'self' 'nonce-n0nce' https://cdn.plaid.com/link/v2/stable/link-initialize.js"
    assert policy["frame-src"] == "https://cdn.plaid.com"
    assert policy["connect-src"] == "'self' https://cdn.plaid.com https://production.plaid.com"


def test_one_host_is_named_once() -> None:
    """A stand-in serves script and API from one origin."""
    stand_in = Page("http://127.0.0.1:8100/link/v2/stable/link-initialize.js", "http://127.0.0.1:8100")
    assert "connect-src 'self' http://127.0.0.1:8100;" in stand_in.policy("n")


def test_an_origin_has_scheme_host_and_port() -> None:
    """And no path, query or fragment."""
    assert origin("https://a.example:8443/b?c#d") == "https://a.example:8443"
