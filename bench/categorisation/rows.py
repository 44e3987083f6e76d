"""The labelled rows: evaluation data beside the repository, of which nothing may enter it."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from categorizer.domain.pipeline import Pipeline
from categorizer.evaluation.table import Row, Unreadable, read

BESIDE = Path("../shared/categorization/dev.csv")
SCORED = ("bank_account", "personal_bank", "personal_card", "business_card", "org_disbursement", "contractor")
"""Lines of US and Canadian payments. Registers of licences (company names, noisy labels) and British councils' cards,
whose labels are spending codes, are told by themselves."""


def where() -> Path | None:
    """Return the file that EVALUATION_DATA names, else the one beside the repository; None where there is none."""
    path = Path(os.environ.get("EVALUATION_DATA") or BESIDE)
    return path if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows, what could not be read, and the merchant of each by its id: what is fitted is tried on others."""

    rows: Sequence[Row]
    unreadable: Sequence[Unreadable]
    merchants: dict[str, str]

    @property
    def scored(self) -> list[Row]:
        """The rows of the slices that count."""
        return [row for row in self.rows if row.slice in SCORED]


def load(path: Path, pipeline: Pipeline) -> Rows:
    """Return the rows of the file that have a label."""
    found = list(read(path, pipeline.catalogue.categories))
    with path.open(encoding="utf-8-sig", newline="") as lines:
        merchants = {line["id"]: line.get("merchant_key") or line["name"] for line in csv.DictReader(lines)}
    rows = [row for row in found if isinstance(row, Row) and row.label is not None]
    return Rows(rows, [row for row in found if isinstance(row, Unreadable)], merchants)
