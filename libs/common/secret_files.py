"""Settings that are given as files: NAME_FILE=/run/secrets/name instead of NAME, as containers mount secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the value of a setting whose file cannot be taken; `reason` names no value and no path."""

    reason: str


class FilesNamed(PydanticBaseSettingsSource):
    """Reads each setting from the file that NAME_FILE names; an empty file counts as unset."""

    def __init__(self, settings_cls: type[BaseSettings], sources: Sequence[PydanticBaseSettingsSource]) -> None:
        super().__init__(settings_cls)
        self._variables = [source.env_vars for source in sources if isinstance(source, EnvSettingsSource)]

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - theirs
        """Return what the setting's file says, None where none is named."""
        variable = f"{field_name}_file"
        path = self._told(variable)
        if path and self._told(field_name):
            return Unreadable(f"is set, and {variable.upper()} is too; keep one of the two"), field_name, False
        return _read(Path(path), variable.upper()) if path else None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return what the files say."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}

    def _told(self, name: str) -> str:
        """Return what the strongest source says, empty where none says anything."""
        return next((value for one in self._variables if (value := (one.get(name) or "").strip())), "")


def _read(path: Path, variable: str) -> str | Unreadable | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except OSError as error:
        return Unreadable(f"the file that {variable} names cannot be read ({error.strerror})")
    except UnicodeDecodeError:
        return Unreadable(f"the file that {variable} names is no UTF-8 text")
