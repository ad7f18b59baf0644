"""A Terraform root: the variables that it declares, what it is made of, and the variables of its process."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.terraform import hcl
from provisioning_assets.backends.infrastructure.terraform.modules import Modules
from provisioning_assets.backends.infrastructure.terraform.program import TOFU, Program
from provisioning_assets.core.plan import Json, digest
from provisioning_assets.errors import ProviderFailed

_KEEPS = {"backend", "cloud"}
"""Blocks that say where the state is kept."""


@dataclass(frozen=True, slots=True)
class Variable:
    """An input variable of a root."""

    name: str
    sensitive: bool


_OF_TOFU = ("*.tofu", "*.tofu.json")
_LOCKS = re.compile(r'^provider "(?P<host>[^/"]+)/(?P<rest>[^"]+)"')


def state_key(stage: StageRoot) -> str:
    """Where in the store its state lies."""
    return f"{stage.prefix}/terraform/{stage.name}.tfstate"


def variables(root: Path) -> dict[str, Variable]:
    """The variables that the root's files declare, by name."""
    return {
        block.labels[0]: Variable(block.labels[0], hcl.is_true(block.attributes.get("sensitive")))
        for file in hcl.files(root)
        for block in hcl.blocks(file, "variable")
        if block.labels
    }


def inputs(stage: StageRoot) -> dict[str, str]:
    """`TF_VAR_<name>` to value: the stage's variables, and the outputs of earlier stages that the root declares.

    Terraform ignores an environment variable that the root does not declare, so a mistyped one is refused here.
    """
    declared = variables(stage.root)
    for name in stage.variables:
        if name not in declared:
            near = get_close_matches(name, declared, 1)
            raise ProviderFailed(
                f"the root of {stage.name} declares no variable `{name}`",
                where=str(stage.root),
                remedy=f"did you mean `{near[0]}`?" if near else "declare it there, or remove it from the stage",
            )
    contracts = {name: contract for name, contract in stage.upstream.items() if name in declared}
    return {f"TF_VAR_{name}": _written(value) for name, value in {**contracts, **stage.variables}.items()}


def secrets(stage: StageRoot) -> set[str]:
    """Values of the variables that the root marks as sensitive, as they would appear in a text."""
    found: set[str] = set()
    for name, variable in variables(stage.root).items():
        if variable.sensitive and name in stage.variables:
            found |= set(_strings(stage.variables[name]))
    return found - {""}


def backends(root: Path) -> Iterator[tuple[str, str]]:
    """Each backend that the root declares, and where; one empty name if it declares none."""
    files = hcl.files(root)
    settings = [(file, block) for file in files for block in hcl.blocks(file, "terraform")]
    declared = [(file, inside) for file, block in settings for inside in block.blocks if inside.kind in _KEEPS]
    for file, block in declared:
        yield (block.labels[0] if block.labels else block.kind), f"{file}:{block.line}"
    if files and not declared:
        yield "", str(root)


def require_for(program: Program, stage: StageRoot) -> None:
    """Require a root that is written for this program: we read the files that it reads, and its lock file suits it."""
    folders = sorted(Modules.of(stage.root.resolve(), Path("/")).code)
    unread = [file for folder in folders for end in _OF_TOFU for file in sorted(folder.glob(end))]
    if unread and program is TOFU:
        raise ProviderFailed(
            f"{stage.name} has code that {program.name} alone reads, and nothing here",
            where=str(unread[0]),
            remedy="write it into a file that ends in .tf or .tf.json",
        )
    if any(program.rival in file.read_text(encoding="utf-8") for folder in folders for file in hcl.files(folder)):
        return  # it names that registry itself
    lock = stage.root / ".terraform.lock.hcl"
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines() if lock.is_file() else (), 1):
        locked = _LOCKS.match(line)
        if locked and locked["host"] == program.rival:
            raise ProviderFailed(
                f"the lock file of {stage.name} was not written by {program.name}",
                where=f"{lock}:{number}",
                cause=f"it locks {locked['host']}/{locked['rest']}; {program.name} takes {locked['rest']} from"
                f" {program.registry}",
                remedy=f"delete it, and write it anew in that folder: {program.command} providers lock",
            )


def fingerprint(stage: StageRoot, backend: Mapping[str, str], data: Path, program: Program) -> str:
    """Digest of everything that `init` depends on: backend, lock file, program, and the code with its modules."""
    listing = data / "modules/modules.json"
    modules = json.loads(listing.read_text())["Modules"] if listing.is_file() else []
    folders = {stage.root, *(stage.root / module["Dir"] for module in modules)}
    files = sorted({file.resolve() for folder in folders for file in hcl.files(folder)})
    lock = stage.root / ".terraform.lock.hcl"
    return digest({
        "backend": dict(backend),
        "program": program.command,
        "files": {str(file): file.read_text() for file in [*files, *([lock] if lock.is_file() else [])]},
    })  # fmt: skip


def _written(value: Json) -> str:
    """A string as it is; everything else as JSON, which HCL can read."""
    return value if isinstance(value, str) else json.dumps(value)


def _strings(value: Json) -> list[str]:
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _strings(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _strings(each)]
    return [] if value is None or isinstance(value, bool) else [str(value)]
