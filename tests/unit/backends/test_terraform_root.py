"""What a root declares, and what it is given."""

import json
from pathlib import Path
from typing import Any

import pytest
from provisioning_assets.backends.infrastructure.terraform.sources import tree_hash

from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.terraform import cli_configuration
from provisioning_assets.backends.infrastructure.terraform.root import Variable, backend, inputs, secrets, variables
from provisioning_assets.errors import ConfigurationError, ProviderFailed

STAGES = Path(__file__).parents[2] / "terraform/stages"
SETTINGS = {"engagement": "shop", "environment": "staging", "region": "eu-central-1"}


def stage(name: str, root: Path = STAGES, upstream: dict[str, Any] | None = None, **more: Any) -> StageRoot:
    """A stage of the repository, or of another folder."""
    return StageRoot(name, root / name, Path("/work"), {"bucket": "b"}, {**SETTINGS, **more}, upstream or {})


@pytest.mark.parametrize("name", ["networking", "datastores", "compute", "endpoints"])
def test_every_root_has_the_variables_and_the_lock_of_all_roots(name: str) -> None:
    assert SETTINGS.keys() <= variables(STAGES / name).keys()
    locks = {(root / ".terraform.lock.hcl").read_text() for root in STAGES.iterdir()}
    assert len(locks) == 1


def test_a_root_is_given_the_contracts_that_it_declares() -> None:
    networking = {"private_subnets": ["subnet-1"], "key": "arn"}
    given = inputs(stage("compute", upstream={"networking": networking, "datastores": {"a": 1}}, log_retention_days=7))

    assert given["TF_VAR_networking"] == '{"private_subnets": ["subnet-1"], "key": "arn"}'
    assert given["TF_VAR_log_retention_days"] == "7"
    assert given["TF_VAR_environment"] == "staging"
    assert "TF_VAR_datastores" not in given


def test_a_mistyped_variable_is_refused_with_the_nearest() -> None:
    with pytest.raises(ProviderFailed, match="no variable `cdir`") as refused:
        inputs(stage("networking", cdir="10.0.0.0/16"))
    assert refused.value.remedy == "did you mean `cidr`?"


def test_values_of_sensitive_variables_are_secrets_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    declared = "".join(f'variable "{name}" {{}}\n' for name in SETTINGS)
    (tmp_path / "own/main.tf").write_text(declared + 'variable "keys" {\n  sensitive = true\n}\n')
    assert secrets(stage("own", tmp_path, keys={"a": ["one", None], "b": "two"})) == {"one", "two"}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("variable {{{")
    with pytest.raises(ConfigurationError, match="this is not HCL") as failure:
        variables(tmp_path)
    assert failure.value.problems[0].file == str(tmp_path / "main.tf")


def test_json_syntax_declares_variables_and_modules_too(tmp_path: Path) -> None:
    declared = {"variable": {"token": {"sensitive": True}}, "module": [{"network": {"source": "../network"}}]}
    (tmp_path / "root").mkdir()
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "main.tf").write_text("")
    (tmp_path / "root" / "main.tf.json").write_text(json.dumps(declared))
    assert variables(tmp_path / "root") == {"token": Variable("token", sensitive=True)}
    assert set(tree_hash(tmp_path / "root", repository=tmp_path)) == {"network/main.tf", "root/main.tf.json"}


def test_buckets_are_in_the_path_only_of_a_server_that_stands_in_for_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert backend(stage("compute")) == {"bucket": "b", "use_lockfile": "true"}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert backend(stage("compute"))["use_path_style"] == "true"


def test_the_mirror_that_the_operator_names_serves_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mirror/registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    monkeypatch.setenv("PROVISIONING_TERRAFORM_MIRROR", str(tmp_path / "mirror"))

    file, source = cli_configuration.configuration(tmp_path)

    assert source == f"providers from {tmp_path / 'mirror'}"
    # Taken from the mirror, and not asked of the registry.
    assert file.read_text().count('["registry.terraform.io/hashicorp/aws"]') == 2


def test_a_mirror_without_providers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONING_TERRAFORM_MIRROR", str(tmp_path))
    with pytest.raises(ProviderFailed, match="holds none"):
        cli_configuration.configuration(tmp_path)


def test_without_a_mirror_the_operators_own_configuration_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROVISIONING_TERRAFORM_MIRROR", raising=False)
    (tmp_path / "own").write_text('credentials "registry.example" {}\n')
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "own"))

    assert cli_configuration.configuration(tmp_path) == (tmp_path / "own", f"providers as {tmp_path / 'own'} says")
    assert not (tmp_path / "terraform.tfrc").exists()
