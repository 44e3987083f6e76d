"""Reads scenarios from TOML files and JSON, and says what is wrong with one: the step, and what is allowed there."""

import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ValidationError

from plaid_sandbox.scenario.steps import Scenario, Step, Where

SHIPPED = Path(__file__).parents[1] / "scenarios"
_MODELS: Mapping[tuple[str, ...], type[BaseModel]] = {(): Scenario, ("step",): Step, ("step", "where"): Where}


class ScenarioRefused(ValueError):
    """A scenario that is not understood; the text says why."""


def read(file: Path) -> Scenario:
    """Return the scenario in this file, amounts exact; a bare name is a scenario that came along."""
    shipped = {scenario.stem: scenario for scenario in SHIPPED.glob("*.toml")}
    try:
        with shipped.get(str(file), file).open("rb") as text:
            return scenario_of(tomllib.load(text, parse_float=Decimal))
    except FileNotFoundError:
        names = ", ".join(sorted(shipped))
        raise ScenarioRefused(
            f"{file}: there is no such file, nor is it one of those that came along: {names}"
        ) from None
    except (OSError, tomllib.TOMLDecodeError, ScenarioRefused) as error:
        raise ScenarioRefused(f"{file}: {error}") from None


def scenario_of(body: Mapping[str, object]) -> Scenario:
    """Return the scenario of this plain data, every step's fields checked by the lever that takes them."""
    try:
        scenario = Scenario.model_validate(body)
    except ValidationError as invalid:
        raise ScenarioRefused("; ".join(_complaints(invalid))) from None
    for number, step in enumerate(scenario.step, 1):
        try:
            step.lever.ask.model_validate(step.body)
        except ValidationError as invalid:
            told = "; ".join(_about_body(invalid, step.lever.ask))
            raise ScenarioRefused(f"step {number} ({step.do}): {told}") from None
    return scenario


def _complaints(invalid: ValidationError) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_context=False):
        names = tuple(str(part) for part in error["loc"] if not isinstance(part, int))
        place = next((f"step {part + 1}: " for part in error["loc"] if isinstance(part, int)), "")
        model = _MODELS.get(names[:-1])
        if error["type"] == "extra_forbidden" and model:
            yield f"{place}there is no {names[-1]!r}; {_allowed(model)}"
        else:
            yield f"{place}{'.'.join(names[1:])} {error['msg']}"


def _about_body(invalid: ValidationError, ask: type[BaseModel]) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_context=False):
        name = ".".join(map(str, error["loc"]))
        if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
            yield f"with: there is no {name!r}; {_allowed(ask)}"
        else:
            yield f"with: {name} {error['msg']}"


def _allowed(model: type[BaseModel]) -> str:
    names = [field.alias or name for name, field in model.model_fields.items()]
    return f"allowed: {', '.join(names)}" if names else "nothing is asked here"
