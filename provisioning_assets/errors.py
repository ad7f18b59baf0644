"""The one error tree: each error says what, where, why, and what to do about it.

    ProvisioningError
    ├── ConfigurationError     the engagement file (or the command line) is wrong; holds every problem
    ├── Refused                a rule said no before anything was written; holds every reason
    │   ├── LockHeld           somebody else is writing to this environment
    │   └── Misdirected        an address to which no credentials may go
    ├── Unreachable            a server that the work needs does not answer
    ├── ProviderFailed         a server or a tool answered with an error
    │   └── ApplyFailed        the error came while writing; some changes may have been made
    ├── NotConverged           written without error, yet the plan afterwards is not empty
    ├── Interrupted            somebody ended it in the middle; the next run goes on from what is there
    └── LedgerDamaged          the record contradicts itself; nothing may be concluded from it

`exit_code` is 2 where the answer is "not ready", 1 where there is no answer.
"""

import errno
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


class ProvisioningError(Exception):
    """What went wrong, where, and what to do; `str()` shows all of it on a few lines."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", cause: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.cause = cause
        self.remedy = remedy

    @property
    def told(self) -> str:
        """What, where and why, on one line: for a summary beside which the remedy has a place of its own."""
        place = f" ({self.where})" if self.where else ""
        return "; ".join(filter(None, (f"{self.what}{place}", self.cause)))

    @property
    def brief(self) -> str:
        """All of it on one line."""
        return "; ".join(filter(None, (self.told, self.remedy)))

    @property
    def parts(self) -> dict[str, Any]:
        """All of it for machines, in plain JSON types."""
        return {"what": self.what, "where": self.where, "cause": self.cause, "remedy": self.remedy}

    def __str__(self) -> str:
        labelled = (("where", self.where), ("cause", self.cause), ("remedy", self.remedy))
        return "\n".join([self.what, *(f"  {label}: {text}" for label, text in labelled if text)])


_DISK = {
    errno.ENOSPC: "make room on the disk, then run again",
    errno.EDQUOT: "make room below your quota, then run again",
    errno.EACCES: "give yourself the right to it, then run again",
    errno.EPERM: "give yourself the right to it, then run again",
    errno.EROFS: "work in a folder that can be written to",
    errno.EEXIST: "a file stands where a folder is needed: move it away",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away",
}
"""What to do when the system refuses a file."""


def internal(address: str, error: Exception) -> ProvisioningError:
    """Our word for a foreign exception: its text may hold a secret, so its place must do."""
    if isinstance(error, OSError) and error.errno in _DISK:
        what = f"{address}: a file cannot be used"
        return ProvisioningError(
            what, where=str(error.filename or ""), cause=error.strerror or "", remedy=_DISK[error.errno]
        )
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in frames[-4:])
    return ProvisioningError(
        f"{address}: internal error {type(error).__name__}",
        where=where,
        remedy="this is a defect of the program: report it with the places named here; what is done is in the record",
    )


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong in a file. Lines and columns count from 1; 0 means the whole file."""

    file: str
    line: int
    column: int
    what: str
    expected: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.what}" + (f" (expected {self.expected})" if self.expected else "")


class ConfigurationError(ProvisioningError):
    """A file that people wrote is wrong: all problems at once."""

    def __init__(self, problems: Sequence[Problem], *, remedy: str = "") -> None:
        self.problems = tuple(sorted(problems))
        files = ", ".join(sorted({problem.file for problem in self.problems}))
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(f"{count} in {files}", cause="; ".join(map(str, self.problems)), remedy=remedy)

    @property
    def parts(self) -> dict[str, Any]:
        """With each problem of the files."""
        return {**super().parts, "problems": [asdict(problem) for problem in self.problems]}

    def __str__(self) -> str:
        lines = [self.what, *(f"  {problem}" for problem in self.problems)]
        return "\n".join([*lines, *([f"  remedy: {self.remedy}"] if self.remedy else [])])


class Refused(ProvisioningError):
    """Rules that said no, all of them together; nothing was written."""

    exit_code = 2

    def __init__(self, what: str, reasons: Sequence[str], *, where: str = "", remedy: str = "") -> None:
        self.reasons = tuple(reasons)
        super().__init__(what, where=where, cause="; ".join(reasons), remedy=remedy)

    @property
    def parts(self) -> dict[str, Any]:
        """With each reason."""
        return {**super().parts, "reasons": list(self.reasons)}

    def __str__(self) -> str:
        lines = [self.what, *(f"  - {reason}" for reason in self.reasons)]
        return "\n".join([*lines, *([f"  remedy: {self.remedy}"] if self.remedy else [])])


class LockHeld(Refused):
    """Another run holds the environment; the reason names who, where and since when."""

    exit_code = 1


class Misdirected(Refused):
    """An address to which no credentials may go: it is not the profile's, or it is in the clear."""

    exit_code = 1


class Unreachable(ProvisioningError):
    """A server did not answer: which, at what address, and how to get it back."""

    def __init__(self, server: str, address: str, *, cause: str = "", remedy: str = "") -> None:
        self.server = server
        self.address = address
        super().__init__(f"cannot reach {server} at {address}", cause=cause, remedy=remedy)


class ProviderFailed(ProvisioningError):
    """A server or a tool answered, and the answer was an error."""


class ApplyFailed(ProviderFailed):
    """Writing failed part of the way; the next run observes what is there and converges."""


class NotConverged(ProvisioningError):
    """Everything was written, and yet something still differs from the desired side."""


class Interrupted(ProvisioningError):
    """Somebody ended the run in the middle. The exit code is that of SIGINT; of another signal, its own."""

    exit_code = 130

    def __init__(self, what: str = "interrupted", *, cause: str = "") -> None:
        super().__init__(what, cause=cause, remedy="call again: it observes what is there, and goes on from it")


class LedgerDamaged(ProvisioningError):
    """A record of the ledger is missing, changed or unreadable."""
