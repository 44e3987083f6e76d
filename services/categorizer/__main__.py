"""Serve, or with the word of a command do what it says: `python -m categorizer -h`."""

import sys
from importlib import import_module

from categorizer.commands import WORDS

WRONG_USE = 2


def main() -> int:
    """Return the exit code."""
    match sys.argv[1:]:
        case []:
            return _serve()
        case [word, *arguments] if word in WORDS:
            return int(import_module(f"categorizer.commands.{word}").run(arguments))
        case ["-h" | "--help"]:
            sys.stdout.write(_usage())
            return 0
        case _:
            sys.stderr.write(_usage())
            return WRONG_USE


def _usage() -> str:
    lines = [f"usage: python -m categorizer {'':12}serves\n"]
    lines += [f"       python -m categorizer {word + ' -h':12}tells how to {word}\n" for word in WORDS]
    return "".join(lines)


# Whoever asks for a command takes none of what it takes to serve, and vice versa.


def _serve() -> int:
    from categorizer.main import build  # noqa: PLC0415 - as above
    from categorizer.settings import Settings  # noqa: PLC0415
    from common.runtime import run  # noqa: PLC0415

    run("categorizer", Settings, build, gives_way=True)
    return 0


sys.exit(main())
