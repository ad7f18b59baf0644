"""Terraform's diagnostics as our errors."""

from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform.diagnostics import error
from provisioning_assets.errors import ApplyFailed, ProviderFailed

STAGE = StageRoot("compute", Path("/repository/terraform/stages/compute"), Path("/work"), {}, {}, {})
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
    assert told.what == "terraform apply of compute failed"
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
    assert "password (sensitive)\n" in told.cause


def test_a_place_below_us_is_relative(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    stage = StageRoot("compute", tmp_path / "terraform/stages/compute", tmp_path, {}, {}, {})
    assert error(ProviderFailed, "plan", stage, [REJECTED], []).where == "terraform/modules/service/main.tf:30"


def test_a_held_lock_names_holder_and_lock() -> None:
    told = error(ProviderFailed, "plan", STAGE, [HELD], [])

    assert isinstance(told, StateLocked)
    assert told.lock_id == "0f4c-11"
    assert "ci@builder-7, OperationTypeApply, since 2026-11-23 10:00:00 UTC" in told.holder


def test_silence_is_said() -> None:
    assert error(ProviderFailed, "plan", STAGE, [], []).cause == "Terraform ended without a word"
