"""A Terraform root as files: what it is made of, and what is visibly wrong with it before Terraform runs."""

import hashlib
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.backends.infrastructure.terraform import hcl
from provisioning_assets.errors import ConfigurationError

_READS = re.compile(r"\$\{path\.(?P<base>module|root)\}/(?P<rest>[^\"$]*)")
"""A file named relative to the code, as in `file("${path.module}/policy.json")`."""


class TerraformCode:
    """The code of Terraform roots, including local modules."""

    def sources(self, root: Path, repository: Path) -> dict[str, str]:
        """Relative path to SHA-256 of every file that the root is made of."""
        return {
            str(file.relative_to(repository)): hashlib.sha256(file.read_bytes()).hexdigest()
            for folder in sorted(hcl.closure(root))
            for file in sorted(folder.rglob("*"))
            if file.is_file() and _counts(file)
        }

    def validate(self, root: Path, variables: Collection[str], repository: Path) -> Iterator[CodeProblem]:
        """A problem for each missing or unreadable root or module, and each variable that the root does not declare."""
        shown = _Shown(repository)
        if not hcl.files(root):
            what = f"there is no Terraform code in {shown(root)}"
            yield CodeProblem(what, "a folder with *.tf files, relative to the repository", place=("root",))
            return
        try:
            folders = hcl.closure(root)
            declared = {name for file in hcl.files(root) for name, _ in hcl.blocks(file, "variable")}
        except ConfigurationError as error:
            for each in error.problems:
                yield CodeProblem(each.what, each.expected, shown(Path(each.file)), each.line, each.column)
            return
        for folder in sorted(folders):
            if not hcl.files(folder):
                what = f"{shown(root)} uses the module {shown(folder)}, and there is no Terraform code"
                yield CodeProblem(what, "a folder with *.tf files", place=("root",))
        yield from _reads_outside(root, folders, shown)
        for name in variables:
            if name not in declared:
                what = f"{shown(root)} declares no variable `{name}`"
                yield CodeProblem(what, place=("variables", name), choices=tuple(declared))


class _Shown:
    """Shows a path relative to the repository."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository

    def __call__(self, path: Path) -> str:
        inside = path.is_relative_to(self._repository)
        return (path.relative_to(self._repository) if inside else path).as_posix()


def _reads_outside(root: Path, folders: set[Path], shown: _Shown) -> Iterator[CodeProblem]:
    """Files that the code reads from outside the folders that the digest covers."""
    for folder in sorted(folders):
        for file in hcl.files(folder):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                for place in _READS.finditer(line):
                    read = ((root if place["base"] == "root" else folder) / place["rest"]).resolve()
                    if not any(read.is_relative_to(each) for each in folders):
                        what = f"`{place[0]}` lies outside of the stage's code: no digest would see it change"
                        expected = "the file, inside the root or a module"
                        yield CodeProblem(what, expected, shown(file), number, place.start() + 1)


def _counts(file: Path) -> bool:
    """Whether the file is part of the code; providers and editors' backup files are not."""
    leftover = file.name.endswith(("~", ".swp", ".swo")) or file.name.startswith(".#") or file.name == ".DS_Store"
    return ".terraform" not in file.parts and not leftover
