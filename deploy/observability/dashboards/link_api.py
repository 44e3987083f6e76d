"""The page of link_api, by which users link their banks and say what they think."""

from deploy.observability.dashboards.panels import Charts, Panel, or_none, rate
from deploy.observability.dashboards.service import plaid_calls, service

LINK_API = service(
    "link_api",
    "What the page and the host application call.",
    Charts(
        "Linking",
        [
            Panel(
                "Public tokens",
                "What becomes of them?",
                {"{{outcome}}": or_none(rate("links_total", "outcome"))},
                "ops",
            ),
            Panel(
                "Link sessions",
                "How do they end?",
                {"{{outcome}}": or_none(rate("link_sessions_ended_total", "outcome"))},
                "ops",
            ),
            plaid_calls("link_api"),
        ],
    ),
    Charts(
        "Users",
        [
            Panel(
                "Right, say users",
                "What do users say of our categories?",
                {"{{verdict}} {{source}}": or_none(rate("expenses_judged_total", "verdict, source"))},
                "ops",
            ),
            Panel("Ratings", "What do they give us?", {"{{rating}}": or_none("sum by (rating) (feedback_total)")}),
            Panel("Over quota", "Who calls too much?", {"429": or_none(rate("api_calls_limited_total"))}, "ops"),
        ],
    ),
)
