"""What Terraform's code reads beside itself is in the digest by its name, or refused with its line."""

from pathlib import Path

import pytest

from provisioning_assets.backends.infrastructure.terraform.code import Survey
from tests.support.terraform_repository import make_repository, problems, refused_at, sources, write

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path)


NAMED = {
    "file": 'locals { x = file("../shared/one.json") }',
    "module": 'locals { x = file("${path.module}/../shared/one.json") }',
    "cwd": 'locals { x = file("${path.cwd}/../shared/one.json") }',
    "hash": 'locals { x = filesha256("${path.root}/../shared/one.json") }',
    "exists": 'locals { x = fileexists("../shared/one.json") ? 1 : 2 }',
    "escape": r'locals { x = file("\u002e./shared/one.json") }',
    "nested": 'locals { x = jsondecode(trimspace(file("../shared/one.json"))) }',
    "joined": 'locals { x = file("${dirname(path.module)}/shared/one.json") }',
    "local": 'locals {\n  up = "${path.module}/.."\n  x = file("${local.up}/shared/one.json")\n}',
    "either": 'locals { x = file(var.given == "" ? "../shared/one.json" : "own.json") }',
    "each": 'resource "x_y" "x" {\n  for_each = toset(["one"])\n  input = file("../shared/${each.key}.json")\n}',
    "for": 'locals { x = [for n in ["one"] : file("../shared/${n}.json")] }',
    "fileset": 'locals { x = { for n in fileset("../shared", "*.json") : n => file("../shared/${n}") } }',
    "heredoc": 'locals {\n  x = <<-EOT\n    ${file("../shared/one.json")}\n  EOT\n}',
    "directive": 'locals { x = "%{ if file(\\"../shared/one.json\\") == \\"1\\" }a%{ endif }" }',
    "argument": 'resource "aws_s3_object" "x" { source = "../shared/one.json" }',
    "unknown argument": 'resource "other_thing" "x" { blob = "../shared/one.json" }',
    "folder": 'data "archive_file" "x" { source_dir = "../shared" }',
    "left out": 'locals { x = file("old.tf~") }',
    "a run's own": 'resource "other_thing" "x" { blob = "${path.module}/.provisioning/x" }',
    "the system's own": 'resource "other_thing" "x" { blob = "${path.module}/.DS_Store" }',
    "terraform's own": 'resource "other_thing" "x" { blob = "${path.module}/.terraform/x" }',
}
USED = {
    "member": 'locals { cfg = { path = "../shared/one.json" } }\nresource "x_y" "x" { blob = local.cfg.path }',
    "each value": (
        'locals { files = { a = { src = "../shared/one.json" } } }\n'
        'resource "x_y" "x" {\n  for_each = local.files\n  blob = each.value.src\n}'
    ),
    "first": 'locals { files = ["../shared/one.json"] }\nresource "x_y" "x" { blob = local.files[0] }',
    "dynamic": (
        'locals { files = [{ src = "../shared/one.json" }] }\nresource "x_y" "x" {\n  dynamic "part" {\n'
        "    for_each = local.files\n    content {\n      blob = part.value.src\n    }\n  }\n}"
    ),
}
"""Values of locals, which are used by an argument of any name."""
READ = {
    "a run's own": "root/.provisioning/x",
    "the system's own": "root/.DS_Store",
    "left out": "root/old.tf~",
    "terraform's own": "root/.terraform/x",
}


@pytest.mark.parametrize("name", NAMED)
def test_a_file_that_the_code_names_is_in_its_digest(repository: Path, name: str) -> None:
    write(repository, 'variable "unused" {}', NAMED[name].replace('\\"', '"') if name == "directive" else NAMED[name])
    if name == "directive":
        write(repository, 'locals {\n  x = <<-EOT\n    %{ if file("../shared/one.json") == "1" }a%{ endif }\n  EOT\n}')
    read = READ.get(name, "shared/one.json")
    assert problems(repository) == [] or "lock" in problems(repository)[0].what
    (repository / "root/.terraform.lock.hcl").write_text("# no provider is needed for its digest\n")
    before = sources(repository)
    assert read in before

    (repository / read).write_text("2")

    changed = {name for name, digest in sources(repository).items() if before.get(name) != digest}
    assert changed == {read}


