"""The repository's Terraform code, as the installed Terraform sees it: no cloud, no state."""

import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.repository import REPOSITORY

TERRAFORM = REPOSITORY / "terraform"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/0f4c11d2"
STAGE = """module "stage" {
  source = "../modules/stage"

  engagement  = "demo_shop"
  environment = "staging"
  region      = "eu-central-1"
}
"""
"""A call of the variables that every stage has, as if they were a module's."""

Case = tuple[str, str, str]
"""A module, one of its variables, and the variable's value as it is written in HCL."""

WRONG: list[Case] = [
    ("bucket", "name", '"Demo-Shop"'),
    ("bucket", "name", f'"{"a" * 64}"'),
    ("bucket", "key", '"alias/demo-shop"'),
    ("cdn", "name", f'"{"a" * 129}"'),
    ("cdn", "origin", '"https://www.demo-shop.example"'),
    ("cluster", "name", '"demo shop"'),
    ("database", "name", '"demo--shop"'),
    ("database", "name", f'"{"a" * 64}"'),
    ("database", "subnets", '["subnet-1"]'),
    ("database", "key", f'"{KEY.rpartition("/")[2]}"'),
    ("database", "engine_version", '"postgres16"'),
    ("database", "instance_class", '"t4g.small"'),
    ("database", "storage", "10"),
    ("database", "storage", "20.5"),
    ("key", "name", '"aws/demo-shop"'),
    ("load_balancer", "name", f'"{"a" * 33}"'),
    ("load_balancer", "name", '"demo-shop-"'),
    ("load_balancer", "name", '"internal-demo-shop"'),
    ("load_balancer", "subnets", '["subnet-1"]'),
    ("network", "name", '"sg-demo-shop"'),
    ("network", "cidr", '"10.20.0.0"'),
    ("network", "cidr", '"10.20.0.0/33"'),
    ("network", "cidr", '"10.20.3.0/16"'),
    ("network", "cidr", '"10.20.0.0/25"'),
    ("network", "cidr", '"2001:db8::/20"'),
    ("queue", "name", f'"{"a" * 76}"'),
    ("registry", "name", '"demo-shop//app"'),
    ("role", "name", f'"{"a" * 65}"'),
    ("role", "service", '"ecs-tasks"'),
    ("role", "policies", '{ configuration = "allow all" }'),
    ("role", "policies", '{ configuration = jsonencode([for number in range(1000) : "0123456789"]) }'),
    ("service", "name", '"demo/shop"'),
    ("service", "cluster", '"demo-shop"'),
    ("service", "image", '"registry.example:5000/shop"'),
    ("service", "image", '"https://registry.example/shop:1.0"'),
    ("service", "role", '"demo-shop"'),
    ("service", "subnets", "[]"),
    ("service", "log_retention_days", "31"),
    ("table", "name", '"ab"'),
    ("zone", "name", '"demo-shop.example."'),
    ("zone", "name", '"Demo-Shop.example"'),
    ("zone", "name", '"localhost"'),
    ("stage", "engagement", '"Demo Shop"'),
    ("stage", "engagement", '""'),
    ("stage", "environment", '"1st"'),
    ("stage", "region", '"Frankfurt"'),
]
RIGHT: list[Case] = [
    ("bucket", "name", f'"{"a" * 63}"'),
    ("bucket", "key", f'"{KEY.replace("arn:aws:", "arn:aws-us-gov:")}"'),
    ("cdn", "origin", '"d111111abcdef8.cloudfront.net"'),
    ("database", "name", f'"{"a" * 63}"'),
    ("database", "engine_version", '"16.4"'),
    ("database", "instance_class", '"db.r6gd.16xlarge"'),
    ("database", "instance_class", '"db.m7g.large"'),
    ("database", "storage", "65536"),
    ("load_balancer", "name", f'"{"a" * 32}"'),
    ("network", "cidr", '"172.16.240.0/24"'),
    ("queue", "name", f'"{"a" * 75}"'),
    ("role", "name", f'"{"a" * 64}"'),
    ("role", "service", '"ec2.amazonaws.com.cn"'),
    ("role", "policies", "{}"),
    ("service", "image", '"registry.example:5000/shop:1.0"'),
    ("service", "image", f'"registry.example/shop@sha256:{"0" * 64}"'),
    ("service", "log_retention_days", "3653"),
    ("zone", "name", '"xn--bcher-kva.example"'),
    ("stage", "region", '"us-gov-west-1"'),
]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(TERRAFORM / "validate.py"))


