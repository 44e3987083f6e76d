"""The settings file of a deployment: copied from the example, its owner's empty secrets filled in with fresh ones."""

import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
EXAMPLE = FOLDER / ".env.example"
FILE = FOLDER / ".env"


def _fernet_key() -> str:
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


FRESH: Mapping[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "RABBITMQ_PASSWORD": lambda: secrets.token_hex(24),
    "RABBITMQ_ERLANG_COOKIE": lambda: secrets.token_hex(24),
    "PLAID_ENCRYPTION_KEY": _fernet_key,
    "AUTH_JWT_SECRET": lambda: secrets.token_urlsafe(48),
}
"""Secrets that nobody else gives out, and how each is made."""
NOT_WANTED = {"AUTH_JWT_SECRET": re.compile(r"^[ \t]*(export[ \t]+)?AUTH_JWKS_URL[ \t]*[=:][ \t]*\S", re.MULTILINE)}
"""What stands there instead of a secret."""


def fill(text: str) -> tuple[str, list[str]]:
    """Return the text with every empty or missing secret filled in, and their names. A value that stands is kept."""
    made = []
    for name, fresh in FRESH.items():
        if name in NOT_WANTED and NOT_WANTED[name].search(text):
            continue
        line = f"{name}={fresh()}"
        text, filled = re.subn(rf"^{name}=[ \t]*$", line, text, count=1, flags=re.MULTILINE)
        missing = not re.search(rf"^[ \t]*(export[ \t]+)?{name}[ \t]*[=:]", text, flags=re.MULTILINE)
        if missing:
            text = f"{text.rstrip()}\n{line}\n".lstrip()
        if filled or missing:
            made.append(name)
    return text, made


def prepare(file: Path = FILE, example: Path = EXAMPLE) -> list[str]:
    """Bring the settings file into being and fill in its empty secrets; return what was done, in sentences."""
    done = [] if file.exists() else [f"{file.name} was not there: copied from {example.name}."]
    text, made = fill((example if done else file).read_text(encoding="utf-8"))
    if made:
        done.append(f"New secrets in {file.name}: {', '.join(made)}.")
    if done:
        write(file, text)
    return done


def write(file: Path, text: str) -> None:
    """Write the file whole or not at all, readable by its owner alone."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    unfinished.replace(file)
