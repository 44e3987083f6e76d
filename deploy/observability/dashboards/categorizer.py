"""The page of categorizer, which makes expenses of transactions."""

from deploy.observability.dashboards.panels import Charts, Panel, or_none, quantiles, rate
from deploy.observability.dashboards.service import of, service

CATEGORIZER = service(
    "categorizer",
    "Makes categorised expenses of transactions.",
    Charts(
        "Expenses",
        [
            Panel("Written", "What is done?", {"{{outcome}}": rate("expenses_total", "outcome")}, "ops"),
            Panel(
                "Asked",
                "Which of them wait for their user?",
                {"review {{review}}": rate("expenses_total", "review")},
                "ops",
            ),
            Panel("Webhook to expense", "How soon?", quantiles("webhook_to_expense_seconds"), "s"),
        ],
    ),
    Charts(
        "Messages",
        [
            Panel(
                "Handled",
                "What becomes of the messages?",
                {"{{type}} {{outcome}}": rate("messages_total", "type, outcome", of("categorizer"))},
                "ops",
            ),
            Panel(
                "Sent again",
                "How many transactions had to be sent again, their message lost or buried?",
                {"swept": or_none(rate("transactions_swept_total"))},
                "ops",
            ),
            Panel(
                "Questions reopened",
                "How many questions did an answer to another one decide?",
                {"reopened": or_none(rate("questions_reopened_total"))},
                "ops",
            ),
        ],
    ),
)
