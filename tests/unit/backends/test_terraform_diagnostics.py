"""Terraform's diagnostics as our errors."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform.diagnostics import error
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.core.plan import SENSITIVE
from provisioning_assets.errors import ApplyFailed, ProviderFailed

STATE = S3(bucket="demo-shop-staging-state")
STAGE = StageRoot("compute", Path("/repository/terraform/stages/compute"), Path("/work"), "shop/staging", STATE, {}, {})
REJECTED = {
    "severity": "error",
    "summary": "creating ECS Service: InvalidParameterException",
    "detail": "no subnet for password hunter-4711",
    "address": "module.app.aws_ecs_service.this",
    "range": {"filename": "../../modules/service/main.tf", "start": {"line": 30}},
    "snippet": {"context": 'resource "aws_ecs_service" "this"', "code": "  cluster = var.cluster", "start_line": 30},
}
HELD = {
    "severity": "error",
    "summary": "Error acquiring the state lock",
    "detail": """Error message: operation error S3: PutObject, PreconditionFailed
Lock Info:
  ID:        0f4c-11
  Path:      bucket/compute.tfstate
  Operation: OperationTypeApply
  Who:       ci@builder-7
  Version:   1.11.4
  Created:   2026-11-23 10:00:00 UTC
""",
}


def test_an_error_has_summary_detail_address_place_and_source() -> None:
    told = error(ApplyFailed, "apply", STAGE, [REJECTED], [])

    assert isinstance(told, ApplyFailed)
    assert "compute" in told.what
    assert told.where == "/repository/terraform/modules/service/main.tf:30"
    assert told.cause.splitlines() == [
        "creating ECS Service: InvalidParameterException",
        "  no subnet for password hunter-4711",
        "  with module.app.aws_ecs_service.this",
        '  on /repository/terraform/modules/service/main.tf:30, in resource "aws_ecs_service" "this"',
        "    30:   cluster = var.cluster",
    ]


def test_values_of_sensitive_variables_are_taken_out() -> None:
    told = error(ProviderFailed, "plan", STAGE, [REJECTED], ["hunter", "hunter-4711"])
    assert "hunter" not in str(told)
    assert f"password {SENSITIVE}\n" in told.cause


def test_a_place_below_us_is_relative(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    stage = replace(STAGE, root=tmp_path / "terraform/stages/compute")
    assert error(ProviderFailed, "plan", stage, [REJECTED], []).where == "terraform/modules/service/main.tf:30"


def test_a_held_lock_names_holder_and_lock() -> None:
    told = error(ProviderFailed, "plan", STAGE, [HELD], [])

    assert isinstance(told, StateLocked)
    assert told.lock_id == "0f4c-11"
    assert told.host == "builder-7"
    for part in ("ci@builder-7", "OperationTypeApply", "2026-11-23 10:00:00 UTC"):
        assert part in told.holder


@pytest.mark.parametrize(("created", "expected"), [
    ("2026-11-23 10:00:00.123456789 +0000 UTC", datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)),
    ("2026-11-23 10:00:00 +0000 UTC", datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ("2026-11-23 10:00:00 UTC", None),
    ("", None),
])  # fmt: skip
def test_when_a_lock_was_taken_is_read_as_terraform_writes_it(created: str, expected: datetime | None) -> None:
    held = HELD | {"detail": HELD["detail"].replace("2026-11-23 10:00:00 UTC", created)}
    told = error(ProviderFailed, "plan", STAGE, [held], [])
    assert isinstance(told, StateLocked)
    assert told.created == expected


def test_silence_is_said() -> None:
    assert error(ProviderFailed, "plan", STAGE, [], []).cause
