"""Writes the dashboards for Grafana: `make docs`."""

import json
from pathlib import Path

from deploy.observability.dashboards.categorizer import CATEGORIZER
from deploy.observability.dashboards.link_api import LINK_API
from deploy.observability.dashboards.overview import OVERVIEW
from deploy.observability.dashboards.panels import Dashboard, draw
from deploy.observability.dashboards.sync_worker import SYNC_WORKER
from deploy.observability.dashboards.webhook_ingest import WEBHOOK_INGEST

FOLDER = Path(__file__).parent.parent / "grafana" / "dashboards"
ALL = (OVERVIEW, LINK_API, WEBHOOK_INGEST, SYNC_WORKER, CATEGORIZER)


def text(dashboard: Dashboard) -> str:
    """Return a dashboard's file."""
    return json.dumps(draw(dashboard), indent=1) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for one in ALL:
        (FOLDER / f"{one.uid}.json").write_text(text(one))
