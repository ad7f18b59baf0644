"""A Terraform root as files: what it is made of, and what is visibly wrong with it before Terraform runs.

Everything that can change its plan is in the digest, or refused with its line: code, variables, lock file, modules,
and what the code reads.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.backends.infrastructure.folders import KEPT, Below, is_leftover, required
from provisioning_assets.backends.infrastructure.terraform import hcl, lock_file
from provisioning_assets.backends.infrastructure.terraform.modules import Modules
from provisioning_assets.backends.infrastructure.terraform.reads import (
    Read,
    may_read,
    reads,
    reads_of_template,
    reads_of_values,
)
from provisioning_assets.errors import ConfigurationError, Problem

_OF_VARIABLES = ("terraform.tfvars", "terraform.tfvars.json", ".auto.tfvars", ".auto.tfvars.json")
_EVERY_STAGE = ("engagement", "environment", "region")
"""Variables that every stage gets."""


class TerraformCode:
    """The code of Terraform roots, including local modules."""

    def sources(self, root: Path, repository: Path) -> dict[str, str]:
        """Relative path to SHA-256 of every file that the root is made of; what cannot be named is an error."""
        found = Survey(root.resolve(), repository)
        return required([*found.problems, *found.below.digests(found.files)])

    def validate(self, root: Path, variables: Collection[str], repository: Path) -> Iterator[CodeProblem]:
        """A problem for each thing that is missing, unreadable or in no digest, and each variable that is not there."""
        shown = Below(repository, _is_beside).shown(root)
        if not hcl.files(root):
            what = f"there is no Terraform code in {shown}"
            yield CodeProblem(what, "a folder with *.tf files, relative to the repository", place=("root",))
            return
        found = Survey(root.resolve(), repository)
        yield from found.problems
        for folder, code in sorted(found.modules.code.items()):
            if not code and not hcl.files(folder):
                what = f"{shown} uses the module {found.below.shown(folder)}, and there is no Terraform code"
                yield CodeProblem(what, "a folder with *.tf files", place=("root",))
        if found.modules.unread:
            return  # a variable may be declared there
        own = found.modules.code[root.resolve()].values()
        declared = {block.labels[0] for code in own for block in code.of("variable") if block.labels}
        yield from _given_twice(root, variables, found.below)
        for name in variables:
            if name not in declared:
                what = f"{shown} declares no variable `{name}`"
                yield CodeProblem(what, place=("variables", name), choices=tuple(declared))


class Survey:
    """Everything that a root is made of. `start` is the folder of a package's module, if it is that of one."""

    def __init__(self, root: Path, repository: Path, start: Path | None = None) -> None:
        self._root = root
        self.below = Below(repository, _is_beside)
        self.modules = Modules.of(start or root, repository)
        self.files: dict[str, Path] = {}
        """Path from the repository on to the file."""
        self.problems: list[CodeProblem] = []
        self._templates: set[Path] = set()
        self._add_problems(self.modules.problems)
        for folder in sorted(self.modules.code):
            if folder.is_dir():
                self._add(self.below.files(folder))
        for folder, files in sorted(self.modules.code.items()):
            if not any(map(may_read, files.values())):
                continue
            scope = self.modules.scope(folder, root)
            for file, code in files.items():
                self._name(reads(code, scope), file)
        for file in _files_of_variables(root):
            with suppress(ConfigurationError):  # told where the variables are looked at
                self._name(reads_of_values(hcl.read(file), root), file)
        if start is None:
            self._add_problems(lock_file.problems(root, self.modules))

    def _name(self, found: Iterable[Read], file: Path) -> None:
        """Add what a file of code reads, or why it cannot be named."""
        shown = self.below.shown(file)
        for each in found:
            if each.unsaid:
                self._refuse(CodeProblem(each.unsaid, each.expected, shown, each.line, 1))
                continue
            named = os.path.expanduser(each.path)  # noqa: PTH111 - one of nobody stays as it is
            real = Path(os.path.realpath(self._root / named))
            if each.optional and not real.is_file() and (not real.is_dir() or self._root.is_relative_to(real)):
                continue
            outside = not real.is_relative_to(self.below.repository)
            if outside or (self._root.is_relative_to(real) and real != self._root):
                where = "outside of the repository" if outside else "around the stage's own code"
                what = f"`{each.path}` lies {where}: no digest would see it change"
                self._refuse(CodeProblem(what, "a file beside it, in the repository", shown, each.line, 1))
            elif real.is_dir():
                self._add(Below(self.below.repository, lambda _name, _is_folder: False).files(real))
            elif real.exists():
                wrong = self.below.wrong(real)
                self._add([wrong or real])
                if each.is_template and not wrong and real not in self._templates:
                    self._templates.add(real)
                    self._name_of_template(real)

    def _name_of_template(self, file: Path) -> None:
        try:
            text = file.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(
                CodeProblem(f"a template that cannot be read: {error}", "a text", self.below.shown(file), 1, 1)
            )
            return
        self._name(reads_of_template(text, self._root), file)

    def _add(self, found: Iterable[Path | CodeProblem]) -> None:
        for each in found:
            if isinstance(each, CodeProblem):
                self._refuse(each)
            else:
                self.files.setdefault(str(each.relative_to(self.below.repository)), each)

    def _add_problems(self, found: Iterable[Problem]) -> None:
        for each in found:
            self._refuse(
                CodeProblem(each.what, each.expected, self.below.shown(Path(each.file)), each.line, each.column)
            )

    def _refuse(self, problem: CodeProblem) -> None:
        """Keep a problem: one for each line."""
        place = problem.file, max(problem.line, 1)
        if all(place != (each.file, max(each.line, 1)) for each in self.problems):
            self.problems.append(problem)


def _given_twice(root: Path, variables: Collection[str], below: Below) -> Iterator[CodeProblem]:
    """Values of files that Terraform would take instead of those that the engagement file gives."""
    given = {*variables, *_EVERY_STAGE}
    for file in _files_of_variables(root):
        try:
            told: Mapping[str, hcl.Attribute] = hcl.read(file).attributes
        except ConfigurationError as error:
            for each in error.problems:
                yield CodeProblem(each.what, each.expected, below.shown(file), each.line, each.column)
            continue
        for name in sorted(given & told.keys()):
            what = f"`{name}` is given by the stage, and Terraform would take this value instead"
            yield CodeProblem(what, "one of the two", below.shown(file), told[name].line, 1)


def _files_of_variables(root: Path) -> Iterator[Path]:
    """The files whose values Terraform takes by itself."""
    for file in sorted(root.iterdir()) if root.is_dir() else ():
        if file.name in _OF_VARIABLES[:2] or file.name.endswith(_OF_VARIABLES[2:]):
            yield file


def _is_beside(name: str, is_folder: bool) -> bool:  # noqa: FBT001 - which of the two a name is
    """Whether it is no code: what Terraform, git and runs keep there, what editors leave. Variables always are."""
    if is_folder:
        return name in KEPT
    return is_leftover(name) and not name.endswith((".tfvars", ".tfvars.json"))
