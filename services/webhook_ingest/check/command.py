"""`python -m webhook_ingest check`: what is asked, and how the findings are told. It needs no setting and no server."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from webhook_ingest.check import sample
from webhook_ingest.check.diagnosis import Finding, Mark
from webhook_ingest.check.examination import Examination
from webhook_ingest.check.probe import Probe

RIGHT, WRONG, INTERRUPTED = 0, 1, 130
"""Exit codes; argparse adds 2: asked wrongly."""
PATIENCE = 10.0
"""Seconds: after these Plaid gives up."""
ABOUT = """\
Send webhooks to an address as Plaid would, and say in plain words what is wrong on their way: the address, TLS, a proxy
that changes them, clocks, keys, the environment. Nothing follows from what is sent, and nobody else is called."""


def run(arguments: Sequence[str]) -> int:
    """Examine what the arguments say, tell it on stdout, and return the exit code."""
    asked = _parse(arguments)
    sandbox = Probe(asked.sandbox, asked.timeout) if asked.sandbox else None
    findings = Examination(Probe(asked.url, asked.timeout), sandbox, asked.environment).findings()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr] # ✓ where a terminal knows it
    try:
        found = list(findings) if asked.json else list(_told(findings))
    except KeyboardInterrupt:
        return INTERRUPTED
    wrong = sum(finding.mark is Mark.WRONG for finding in found)
    if asked.json:
        _dump(asked.url, found)
    else:
        _say(_verdict(wrong, whole=sandbox is not None))
    return WRONG if wrong else RIGHT


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="webhook_ingest check", description=ABOUT)
    parser.add_argument("--url", required=True, type=_address, help="where Plaid is to post, as PLAID_WEBHOOK_URL says")
    parser.add_argument(
        "--sandbox",
        type=_address,
        metavar="URL",
        help="the stand-in that hands out keys (PLAID_BASE_URL there): it signs, and the whole way is tried",
    )
    parser.add_argument(
        "--environment",
        choices=list(sample.OTHER),
        default=_environment(),
        help="Plaid's, to compare (PLAID_ENV, if set)",
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=PATIENCE, metavar="SECONDS", help="for every step (10: then Plaid gives up)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args(arguments)


def _environment() -> str | None:
    named = os.environ.get("PLAID_ENV")
    return named if named in sample.OTHER else None


def _address(text: str) -> str:
    """Return a URL that can be posted to. It is not repeated when it cannot: it may hold a password."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or not re.fullmatch(r"[!-~]+", text):
        raise argparse.ArgumentTypeError("must look like https://bank.example.com/api/plaid/webhook")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise argparse.ArgumentTypeError("must hold no user, no password and no #")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 600:  # noqa: PLR2004 - nobody waits longer
        raise argparse.ArgumentTypeError("must be a number of seconds, at most 600")
    return seconds


def _told(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Tell each finding as it comes."""
    for finding in findings:
        _say(f"{finding.mark.value} {finding.text}" + (f" {finding.mend}" if finding.mend else ""))
        yield finding


def _verdict(wrong: int, *, whole: bool) -> str:
    if wrong:
        return f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong. Mend what ✗ says, and run this again."
    if whole:
        return "All is well: webhooks arrive, are verified and taken."
    return "All is well, as far as can be told without Plaid's own key: its first webhook proves that."


def _dump(url: str, found: Sequence[Finding]) -> None:
    findings = [{"name": one.name, "mark": one.mark.name.lower(), "text": one.text, "mend": one.mend} for one in found]
    ok = all(one.mark is not Mark.WRONG for one in found)
    _say(json.dumps({"url": url, "ok": ok, "findings": findings}, indent=2))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's answer
