"""The page of webhook_ingest, which verifies webhooks and answers."""

from deploy.observability.dashboards.panels import Charts, Panel, or_none, quantiles, rate
from deploy.observability.dashboards.service import service

WEBHOOK_INGEST = service(
    "webhook_ingest",
    "What Plaid calls: verified, published, answered.",
    Charts(
        "Webhooks",
        [
            Panel("By outcome", "What becomes of them?", {"{{outcome}}": rate("webhooks_total", "outcome")}, "reqps"),
            Panel("Answers", "How soon is Plaid answered? It waits 10 s.", quantiles("webhook_answer_seconds"), "s"),
            Panel(
                "Straight to the outbox",
                "Is RabbitMQ passed by?",
                {"circuit": "max(webhook_broker_circuit_open)"},
            ),
        ],
    ),
    Charts(
        "Verification keys",
        [
            Panel(
                "Look-ups",
                "How often does the cache have the key?",
                {"{{result}}": rate("webhook_key_lookups_total", "result")},
                "ops",
            ),
            Panel(
                "Fetches",
                "Does Plaid give us its keys?",
                {"{{outcome}}": or_none(rate("webhook_key_fetches_total", "outcome"))},
                "ops",
            ),
        ],
    ),
)
