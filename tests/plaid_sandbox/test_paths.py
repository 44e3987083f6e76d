from starlette.routing import Route

from plaid_sandbox.main import create_app
from plaid_sandbox.paths import PATHS
from tests.plaid_sandbox.running import settings


def test_the_list_of_endpoints_is_complete() -> None:
    """Every endpoint of Plaid's that is served can be named in an outage or a limit, and no other."""
    routes = [route for route in create_app(settings()).routes if isinstance(route, Route)]
    posts = {route.path for route in routes if "POST" in (route.methods or ())}
    assert {path for path in posts if not path.startswith("/sandbox_control")} == PATHS
