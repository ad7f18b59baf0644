"""A stage's code as files: all that it is made of is known, and what no digest would see is named."""

import json
from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.backends.infrastructure.terraform.code import TerraformCode


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with one module."""
    (tmp_path / "root").mkdir()
    (tmp_path / "network").mkdir()
    (tmp_path / "network/main.tf").write_text("")
    (tmp_path / "root/main.tf").write_text('variable "cidr" {}\nmodule "network" {\n  source = "../network"\n}\n')
    return tmp_path / "root"


def sources(root: Path) -> set[str]:
    return set(TerraformCode().sources(root, root.parent))


def validated(root: Path, *variables: str) -> list[CodeProblem]:
    return list(TerraformCode().validate(root, variables, root.parent))


def test_a_root_is_made_of_its_files_and_its_modules(root: Path) -> None:
    (root / "policy.json").touch()
    (root / ".terraform.lock.hcl").touch()
    for left in (".terraform/modules/modules.json", "main.tf~"):
        (root / left).parent.mkdir(parents=True, exist_ok=True)
        (root / left).touch()
    assert sources(root) >= {"network/main.tf", "root/main.tf", "root/policy.json", "root/.terraform.lock.hcl"}
    assert not {name for name in sources(root) if "modules.json" in name or name.endswith("~")}


def test_json_syntax_names_modules_too(root: Path) -> None:
    (root / "main.tf").unlink()
    (root / "main.tf.json").write_text(json.dumps({"module": [{"network": {"source": "../network"}}]}))
    assert sources(root) == {"network/main.tf", "root/main.tf.json"}


def test_each_edit_is_another_digest(root: Path) -> None:
    before = TerraformCode().sources(root, root.parent)
    (root.parent / "network/main.tf").write_text("# reviewed again\n")
    after = TerraformCode().sources(root, root.parent)
    assert {name for name in after if after[name] != before[name]} == {"network/main.tf"}


def test_code_that_is_complete_has_no_problem(root: Path) -> None:
    assert validated(root, "cidr") == []


def test_a_folder_without_code_is_a_problem_of_the_stage(root: Path) -> None:
    (problem,) = validated(root.parent / "none")
    assert (problem.place, problem.file) == (("root",), "")


def test_a_module_that_is_not_there_is_named(root: Path) -> None:
    (root.parent / "network/main.tf").unlink()
    (problem,) = validated(root)
    assert problem.place == ("root",)
    assert "network" in problem.what


def test_code_that_cannot_be_read_is_named_with_its_line(root: Path) -> None:
    (root / "other.tf").write_text('variable "a" {}\nresource "aws_vpc" {{\n')
    (problem,) = validated(root)
    assert (problem.file, problem.line) == ("root/other.tf", 2)


def test_a_variable_that_the_code_lacks_is_named_with_what_it_has(root: Path) -> None:
    (problem,) = validated(root, "cidrs")
    assert (problem.place, problem.choices) == (("variables", "cidrs"), ("cidr",))
