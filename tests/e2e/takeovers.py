"""Counts, inside PostgreSQL, the leases that one worker took from another: what was interrupted, and in what order."""

from sqlalchemy import text

from common.database import Database

WATCH = (
    text("""
        CREATE TABLE takeovers (integration_id integer, was_over boolean, at timestamptz DEFAULT clock_timestamp())
    """),
    text("""
        CREATE FUNCTION note_takeover() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO takeovers VALUES (new.id, old.lease_expires_at < clock_timestamp());
            RETURN NULL;
        END $$
    """),
    text("""
        CREATE TRIGGER note_takeover AFTER UPDATE OF lease_token ON plaid_integrations FOR EACH ROW
        WHEN (old.lease_token IS NOT NULL AND new.lease_token IS NOT NULL AND old.lease_token <> new.lease_token)
        EXECUTE FUNCTION note_takeover()
    """),
)
COUNT = text("SELECT count(*) AS all, count(*) FILTER (WHERE NOT was_over) AS early FROM takeovers")


async def watch_takeovers(database: Database) -> None:
    """From now on note every lease that goes from one holder to another without having been let go."""
    async with database.transaction() as session:
        for statement in WATCH:
            await session.execute(statement)


async def takeovers(database: Database) -> tuple[int, int]:
    """Return how many leases were taken over, and how many of those before they were over."""
    async with database.transaction() as session:
        row = (await session.execute(COUNT)).mappings().one()
    return int(row["all"]), int(row["early"])
