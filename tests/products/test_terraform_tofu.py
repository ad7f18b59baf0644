"""OpenTofu by a stand-in: how `tofu` is called, configured and told apart. What it does itself, nothing here shows."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.backends import access as accesses
from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import QUIET, Engine, StateLocked
from provisioning_assets.backends.infrastructure.terraform import cli_configuration
from provisioning_assets.backends.infrastructure.terraform.cli_configuration import MIRROR
from provisioning_assets.backends.infrastructure.terraform.program import TERRAFORM, TOFU
from provisioning_assets.backends.infrastructure.terraform.root import state_key
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ApplyFailed, ProviderFailed
from tests.support.back_ends import REGION, aws_access, opened
from tests.support.stages import bring_up
from tests.support.terraform_stage import BUCKET, ROOT, bucket_at, stage, terraform

VERSION = """OpenTofu v1.10.6
on linux_amd64
+ provider registry.opentofu.org/hashicorp/aws v5.100.0
"""
"""https://opentofu.org/docs/cli/commands/version/"""

LOCKED = """# This file is maintained automatically.
provider "{host}/hashicorp/aws" {{
  version = "5.100.0"
}}
"""


class StandIn:
    """A `tofu` that writes down how it was called, says its version, and leaves the rest to Terraform."""

    def __init__(self, folder: Path, version: str = VERSION) -> None:
        real = shutil.which("terraform")
        self._folder = folder
        self.path = folder / "bin/tofu"
        self.path.parent.mkdir(parents=True)
        (folder / "version").write_text(version)
        self.path.write_text(
            f'#!/bin/sh\necho "$@" >> {folder}/called\nenv > {folder}/environment.$1\n'
            f'[ "$1" = version ] && exec cat {folder}/version\nexec {real} "$@"\n'
        )
        self.path.chmod(0o755)

    @property
    def commands(self) -> list[str]:
        return [line.split()[0] for line in (self._folder / "called").read_text().splitlines()]

    def environment(self, command: str) -> dict[str, str]:
        lines = (self._folder / f"environment.{command}").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., StandIn]:
    """Installs the stand-in; no `terraform` is on the PATH beside it."""

    def installed(**more: str) -> StandIn:
        found = StandIn(tmp_path / "installed", **more)
        monkeypatch.setenv("PATH", f"{found.path.parent}:/usr/bin:/bin")
        assert shutil.which("terraform") is None
        return found

    return installed


@pytest.fixture
def called(install: Callable[..., StandIn]) -> StandIn:
    return install()


def tofu(access: Access) -> Engine:
    engine: Engine = opened(Kind.INFRASTRUCTURE, "terraform", access, program="tofu")
    return engine


@pytest.fixture
def engine(moto: str) -> Engine:
    bucket_at(moto)
    return tofu(aws_access(moto))


def test_a_stage_is_brought_up_by_tofu_alone(called: StandIn, engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path, note="by tofu")

    told = bring_up(engine, root)

    assert called.commands == ["init", "plan", "show", "apply"]
    assert any("tofu init" in line for line in told)
    assert engine.outputs(root) == {"note": "by tofu"}
    assert engine.plan(root, QUIET).empty


def test_tofu_has_a_configuration_of_its_own(called: StandIn, engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path)

    engine.plan(root, QUIET)

    environment = called.environment("plan")
    assert environment["TF_CLI_CONFIG_FILE"] == str(root.workdir.resolve() / "tofu.tfrc")
    assert environment["TF_DATA_DIR"].startswith(str(root.workdir.resolve()))
    assert "disable_checkpoint" not in (root.workdir / "tofu.tfrc").read_text()


def test_evidence_of_tofu_is_of_another_engine(called: StandIn, moto: str) -> None:
    identity = tofu(aws_access(moto)).identity()

    assert identity["engine"] == "OpenTofu 1.10.6"
    assert identity.keys() == terraform(aws_access(moto)).identity().keys()
    assert called.commands == ["version"]


@pytest.mark.parametrize("answer", ["Terraform v1.11.4\non linux_amd64\n", "OpenTofu\n", "1.10.6", ""])
def test_what_does_not_call_itself_opentofu_is_refused(install: Callable[..., StandIn], moto: str, answer: str) -> None:
    called = install(version=answer)

    with pytest.raises(ProviderFailed) as refused:
        tofu(aws_access(moto)).identity()

    assert refused.value.where == str(called.path)
    assert refused.value.cause
    assert TOFU.installing in refused.value.remedy


