"""A repository with a root of Terraform and files around it, and what is wrong with its code."""

from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.backends.infrastructure.terraform.code import TerraformCode
from provisioning_assets.errors import ConfigurationError


def make_repository(folder: Path) -> Path:
    """A repository with a root and files around it; what lies in `outside` is in no repository."""
    repository = folder / "repository"
    for name in ("root/parts", "root/.terraform", "root/.provisioning", "shared", "network"):
        (repository / name).mkdir(parents=True)
    for name in (
        "root/own.json",
        "root/parts/a.json",
        "root/parts/b.json",
        "root/old.tf~",
        "root/.terraform/x",
        "root/.DS_Store",
    ):
        (repository / name).write_text("1")
    for name in ("root/.provisioning/x", "shared/one.json", "shared/two.json"):
        (repository / name).write_text("1")
    (repository / "network/main.tf").write_text("")
    (repository / "root/main.tf").write_text('variable "given" {}\n')
    (folder / "outside").mkdir()
    (folder / "outside/secret.json").write_text("1")
    return repository


def write(repository: Path, *lines: str) -> None:
    (repository / "root/reads.tf").write_text("\n".join(lines) + "\n")


def problems(repository: Path, *variables: str) -> list[CodeProblem]:
    return list(TerraformCode().validate(repository / "root", variables, repository))


def sources(repository: Path) -> dict[str, str]:
    return TerraformCode().sources(repository / "root", repository)


def refused_at(repository: Path) -> tuple[str, int]:
    """Where the one problem is, said by both: before a run, and as the digest is taken."""
    (problem,) = problems(repository)
    assert problem.expected
    with pytest.raises(ConfigurationError) as failure:
        sources(repository)
    assert [(each.file, each.line) for each in failure.value.problems] == [(problem.file, problem.line)]
    assert failure.value.remedy
    return problem.file, problem.line
