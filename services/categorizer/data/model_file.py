"""A model of words as a file: JSON that can be read and compared, written whole or not at all."""

import json
import math
import os
from pathlib import Path
from typing import Any

from categorizer.domain.text.model import METHOD, WordModel

FORMAT = "cora word model 1"
BUILT_IN = Path(__file__).with_name("model.json")
"""Where an image has the model of its release: no other file may stand there."""


class NotAModel(ValueError):
    """What is wrong with a file, and what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} {problem}. Make one of this release with `python -m categorizer train --out {path}`, "
            "or unset CATEGORIZER_MODEL"
        )


def write(model: WordModel, path: Path) -> None:
    """Put the model there, in the place of whatever is there."""
    pieces = {piece: dict(weights) for piece, weights in model.pieces.items()}
    text = json.dumps({"format": FORMAT, "method": METHOD, "version": model.version, "pieces": pieces}, indent=0)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text + "\n", "utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def built_in() -> WordModel | None:
    """Return the model that came with the image; None where there is none, and one is trained."""
    return read(BUILT_IN) if BUILT_IN.exists() else None


def read(path: Path) -> WordModel:
    """Return the model in a file that `write` made; raise NotAModel where it is none, or of another release."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise NotAModel(path, f"cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise NotAModel(path, "is no JSON") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise NotAModel(path, "holds no model of words")
    if found.get("method") != METHOD:
        raise NotAModel(path, f"was made by another method ({found.get('method')})")
    try:
        return WordModel({piece: _weights(told) for piece, told in found["pieces"].items()}, str(found["version"]))
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise NotAModel(path, "is damaged") from error


def _weights(told: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    weights = tuple((category, float(weight)) for category, weight in told.items())
    if not all(math.isfinite(weight) for _, weight in weights):
        raise ValueError(weights)
    return weights