def test_a_tofu_under_terraforms_name_is_refused(called: StandIn, moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    disguised = called.path.with_name("terraform")
    disguised.symlink_to(called.path)

    with pytest.raises(ProviderFailed) as refused:
        terraform(aws_access(moto)).identity()

    assert refused.value.where == str(disguised)


def test_a_missing_tofu_is_said_with_the_remedy(engine: Engine, tmp_path: Path) -> None:
    assert shutil.which("tofu") is None

    with pytest.raises(ProviderFailed) as refused:
        engine.plan(stage(tmp_path), QUIET)

    assert "`tofu`" in refused.value.what
    assert refused.value.where == "PATH"
    assert TOFU.installing in refused.value.remedy
    assert engine.identity()["engine"] == "none"


def test_what_failed_under_tofu_is_told_by_its_name(called: StandIn, engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path, command="exit 3")
    plan = engine.plan(root, QUIET)

    with pytest.raises(ApplyFailed) as failure:
        engine.apply(root, plan, QUIET)

    assert failure.value.what.split()[:2] == ["tofu", "apply"]
    assert "erraform" not in failure.value.what + failure.value.remedy


def test_a_lock_is_told_and_released_by_tofu(called: StandIn, engine: Engine, moto: str, tmp_path: Path) -> None:
    root = stage(tmp_path)
    held = {"ID": "0f4c", "Operation": "OperationTypeApply", "Who": "ci@builder-7", "Version": "1.10.6", "Info": ""}
    lock = json.dumps({**held, "Created": "2026-11-23T10:00:00Z", "Path": state_key(root)}).encode()
    aws.of(aws_access(moto)).client("s3").put_object(Bucket=BUCKET, Key=f"{state_key(root)}.tflock", Body=lock)

    with pytest.raises(StateLocked) as locked:
        engine.plan(root, QUIET)
    engine.unlock(root, "0f4c")

    assert "tofu force-unlock 0f4c" in locked.value.remedy
    assert called.commands[-1] == "force-unlock"
    assert not engine.plan(root, QUIET).empty


def test_the_other_programs_folder_is_initialised_again(called: StandIn, moto: str, tmp_path: Path) -> None:
    bucket_at(moto)
    root = stage(tmp_path)
    called.path.with_name("terraform").symlink_to(called.path)
    terraform(aws_access(moto)).plan(root, QUIET)

    tofu(aws_access(moto)).plan(root, QUIET)
    tofu(aws_access(moto)).plan(root, QUIET)

    assert called.commands.count("init") == 2


@pytest.mark.parametrize(("program", "host"), [("tofu", TERRAFORM.registry), ("terraform", TOFU.registry)])
def test_a_lock_file_of_the_other_registry_is_refused_at_its_line(
    moto: str, tmp_path: Path, program: str, host: str
) -> None:
    bucket_at(moto)
    root = stage(tmp_path)
    lock = root.root / ".terraform.lock.hcl"
    lock.write_text(LOCKED.format(host=host))

    with pytest.raises(ProviderFailed) as refused:
        opened(Kind.INFRASTRUCTURE, "terraform", aws_access(moto), program=program).plan(root, QUIET)

    assert refused.value.where == f"{lock}:2"
    assert f"{host}/hashicorp/aws" in refused.value.cause
    assert f"{program} providers lock" in refused.value.remedy


def test_code_that_names_a_registry_itself_may_lock_it(called: StandIn, engine: Engine, tmp_path: Path) -> None:
    root = stage(tmp_path)
    needs = '  required_providers {\n    aws = { source = "registry.terraform.io/hashicorp/aws" }\n  }\n'
    (root.root / "main.tf").write_text(ROOT.replace('  backend "s3" {}\n', f'  backend "s3" {{}}\n{needs}'))
    (root.root / ".terraform.lock.hcl").write_text(LOCKED.format(host=TERRAFORM.registry))

    with pytest.raises(ProviderFailed) as failure:  # the hashes are missing: so it was asked
        engine.plan(root, QUIET)

    assert called.commands == ["init"]
    assert failure.value.what.split()[:2] == ["tofu", "init"]


@pytest.mark.parametrize("name", ["more.tofu", "more.tofu.json"])
def test_code_that_nothing_here_would_read_is_refused(engine: Engine, tmp_path: Path, name: str) -> None:
    root = stage(tmp_path)
    (root.root / name).write_text("{}")

    with pytest.raises(ProviderFailed) as refused:
        engine.plan(root, QUIET)

    assert refused.value.where == str(root.root / name)
    assert refused.value.remedy


def test_an_encrypted_state_is_said_to_be_one(engine: Engine, moto: str, tmp_path: Path) -> None:
    root = stage(tmp_path)
    state = {"serial": 1, "lineage": "0f4c", "encryption_version": "v0", "meta": {}, "encrypted_data": "b64"}
    body = json.dumps(state).encode()
    aws.of(aws_access(moto)).client("s3").put_object(Bucket=BUCKET, Key=state_key(root), Body=body)

    with pytest.raises(ProviderFailed) as refused:
        engine.outputs(root)

    assert state_key(root) in refused.value.where
    assert "encryption" in refused.value.remedy


def test_a_mirror_serves_the_program_whose_registry_it_holds(tmp_path: Path) -> None:
    for program in (TERRAFORM, TOFU):
        (tmp_path / program.command / program.registry / "hashicorp/aws").mkdir(parents=True)
        access = Access("the test's own", {MIRROR: program.command}, folder=tmp_path)

        file, _ = cli_configuration.configuration(tmp_path, access, program)

        assert file.name == f"{program.command}.tfrc"
        assert file.read_text().count(f'["{program.registry}/hashicorp/aws"]') == 2


def test_a_mirror_of_the_other_registry_alone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".terraform.d/plugins" / TERRAFORM.registry / "hashicorp/aws").mkdir(parents=True)
    (tmp_path / ".local/share/opentofu/plugins" / TOFU.registry / "hashicorp/aws").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    named = Access("the test's own", {MIRROR: ".terraform.d/plugins"}, folder=tmp_path)

    file, _ = cli_configuration.configuration(tmp_path, Access("the test's own", {}), TOFU)
    with pytest.raises(ProviderFailed) as refused:
        cli_configuration.configuration(tmp_path, named, TOFU)

    assert str(tmp_path / ".local/share/opentofu/plugins") in file.read_text()
    assert TERRAFORM.registry not in file.read_text()
    assert TOFU.registry in refused.value.remedy


def test_of_the_operators_own_files_tofus_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    monkeypatch.delenv(MIRROR, raising=False)
    access = accesses.of_process(REGION)
    found = []
    for name in (".terraformrc", ".tofurc"):
        (tmp_path / name).write_text('credentials "registry.example" {}\n')
        found.append([cli_configuration.configuration(tmp_path, access, each)[0].name for each in (TERRAFORM, TOFU)])

    assert found == [[".terraformrc", ".terraformrc"], [".terraformrc", ".tofurc"]]
