"""Who is told that Dagster's own web server has no door."""

import sys

import pytest

from provisioning_assets.orchestration.unguarded import GUARDED, warn_if_unguarded

SERVER = ["dagster", "api", "grpc", "--socket", "x"]


@pytest.mark.parametrize(
    ("words", "guarded", "told"),
    [(SERVER, False, 1), (SERVER, True, 0), (["dagster", "api", "execute_run"], False, 0), (["pytest"], False, 0)],
)
def test_only_a_code_server_without_our_door_is_told(
    words: list[str], guarded: int, told: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "argv", words)
    monkeypatch.delenv(GUARDED, raising=False)
    if guarded:
        monkeypatch.setenv(GUARDED, "1")
    warn_if_unguarded()
    assert len(caplog.records) == told
