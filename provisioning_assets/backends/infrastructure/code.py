"""Source code of an engine, read without the engine: digests and validation come from files alone."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """What is wrong with a stage: at a line of its code, or at a part of the stage in the engagement file."""

    what: str
    expected: str = ""
    file: str = ""
    """Empty: it is the stage's own entry that is wrong, at `place`."""
    line: int = 0
    column: int = 0
    place: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """What could have been meant."""


class Code(Protocol):
    """What an engine's source code is, read without the engine: digests and validation come from files alone."""

    def sources(self, root: Path, repository: Path) -> Mapping[str, str]:
        """Path, relative to the repository, to SHA-256 of every file that the engine would read for this root."""
        ...

    def validate(self, root: Path, variables: Collection[str], repository: Path) -> Iterator[CodeProblem]:
        """What is wrong with the code, and with the variables that a stage gives it."""
        ...
