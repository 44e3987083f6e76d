import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from plaid_sandbox.scenario.reading import SHIPPED, ScenarioRefused, read, scenario_of
from plaid_sandbox.settings import Settings

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"at": 1, "do": "acounts/open"}, "step 1: .*there is no 'acounts/open'; allowed: accounts/balance, accounts/"),
    ({"at": 1, "do": "refresh", "item": 1, "wiht": {}}, "step 1: there is no 'wiht'; allowed: at, on, where, .*with"),
    ({"on": "page sent", "where": {"usr": "x"}, "do": "refresh"}, "step 1: there is no 'usr'; allowed: item, instit"),
    ({"on": "page sent", "where": {"user": "user_god"}, "do": "refresh"}, "step 1: .*no user 'user_god'; allowed: use"),
    ({"on": "page read", "do": "refresh"}, "step 1: on .*'item linked', 'history read'"),
    (
        {"on": "page sent", "do": "pages", "with": {"siez": 1}},
        "step 1 .pages.: with: there is no 'siez'; allowed: size",
    ),
    ({"on": "page sent", "do": "refresh", "with": {"a": 1}}, "step 1 .refresh.: .*nothing is asked here"),
    (
        {"on": "page sent", "do": "pages", "with": {"size": 0}},
        "step 1 .pages.: with: size .*greater than or equal to 1",
    ),
    ({"at": 1, "do": "outages", "with": {"error_code": "DOWN"}}, "step 1 .outages.: .*DOWN is no code of Plaid's"),
    ({"at": 1, "do": "outages", "with": {"path": "/sync"}}, "/sync is no endpoint of the stand-in; it has /accounts/"),
    ({"do": "refresh", "item": 1}, "step 1: .*either at or on"),
    ({"at": 1, "on": "page sent", "do": "refresh", "item": 1}, "step 1: .*either at or on"),
    ({"at": 1, "do": "refresh"}, "step 1: .*with at allowed are a number, an institution_id and 'all'"),
    ({"at": 1, "do": "outages", "with": {"item_id": "@this"}}, "step 1: .*with at allowed are a number"),
    ({"at": 1, "nth": 2, "do": "refresh", "item": 1}, "step 1: .*nth: only with on"),
    ({"at": 1, "do": "refresh", "item": "first"}, "step 1: .*no bank 'first'"),
    ({"at": 1, "do": "clock/advance", "item": 1, "with": {"seconds": 1}}, "step 1: .*clock/advance is about no Item"),
    ({"on": "page sent", "do": "refresh", "every": 1.5}, "step 1: .*whole number"),
    ({"at": -1, "do": "refresh", "item": 1}, "step 1: at .*greater than or equal to 0"),
    ({"at": 1, "do": "refresh", "item": 1, "repeat": 0}, "step 1: repeat"),
]


@pytest.mark.parametrize(("step", "told"), REFUSED)
def test_what_is_not_understood_is_named(step: dict[str, Any], told: str) -> None:
    """The message says which step is wrong, and what is allowed there."""
    with pytest.raises(ScenarioRefused, match=told):
        scenario_of({"step": [step]})


def test_the_second_step_is_called_so() -> None:
    """Steps are numbered from one, and the word `step` is checked as every other."""
    fine = {"at": 1, "do": "outages/clear"}
    with pytest.raises(ScenarioRefused, match=r"^step 2: there is no 'x'"):
        scenario_of({"step": [fine, fine | {"x": 1}]})
    with pytest.raises(ScenarioRefused, match="there is no 'steps'; allowed: step"):
        scenario_of({"steps": [fine]})


def test_a_file_is_read_with_exact_amounts(tmp_path: Path) -> None:
    """TOML's numbers and dates reach the lever as they were written."""
    file = tmp_path / "exact.toml"
    file.write_text(
        '[[step]]\nat = 0.5\nitem = 1\ndo = "transactions"\nwith = { amount = 0.1234567, date = 2026-01-02 }'
    )
    (step,) = read(file).step
    ask = step.lever.ask.model_validate(step.body)
    assert (step.at, str(ask.amount), str(ask.date)) == (0.5, "0.1234567", "2026-01-02")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Neither a missing file nor bad TOML nor a bad step starts anything."""
    file = tmp_path / "bad.toml"
    with pytest.raises(
        ScenarioRefused, match=r"bad\.toml: there is no such file, nor .*: bad_day, slow_import, webhook_storm"
    ):
        read(file)
    for text, told in (("[[step]", r"bad\.toml: .*line 1"), ('[[step]]\ndo = "x"', r"bad\.toml: step 1")):
        file.write_text(text)
        with pytest.raises(ScenarioRefused, match=told):
            read(file)


def test_the_readmes_example_is_understood() -> None:
    """What people copy works."""
    readme = (SHIPPED.parent / "README.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert len(scenario_of(tomllib.loads(example)).step) == 3


def test_what_came_along_goes_by_its_name() -> None:
    """In a container nobody has to know where the files are."""
    assert read(Path("bad_day")) == read(SHIPPED / "bad_day.toml")


def test_the_setting_names_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PLAID_SANDBOX_SCENARIO is a path; empty is none."""
    monkeypatch.setenv("PLAID_SANDBOX_SCENARIO", str(tmp_path / "x.toml"))
    assert Settings().scenario == tmp_path / "x.toml"
    monkeypatch.setenv("PLAID_SANDBOX_SCENARIO", "")
    assert Settings().scenario is None
