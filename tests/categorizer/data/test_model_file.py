import json
from decimal import Decimal
from pathlib import Path

import pytest

from categorizer.data import model_file, text_tables
from categorizer.data.model_file import NotAModel
from categorizer.domain.text.model import METHOD, Example, WordModel, train

EXAMPLES = (Example("PIZZA OVEN", "meals"), Example("PIZZA HOUSE", "meals"), Example("LUMBER HOUSE", "materials"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """A model that went through a file says the same of every word, and nothing else is left in its folder."""
    path, model = tmp_path / "model.json", train([*EXAMPLES, *text_tables.examples()])
    path.write_text("an older one")
    model_file.write(model, path)
    found = model_file.read(path)
    assert (found.pieces, found.version) == (model.pieces, model.version)
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_examples_write_the_same_file(tmp_path: Path) -> None:
    """Two builds of a release make the same file, byte by byte, in whatever order examples come."""
    one, other = tmp_path / "one", tmp_path / "other"
    model_file.write(train(EXAMPLES), one)
    model_file.write(train(reversed(EXAMPLES)), other)
    assert one.read_bytes() == other.read_bytes()


def damaged(**different: object) -> str:
    """Return a file in which something is different."""
    good = {"format": model_file.FORMAT, "method": METHOD, "version": "v", "pieces": {}}
    return json.dumps(good | different)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no JSON"),
        ("\x00\xff", "is no JSON"),
        ('{"format": "cora word mod', "is no JSON"),
        ("[]", "holds no model of words"),
        (damaged(format="cora word model 0"), "holds no model of words"),
        (damaged(method="letters 3"), "was made by another method (letters 3)"),
        (damaged(pieces=[]), "is damaged"),
        (damaged(pieces={"<PIZ": "meals"}), "is damaged"),
        (damaged(pieces={"<PIZ": {"meals": "much"}}), "is damaged"),
        (damaged(pieces={"<PIZ": {"meals": float("nan")}}), "is damaged"),
        ('{"format": "cora word model 1", "method": "word ends 1"}', "is damaged"),
    ],
)
def test_what_is_no_model_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """A file that is broken or of another format is named, with what is wrong and what to do."""
    path = tmp_path / "model.json"
    path.write_text(text, "latin-1")
    with pytest.raises(NotAModel, match="categorizer train --out") as raised:
        model_file.read(path)
    assert str(raised.value).startswith(f"{path} {problem}.")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """So is one that cannot be read."""
    with pytest.raises(NotAModel, match="cannot be read"):
        model_file.read(tmp_path / "none")


def test_a_model_is_used(tmp_path: Path) -> None:
    """Words that no table knows are read by the model that is given."""
    path = tmp_path / "model.json"
    model_file.write(WordModel({"QWZRTX": (("fuel", 9.0),)}, "v"), path)
    judge = text_tables.judge(model_file.read(path))
    usual = text_tables.judge()
    assert dict(judge.judge(judge.read("QWZRTX"), Decimal(0)).ranking)["fuel"] > dict(
        usual.judge(usual.read("QWZRTX"), Decimal(0)).ranking
    ).get("fuel", 0.0)


def test_the_built_in_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the image has a model of its release it is read instead of training one."""
    assert model_file.built_in() is None
    monkeypatch.setattr(model_file, "BUILT_IN", tmp_path / "model.json")
    model_file.write(WordModel({}, "built in"), tmp_path / "model.json")
    assert vars(text_tables.judge.__wrapped__().scorer.model)["version"] == "built in"
