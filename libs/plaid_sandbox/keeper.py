"""Keeps a stand-in's state in a file that is whole at every moment."""

import asyncio
import os
from pathlib import Path

from pydantic import ValidationError

from plaid_sandbox.core import Sandbox
from plaid_sandbox.state import State


class Keeper:
    """Reads the state once and writes it whenever it has changed."""

    def __init__(self, sandbox: Sandbox, file: Path) -> None:
        self._sandbox = sandbox
        self._file = file
        self._written = ""

    def load(self) -> None:
        """Restore what was saved, if anything was, or raise ValueError with what to do."""
        if not self._file.exists():
            return
        try:
            saved = State.model_validate_json(self._file.read_text(encoding="utf-8"))
        except ValidationError as unreadable:
            raise ValueError(f"{self._file} holds no state of this version: remove it to start afresh") from unreadable
        saved.restore(self._sandbox)

    async def save(self) -> None:
        """Write what has changed since the last time, whole or not at all, and return once the disk has it."""
        text = State.of(self._sandbox).model_dump_json()
        if text != self._written:
            await asyncio.to_thread(_replace, self._file, text)
            self._written = text


def _replace(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as writing:
        writing.write(text)
        writing.flush()
        os.fsync(writing.fileno())
    fresh.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename itself
    finally:
        os.close(folder)
