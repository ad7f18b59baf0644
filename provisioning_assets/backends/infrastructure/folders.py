"""Folders of code on the disk: every file in them, through links too, and what keeps a digest from seeing one."""

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioning_assets.backends.infrastructure.code import CodeProblem
from provisioning_assets.errors import ConfigurationError, Problem

KEPT = (".git", ".provisioning", ".terraform")
"""Folders beside the code, in which git, runs and Terraform keep what is theirs."""
LEFTOVER = r"[^/]*(~|\.sw[op])|\.#[^/]*|\.DS_Store"
"""Files that editors, or a system, leave."""
_OWN = "a file or folder of the repository"
_REMEDY = "correct the stage's code; `provisioning validate NAME` reads it again"


@dataclass(frozen=True, slots=True)
class Below:
    """Walks through folders of a repository. `left_out` says which names, and whether of a folder, are no code."""

    repository: Path
    left_out: Callable[[str, bool], bool]

    def files(self, folder: Path, above: tuple[str, ...] = ()) -> Iterator[Path | CodeProblem]:
        """Every file below a folder, by the path that leads there; and each thing that is neither file nor folder."""
        real = os.path.realpath(folder)
        if real in above:
            yield self._problem(folder, "a link to a folder that it lies in: it has no end", _OWN)
            return
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield self._problem(folder, f"this folder cannot be read: {error.strerror}", "the right to read it")
            return
        for entry in entries:
            path, is_folder = Path(entry.path), _is_folder(entry)
            if self.left_out(entry.name, is_folder):
                continue
            plain = is_folder or entry.is_file(follow_symlinks=False)
            wrong = self.wrong(path) if not plain or entry.is_symlink() or not _is_text(entry.name) else None
            if wrong:
                yield wrong
            elif is_folder:
                yield from self.files(path, (*above, real))
            else:
                yield path

    def wrong(self, path: Path) -> CodeProblem | None:
        """Why no digest can see what a path leads to; None if it can."""
        if not _is_text(path.name):
            return self._problem(path, "its name is no text (UTF-8)", "another name")
        try:
            mode = path.stat().st_mode
        except OSError as error:
            what = "a link that leads into itself" if error.errno == errno.ELOOP else "a link that leads nowhere"
            return self._problem(path, what if path.is_symlink() else f"cannot be read: {error.strerror}", _OWN)
        if not Path(os.path.realpath(path)).is_relative_to(self.repository):
            return self._problem(path, "a link out of the repository: no digest would see a change there", _OWN)
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return self._problem(path, "neither file nor folder", _OWN)
        return None

    def shown(self, path: Path) -> str:
        """A path from the repository on; also one whose name is no text."""
        inside = path.is_relative_to(self.repository)
        text = (path.relative_to(self.repository) if inside else path).as_posix()
        return text.encode(errors="backslashreplace").decode()

    def digests(self, files: Mapping[str, Path]) -> Iterator[tuple[str, str] | CodeProblem]:
        """The name of each file, and SHA-256 of its content."""
        for name, file in files.items():
            try:
                yield name, hashlib.sha256(file.read_bytes()).hexdigest()
            except OSError as error:
                yield self._problem(file, f"cannot be read: {error.strerror}", "the right to read it")

    def _problem(self, path: Path, what: str, expected: str) -> CodeProblem:
        return CodeProblem(what, expected, self.shown(path), 1, 1)


def required(found: Iterable[tuple[str, str] | CodeProblem]) -> dict[str, str]:
    """Name to digest of each file; `ConfigurationError` with all that is wrong, if anything is."""
    digests: dict[str, str] = {}
    problems: list[Problem] = []
    for each in found:
        if isinstance(each, CodeProblem):
            problems.append(Problem(each.file, each.line, each.column, each.what, each.expected))
        else:
            digests[each[0]] = each[1]
    if problems:
        raise ConfigurationError(problems, remedy=_REMEDY)
    return digests


def is_leftover(name: str) -> bool:
    """Whether an editor, or a system, left this file."""
    return bool(re.fullmatch(LEFTOVER, name))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads into itself
        return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
