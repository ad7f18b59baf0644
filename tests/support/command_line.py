"""The command line in a repository of a test's own, called as an operator calls it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR", "HOME")
"""What a fresh shell has: nothing that leads to an account, a secret store or an authority."""


@dataclass(frozen=True)
class CommandLine:
    """`provisioning`, in a repository, with the variables of one shell."""

    folder: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        """`provisioning …`, as a process is started."""
        return [sys.executable, "-u", "-m", "provisioning_assets.cli", *arguments]

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`provisioning …`, to its end."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """`provisioning …`, still running; what it prints goes to one pipe."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def fresh_shell(**variables: str) -> dict[str, str]:
    """Variables of a shell in which nobody set anything for the product, but these."""
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **variables}