def files_of(repository: Path) -> dict[str, Path]:
    """What it is made of, whether its providers are locked or not."""
    return Survey((repository / "root").resolve(), repository).files


@pytest.mark.parametrize("name", USED)
def test_a_path_among_the_values_of_a_local_is_in_the_digest(repository: Path, name: str) -> None:
    write(repository, USED[name])
    assert "shared/one.json" in files_of(repository)


@pytest.mark.parametrize("name", ["terraform.tfvars", "x.auto.tfvars"])
@pytest.mark.parametrize("value", ['"../shared/one.json"', '{ a = ["../shared/one.json"] }'])
def test_a_path_in_a_file_of_variables_is_in_the_digest(repository: Path, name: str, value: str) -> None:
    write(repository, 'variable "f" {}')
    (repository / "root" / name).write_text(f"f = {value}\n")
    assert "shared/one.json" in sources(repository)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_path_out_of_the_repository_in_a_file_of_variables_is_refused(repository: Path, absolute: bool) -> None:  # noqa: FBT001 - a case
    write(repository, 'variable "f" {}')
    path = repository.parent / "outside/secret.json" if absolute else "../../outside/secret.json"
    (repository / "root/x.auto.tfvars").write_text(f'f = "{path}"\n')
    assert refused_at(repository) == ("root/x.auto.tfvars", 1)


@pytest.mark.parametrize("value", ["..", "../..", "../none.json", "a/../b"])
def test_a_value_that_leads_to_no_file_is_no_path(repository: Path, value: str) -> None:
    write(repository, f'locals {{ x = "{value}" }}')
    assert problems(repository) == []


def test_a_file_that_is_not_there_yet_is_seen_when_it_comes(repository: Path) -> None:
    write(repository, 'locals { x = fileexists("../shared/three.json") ? 1 : 2 }')
    before = sources(repository)

    (repository / "shared/three.json").write_text("1")

    assert sources(repository).keys() - before.keys() == {"shared/three.json"}


def test_a_template_is_read_for_what_it_reads(repository: Path) -> None:
    write(repository, 'locals { x = templatefile("${path.module}/page.tpl", {}) }')
    (repository / "root/page.tpl").write_text('a $${file("x")} b ${ "}" == file("../shared/one.json") ? 1 : 2 }')
    assert "shared/one.json" in sources(repository)

    (repository / "root/page.tpl").write_text("first\n${file(name)}\n")

    assert refused_at(repository) == ("root/page.tpl", 1)


def test_code_of_a_module_reads_from_the_root(repository: Path) -> None:
    """`path.module` is the module's folder; a path that begins nowhere begins in the root."""
    write(repository, 'module "network" { source = "../network" }')
    module = 'locals {\n  a = file("${path.module}/../shared/one.json")\n  b = file("parts/../../shared/two.json")\n}\n'
    (repository / "network/main.tf").write_text(module)

    assert {"shared/one.json", "shared/two.json"} <= sources(repository).keys()


def test_json_says_the_same(repository: Path) -> None:
    reads = '{"locals": {"x": "${file(\\"${path.module}/../shared/one.json\\")}"},\n'
    text = f'{reads} "module": {{"n": {{"source": "../network"}}}}}}'
    (repository / "root/reads.tf.json").write_text(text)

    assert {"shared/one.json", "network/main.tf"} <= sources(repository).keys()


