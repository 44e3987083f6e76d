"""`python -m categorizer train`: the model of words as a file, that CATEGORIZER_MODEL names."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from categorizer.commands.session import DONE, REFUSED, run_with
from categorizer.data import model_file, text_tables
from categorizer.domain.text.model import WordModel, train
from categorizer.store.choices import chosen
from categorizer.training import compare, train_with
from common.database import Database

ABOUT = """\
Train the model that reads words which no table knows, and write it as a file for CATEGORIZER_MODEL. It learns from the
tables that come along: the same release makes the same file. With --confirmed it also learns from the categories that
users of this deployment chose, which needs DATABASE_URL; the file then holds pieces of words of their banks' lines."""


def run(arguments: Sequence[str]) -> int:
    """Train, tell what was learned, and return the exit code."""
    parser = argparse.ArgumentParser(prog="categorizer train", description=ABOUT)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write the model")
    parser.add_argument("--confirmed", action="store_true", help="learn from this deployment's users too")
    asked = parser.parse_args(arguments)
    try:
        if asked.confirmed:
            return run_with(lambda database, _settings: _train_with_choices(database, asked.out))
        _write(train(text_tables.examples()), asked.out)
    except OSError as error:
        sys.stderr.write(f"{error.filename or asked.out}: {error.strerror}.\n")
        return REFUSED
    return DONE


async def _train_with_choices(database: Database, path: Path) -> None:
    async with database.transaction() as session:
        choices = await chosen(session)
    found = compare(choices)
    sys.stdout.write(
        f"{len(choices):,} choices of users, one for each user, merchant and category. "
        f"Of {found.held_out:,} that were held out {found.before:,} are read right without the others, "
        f"{found.after:,} with them.\n"
    )
    if found.after < found.before:
        sys.stdout.write("That is fewer: rather train without --confirmed.\n")
    _write(train_with(choices), path)


def _write(model: WordModel, path: Path) -> None:
    model_file.write(model, path)
    sys.stdout.write(f"{path}: {len(model.pieces):,} pieces of words ({model.version}).\n")
