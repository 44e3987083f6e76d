"""Serve, or with the word `check` examine one that serves."""

import sys


def main() -> int:
    """Return the exit code."""
    match sys.argv[1:]:
        case []:
            return _serve()
        case ["check", *arguments]:
            return _check(arguments)
        case _:
            sys.stderr.write("usage: python -m webhook_ingest           serves\n")
            sys.stderr.write("       python -m webhook_ingest check -h  tells how to examine one that serves\n")
            return 2


# Each imports what it needs alone: to check takes none of what it takes to serve, and vice versa.


def _serve() -> int:
    from common.runtime import run  # noqa: PLC0415 - as above
    from webhook_ingest.main import build  # noqa: PLC0415
    from webhook_ingest.settings import Settings  # noqa: PLC0415

    run("webhook_ingest", Settings, build)
    return 0


def _check(arguments: list[str]) -> int:
    from webhook_ingest.check import command  # noqa: PLC0415

    return command.run(arguments)


sys.exit(main())
