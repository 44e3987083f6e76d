"""A browser for tests."""

import shutil

from tests.servers import Missing, packages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path() -> str:
    """Return the path of a Chromium, installed where the machine is ours; raises Missing where none can be had."""
    found = _find()
    if found is None and packages.may_install():
        packages.install("chromium")
        found = _find()
    if found is None:
        raise Missing("Chromium (install chromium)")
    return found


def _find() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)
