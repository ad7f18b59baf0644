"""What a root declares, what it is given, and where its state and its providers come from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.terraform import cli_configuration
from provisioning_assets.backends.infrastructure.terraform.root import Variable, inputs, secrets, variables
from provisioning_assets.backends.infrastructure.terraform.state import state_of
from provisioning_assets.backends.store.settings import S3, Files
from provisioning_assets.errors import ConfigurationError, ProviderFailed
from tests.support.back_ends import aws_access
from tests.support.repository import REPOSITORY

STAGES = REPOSITORY / "terraform/stages"
SETTINGS = {"engagement": "shop", "environment": "staging", "region": "eu-central-1"}
KEY = "shop/staging/terraform/compute.tfstate"
MIRROR, OWN = "PROVISIONING_TERRAFORM_MIRROR", "TF_CLI_CONFIG_FILE"


def stage(name: str, root: Path = STAGES, upstream: dict[str, Any] | None = None, **more: Any) -> StageRoot:
    """A stage of the repository, or of another folder."""
    given = {**SETTINGS, **more}
    return StageRoot(name, root / name, Path("/work"), "shop/staging", S3(bucket="shop-state"), given, upstream or {})


def access(**variables: str) -> Access:
    """The access of a profile with these variables alone."""
    return Access("the test's own", variables, "eu-central-1")


@pytest.mark.parametrize("name", ["networking", "datastores", "compute", "endpoints"])
def test_every_root_has_the_variables_and_the_lock_of_all_roots(name: str) -> None:
    assert SETTINGS.keys() <= variables(STAGES / name).keys()
    locks = {(root / ".terraform.lock.hcl").read_text() for root in STAGES.iterdir()}
    assert len(locks) == 1


def test_a_root_is_given_the_outputs_that_it_declares() -> None:
    networking = {"private_subnets": ["subnet-1"], "key": "arn"}
    given = inputs(stage("compute", upstream={"networking": networking, "datastores": {"a": 1}}, log_retention_days=7))

    assert given["TF_VAR_networking"] == '{"private_subnets": ["subnet-1"], "key": "arn"}'
    assert given["TF_VAR_log_retention_days"] == "7"
    assert given["TF_VAR_environment"] == "staging"
    assert "TF_VAR_datastores" not in given


def test_a_mistyped_variable_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProviderFailed, match="`cdir`") as refused:
        inputs(stage("networking", cdir="10.0.0.0/16"))
    assert refused.value.where == str(STAGES / "networking")
    assert "`cidr`" in refused.value.remedy


def test_values_of_sensitive_variables_are_secrets_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    declared = "".join(f'variable "{name}" {{}}\n' for name in SETTINGS)
    (tmp_path / "own/main.tf").write_text(declared + 'variable "keys" {\n  sensitive = true\n}\n')
    assert secrets(stage("own", tmp_path, keys={"a": ["one", None], "b": "two"})) == {"one", "two"}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("variable {{{")
    with pytest.raises(ConfigurationError) as failure:
        variables(tmp_path)
    (problem,) = failure.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "main.tf"), 1)


def test_json_syntax_declares_variables_too(tmp_path: Path) -> None:
    (tmp_path / "main.tf.json").write_text(json.dumps({"variable": {"token": {"sensitive": True}}}))
    assert variables(tmp_path) == {"token": Variable("token", sensitive=True)}


def test_a_state_lies_under_its_key_and_in_the_path_of_a_stand_in_alone() -> None:
    amazon = state_of(stage("compute"), access())
    assert amazon.place == f"s3://shop-state/{KEY}"
    assert amazon.backend == {
        "bucket": "shop-state", "key": KEY, "region": "eu-central-1", "use_lockfile": "true"
    }  # fmt: skip
    assert state_of(stage("compute"), aws_access("http://127.0.0.1:1")).backend["use_path_style"] == "true"


def test_a_store_in_which_no_state_can_lie_is_refused(tmp_path: Path) -> None:
    here = stage("compute")
    folder = replace(here, state=Files(folder="records"))
    with pytest.raises(ProviderFailed) as refused:
        state_of(folder, access())
    assert "s3" in refused.value.remedy


def test_the_mirror_that_the_profile_names_serves_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "mirror/registry.terraform.io/hashicorp/aws").mkdir(parents=True)

    file, source = cli_configuration.configuration(tmp_path, access(**{MIRROR: str(tmp_path / "mirror")}))

    assert str(tmp_path / "mirror") in source
    # Taken from the mirror, and not asked of the registry.
    assert file.read_text().count('["registry.terraform.io/hashicorp/aws"]') == 2


def test_a_mirror_without_providers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderFailed) as refused:
        cli_configuration.configuration(tmp_path, access(**{MIRROR: str(tmp_path)}))
    assert refused.value.where == f"{MIRROR}={tmp_path}"


def test_without_a_mirror_the_operators_own_configuration_counts(tmp_path: Path) -> None:
    (tmp_path / "own").write_text('credentials "registry.example" {}\n')

    file, source = cli_configuration.configuration(tmp_path, access(**{OWN: str(tmp_path / "own")}))

    assert file == tmp_path / "own"
    assert str(tmp_path / "own") in source
    assert not (tmp_path / "terraform.tfrc").exists()


def test_a_mirror_and_a_configuration_of_the_shell_are_not_the_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(MIRROR, str(tmp_path))
    (tmp_path / "own").touch()
    monkeypatch.setenv(OWN, str(tmp_path / "own"))
    assert cli_configuration.configuration(tmp_path, access())[0] == tmp_path / "terraform.tfrc"
