"""The description of the API as a file; `python -m link_api.document` prints it."""

import json
from typing import Any

from link_api.main import described


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return described().openapi()


def main() -> None:
    """Print the document."""
    print(json.dumps(document(), indent=2, ensure_ascii=False))  # noqa: T201 - a command that prints


if __name__ == "__main__":
    main()
