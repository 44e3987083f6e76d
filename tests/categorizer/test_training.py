from decimal import Decimal

from categorizer.data import text_tables
from categorizer.store.choices import Choice
from categorizer.training import compare, train_with

WORDS = [f"{first}{last}" for first in ("QWZR", "XKVJ", "ZZWQ") for last in ("ANDO", "ELTA", "IMBU", "OSKY", "URPH")]


def choices(category: str, users: int = 1) -> list[Choice]:
    """Return what users chose for merchants that no table knows."""
    return [Choice(f"{word} #12 RENO NV", Decimal(80), category, user) for word in WORDS for user in range(users)]


def test_what_users_chose_is_learned() -> None:
    """Merchants that no table knows are read as users here have read their like: told by those held out."""
    found = compare(choices("shopping", 3))
    assert 0 < found.held_out < 3 * len(WORDS)
    assert (found.before, found.after) == (0, found.held_out)


def test_many_users_weigh_as_a_few() -> None:
    """However many users say the same of a merchant, it counts as three names of our own at most."""
    assert train_with(choices("fuel", 3)).version == train_with(choices("fuel", 9)).version
    assert train_with(choices("fuel", 1)).version != train_with(choices("fuel", 2)).version


def test_one_user_repeats_in_vain() -> None:
    """What one user says of a merchant counts once."""
    assert train_with(choices("fuel") * 5).version == train_with(choices("fuel")).version


def test_no_choices_are_the_tables() -> None:
    """Without anything chosen the model is that of the tables."""
    model = text_tables.judge().scorer.model
    assert model is not None
    assert train_with([]).version == vars(model)["version"]
