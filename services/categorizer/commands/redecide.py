"""`python -m categorizer redecide`: what another version of the pipeline decided is decided by this one."""

import argparse
import json
import sys
from collections.abc import Sequence

from categorizer import data
from categorizer.commands.session import run_with
from categorizer.domain.pipeline import PIPELINE_VERSION
from categorizer.estimates import Estimates
from categorizer.redeciding import Differences, Redeciding
from categorizer.settings import Deciding, thresholds
from common.database import Database
from common.events import CHUNK

ABOUT = f"""\
Decide anew what another version of the pipeline decided (this is {PIPELINE_VERSION}), or one with another model of
words. It goes the way of messages beside the running services, batch by batch; broken off, the same command goes on.
What a user chose or confirmed is never touched. With --dry-run nothing is written, and what would change is told. It
needs DATABASE_URL, and the deployment's CATEGORIZER_ settings where they are not the usual ones."""
WIDTH = 30


def run(arguments: Sequence[str]) -> int:
    """Decide anew, tell what changed on stdout, and return the exit code."""
    asked = _parse(arguments)
    return run_with(lambda database, settings: _redecide(asked, database, settings))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="categorizer redecide", description=ABOUT)
    parser.add_argument("--dry-run", action="store_true", help="write nothing, tell what would change")
    parser.add_argument("--user", type=int, metavar="N", help="the transactions of this user alone")
    parser.add_argument("--batch", type=_batch, default=CHUNK, help=f"transactions at a time, 1 to {CHUNK} ({CHUNK})")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def _batch(text: str) -> int:
    number = int(text)
    if not 1 <= number <= CHUNK:
        raise argparse.ArgumentTypeError(f"must be 1 to {CHUNK}")
    return number


async def _redecide(asked: argparse.Namespace, database: Database, settings: Deciding) -> None:
    pipeline = data.pipeline(thresholds(settings), settings.categorizer_model)
    await Estimates(database, pipeline.catalogue, pipeline.reliability).once()
    found = Differences()
    work = Redeciding(database, pipeline, user_id=asked.user, batch=asked.batch, rehearsal=asked.dry_run)
    shown = sys.stderr.isatty()
    async for part in work.run(found):
        if shown:
            bar = "#" * int(part * WIDTH)
            sys.stderr.write(f"\r[{bar:{WIDTH}}] {part:4.0%}  {found.looked_at:,} looked at")
    if shown:
        sys.stderr.write("\r\033[K")
    _tell(found, pipeline.version, as_json=asked.json, rehearsal=asked.dry_run)


def _tell(found: Differences, version: str, *, as_json: bool, rehearsal: bool) -> None:
    appear, vanish = found.questions
    changed = [{"from": one, "to": other, "count": count} for (one, other), count in found.moves.most_common()]
    if as_json:
        told = {"pipeline_version": version, "dry_run": rehearsal, "looked_at": found.looked_at}
        questions = {"appear": appear, "vanish": vanish}
        print(json.dumps(told | {"questions": questions, "changed": changed}, indent=2))  # noqa: T201 - an answer
        return
    lines = [f"{one['from']:24} -> {one['to']:24} {one['count']:8,}" for one in changed]
    would = " would" if rehearsal else ""
    lines.append(f"{found.looked_at:,} looked at, {sum(found.moves.values()):,}{would} change.")
    lines.append(f"{appear:,} questions{would} appear, {vanish:,}{would} vanish.")
    print("\n".join(lines))  # noqa: T201 - a command's answer
