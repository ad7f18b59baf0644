"""What somebody plants beside reviewed code: the real Terraform must not take it without the digest seeing it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure import QUIET, Engine, StageRoot
from provisioning_assets.backends.infrastructure.terraform.code import TerraformCode
from provisioning_assets.errors import ProviderFailed, ProvisioningError
from tests.support.back_ends import aws_access
from tests.support.stages import bring_up
from tests.support.terraform_stage import bucket_at, stage, terraform

ROOT = """
terraform {
  backend "s3" {}
}

variable "note" {
  type    = string
  default = "first"
}

variable "other" {
  type    = string
  default = "first"
}

module "part" {
  source = "../part"
}

resource "terraform_data" "job" {
  input = [var.note, var.other, module.part.read, fileexists("../beside/absent.txt")]
}

output "contract" {
  value = { note = var.note }
}
"""
PART = """
locals {
  beside = "${path.module}/../beside"
}

output "read" {
  value = [
    file("${local.beside}/read.txt"),
    templatefile("${local.beside}/page.tpl", {}),
    sort([for name in fileset("${path.module}/linked", "*.txt") : file("${path.module}/linked/${name}")]),
  ]
}
"""


@pytest.fixture
def engine(moto: str) -> Engine:
    bucket_at(moto)
    return terraform(aws_access(moto))


@pytest.fixture
def root(tmp_path: Path) -> StageRoot:
    """A stage that reads through a module, a template and a linked folder."""
    for name in ("root", "part", "beside", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "root/main.tf").write_text(ROOT)
    (tmp_path / "part/main.tf").write_text(PART)
    (tmp_path / "part/linked").symlink_to("../shared")
    (tmp_path / "shared/a.txt").write_text("first")
    (tmp_path / "beside/read.txt").write_text("first")
    (tmp_path / "beside/inner.txt").write_text("first")
    (tmp_path / "beside/page.tpl").write_text('${file("../beside/inner.txt")}')
    return stage(tmp_path, note="reviewed")


def plant(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


MODULE = 'module "part" {\n  source = "../planted"\n}\n'
READ = 'output "read" {\n  value = "planted"\n}\n'


def other_module(folder: Path) -> None:
    (folder / "planted").mkdir()
    (folder / "planted/main.tf").write_text(READ)
    (folder / "root/override.tf").write_text(MODULE)


def other_folder(folder: Path) -> None:
    (folder / "part/linked").unlink()
    (folder / "part/linked").symlink_to("../beside")


PLANTED: dict[str, Callable[[Path], object]] = {
    "hidden variables": plant("root/.x.auto.tfvars", 'other = "planted"\n'),
    "variables of an editor": plant("root/.#x.auto.tfvars", 'other = "planted"\n'),
    "variables": plant("root/terraform.tfvars", 'other = "planted"\n'),
    "variables in JSON": plant("root/x.auto.tfvars.json", json.dumps({"other": "planted"})),
    "reviewed variables": plant("root/.x.auto.tfvars", 'note = "planted"\n'),
    "an override": plant("root/override.tf", 'variable "other" {\n  default = "planted"\n}\n'),
    "an override in JSON": plant(
        "root/x_override.tf.json", json.dumps({"variable": {"other": {"default": "planted"}}})
    ),
    "a module": other_module,
    "what a module reads": plant("beside/read.txt", "planted"),
    "what a template reads": plant("beside/inner.txt", "planted"),
    "a file of a linked folder": plant("shared/b.txt", "planted"),
    "another linked folder": other_folder,
    "a file that was absent": plant("beside/absent.txt", "planted"),
}


@pytest.mark.parametrize("what", PLANTED)
def test_what_changes_the_plan_changes_the_digest(engine: Engine, root: StageRoot, tmp_path: Path, what: str) -> None:
    bring_up(engine, root)
    before = TerraformCode().sources(root.root, tmp_path)

    PLANTED[what](tmp_path)

    assert not engine.plan(root, QUIET).equal, "Terraform does not take it: nothing is proven"
    assert TerraformCode().sources(root.root, tmp_path) != before


VARIABLES = {
    "TF_CLI_ARGS": "-destroy",
    "TF_CLI_ARGS_plan": "-destroy",
    "TF_VAR_other": "planted",
    "TF_WORKSPACE": "planted",
    "TF_DATA_DIR": "/nowhere",
    "TF_CLI_CONFIG_FILE": "/nowhere",
    "TF_REATTACH_PROVIDERS": "{",
    "TOFU_CLI_ARGS": "-destroy",
}


@pytest.fixture
def strays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables of the shell, and files of its home folder, that would each change the plan, or end it."""
    for name, value in VARIABLES.items():
        if name != "TF_CLI_CONFIG_FILE":
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home/.terraform.d").mkdir(parents=True)
    for file in (".terraformrc", ".terraform.d/x.tfrc"):
        (tmp_path / "home" / file).write_text("nothing that Terraform could read {")


