"""The reviewable data that decisions rest on: our categories, what each of Plaid's means, what words mean (`text/`)."""

import csv
from collections.abc import Iterator
from importlib import resources

from categorizer.data import text_tables
from categorizer.domain.case import USUAL, Thresholds
from categorizer.domain.catalogue import Catalogue, Category, PlaidCategory
from categorizer.domain.pipeline import PIPELINE_VERSION, Pipeline
from categorizer.domain.text.model import WordModel


def pipeline(thresholds: Thresholds = USUAL, model: WordModel | None = None) -> Pipeline:
    """Return the pipeline of all this data, with a model of words that was trained before, or one of this data."""
    version = f"{PIPELINE_VERSION}+{model.digest}" if model else PIPELINE_VERSION
    return Pipeline(catalogue(), text_tables.judge(model), thresholds, version=version)


def catalogue() -> Catalogue:
    """Return the catalogue of `categories.csv` and `plaid_categories.csv`."""
    return Catalogue(
        [Category(row["slug"], row["name"], row["kind"], row["merchants"]) for row in _rows("categories.csv")],
        [
            PlaidCategory(
                versions=tuple(row["versions"].split("+")),
                primary=row["primary"],
                detailed=row["detailed"],
                category=row["category"],
                low_information=row["low_information"] == "yes",
            )
            for row in _rows("plaid_categories.csv")
        ],
    )


def _rows(name: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(resources.files(__name__).joinpath(name).read_text("utf-8").splitlines())