@pytest.mark.parametrize("line", [
    "locals { x = file(var.given) }",
    'locals { x = file("${var.given}/a.json") }',
    "locals { x = templatefile(module.other.path, {}) }",
    'locals { x = file("../../outside/secret.json") }',
    'locals { x = file("/etc/hostname") }',
    'locals { x = file(pathexpand("~/.ssh/id_ed25519.pub")) }',
    'locals { x = file("~/.ssh/id_ed25519.pub") }',
    'data "sops_file" "x" { source_file = var.given }',
    'check "x" { data "http" "x" { url = "https://example.com" } }',
    "locals { x = fileset(path.module, var.given) }",
    'locals { x = fileset(path.module, "../../outside/*") }',
    "locals { x = templatestring(local.text, {}) }",
    'locals { x = fileset("${path.module}/..", "*") }',
    'resource "terraform_data" "x" { input = "${var.given}/../../x" }',
    'provider "aws" { shared_config_files = ["~/.aws/config"] }',
    'resource "other_thing" "x" { config_path = "/etc/hostname" }',
    'resource "aws_lambda_function" "x" { filename = var.given }',
    'data "local_file" "x" { filename = "../../outside/secret.json" }',
    'data "external" "x" { program = ["date"] }',
    'data "http" "x" { url = "https://example.com" }',
    'data "terraform_remote_state" "x" { backend = "s3" }',
    r'data "\u0068ttp" "x" { url = "https://example.com" }',
    "locals { x = file(local.x) }",
    'resource "terraform_data" "x" { provisioner "local-exec" { command = "date" } }',
    'resource "terraform_data" "x" { provisioner "remote-exec" { script = var.given } }',
    'module "x" { source = "../../outside" }',
    'module "x" { source = "/srv/modules/x" }',
    'module "x" { source = "terraform-aws-modules/vpc/aws" }',
    'module "x" { source = "git::https://example.com/x.git?ref=v1.2.0" }',
    'module "x" { source = "https://example.com/x.zip" }',
    f'module "x" {{ source = "git::https://example.com/x.git?ref=main&ref={COMMIT}" }}',
    'module "x" { source = var.given }',
])  # fmt: skip
def test_what_cannot_be_named_is_refused_with_its_line(repository: Path, line: str) -> None:
    body = line.replace("{ provisioner", "{\n provisioner").replace("{ data", "{\n data").replace(" } }", " }\n}")
    write(repository, "# first", "", body)
    (repository / "root/.terraform.lock.hcl").write_text("# the providers are not what this is about\n")
    expected = 4 if "{\n" in body else 3

    assert refused_at(repository) == ("root/reads.tf", expected)


@pytest.mark.parametrize("line", [
    'locals { x = [for n in fileset(path.module, "parts/*.json") : file("${path.module}/${n}")] }',
    'resource "aws_s3_object" "x" {\n for_each = fileset("parts", "**")\n source = "parts/${each.value}"\n}',
    'data "archive_file" "x" { source_dir = "parts" }',
    'resource "aws_lambda_function" "x" { filename = data.archive_file.x.output_path }',
    'resource "aws_lambda_function" "x" { filename = null }',
    'resource "x_y" "x" { command = ["/bin/sh", "-c", "cat /etc/hostname"] }',
    'resource "x_y" "x" { path = "/" }',
    f'resource "x_y" "x" {{\n path = "/{"x" * 5000}"\n more = "{"y/../" * 2000}"\n}}',
    "locals { x = basename(abspath(path.root)) }",
    f'locals {{ x = file("{"x" * 5000}") }}',
    'locals { x = fileexists("~nobody-of-that-name/x") }',
    r'data "local_file" "x" { filename = "\u0000" }',
    f'module "x" {{ source = "git::https://example.com/x.git//y?ref={COMMIT}" }}',
    f'module "x" {{ source = "https://example.com/x.zip?checksum=sha256:{"a" * 64}" }}',
])  # fmt: skip
def test_what_is_pinned_or_known_is_taken(repository: Path, line: str) -> None:
    write(repository, line)
    (repository / "root/.terraform.lock.hcl").write_text("# the providers are not what this is about\n")

    assert problems(repository) == []
    assert {"root/parts/a.json", "root/own.json"} <= sources(repository).keys()


def test_locals_that_grow_without_end_are_refused_at_once(repository: Path) -> None:
    grown = [f'  l{n} = "${{local.l{n - 1}}}${{local.l{n - 1}}}"' for n in range(1, 60)]
    write(repository, "locals {", '  l0 = "own"', *grown, "  x = file(local.l59)", "}")

    assert refused_at(repository) == ("root/reads.tf", 62)