@pytest.mark.usefixtures("strays")
def test_nothing_of_the_shell_changes_the_plan(engine: Engine, root: StageRoot) -> None:
    bring_up(engine, root)
    (root.workdir / "data/environment").write_text("planted")  # a workspace, chosen among Terraform's own files

    assert engine.plan(root, QUIET).equal


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_steers_is_not_passed_on(root: StageRoot, name: str) -> None:
    access = aws_access("http://127.0.0.1:9", PROVISIONING_PASS_ON=f"HOME_OF_X,{name}", **{name: "x"})

    with pytest.raises(ProvisioningError) as failure:
        terraform(access).identity()

    assert name in failure.value.cause
    assert failure.value.where
    assert failure.value.remedy


@pytest.mark.parametrize("text", [
    'provider_installation {\n  dev_overrides {\n    "hashicorp/aws" = "/tmp"\n  }\n  direct {}\n}\n',
    "# reviewed\nplugin_cache_may_break_dependency_lock_file = true\n",
])  # fmt: skip
def test_a_configuration_that_passes_by_the_lock_is_refused(
    moto: str, root: StageRoot, tmp_path: Path, text: str
) -> None:
    bucket_at(moto)
    (tmp_path / "own.tfrc").write_text(text)
    access = aws_access(moto, TF_CLI_CONFIG_FILE=str(tmp_path / "own.tfrc"))

    with pytest.raises(ProviderFailed) as failure:
        terraform(access).plan(root, QUIET)

    assert failure.value.where == f"{tmp_path}/own.tfrc:2"
    assert failure.value.remedy


def test_an_installed_module_must_be_the_stages_own(engine: Engine, root: StageRoot, tmp_path: Path) -> None:
    """Terraform believes its own list of modules: one that leads elsewhere is not believed here."""
    engine.plan(root, QUIET)
    listing = root.workdir / "data/modules/modules.json"
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted/main.tf").write_text(READ)
    told = json.loads(listing.read_text())
    for module in told["Modules"]:
        module["Dir"] = "../planted" if module["Key"] == "part" else module["Dir"]
    listing.write_text(json.dumps(told))

    try:
        engine.plan(root, QUIET)
    except ProviderFailed as refused:
        assert "planted" in refused.where  # noqa: PT017 - either is right
    else:
        assert "../part" in listing.read_text()


def package(folder: Path, code: str) -> str:
    """A repository of git with a module; its address, pinned to its commit."""
    folder.mkdir()
    (folder / "main.tf").write_text(code)
    told = ""
    for command in (
        "init -q",
        "add .",
        "-c user.name=t -c user.email=t@t.example commit -qm 1",
        "rev-parse HEAD",
    ):
        git = ["/usr/bin/env", "git", *command.split()]
        told = subprocess.run(git, cwd=folder, check=True, capture_output=True, text=True).stdout
    return f"git::file://{folder}?ref={told.strip()}"


def calls(root: StageRoot, source: str) -> None:
    """The stage takes its module from there."""
    (root.root / "beside.txt").write_text("of the stage, whose digest does not know that a package reads it")
    (root.root / "main.tf").write_text(ROOT.replace("../part", source))


def test_a_pinned_module_is_taken(engine: Engine, root: StageRoot, tmp_path: Path) -> None:
    calls(root, package(tmp_path / "package", 'output "read" {\n  value = file("${path.module}/main.tf")\n}\n'))

    assert list(TerraformCode().validate(root.root, ["note"], tmp_path)) == []
    assert not engine.plan(root, QUIET).equal


@pytest.mark.parametrize("code", [
    'output "read" {\n  value = file("/etc/hostname")\n}\n',
    'output "read" {\n  value = file("beside.txt")\n}\n',
    'module "more" {\n  source = "/etc"\n}\noutput "read" {\n  value = ""\n}\n',
])  # fmt: skip
def test_a_pinned_module_reads_nothing_but_itself(engine: Engine, root: StageRoot, tmp_path: Path, code: str) -> None:
    calls(root, package(tmp_path / "package", code))

    with pytest.raises(ProviderFailed) as failure:
        engine.plan(root, QUIET)
    assert failure.value.where
    assert failure.value.remedy
