"""What docs/performance.md tells, chapter by chapter: which figures, how they are taken, what bounds them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.figure import Figure


@dataclass(frozen=True, slots=True)
class Chapter:
    """Figures whose names begin alike, shown together; the plot has those of one unit."""

    title: str
    prefixes: tuple[str, ...]
    method: str
    bound: str
    plot: str = ""
    unit: str = ""
    line: bool = False
    hidden: frozenset[str] = frozenset()

    def of(self, figures: Mapping[str, Figure]) -> list[Figure]:
        """Return its figures, in the order of its prefixes, then as they were measured."""
        return [one for prefix in self.prefixes for name, one in figures.items() if name.startswith(prefix)]

    def label(self, one: Figure) -> str:
        """Return what a figure is called in the plot."""
        return one.name.removeprefix("import of ").removeprefix("link_api: ")


CHAPTERS = (
    Chapter(
        "Imports",
        ("one item of", "200 items of"),
        "Banks are linked while sync_worker and categorizer are stopped (SIGSTOP); the clock runs from the moment"
        " they go on until a look at the database, every 20 ms, finds all rows committed (sync stage) and all of"
        " them decided (whole way). For the sync stage the categorizer goes on only afterwards; for the whole way"
        " both at once. Beside it one connection writes the same rows into a new database with the same tables,"
        " indexes and foreign keys: upserts of 500 rows (arrays through unnest, ON CONFLICT) with a commit each,"
        " and for the whole way each batch's expenses in the same commit. The naive way takes pages by the SDK's"
        " models and writes each row and its expense in a statement and a commit of its own.",
        "the processors, which sync_worker, categorizer, PostgreSQL, RabbitMQ and the stand-in share; the remarks"
        " say who took how much of one.",
        "performance-imports",
        "transactions/s",
    ),
    Chapter(
        "As work grows",
        ("import of",),
        "The whole way of one item, after all others: time per transaction. `BENCH_GROWTH=1000000` adds a million,"
        " five items of 200,000 at once, which takes a quarter of an hour.",
        "as above; flat means that nothing looks at all rows for each row.",
        "performance-growth",
        "µs/transaction",
        line=True,
    ),
    Chapter(
        "From a webhook to the expense",
        ("webhook → expense", "of that"),
        "Single purchases happen at the bank 30 times a second. Each webhook is followed by its correlation id,"
        " through the sync's history and the logs, from when it was read to the commit of the expense.",
        "commits and messages, one after the other: two queues, four transactions.",
        "performance-legs",
        "ms",
    ),
    Chapter(
        "Webhooks",
        ("webhook_ingest throughput", "webhook_ingest processor time", "webhook_ingest answers"),
        "Throughput: 64 connections kept busy by a generator without an HTTP library; every webhook is verified,"
        " published and confirmed. Beside it a FastAPI endpoint that reads the body and answers, served alike."
        " Answers: 200 webhooks a second at fixed times, each counted from when it was due, with all services at"
        " work.",
        "the processor: the signature, and RabbitMQ's share of the same two.",
    ),
    Chapter(
        "The broker",
        ("broker:",),
        "4,000 messages over one connection, 50 in hand, into a quorum queue and out of it. Beside it aio-pika as"
        " its documentation shows it.",
        "aio-pika's frames and RabbitMQ.",
        "performance-broker",
        "messages/s",
    ),
    Chapter(
        "The API on a million expenses",
        ("link_api: expenses", "link_api: summary", "link_api: memory", "event → browser"),
        "A thousand users with a thousand expenses each; fifty of them ask in turn, four requests at a time."
        " Beside it a probe of the same process. Then a thousand open event streams: an event counts from its"
        " commit until its user's stream has it.",
        "one process of link_api; tests hold that every query of a list or a sum reaches its rows by an index.",
        "performance-api",
        "requests/s",
    ),
    Chapter(
        "The categoriser",
        ("categorizer decides", "categorizer loads", "categorizer with"),
        "Processor time of a process that decides batches of 500 lines that no cache has seen; beside it a search"
        " for keywords.",
        "the processor.",
    ),
    Chapter(
        "What a service costs",
        ("link_api: import", "link_api: resident", "webhook_ingest: ", "sync_worker: ", "categorizer: "),
        "Import: processor time of a new interpreter. Memory: what each process held at most (VmHWM) over the"
        " import of one item of 100,000, beside what it held idle.",
        "Python and its libraries; over an import the pages, which are kept compressed.",
        "performance-memory",
        "MB",
    ),
    Chapter(
        "A thousand users",
        ("crowd:",),
        "`make load`: everybody links a bank through Link by HTTP, 16 at a time, while the imports run. Then, with an"
        " event stream of each user open, things happen at the banks at a steady rate: four of five are purchases, the"
        " rest pending money, corrections, withdrawals, refreshes. One doorbell in fifty comes two minutes late; a"
        " probe sends copies and forged webhooks. Of sync_worker and categorizer there is one process each, from the"
        " first third on two, from the second on four, and one of them is killed (SIGKILL) every half minute; the"
        " first of each lives to the end, and the medians of its memory in the first and in the last quarter are"
        " compared. In the end every row is compared with the bank's. A change counts from when its webhook was read"
        " to the transaction that writes its expense, and to the moment when its user's stream has it.",
        "the processors, which everything shares: link_api's streams, the stand-in and the generator too; the longest"
        " waits are those for the lease of a worker that was killed.",
    ),
)
