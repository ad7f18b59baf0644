"""Files that a root is made of: each is in its digest, by what it holds, or refused by its path."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.terraform_repository import make_repository, problems, refused_at, sources, write


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path)


LOCKED = 'provider "registry.terraform.io/hashicorp/random" {{\n  version = "3.6.0"\n{hashes}}}\n'


@pytest.mark.parametrize(("lock", "place"), [
    (None, ("root/reads.tf", 1)),
    (LOCKED.format(hashes=""), ("root/.terraform.lock.hcl", 1)),
    (LOCKED.format(hashes="  hashes = []\n"), ("root/.terraform.lock.hcl", 1)),
    ("provider {", ("root/.terraform.lock.hcl", 1)),
])  # fmt: skip
def test_a_provider_without_a_digest_is_refused(repository: Path, lock: str | None, place: tuple[str, int]) -> None:
    write(repository, 'resource "random_id" "x" { byte_length = 4 }')
    if lock is not None:
        (repository / "root/.terraform.lock.hcl").write_text(lock)

    assert refused_at(repository) == place

    (repository / "root/.terraform.lock.hcl").write_text(LOCKED.format(hashes='  hashes = ["h1:x"]\n'))
    assert problems(repository) == []


@pytest.mark.parametrize("name", [
    "terraform.tfvars", "terraform.tfvars.json", "z.auto.tfvars", ".x.auto.tfvars", ".#x.auto.tfvars",
    "x.auto.tfvars.json",
])  # fmt: skip
def test_a_file_of_variables_is_in_the_digest_and_overrides_nothing(repository: Path, name: str) -> None:
    before = sources(repository)
    text = '{"NAME": "x"}' if name.endswith("json") else '# one\nNAME = "x"\n'
    (repository / "root" / name).write_text(text.replace("NAME", "other"))
    assert sources(repository).keys() - before.keys() == {f"root/{name}"}
    assert problems(repository, "given") == []

    for variable in ("given", "environment"):
        (repository / "root" / name).write_text(text.replace("NAME", variable))
        (problem,) = problems(repository, "given")
        assert (problem.file, problem.line) == (f"root/{name}", 1 if name.endswith("json") else 2)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


SPOILT = {
    "link out": (link("../../outside/secret.json"), "root/spoilt.json"),
    "folder out": (link("../../outside"), "root/spoilt.json"),
    "link to nowhere": (link("gone.json"), "root/spoilt.json"),
    "link to itself": (link("spoilt.json"), "root/spoilt.json"),
    "link around": (link("../root"), "root/spoilt.json/spoilt.json"),
    "pipe": (os.mkfifo, "root/spoilt.json"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_what_no_digest_can_hold_is_refused_by_its_path(repository: Path, name: str) -> None:
    spoil, place = SPOILT[name]
    spoil(repository / "root/spoilt.json")

    file, _ = refused_at(repository)

    assert file in {place, "root/spoilt.json"}


@pytest.mark.parametrize(("spoil", "line"), [
    (Path.mkdir, 1),
    (os.mkfifo, 1),
    (link("gone.tf"), 1),
    (link("spoilt.tf"), 1),
    (lambda path: path.write_bytes(b'# one\nlocals { x = "\xff" }\n'), 2),
    (lambda path: path.write_text("locals {\n  x = = 1\n}\n"), 2),
])  # fmt: skip
def test_code_that_cannot_be_read_is_refused(repository: Path, spoil: Callable[[Path], object], line: int) -> None:
    spoil(repository / "root/spoilt.tf")

    file, found = refused_at(repository)

    assert (file, max(found, 1)) == ("root/spoilt.tf", line)


def test_a_key_that_json_hides_is_refused(repository: Path) -> None:
    text = '{"module": {"a": {"source": "../../outside"}},\n "module": {}}'
    (repository / "root/spoilt.tf.json").write_text(text)

    assert refused_at(repository) == ("root/spoilt.tf.json", 2)


def test_a_linked_folder_is_read_through_its_link(repository: Path) -> None:
    (repository / "root/linked").symlink_to("../shared")
    before = sources(repository)
    assert "root/linked/one.json" in before

    (repository / "shared/one.json").write_text("2")

    assert sources(repository)["root/linked/one.json"] != before["root/linked/one.json"]


def test_a_module_behind_a_linked_folder_is_read(repository: Path) -> None:
    (repository / "root/modules").symlink_to("..")
    (repository / "root/modules").unlink()
    (repository / "modules").mkdir()
    (repository / "modules/net").symlink_to("../network")
    write(repository, 'module "n" { source = "../modules/net" }')

    assert "modules/net/main.tf" in sources(repository)


def test_a_name_that_is_no_text_is_refused(repository: Path) -> None:
    (repository / "root" / os.fsdecode(b"a\xff.json")).write_text("1")

    assert refused_at(repository)[0] == r"root/a\udcff.json"


def test_a_repository_below_a_folder_of_terraform_has_digests(repository: Path) -> None:
    moved = repository.parent / ".terraform/repository"
    moved.parent.mkdir()
    repository.rename(moved)

    assert "root/main.tf" in sources(moved)
