"""Where first values come from, and that no error shows one."""

from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.engagement.sections import FromEnvironment, FromFile, Generate, Secret
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.runs.initial_values import require_sources, value_of

CANARY = "canary-4711"


def secret(source: Generate | FromEnvironment | FromFile) -> Secret:
    return Secret(
        name="session-key", owner="Dana Novak", purpose="runtime", source=source, rotate_every=timedelta(days=30)
    )


def told(failure: pytest.ExceptionInfo[ProviderFailed]) -> str:
    """Everything that the error and those behind it say."""
    said, error = "", failure.value
    while error is not None:
        said += f"{error!s} {error!r} {error.args!r} {vars(error)!r}"
        error = error.__cause__ or error.__context__
    return said


def test_a_generated_value_has_the_length_and_is_another_each_time() -> None:
    first, second = (value_of(secret(Generate(generate=48))) for _ in range(2))

    assert len(first) == len(second) == 48
    assert first != second
    assert first.isascii()
    assert first.isalnum()


def test_a_variable_gives_its_value_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_KEY", f" {CANARY}\n")

    assert value_of(secret(FromEnvironment(environment="DEMO_KEY"))) == f" {CANARY}\n"


@pytest.mark.parametrize(("value", "cause"), [(None, "not set"), ("", "empty")])
def test_a_variable_without_value_is_named_with_the_remedy(
    value: str | None, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DEMO_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("DEMO_KEY", value)

    with pytest.raises(ProviderFailed, match="session-key") as failure:
        value_of(secret(FromEnvironment(environment="DEMO_KEY")))

    assert "DEMO_KEY" in failure.value.where
    assert cause in failure.value.cause
    assert "export DEMO_KEY" in failure.value.remedy


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"canary-4711", CANARY), (b"canary-4711\n", CANARY), (b"canary-4711\n\n", f"{CANARY}\n"), (b" x \n", " x ")],
)
def test_a_file_loses_one_line_end(content: bytes, value: str, tmp_path: Path) -> None:
    file = written(tmp_path, content)

    assert value_of(secret(FromFile(file=str(file)))) == value


def test_a_file_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, b"x")

    assert value_of(secret(FromFile(file="~/value"))) == "x"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_can_open_is_refused(mode: int, tmp_path: Path) -> None:
    file = written(tmp_path, CANARY.encode(), mode)

    with pytest.raises(ProviderFailed, match="open to others") as failure:
        value_of(secret(FromFile(file=str(file))))

    assert failure.value.where == str(file)
    assert f"{mode:o}" in failure.value.cause
    assert "chmod 600" in failure.value.remedy
    assert CANARY not in told(failure)


@pytest.mark.parametrize(("content", "cause"), [(b"", "empty"), (b"\n", "empty"), (b"canary-4711\xff", "not text")])
def test_a_file_without_a_usable_value_is_named_and_not_shown(content: bytes, cause: str, tmp_path: Path) -> None:
    file = written(tmp_path, content)

    with pytest.raises(ProviderFailed, match="no value to start with") as failure:
        value_of(secret(FromFile(file=str(file))))

    assert cause in failure.value.cause
    assert failure.value.remedy
    assert CANARY not in told(failure)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    for place, cause in (("missing", "No such file"), ("folder", "directory")):
        with pytest.raises(ProviderFailed, match="session-key") as failure:
            value_of(secret(FromFile(file=str(tmp_path / place))))
        assert cause in failure.value.cause
        assert failure.value.where == str(tmp_path / place)


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    file = folder / "value"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_all_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DEMO_KEY", raising=False)
    missing = secret(FromEnvironment(environment="DEMO_KEY"))
    gone = secret(FromFile(file=str(tmp_path / "gone"))).model_copy(update={"name": "deploy-key"})
    made = secret(Generate(generate=32)).model_copy(update={"name": "made"})

    with pytest.raises(ProviderFailed, match=r"session-key has no value .*; .*deploy-key has no value") as failure:
        require_sources([missing, made, gone], lambda _purpose: ())
    assert "export DEMO_KEY" in failure.value.remedy
    require_sources([missing, made, gone], lambda purpose: {"runtime": ["session-key", "deploy-key"]}.get(purpose, ()))
