"""Source code for an engine, read without the engine: digests and validation come from files alone."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """What is wrong with a stage: in a line of its code, or in its entry in the engagement file."""

    what: str
    expected: str = ""
    file: str = ""
    """Empty when the stage's own entry is wrong, at `place`."""
    line: int = 0
    column: int = 0
    place: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """Names that may have been intended."""


class Code(Protocol):
    """Reads an engine's source code, without the engine."""

    def sources(self, root: Path, repository: Path) -> Mapping[str, str]:
        """Path in the repository to SHA-256 of every file that can change what the engine makes of this root.

        `ConfigurationError` for what could change it and cannot be named: `validate` tells the same.
        """
        ...

    def validate(self, root: Path, variables: Collection[str], repository: Path) -> Iterator[CodeProblem]:
        """What is wrong with the code, and with the variables that a stage passes to it."""
        ...
