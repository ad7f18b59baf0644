"""Code that several roots share lies in one file; each has a link to it."""

from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure.terraform.code import TerraformCode
from provisioning_assets.backends.infrastructure.terraform.root import variables

TERRAFORM = Path(__file__).parents[3] / "terraform"
STAGES = sorted((TERRAFORM / "stages").iterdir())
MODULES = sorted((TERRAFORM / "modules").iterdir())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a file of its own, and one that it shares by a link."""
    for name in ("root", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "root/main.tf").write_text('variable "own" {}\n')
    (tmp_path / "shared/stage.tf").write_text('variable "region" {}\n')
    (tmp_path / "root/stage.tf").symlink_to("../shared/stage.tf")
    return tmp_path / "root"


def test_what_a_link_leads_to_is_part_of_the_digest(root: Path) -> None:
    before = TerraformCode().sources(root, root.parent)
    (root.parent / "shared/stage.tf").write_text('variable "region" {}\n# reviewed again\n')
    after = TerraformCode().sources(root, root.parent)
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"root/stage.tf"}


def test_a_link_and_a_copy_of_its_target_are_the_same_code(root: Path) -> None:
    linked = TerraformCode().sources(root, root.parent)
    (root / "stage.tf").unlink()
    (root / "stage.tf").write_text((root.parent / "shared/stage.tf").read_text())
    assert TerraformCode().sources(root, root.parent) == linked


def test_variables_behind_a_link_are_the_roots_own(root: Path) -> None:
    assert variables(root).keys() == {"own", "region"}
    assert list(TerraformCode().validate(root, ["own", "region"], root.parent)) == []


def test_a_link_that_leads_nowhere_is_named(root: Path) -> None:
    (root.parent / "shared/stage.tf").unlink()
    (problem,) = TerraformCode().validate(root, [], root.parent)
    assert problem.file == "root/stage.tf"


@pytest.mark.parametrize("folder", [*STAGES, *MODULES], ids=lambda folder: folder.name)
def test_versions_are_stated_once_for_stages_and_modules(folder: Path) -> None:
    assert (folder / "versions.tf").resolve() == TERRAFORM / "shared/versions.tf"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_what_all_stages_have_is_stated_once(stage: Path) -> None:
    assert (stage / "stage.tf").resolve() == TERRAFORM / "shared/stage.tf"


@pytest.mark.parametrize("name", [".x.auto.tfvars", ".policy.json", ".terraform.lock.hcl"])
def test_a_hidden_file_is_part_of_the_digest(root: Path, name: str) -> None:
    before = TerraformCode().sources(root, root.parent)
    (root / name).write_text("# nothing\n")
    after = TerraformCode().sources(root, root.parent)
    assert after.keys() - before.keys() == {f"root/{name}"}


@pytest.mark.parametrize("name", ["main.tf~", ".main.tf.swp", ".#main.tf", ".terraform/modules/modules.json"])
def test_what_an_editor_or_init_leaves_is_not(root: Path, name: str) -> None:
    before = TerraformCode().sources(root, root.parent)
    (root / name).parent.mkdir(exist_ok=True, parents=True)
    (root / name).write_text("{}")
    assert TerraformCode().sources(root, root.parent) == before
