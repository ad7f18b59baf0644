"""A new user's path, once: the demo shop from nothing to its report, by the command line, on the sandbox."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning_assets.sandbox import lifecycle as sandbox

REPOSITORY = Path(__file__).parents[2]
CANARY = "canary-7f3a9c51-payment-key"


@dataclass(frozen=True)
class Shop:
    """A repository with the demo shop, and the command line in it."""

    folder: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        """`provisioning …`, as a process is started."""
        return [sys.executable, "-u", "-m", "provisioning_assets.cli.commands", *arguments]

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


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The repository and a running sandbox; nothing is provisioned yet."""
    folder = tmp_path_factory.mktemp("fresh")
    for name in ("engagements", "terraform"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns(".terraform"))
    for name in ("dagster.yaml", "definitions.py", "pyproject.toml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, folder / name)
    home = folder / ".provisioning" / "sandbox"
    sandbox.start(home, print)
    kept = {
        n: v
        for n, v in os.environ.items()
        if not n.startswith(("AWS_", "VAULT_", "ACME_", "DAGSTER_", "PROVISIONING_"))
    }
    lines = sandbox.environment_file(home).read_text().splitlines()
    variables = {name: value.strip("'") for name, value in (line.split("=", 1) for line in lines)}
    yield Shop(folder, {**kept, **variables, "DEMO_SHOP_PAYMENT_API_KEY": CANARY})
    sandbox.stop(home)


def read_until(process: subprocess.Popen[str], seen: Callable[[str], bool]) -> list[str]:
    """Lines up to the one that was waited for; fails when the process ends without it."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if seen(line):
            return lines
    raise AssertionError("".join(lines))


def kill(process: subprocess.Popen[str]) -> None:
    """End our process, and nothing that it started, as an operator's `kill -9` does."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@dataclass(frozen=True)
class Provisioned(Shop):
    """The demo shop, staging and production provisioned: production by a run that took over from a killed one."""

    staging: str
    """What the first run said."""
    again: str
    """What the run said that came after the killed one: over both environments, as `make demo` does."""


@pytest.fixture(scope="session")
def provisioned(shop: Shop) -> Provisioned:
    """Staging; then production, killed while its database is made; then both again."""
    staging = shop.run("apply", "demo_shop", "staging")
    assert staging.returncode == 0, staging.stdout[-4000:] + staging.stderr[-2000:]
    killed = shop.start("apply", "demo_shop", "production")
    before = read_until(killed, lambda line: "datastores: " in line and "Creating..." in line)
    kill(killed)
    again = shop.run("apply", "demo_shop")
    assert again.returncode == 0, again.stdout[-4000:] + again.stderr[-2000:]
    (shop.folder / ".provisioning" / "out").write_text("".join((staging.stdout, *before, again.stdout, again.stderr)))
    return Provisioned(shop.folder, shop.environment, staging.stdout, again.stdout)
