"""`python -m categorizer` as a process of its own."""

import subprocess
import sys
from importlib import import_module

from categorizer.commands import WORDS


def categorizer(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it without one setting."""
    return subprocess.run(  # noqa: S603 - our own module, with words of these tests
        [sys.executable, "-m", "categorizer", *arguments],
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_tells_its_words() -> None:
    """Asked for help it names every command; of a word that it does not know it says so on stderr, with code 2."""
    told, wrong = categorizer("-h"), categorizer("categorise")
    assert (told.returncode, told.stderr) == (0, "")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    for text in (told.stdout, wrong.stderr):
        assert all(f"python -m categorizer {word}" in text for word in WORDS)


def test_every_word_is_a_command() -> None:
    """Every word has a module that runs."""
    for word in WORDS:
        assert callable(import_module(f"categorizer.commands.{word}").run)
