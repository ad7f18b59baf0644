"""The modules of a root: folders of the repository, or packages whose digest is in their address.

https://developer.hashicorp.com/terraform/language/modules/sources
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl

from provisioning_assets.backends.infrastructure.terraform import expressions, hcl
from provisioning_assets.backends.infrastructure.terraform.expressions import Scope
from provisioning_assets.backends.infrastructure.terraform.hcl import Block, Node
from provisioning_assets.errors import ConfigurationError, Problem

_LOCAL = ("./", "../")
_PINNED = re.compile(
    r"git::[^?]+\?(.*&)?ref=[0-9a-f]{40}(&.*)?"
    r"|(github\.com|bitbucket\.org|git@)[^?]+\?(.*&)?ref=[0-9a-f]{40}(&.*)?"
    r"|https://[^?]+\?(.*&)?checksum=(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})(&.*)?"
)
"""Sources that give the same content for ever: a commit, or a digest. A version of a registry is neither."""


@dataclass(slots=True)
class Modules:
    """The folders that a root is made of, with their code, and what is wrong with it."""

    repository: Path
    code: dict[Path, dict[Path, Block]] = field(default_factory=dict)
    """Each folder to each file of code in it."""
    problems: list[Problem] = field(default_factory=list)
    unread: bool = False
    """Whether some of the code could not be read."""

    @classmethod
    def of(cls, root: Path, repository: Path) -> "Modules":
        """The root's folder, and every folder of a module that it reaches, whether it exists or not."""
        found = cls(repository)
        waiting = [root]
        while waiting:
            folder = waiting.pop()
            if folder not in found.code:
                found.code[folder] = {}
                waiting += found._read(folder)
        return found

    def scope(self, folder: Path, root: Path) -> Scope:
        """What the names of a folder's expressions stand for."""
        known: dict[str, tuple[Node, ...]] = {}
        for code in self.code[folder].values():
            for block in code.of("locals"):
                for name, attribute in block.attributes.items():
                    known[name] = (*known.get(name, ()), attribute.value)
        return Scope(folder, root, known)

    def providers(self) -> Iterator[tuple[str, Path, int]]:
        """The name of each provider that the code asks for, and where; Terraform's own is none."""
        for file, code in ((file, code) for files in self.code.values() for file, code in files.items()):
            for block in code.blocks:
                kind = block.kind
                if kind in {"resource", "data", "ephemeral", "provider"} and block.labels:
                    yield block.labels[0].partition("_")[0], file, block.line
                for required in block.of("required_providers") if kind == "terraform" else ():
                    for name, attribute in required.attributes.items():
                        yield name, file, attribute.line

    def _read(self, folder: Path) -> Iterator[Path]:
        """Read the code of a folder; the folders of the modules that it calls."""
        for file in hcl.files(folder):
            try:
                self.code[folder][file] = code = hcl.read(file)
            except ConfigurationError as error:
                self.problems += error.problems
                self.unread = True
                continue
            for block in code.of("module"):
                yield from self._called(folder, file, block)

    def _called(self, folder: Path, file: Path, block: Block) -> Iterator[Path]:
        attribute = block.attributes.get("source")
        if attribute is None:
            return
        said = expressions.texts(attribute.value, Scope(folder, folder, {}))
        source = next(iter(said)) if said and len(said) == 1 else ""
        if source.startswith(_LOCAL):
            # As Terraform does it: by the names, not by where links lead.
            called = Path(os.path.normpath(folder / source))
            if all(each.is_relative_to(self.repository) for each in (called, Path(os.path.realpath(called)))):
                yield called
                return
            what, expected = f"the module `{source}` lies outside of the repository", "a folder of the repository"
        elif _PINNED.fullmatch(source) and not _says_twice(source):
            return
        else:
            what = f"the module `{source}` may change, and no digest would see it" if source else "a module of no name"
            expected = "a copy in the repository, or an address with `?ref=` a whole commit or `?checksum=sha256:`"
        self.problems.append(Problem(str(file), attribute.line, 1, what, expected))


def _says_twice(source: str) -> bool:
    """Whether an address gives a parameter twice: which of the two counts is not ours to know."""
    given = [name for name, _ in parse_qsl(source.partition("?")[2], keep_blank_values=True)]
    return len(given) > len(set(given))
