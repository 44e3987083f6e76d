"""What every service's page has: a glance, and how its processes stand."""

from deploy.observability.dashboards.panels import (
    WINDOW,
    Charts,
    Dashboard,
    Numbers,
    Panel,
    above,
    or_none,
    rate,
)


def _processes(job: str) -> Charts:
    where = f'job="{job}"'
    return Charts(
        "Its processes",
        [
            Panel(
                "Processors",
                "How much of a processor does each process use?",
                {"{{instance}}": f"rate(process_cpu_seconds_total{{{where}}}[{WINDOW}])"},
                "percentunit",
            ),
            Panel(
                "Memory",
                "Is the memory of each process flat?",
                {"{{instance}}": f"process_resident_memory_bytes{{{where}}}"},
                "bytes",
            ),
            Panel(
                "Database connections",
                "How near are the processes to their pools' size?",
                {
                    "{{state}}": f"sum by (state) (database_pool_connections{{{where}}})",
                    "size": f"sum(database_pool_size{{{where}}})",
                },
            ),
        ],
    )


def service(job: str, about: str, *rows: Numbers | Charts) -> Dashboard:
    title = f"Bank Sync: {job}"
    running = Panel(
        "Running", "How many processes answer?", {"": f'sum(up{{job="{job}"}})'}, steps=((None, "red"), (1, "green"))
    )
    waits = Panel(
        "Outbox",
        "How long has the oldest event waited to be published?",
        {"": f'max(outbox_oldest_seconds{{job="{job}"}})'},
        "s",
        above(10, 60),
    )
    retries = Panel(
        "Tries that failed",
        "How many messages are tried again or given up each second?",
        {
            "": or_none(
                f"{rate('messages_retried_total', where=of(job))} + {rate('messages_buried_total', where=of(job))}"
            )
        },
        "ops",
        above(0.1, 1),
    )
    closed = Panel(
        "Connections cut",
        "How many connections were closed before they were served?",
        {"": or_none(rate("http_connections_closed_total", where=of(job)))},
        "ops",
        above(1, 10),
    )
    glance = Numbers("At a glance", [running, waits, retries, closed])
    return Dashboard(f"bank-sync-{job.replace('_', '-')}", title, about, [glance, *rows, _processes(job)])


def of(job: str) -> str:
    return f'job="{job}"'


def plaid_calls(job: str) -> Panel:
    where = of(job)
    return Panel(
        "Calls of Plaid",
        "Which calls are made, and what becomes of them?",
        {"{{endpoint}} {{outcome}}": rate("plaid_call_seconds_count", "endpoint, outcome", where)},
        "ops",
    )
