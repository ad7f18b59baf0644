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
STAGE = StageRoot(
    "compute", Path("/repository/terraform/stages/compute"), Path("/work"), STATE, "compute.tfstate", {}, {}
)
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


ROOT = """
variable "domain" {
  type = string
}

variable "password" {
  type      = string
  sensitive = true
}
"""


@pytest.fixture
def stage(tmp_path: Path) -> StageRoot:
    """A root with one variable that may be shown, and one that may not."""
    (tmp_path / "main.tf").write_text(ROOT)
    return replace(STAGE, root=tmp_path)


def told(stage: StageRoot, traversal: str, statement: str, *, file: str = "main.tf", known: str = "no such") -> bool:
    """Whether what Terraform says of a value is passed on, and that nothing else of it is."""
    snippet = {"code": "x = y", "start_line": 1, "values": [{"traversal": traversal, "statement": statement}]}
    wrong = {"summary": "Invalid value", "range": {"filename": file, "start": {"line": 1}}, "snippet": snippet}
    lines = error(ProviderFailed, "plan", stage, [wrong], [known]).cause.splitlines()
    assert len(lines) in {3, 4}
    return lines[3:] == [f"    {traversal} {statement}"]


@pytest.mark.parametrize(("traversal", "statement"), [
    ("var.domain", 'is "shop.example"'),
    ("var.domain", 'is ""'),
    ("var.domain", "is 8080"),
    ("var.domain", "is -1.5"),
    ('var.domain["name"]', 'is "www"'),
    ("var.domain[0].name", 'is "www"'),
    ("var.domain", "is null"),
    ("local.names", "is list of string with 2 elements"),
    ("local.names", "is empty list of string"),
    ("aws_vpc.this", "is object with 31 attributes"),
    ("module.app.port", "is true"),
    ("aws_vpc.this.id", "is a string, known only after apply"),
    ("aws_vpc.this.id", "will be known only after apply"),
])  # fmt: skip
def test_what_an_expression_was_is_told(stage: StageRoot, traversal: str, statement: str) -> None:
    assert told(stage, traversal, statement)


@pytest.mark.parametrize(("traversal", "statement"), [
    ("var.password", 'is "hunter-4711"'),
    ("var.password", "has a sensitive value"),
    ("var.domain", "has a sensitive value"),
    ("var.domain", "has an ephemeral value"),
    ("var.domain", r'is "hunter\"4711"'),
    ("var.undeclared", 'is "hunter-4711"'),
    ("var.domain_too", 'is "hunter-4711"'),
    ("local.password", 'is "hunter-4711"'),
    ("aws_db_instance.this.password", 'is "hunter-4711"'),
    ("data.x.y.domain", 'is "hunter-4711"'),
    ("var.domain", "is something that no release of Terraform said before"),
])  # fmt: skip
def test_what_may_be_secret_stays_out(stage: StageRoot, traversal: str, statement: str) -> None:
    assert not told(stage, traversal, statement)


@pytest.mark.parametrize("file", ["../../modules/service/main.tf", "/elsewhere/main.tf"])
def test_a_variable_of_a_module_may_hold_what_a_resource_made(stage: StageRoot, file: str) -> None:
    assert not told(stage, "var.domain", 'is "hunter-4711"', file=file)
    assert told(stage, "var.domain", "is null", file=file)


def test_a_value_that_is_a_secret_elsewhere_is_taken_out(stage: StageRoot) -> None:
    assert not told(stage, "var.domain", 'is "hunter-4711"', known="hunter-4711")


def test_silence_is_said() -> None:
    assert error(ProviderFailed, "plan", STAGE, [], []).cause
