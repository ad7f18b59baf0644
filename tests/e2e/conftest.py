"""A new user's path, once: the demo shop from nothing to its report, by the command line, on the sandbox."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning_assets import sandbox

REPOSITORY = Path(__file__).parents[2]
CANARY = "canary-7f3a9c51-payment-key"


@dataclass(frozen=True)
class Shop:
    """A repository with the demo shop, and the command line in it."""

    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`provisioning …`, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "provisioning_assets.cli", *arguments],
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`provisioning …`, still running; what it prints goes to one pipe."""
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "provisioning_assets.cli", *arguments],
            cwd=self.folder,
            env=self.environment,
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
    for name in ("definitions.py", "pyproject.toml", "workspace.yaml"):
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


@pytest.fixture(scope="session")
def provisioned(shop: Shop) -> Shop:
    """The demo shop, staging and production provisioned."""
    done = shop.run("apply", "demo_shop")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    (shop.folder / ".provisioning" / "apply.out").write_text(done.stdout + done.stderr)
    return shop
