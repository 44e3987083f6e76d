"""`python -m plaid_sandbox`: serve the stand-in until it is told to stop."""

import argparse
import logging
import signal
import sys
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError

from plaid_sandbox.main import create_app
from plaid_sandbox.scenario.reading import ScenarioRefused
from plaid_sandbox.settings import Settings

_GRACE = 5
"""Seconds that calls in hand get after SIGTERM; Docker kills after ten."""


def main() -> None:
    """Serve and exit 0 after SIGTERM or Ctrl-C, or say which settings keep it from that."""
    # uvicorn raises the signal again once it has drained: this makes of it an ordinary end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings(**_options())
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        lines = [f"  {'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in wrong]
        sys.exit("\n".join(["Cannot start, these settings need you (PLAID_SANDBOX_… in .env.example):", *lines]))
    try:
        app = create_app(settings)
    except ScenarioRefused as refused:
        sys.exit(f"Cannot start, the scenario is not understood:\n  {refused}")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        proxy_headers=False,  # the call log tells the TCP peer
        timeout_graceful_shutdown=_GRACE,
    )


def _options() -> dict[str, Any]:
    """Return the settings that the command line gives."""
    parser = argparse.ArgumentParser(prog="plaid_sandbox", description="A stand-in of Plaid's sandbox.")
    parser.add_argument("--scenario", type=Path, help="what goes wrong when: a TOML file, or the name of a shipped one")
    return {name: value for name, value in vars(parser.parse_args()).items() if value is not None}


main()
