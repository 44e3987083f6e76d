"""PostgreSQL: that it lets us in, is new enough and up to date, has connections left, and holds what our keys open."""

from collections.abc import Sequence

from alembic.script.revision import RevisionError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common import migrations
from common.database import Database, unavailable
from common.sealing import SealedToken, Unsealable, Vault
from common.tables import link_api
from ops import printing
from ops.checks.finding import Finding, fail, ok, warn
from ops.store import seals

OLDEST = 15
NEARLY_ALL = 0.8
SAMPLE = 50
"""Tokens that are looked at, of the oldest items and of the newest."""

SERVER = text("""
    SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
        current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS most
""")
REASONS = {
    "28": ("does not let us in", "The user or the password in DATABASE_URL is not the server's: mend either."),
    "3D": ("has no such database", "Mend the name in DATABASE_URL, or create the database, and run `make migrate`."),
    "53": ("is full", "End what uses its connections, lower DATABASE_POOL_SIZE or replicas, or raise max_connections."),
}
AWAY = ("cannot be reached", "See that it runs and that DATABASE_URL names its host and port.")


async def reach(database: Database) -> Sequence[Finding]:
    """Return whether the server serves us, which it is, and how many of its connections are in use."""
    try:
        async with database.transaction() as session:
            server = (await session.execute(SERVER)).one()
    except (DBAPIError, OSError) as error:
        if not unavailable(error):
            raise
        says, remedy = REASONS.get(_sqlstate(error)[:2], AWAY)
        return [fail("PostgreSQL", says, remedy)]
    return [_version(server.version, server.major), _room(server.used, server.most)]


def _version(version: str, major: int) -> Finding:
    if major < OLDEST:
        return warn("PostgreSQL", f"version {version}", f"Upgrade it: we are tested with {OLDEST} and later.")
    return ok("PostgreSQL", f"version {version}")


def _room(used: int, most: int) -> Finding:
    says = f"{used} of {most} in use"
    if used > NEARLY_ALL * most:
        remedy = "Lower DATABASE_POOL_SIZE or replicas, or raise max_connections: replicas x pool must fit."
        return warn("connections of PostgreSQL", says, remedy)
    return ok("connections of PostgreSQL", says)


def _sqlstate(error: BaseException) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


async def schema(url: str) -> Sequence[Finding]:
    """Return whether the migrations of this release were run."""
    try:
        before, after = await migrations.waiting(url)
    except RevisionError:
        return [warn("migrations", "a later release migrated the database", "Use the `ops` of that release.")]
    if before:
        missing = printing.many(before, "step is missing", "steps are missing")
        return [fail("migrations", missing, "Run `make migrate` (compose: `make up` does).")]
    if after:
        remedy = "Once every process is of this release: `python -m common.migrations after-rollout`."
        waiting = printing.many(after, "step waits", "steps wait")
        return [warn("migrations", f"{waiting} for the end of the roll-out", remedy)]
    return [ok("migrations", "up to date")]


async def keys(database: Database, vault: Vault) -> Sequence[Finding]:
    """Return whether the keys open what is stored, by a sample of the oldest and the newest items."""
    column = link_api.plaid_integrations.c.access_token
    async with database.transaction() as session:
        found = await seals.some(session, column, None, SAMPLE)
        found += await seals.some(session, column, None, SAMPLE, newest_first=True)
    sample = {one.key: one.token for one in found}
    positions = [_key_of(vault, token) for token in sample.values()]
    if lost := positions.count(None):
        remedy = (
            "Put the key that sealed them back behind the newest in PLAID_ENCRYPTION_KEY; `ops keys status` counts."
        )
        return [fail("keys", f"{lost} of {len(sample)} tokens open with none of the keys", remedy)]
    if older := sum(position != 0 for position in positions):
        remedy = "`ops keys rotate` seals them anew; only then can the older keys go."
        return [warn("keys", f"{older} of {len(sample)} tokens are sealed with an older key", remedy)]
    return [ok("keys", f"the newest opens all of {len(sample)} tokens looked at")]


def _key_of(vault: Vault, token: SealedToken) -> int | None:
    try:
        return vault.seal_of(token).key
    except Unsealable:
        return None
