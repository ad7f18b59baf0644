"""Where first values come from, and that no error shows one."""

from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.engagement.sections import FromEnvironment, FromFile, Generate, Secret
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.runs.initial_values import initial_value, require_initial_values

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
    first, second = (initial_value(secret(Generate(generate=48)), {}) for _ in range(2))

    assert len(first) == len(second) == 48
    assert first != second
    assert first.isascii()
    assert first.isalnum()


def test_a_variable_of_the_operator_gives_its_value_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_KEY", "of this process")

    assert (
        initial_value(secret(FromEnvironment(environment="DEMO_KEY")), {"DEMO_KEY": f" {CANARY}\n"}) == f" {CANARY}\n"
    )


@pytest.mark.parametrize("given", [{}, {"DEMO_KEY": ""}])
def test_a_variable_without_value_is_named_with_the_remedy(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_KEY", "of this process")

    with pytest.raises(ProviderFailed, match="session-key") as failure:
        initial_value(secret(FromEnvironment(environment="DEMO_KEY")), given)

    assert "DEMO_KEY" in failure.value.where
    assert failure.value.cause
    assert "export DEMO_KEY" in failure.value.remedy


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"canary-4711", CANARY), (b"canary-4711\n", CANARY), (b"canary-4711\n\n", f"{CANARY}\n"), (b" x \n", " x ")],
)
def test_a_file_loses_one_line_end(content: bytes, value: str, tmp_path: Path) -> None:
    file = written(tmp_path, content)

    assert initial_value(secret(FromFile(file=str(file))), {}) == value


def test_a_file_in_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path, b"x")

    assert initial_value(secret(FromFile(file="~/value")), {}) == "x"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_can_open_is_refused(mode: int, tmp_path: Path) -> None:
    file = written(tmp_path, CANARY.encode(), mode)

    with pytest.raises(ProviderFailed, match="session-key") as failure:
        initial_value(secret(FromFile(file=str(file))), {})

    assert failure.value.where == str(file)
    assert f"{mode:o}" in failure.value.cause
    assert "chmod 600" in failure.value.remedy
    assert CANARY not in told(failure)


@pytest.mark.parametrize(("content", "cause"), [(b"", "empty"), (b"\n", "empty"), (b"canary-4711\xff", "not text")])
def test_a_file_without_a_usable_value_is_named_and_not_shown(content: bytes, cause: str, tmp_path: Path) -> None:
    file = written(tmp_path, content)

    with pytest.raises(ProviderFailed, match="session-key") as failure:
        initial_value(secret(FromFile(file=str(file))), {})

    assert cause in failure.value.cause
    assert failure.value.remedy
    assert CANARY not in told(failure)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    for place, cause in (("missing", "No such file"), ("folder", "directory")):
        with pytest.raises(ProviderFailed, match="session-key") as failure:
            initial_value(secret(FromFile(file=str(tmp_path / place))), {})
        assert cause in failure.value.cause
        assert failure.value.where == str(tmp_path / place)


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    file = folder / "value"
    file.write_bytes(content)
    file.chmod(mode)
    return file


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    missing = secret(FromEnvironment(environment="DEMO_KEY"))
    gone = secret(FromFile(file=str(tmp_path / "gone"))).model_copy(update={"name": "deploy-key"})
    made = secret(Generate(generate=32)).model_copy(update={"name": "made"})

    with pytest.raises(ProviderFailed, match=r"session-key.*deploy-key") as failure:
        require_initial_values([missing, made, gone], lambda _purpose: (), {})
    assert "DEMO_KEY" in failure.value.where
    assert str(tmp_path / "gone") in failure.value.where
    assert "export DEMO_KEY" in failure.value.remedy


def test_what_is_stored_needs_no_value_to_start_with(tmp_path: Path) -> None:
    gone = secret(FromFile(file=str(tmp_path / "gone")))
    require_initial_values([gone], lambda purpose: ["session-key"] if purpose == "runtime" else [], {})
    with pytest.raises(ProviderFailed):
        require_initial_values([gone], lambda purpose: ["session-key"] if purpose == "engagement" else [], {})
    require_initial_values([secret(FromEnvironment(environment="DEMO_KEY"))], lambda _purpose: (), {"DEMO_KEY": CANARY})
