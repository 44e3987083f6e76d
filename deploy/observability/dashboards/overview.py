"""The one page: is anything wrong, how fresh is everything, does all keep up."""

from deploy.observability.dashboards.panels import (
    NO_WRONG,
    Charts,
    Dashboard,
    Numbers,
    Panel,
    above,
    below,
    or_none,
    quantiles,
    rate,
)

ACCURACY = (
    'sum(increase(expenses_judged_total{verdict="confirmed"}[$__range]))'
    " / sum(increase(expenses_judged_total[$__range]))"
)
LINKED = 'sum(increase(links_total{outcome="linked"}[$__range])) / sum(increase(links_total[$__range]))'
FAILING = 'sum(increase(syncs_total{result!="ok"}[$__range])) / sum(increase(syncs_total[$__range]))'

OVERVIEW = Dashboard(
    "bank-sync-overview",
    "Bank Sync: overview",
    "Green all over: banks are linked, read and categorised, and nobody has to do anything.",
    [
        Numbers(
            "Is anything wrong?",
            [
                Panel(
                    "Alerts",
                    "How many alerts fire? Each names the page that says what to do.",
                    {"": or_none('count(ALERTS{alertstate="firing"})')},
                    steps=NO_WRONG,
                ),
                Panel(
                    "Oldest work",
                    "How long has the oldest work of any queue waited?",
                    {"": "max(queue_oldest_seconds)"},
                    "s",
                    above(60, 300),
                ),
                Panel(
                    "Given up",
                    "How many messages lie in dead-letter queues, and events in the outbox? `ops dead list`.",
                    {"": or_none('sum(max by (queue) (queue_messages{queue=~".+[.]dead"}))')},
                    steps=NO_WRONG,
                ),
                Panel(
                    "Failing syncs",
                    "Of the syncs in the time shown, which share failed?",
                    {"": or_none(FAILING)},
                    "percentunit",
                    above(0.05, 0.2),
                ),
                Panel(
                    "Worst bank",
                    "Of the items of the worst institution, which share fails?",
                    {"": or_none("max(institution_items_failing_ratio)")},
                    "percentunit",
                    above(0.25, 0.5),
                ),
                Panel(
                    "Plaid's limits",
                    "How much of the fullest of Plaid's limits is used?",
                    {"": or_none("max(plaid_limit_used_ratio)")},
                    "percentunit",
                    above(0.7, 0.9),
                ),
            ],
        ),
        Numbers(
            "What do users see?",
            [
                Panel(
                    "Webhook to expense, p95",
                    "How soon is a change at the bank a categorised expense?",
                    {"": quantiles("webhook_to_expense_seconds")["p95"]},
                    "s",
                    above(5, 30),
                ),
                Panel(
                    "Freshness, p99",
                    "When was the item last read that is more silent than 99 of 100?",
                    {"": 'max(item_freshness_seconds{quantile="0.99"})'},
                    "s",
                    above(8 * 3600, 24 * 3600),
                ),
                Panel(
                    "Must sign in",
                    "How many items wait for their user to repair the login?",
                    {"": or_none('max(items{state="login_required"})')},
                ),
                Panel(
                    "Links that succeed",
                    "Of the public tokens in the time shown, which share became a linked bank?",
                    {"": LINKED},
                    "percentunit",
                    below(0.8, 0.95),
                ),
                Panel(
                    "Questions",
                    "Of the newest expenses, which share waits for its user's answer?",
                    {"": "max(expenses_needing_review_ratio)"},
                    "percentunit",
                    above(0.3, 0.5),
                ),
                Panel(
                    "Right, say users",
                    "Of our categories that users judged in the time shown, which share was right?",
                    {"": ACCURACY},
                    "percentunit",
                    below(0.85, 0.95),
                ),
            ],
        ),
        Charts(
            "The way of a transaction",
            [
                Panel(
                    "Webhooks",
                    "What becomes of the webhooks?",
                    {"{{outcome}}": rate("webhooks_total", "outcome")},
                    "reqps",
                ),
                Panel(
                    "Syncs",
                    "What becomes of the syncs?",
                    {"{{result}}": rate("syncs_total", "result")},
                    "ops",
                ),
                Panel(
                    "Expenses",
                    "How many expenses are written?",
                    {"{{outcome}}": rate("expenses_total", "outcome")},
                    "ops",
                ),
            ],
        ),
        Charts(
            "Does all keep up?",
            [
                Panel(
                    "Webhook to expense",
                    "How soon is a change at the bank an expense?",
                    quantiles("webhook_to_expense_seconds"),
                    "s",
                ),
                Panel(
                    "Oldest work by queue",
                    "Which queue is behind?",
                    {"{{queue}}": "max by (queue) (queue_oldest_seconds)"},
                    "s",
                ),
                Panel(
                    "Messages by queue",
                    "Where do messages wait?",
                    {"{{queue}}": "max by (queue) (queue_messages)"},
                ),
            ],
        ),
        Charts(
            "Items",
            [
                Panel("Items by state", "How do the items stand?", {"{{state}}": "max by (state) (items)"}),
                Panel(
                    "Freshness",
                    "How long ago were items read?",
                    {"{{quantile}}": "max by (quantile) (item_freshness_seconds)"},
                    "s",
                ),
                Panel(
                    "Banks that fail",
                    "Which institutions fail?",
                    {"{{institution_id}}": "max by (institution_id) (institution_items_failing_ratio)"},
                    "percentunit",
                ),
            ],
        ),
    ],
)
