import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from dotenv import dotenv_values

from deploy import environment


def test_a_missing_file_is_the_example_with_secrets(tmp_path: Path) -> None:
    """The first `make up` has all it needs: the example, fresh secrets, for its owner's eyes alone."""
    file = tmp_path / ".env"
    said = environment.prepare(file)
    values, example = dotenv_values(file), dotenv_values(environment.EXAMPLE)
    assert [name for name in environment.FRESH if not values[name]] == []
    Fernet(str(values["PLAID_ENCRYPTION_KEY"]))
    assert len(str(values["AUTH_JWT_SECRET"])) >= 32
    assert {name: values[name] for name in example if name not in environment.FRESH} == {
        name: value for name, value in example.items() if name not in environment.FRESH
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not any(str(values[name]) in sentence for name in environment.FRESH for sentence in said)
    assert len(said) == 2


def test_a_value_is_never_overwritten(tmp_path: Path) -> None:
    """What an operator set stands, to the letter; only what is empty is filled in, once."""
    file = tmp_path / ".env"
    kept = (name for name in environment.FRESH if name not in {"AUTH_JWT_SECRET", "POSTGRES_PASSWORD"})
    others = "".join(f"export {name}=kept\n" for name in kept)
    file.write_text(f"# mine\nAUTH_JWT_SECRET=kept\nPOSTGRES_PASSWORD= \nPLAID_SECRET=\n{others}")
    assert environment.prepare(file) == ["New secrets in .env: POSTGRES_PASSWORD."]
    lines = file.read_text().splitlines()
    assert (lines[0], lines[1], lines[3]) == ("# mine", "AUTH_JWT_SECRET=kept", "PLAID_SECRET=")
    before = file.read_bytes()
    assert environment.prepare(file) == []
    assert file.read_bytes() == before


def test_no_secret_is_made_beside_a_key_set(tmp_path: Path) -> None:
    """Where tokens are proved by the host application's keys, a secret of ours would stop the start."""
    file = tmp_path / ".env"
    others = "".join(f"{name}=kept\n" for name in environment.FRESH if name != "AUTH_JWT_SECRET")
    file.write_text(f"AUTH_JWT_SECRET=\nAUTH_JWKS_URL=https://login.example.com/keys\n{others}")
    assert environment.prepare(file) == []


def test_a_secret_that_an_older_file_lacks_is_added(tmp_path: Path) -> None:
    """After an upgrade the settings of the release before are enough, whether or not they end in a line break."""
    file = tmp_path / ".env"
    older = {name: "kept" for name in environment.FRESH if name != "RABBITMQ_ERLANG_COOKIE"}
    file.write_text("\n".join(["# RABBITMQ_ERLANG_COOKIE=", *(f"{name}={value}" for name, value in older.items())]))
    assert environment.prepare(file) == ["New secrets in .env: RABBITMQ_ERLANG_COOKIE."]
    values = dotenv_values(file)
    assert values.pop("RABBITMQ_ERLANG_COOKIE")
    assert values == older
    assert environment.prepare(file) == []


def test_two_fillings_differ() -> None:
    """No two deployments share a secret."""
    text = environment.EXAMPLE.read_text()
    assert environment.fill(text) != environment.fill(text)


def test_a_crash_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is replaced whole, or not at all."""
    file = tmp_path / ".env"
    file.write_text("POSTGRES_PASSWORD=\n")

    def crash(_self: Path, _target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(OSError, match="no space left"):
        environment.prepare(file)
    assert file.read_text() == "POSTGRES_PASSWORD=\n"