@pytest.fixture(scope="module")
def refused(script: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> set[Case]:
    """The cases against whose value Terraform says something, at its own line; anything else that it says fails."""
    folder = tmp_path_factory.mktemp("copy") / "terraform"
    shutil.copytree(TERRAFORM, folder)
    (folder / "modules/stage").mkdir()
    (folder / "modules/stage/variables.tf").write_text(of_every_stage())
    places: dict[str, Case] = {}
    for number, case in enumerate([*WRONG, *RIGHT]):
        file = folder / f"examples/case_{number}.tf"
        file.write_text(text := written(case, number))
        line = next(n for n, each in enumerate(text.splitlines(), 1) if each.startswith(f"  {case[1]} ="))
        places[f"{file}:{line}"] = case
    terraform = script["Terraform"](folder, tmp_path_factory.mktemp("work"))
    said = [line for line in terraform.invalid(folder / "examples") if ": error: " in line]
    return {places[line.partition(": error: ")[0]] for line in said}


def of_every_stage() -> str:
    """The variables that every stage has, without provider and state."""
    return (TERRAFORM / "shared/stage.tf").read_text().partition("\nlocals {")[0]


def written(case: Case, number: int) -> str:
    """The module's example under another name, with the case's value."""
    module, variable, value = case
    text = STAGE if module == "stage" else (TERRAFORM / f"examples/{module}.tf").read_text()
    text = text.replace(f'module "{module}"', f'module "case_{number}"')
    text = re.sub(rf"^  {variable} *= (\{{.*?^  \}}|[^\n]*)\n", "", text, flags=re.MULTILINE | re.DOTALL)
    return text.removesuffix("}\n") + f"  {variable} = {value}\n}}\n"


def test_a_wrong_value_is_refused_at_its_line(refused: set[Case]) -> None:
    assert set(WRONG) - refused == set()


def test_a_right_value_is_taken(refused: set[Case]) -> None:
    assert refused & set(RIGHT) == set()


@pytest.mark.parametrize(("length", "status"), [(46, 0), (47, 1)])
def test_a_plan_refuses_names_that_aws_would_cut(
    script: dict[str, Any], tmp_path: Path, length: int, status: int
) -> None:
    (tmp_path / "variables.tf").write_text(of_every_stage())
    given = {"engagement": "demo_shop", "environment": "a" * length, "region": "eu-central-1"}
    variables = [f"-var={name}={value}" for name, value in given.items()]
    done = script["Terraform"](tmp_path, tmp_path)._run(tmp_path, "plan", "-input=false", *variables)
    assert (done.returncode, 'variable "environment"' in done.stderr) == (status, bool(status))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Code that is formatted and valid and needs no provider."""
    folder = tmp_path / "terraform"
    for name in ("modules/one", "examples", "stages/first"):
        (folder / name).mkdir(parents=True)
    (folder / "modules/one/main.tf").write_text('variable "name" {\n  type = string\n}\n')
    for root in ("examples/one.tf", "stages/first/main.tf"):
        up = "../" * root.count("/")
        (folder / root).write_text(f'module "one" {{\n  source = "{up}modules/one"\n\n  name = "shop"\n}}\n')
    return folder


def test_right_code_passes_and_nothing_is_written_into_it(script: dict[str, Any], code: Path) -> None:
    before = sorted(code.rglob("*"))
    assert script["main"](code) == 0
    assert sorted(code.rglob("*")) == before


@pytest.mark.parametrize(("file", "old", "new", "place"), [
    ("stages/first/main.tf", "name =", "nmae =", "stages/first/main.tf:4"),
    ("stages/first/main.tf", "modules/one", "modules/two", "stages/first/main.tf:1"),
    ("modules/one/main.tf", "string", "sting", "modules/one/main.tf:2"),
    ("modules/one/main.tf", "  type", "    type", "modules/one/main.tf:2"),
    ("examples/one.tf", "name = ", "", "examples/one.tf line 4"),
])  # fmt: skip
def test_what_is_wrong_is_named_with_file_and_line(
    script: dict[str, Any], code: Path, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, place: str
) -> None:
    text = (code / file).read_text()
    assert old in text
    (code / file).write_text(text.replace(old, new))
    assert script["main"](code) == 1
    assert place in capsys.readouterr().out


def test_a_module_without_an_example_is_named(
    script: dict[str, Any], code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code / "examples/one.tf").rename(code / "examples/main.tf")
    assert script["main"](code) == 1
    assert str(code / "examples/one.tf") in capsys.readouterr().out


def test_without_terraform_nothing_passes(
    script: dict[str, Any], code: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(code))
    assert script["main"](code) == 1
    assert "`terraform`" in capsys.readouterr().err
