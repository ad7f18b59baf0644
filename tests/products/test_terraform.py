"""Terraform as it is installed, where it could go wrong: its words, its plans, its files. The state is on moto."""

import io
import json
import re
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.backends.infrastructure import QUIET, Engine, StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform.root import state_key
from provisioning_assets.backends.store.settings import S3
from provisioning_assets.errors import ApplyFailed, ProviderFailed, Unreachable
from tests.support.back_ends import aws_access
from tests.support.servers import free_port
from tests.support.stages import bring_up, planned
from tests.support.terraform_stage import BUCKET, ROOT, bucket_at, engine_at, stage

CANARY = "canary-5f0c9d1e"


@pytest.fixture
def engine(moto: str) -> Engine:
    bucket_at(moto)
    return engine_at(moto)


def test_a_failed_apply_says_what_terraform_says_with_the_line(engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path, command="echo no route to the quarry; exit 3")
    plan = engine.plan(root, QUIET)

    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, QUIET)

    line = 1 + ROOT.splitlines().index('  provisioner "local-exec" {')
    assert failure.value.where.endswith(f"root/main.tf:{line}")
    for words in ("terraform_data.job", "no route to the quarry", 'provisioner "local-exec" {'):
        assert words in failure.value.cause


REFUSING = """
resource "terraform_data" "checked" {
  lifecycle {
    precondition {
      condition     = var.note == "third" && var.password == "another" && terraform_data.job.input == "other"
      error_message = "It is refused."
    }
  }
}
"""


def test_what_was_refused_is_told_by_its_value_and_no_secret(engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path, note="second", password=CANARY)
    (root.root / "main.tf").write_text(ROOT + REFUSING)

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(root, QUIET)

    assert '    var.note is "second"' in failure.value.cause.splitlines()
    assert CANARY not in str(failure.value)


def test_an_output_alone_is_a_change(engine: Engine, tmp_path: Path) -> None:
    bring_up(engine, stage(tmp_path, note="first"))

    assert planned(engine, stage(tmp_path, note="second")) == ["update output.contract (value)"]


def test_init_runs_again_only_for_another_backend_or_code(engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path)
    bring_up(engine, root)
    initialised = root.workdir / "initialised"
    first = initialised.stat().st_mtime_ns
    engine.plan(root, QUIET)
    assert initialised.stat().st_mtime_ns == first

    (root.root / "more.tf").write_text('module "more" {\n  source = "./more"\n}\n')
    (root.root / "more").mkdir()
    (root.root / "more/main.tf").write_text('resource "terraform_data" "more" {}\n')
    assert not engine.plan(root, QUIET).empty
    second = initialised.stat().st_mtime_ns
    assert second != first

    moved = replace(root, prefix="moved")
    assert engine.state_id(moved) is None
    engine.plan(moved, QUIET)
    assert initialised.stat().st_mtime_ns != second


def test_no_secret_stays_in_a_file(engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path, password=CANARY, command="false")
    plan = engine.plan(root, QUIET)
    file = root.workdir / "plan.tfplan"
    assert file.stat().st_mode & 0o777 == 0o600
    assert CANARY not in repr(plan) + str([change.as_json() for change in plan.changes])
    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, QUIET)
    assert CANARY not in str(failure.value)
    assert not holding(CANARY, tmp_path)

    engine.plan(root, QUIET)
    assert holding(CANARY, tmp_path) == [file]


def test_a_plan_that_nobody_applies_goes_with_its_engine(engine: Engine, moto: str, tmp_path: Path) -> None:
    root = stage(tmp_path, password=CANARY)
    passing = engine_at(moto)
    passing.plan(root, QUIET)
    assert holding(CANARY, tmp_path)

    del passing

    assert not holding(CANARY, tmp_path)


def holding(text: str, folder: Path) -> list[Path]:
    """Files that hold the text, packed ones included."""
    found = []
    for file in (each for each in folder.rglob("*") if each.is_file()):
        content = file.read_bytes()
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                content += b"".join(packed.read(name) for name in packed.namelist())
        if text.encode() in content:
            found.append(file)
    return found


def test_a_variable_that_the_root_lacks_is_refused(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path, comand="true"), QUIET)

    assert "`comand`" in failure.value.what
    assert "`command`" in failure.value.remedy


def test_a_sensitive_contract_is_not_handed_on(engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path)
    (root.root / "main.tf").write_text(
        ROOT.replace("{ note = var.note }", "{ note = var.password }\n  sensitive = true")
    )
    bring_up(engine, root)

    with pytest.raises(ProviderFailed) as failure:
        engine.outputs(root)

    assert failure.value.where == str(root.root)


def test_a_lock_tells_its_holder_its_host_and_since_when(engine: Engine, moto: str, tmp_path: Path) -> None:
    root, account = stage(tmp_path), aws.of(aws_access(moto))
    held = {"ID": "0f4c", "Operation": "OperationTypeApply", "Who": "ci@builder-7", "Version": "1.11.4"}
    held |= {"Info": "", "Created": "2026-11-23T10:00:00.5Z", "Path": state_key(root)}
    lock = json.dumps(held).encode()
    account.client("s3").put_object(Bucket=BUCKET, Key=f"{state_key(root)}.tflock", Body=lock)

    with pytest.raises(StateLocked) as locked:
        engine.plan(root, QUIET)

    assert (locked.value.lock_id, locked.value.host) == ("0f4c", "builder-7")
    assert locked.value.created == datetime(2026, 11, 23, 10, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"version": 3, "lineage": "x"}'])
def test_a_state_that_is_none_of_terraforms_is_told(engine: Engine, moto: str, tmp_path: Path, content: bytes) -> None:
    root = stage(tmp_path)
    account = aws.of(aws_access(moto))
    account.client("s3").put_object(Bucket=BUCKET, Key=state_key(root), Body=content)

    for ask in (engine.outputs, engine.state_id, engine.unmanaged):
        with pytest.raises(ProviderFailed) as failure:
            ask(root)
        assert failure.value.where == f"s3://{BUCKET}/{state_key(root)}"
        assert failure.value.remedy


def test_a_bucket_that_is_missing_is_named(engine: Engine, tmp_path: Path) -> None:
    nowhere = StageRoot("small", tmp_path, tmp_path / "work", "a", S3(bucket="not-there"), {}, {})

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(nowhere, QUIET)

    assert failure.value.where == "s3://not-there/a/terraform/small.tfstate"


def test_a_plan_in_a_cloud_that_is_away_is_told_in_time(tmp_path: Path) -> None:
    address, began = f"http://127.0.0.1:{free_port()}", time.monotonic()

    with pytest.raises(Unreachable) as failure:
        engine_at(address).plan(stage(tmp_path), QUIET)

    assert time.monotonic() - began < 5
    assert failure.value.address == address


def test_evidence_is_about_the_account_and_the_version(engine: Engine) -> None:
    identity = engine.identity()

    assert identity["account"] == "123456789012"
    assert re.fullmatch(r"Terraform \d+\.\d+\.\d+", str(identity["engine"]))


def test_a_missing_terraform_is_said_with_the_remedy(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path), QUIET)

    assert failure.value.remedy


def test_a_crash_without_a_diagnostic_is_told_in_its_own_words(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = tmp_path / "bin/terraform"
    crashing.parent.mkdir()
    crashing.write_text("#!/bin/sh\necho panic: runtime error in the quarry >&2\nexit 2\n")
    crashing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{crashing.parent}:/usr/bin:/bin")

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(stage(tmp_path), QUIET)

    assert "panic: runtime error in the quarry" in failure.value.cause
