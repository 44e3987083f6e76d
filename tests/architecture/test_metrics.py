"""docs/operations.md lists the metrics of every process, and no other."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

SERVICES = ("link_api", "webhook_ingest", "sync_worker", "categorizer")
OURS = """
import {service}.main
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
for metric in REGISTRY._collector_to_names:
    if isinstance(metric, MetricWrapperBase):
        name = metric._name + ("_total" if metric._type == "counter" else "")
        print(name, metric._type, *metric._labelnames)
"""
"""Prints what the process exports of its own, once it has imported all that it is built of."""
DOC = Path("docs/operations.md")
UNITS = {"counter": ("_total",), "histogram": ("_seconds",)}
USER_TEXT = ("user", "item_id", "account", "transaction", "message_id", "correlation_id", "merchant")


class Metric(NamedTuple):
    """A metric as it is scraped."""

    name: str
    kind: str
    labels: tuple[str, ...]
    processes: frozenset[str]


def listed() -> list[Metric]:
    """Return the rows of the section's tables."""
    _, _, section = DOC.read_text().partition("\n## Metrics\n")
    found = []
    for line in section.partition("\n## ")[0].splitlines():
        name, kind, labels, processes, *_ = [cell.strip() for cell in line.strip("|").split("|")] + [""] * 4
        if kind in ("counter", "gauge", "histogram"):
            on = SERVICES if processes == "all" else processes.split(", ")
            found.append(Metric(name.strip("`"), kind, tuple(re.findall(r"`(\w+)`", labels)), frozenset(on)))
    return found


@pytest.fixture(scope="module")
def exported() -> set[Metric]:
    """What the processes export, asked of each on its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asked = {
        service: subprocess.Popen(  # noqa: S603 - our own lines
            [sys.executable, "-c", OURS.format(service=service)], stdout=subprocess.PIPE, text=True, env=environment
        )
        for service in SERVICES
    }
    processes: dict[str, set[str]] = {}
    for service, process in asked.items():
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0, service
        for line in told.splitlines():
            processes.setdefault(line, set()).add(service)
    words = {line: line.split() for line in processes}
    return {
        Metric(name, kind, tuple(labels), frozenset(processes[line])) for line, (name, kind, *labels) in words.items()
    }


def test_the_document_lists_every_metric_and_nothing_else(exported: set[Metric]) -> None:
    """Name, type, labels and processes of each metric are as the table says, in both directions, each once."""
    told = listed()
    assert len({metric.name for metric in told}) == len(told)
    assert set(told) ^ exported == set()


def test_names_end_in_what_they_count(exported: set[Metric]) -> None:
    """A counter ends in _total, a histogram in its unit (prometheus.io/docs/practices/naming)."""
    assert [metric for metric in exported if not metric.name.endswith(UNITS.get(metric.kind, ""))] == []


def test_no_label_has_an_id_of_somebody(exported: set[Metric]) -> None:
    """Labels are few: none grows with users, items, messages, or what they say."""
    assert [metric for metric in exported if set(metric.labels) & set(USER_TEXT)] == []
