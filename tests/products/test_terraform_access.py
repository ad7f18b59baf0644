"""What reaches Terraform of this process and of the environment's access, and what of one access reaches another's."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning_assets.backends import access as accesses
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import QUIET
from provisioning_assets.backends.infrastructure.terraform import cli_configuration
from provisioning_assets.errors import ProviderFailed
from tests.support.back_ends import REGION, aws_access
from tests.support.servers import moto_server
from tests.support.stages import bring_up
from tests.support.terraform_stage import bucket_at, stage, terraform

OF_A_SHELL = {"PWD", "OLDPWD", "SHLVL", "_"}
TO_RUN = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "XDG_DATA_HOME", "XDG_CONFIG_HOME"}
NO_FILES = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
OF_TERRAFORM = {"TF_DATA_DIR", "TF_CLI_CONFIG_FILE", "TF_IN_AUTOMATION", "TF_WORKSPACE"}
OURS = {"CHECKPOINT_DISABLE", "AWS_REGION", *OF_TERRAFORM, *NO_FILES}
STRAYS = {
    "AWS_PROFILE": "another-client",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    "AWS_SESSION_TOKEN": "of-another-client",
    "TF_LOG": "trace",
    "TF_CLI_ARGS_plan": "-target=nothing",
    "TF_WORKSPACE": "another",
    "TF_VAR_note": "stray",
    "TF_TOKEN_registry_example": "of-the-shell",
    "VAULT_TOKEN": "of-the-shell",
    "DEMO_SHOP_PAYMENT_API_KEY": "first value of a secret",
    "PROVISIONING_EMULATION": "sandbox",
    "PYTHONPATH": "stray",
}


@pytest.fixture
def strays(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Variables of this process that are none of an environment's business."""
    for name, value in STRAYS.items():
        monkeypatch.setenv(name, value)
    return STRAYS


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Access], dict[str, str]]:
    """Plans with a `terraform` that only writes its environment down; what it was."""
    written = tmp_path / "environment"
    printing = tmp_path / "bin/terraform"
    printing.parent.mkdir()
    printing.write_text(f"#!/bin/sh\nexec env -0 > {written}.$1\n")
    printing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{printing.parent}:/usr/bin:/bin")

    def plan(access: Access) -> dict[str, str]:
        bucket_at(access.get("AWS_ENDPOINT_URL"))
        terraform(access).plan(stage(tmp_path, note="declared"), QUIET)
        of_init, of_plan = (variables(Path(f"{written}.{command}")) for command in ("init", "plan"))
        assert of_init.keys() - OF_A_SHELL == of_plan.keys() - OF_A_SHELL
        return {name: value for name, value in of_plan.items() if name not in OF_A_SHELL}

    return plan


def variables(file: Path) -> dict[str, str]:
    """What `env -0` wrote."""
    found = {}
    for entry in filter(None, file.read_text().split("\0")):
        name, _, found[name] = entry.partition("=")
    return found


def test_nothing_stray_of_this_process_reaches_terraform(
    heard: Callable[[Access], dict[str, str]], strays: Mapping[str, str], moto: str
) -> None:
    access = aws_access(moto)

    found = heard(access)

    assert found.keys() - TO_RUN - OURS == {"TF_VAR_note", *access.variables}
    assert not set(strays.items()) & set(found.items())
    assert found["TF_VAR_note"] == "declared"
    assert {found[name] for name in NO_FILES} == {os.devnull}
    assert {name: found[name] for name in access.variables} == access.variables


def test_of_a_profile_only_what_terraform_needs_reaches_it(
    heard: Callable[[Access], dict[str, str]], strays: Mapping[str, str], moto: str
) -> None:
    needed = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/deploy", "TF_TOKEN_registry_example": "of-the-profile"}
    others = {"VAULT_TOKEN": "of-the-profile", "TF_LOG": "trace", "ACME_DIRECTORY_URL": "https://ca.example/directory"}
    passed_on = {"DATADOG_API_KEY": "of-the-profile", "PROVISIONING_PASS_ON": "DATADOG_API_KEY"}

    found = heard(aws_access(moto, **needed, **others, **passed_on))

    assert needed.items() <= found.items()
    assert found["DATADOG_API_KEY"] == "of-the-profile"
    assert not others.keys() & found.keys()


def test_without_a_profile_the_shells_own_access_is_used_and_no_more(
    heard: Callable[[Access], dict[str, str]], strays: Mapping[str, str], moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    for name, value in aws_access(moto).variables.items():
        monkeypatch.setenv(name, value)

    found = heard(accesses.of_process(REGION))

    assert aws_access(moto).variables.items() <= found.items()
    assert not NO_FILES & found.keys()
    assert found["TF_TOKEN_registry_example"] == "of-the-shell"
    assert found["TF_WORKSPACE"] == "default"
    assert not {"TF_LOG", "TF_CLI_ARGS_plan", "VAULT_TOKEN", "DEMO_SHOP_PAYMENT_API_KEY"} & found.keys()


def test_the_operators_own_files_of_aws_reach_no_profile_that_names_none(
    moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(f"[default]\nca_bundle = {tmp_path}/none.pem\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    bucket_at(moto)

    assert bring_up(terraform(aws_access(moto)), stage(tmp_path))


def test_two_accounts_at_once_do_not_mix(moto: str, tmp_path: Path) -> None:
    with moto_server() as another, ThreadPoolExecutor(2) as pool:
        addresses = {"staging": moto, "production": another}
        stages = {name: replace(stage(tmp_path / name, note=name), prefix="one") for name in addresses}
        engines = {name: terraform(aws_access(address)) for name, address in addresses.items()}
        for address in addresses.values():
            bucket_at(address)

        list(pool.map(lambda name: bring_up(engines[name], stages[name]), addresses))

        assert {name: engines[name].outputs(stages[name])["note"] for name in addresses} == {
            "staging": "staging",
            "production": "production",
        }
        assert len({engines[name].state_id(stages[name]) for name in addresses}) == 2


def test_files_that_a_profile_names_are_found_from_the_repository(tmp_path: Path) -> None:
    (tmp_path / "mirror/registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    (tmp_path / "own.tfrc").write_text('credentials "registry.example" {}\n')
    mirror, own = {cli_configuration.MIRROR: "mirror"}, {"TF_CLI_CONFIG_FILE": "own.tfrc"}

    file, _ = cli_configuration.configuration(tmp_path, Access("the test's own", own, folder=tmp_path))
    assert file == tmp_path / "own.tfrc"
    file, _ = cli_configuration.configuration(tmp_path, Access("the test's own", mirror, folder=tmp_path))
    assert f'"{tmp_path / "mirror"}"' in file.read_text()


def test_a_profile_without_a_configuration_takes_none_of_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shells.tfrc").write_text('credentials "registry.example" {}\n')
    (tmp_path / "mirror").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "shells.tfrc"))
    monkeypatch.setenv(cli_configuration.MIRROR, str(tmp_path / "mirror"))

    file, _ = cli_configuration.configuration(tmp_path, Access("the test's own", {}))

    assert file == tmp_path / "terraform.tfrc"


def test_a_mirror_without_providers_is_refused(tmp_path: Path) -> None:
    access = Access("the test's own", {cli_configuration.MIRROR: str(tmp_path)})

    with pytest.raises(ProviderFailed) as refused:
        cli_configuration.configuration(tmp_path, access)

    assert str(tmp_path) in refused.value.where
