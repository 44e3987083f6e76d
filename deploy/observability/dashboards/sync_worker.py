"""The page of sync_worker, which reads the banks."""

from deploy.observability.dashboards.panels import Charts, Panel, or_none, quantiles, rate
from deploy.observability.dashboards.service import plaid_calls, service

WAITED = rate("plaid_budget_wait_seconds_bucket", "le, priority")

SYNC_WORKER = service(
    "sync_worker",
    "Reads what is new at the banks.",
    Charts(
        "Syncs",
        [
            Panel(
                "By result",
                "What becomes of them?",
                {"{{sync_type}} {{result}}": rate("syncs_total", "sync_type, result")},
                "ops",
            ),
            Panel("Duration", "How long is one, from lease to commit?", quantiles("sync_seconds"), "s"),
            Panel(
                "Stages, p95",
                "Where does the time go?",
                {"{{stage}}": f"histogram_quantile(0.95, {rate('sync_stage_seconds_bucket', 'le, stage')})"},
                "s",
            ),
        ],
    ),
    Charts(
        "What makes syncs begin again or wait",
        [
            Panel(
                "Doorbells left to a sync in hand",
                "How much work do bursts save?",
                {"coalesced": or_none(rate("doorbells_coalesced_total"))},
                "ops",
            ),
            Panel(
                "Begun again",
                "Do data change between pages, do workers die, are cursors refused?",
                {
                    "pages changed": or_none(rate("sync_restarts_total")),
                    "leases taken over": or_none(rate("leases_stolen_total")),
                    "cursors refused": or_none(rate("sync_cursors_refused_total")),
                },
                "ops",
            ),
            Panel(
                "Put off",
                "What do syncs wait for?",
                {"{{for}}": or_none(rate("syncs_put_off_total", "for"))},
                "ops",
            ),
        ],
    ),
    Charts(
        "Plaid",
        [
            plaid_calls("sync_worker"),
            Panel(
                "Limits",
                "How much of each limit is used?",
                {"{{endpoint}} {{limit}}": or_none("max by (endpoint, limit) (plaid_limit_used_ratio)")},
                "percentunit",
            ),
            Panel(
                "Waiting for the budget, p95",
                "How long do calls wait for their turn?",
                {"{{priority}}": f"histogram_quantile(0.95, {WAITED})"},
                "s",
            ),
        ],
    ),
    Charts(
        "Truth",
        [
            Panel("Audits", "How do they end?", {"{{outcome}}": or_none("sum by (outcome) (audits_total)")}),
            Panel(
                "Differences", "What did audits find?", {"{{kind}}": or_none("sum by (kind) (audit_differences_total)")}
            ),
            Panel(
                "Quarantine", "How many transactions could not be used?", {"waiting": "max(quarantined_transactions)"}
            ),
            Panel(
                "Census",
                "How old are the figures that are counted from the tables?",
                {"age": "max(census_age_seconds)"},
                "s",
            ),
        ],
    ),
)
