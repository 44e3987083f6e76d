import asyncio

from common.migrations import upgrade
from common.settings import PostgresSettings, load

asyncio.run(upgrade(load(PostgresSettings).database_url.get_secret_value()))
print("The database is up to date.")  # noqa: T201 - a command that talks to people
