"""Brings the database up to date: before a roll-out, or, once every process is of the new release, after it."""

import argparse
import asyncio

from common.migrations import upgrade
from common.settings import PostgresSettings, load

parser = argparse.ArgumentParser(prog="python -m common.migrations", description=__doc__)
parser.add_argument("when", nargs="?", choices=["before-rollout", "after-rollout"], default="before-rollout")
after_rollout = parser.parse_args().when == "after-rollout"
url = load(PostgresSettings).database_url.get_secret_value()
left = asyncio.run(upgrade(url, after_rollout=after_rollout))
print("The database is up to date.")  # noqa: T201 - a command that talks to people
if left:
    print(f"{left} steps wait until every process is of this release: `python -m common.migrations after-rollout`.")  # noqa: T201
