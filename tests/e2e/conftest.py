"""The demo shop from nothing to its report, by the command line, on a sandbox of its own: as a new user sees it.

`demo` is provisioned as the README says. `small` has one stage, and is where things are killed and lost.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioning_assets.backends import aws
from provisioning_assets.sandbox import lifecycle as sandbox
from tests.support.command_line import CommandLine, fresh_shell
from tests.support.leaks import files_below, leaks, objects_in, stored_values
from tests.support.profiles import Profile
from tests.support.repositories import copy_repository, reduce_to_one_stage

CANARY = "canary-7f3a9c51-payment-key"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a worker of pytest-xdist, what is slow begins first: it takes as long as all the rest."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@dataclass(frozen=True)
class Shop(CommandLine):
    """A repository with the demo shop, its sandbox, and the command line in a shell that knows nothing of either."""

    @property
    def profile(self) -> Profile:
        """Where the sandbox's servers are."""
        return Profile(sandbox.profile_file(self.folder / ".provisioning" / "sandbox"))

    @property
    def variables(self) -> dict[str, str]:
        """What the profile says."""
        return self.profile.variables

    def leaks(self) -> list[str]:
        """Files and objects of the runs that hold a secret, of all that there are."""
        token_file = Path(self.variables["VAULT_TOKEN_FILE"])
        token = token_file.read_text().strip()
        secrets = {CANARY, token, *stored_values(self.variables["VAULT_ADDR"], token)}
        s3 = aws.of(self.profile.access(sandbox.REGION)).client("s3")
        files = files_below(self.folder / ".provisioning", but=token_file)
        objects = objects_in(s3, "demo-shop-staging-state", "demo-shop-production-state")
        assert (len(secrets) >= 12, len(files) > 30, len(objects) > 30) == (True, True, True), "too little to look at"
        return leaks({**files, **objects}, secrets)

    def elsewhere(self, name: str, **variables: str) -> tuple[str, str]:
        """A profile that leads elsewhere; the option that names it."""
        Profile.copied(self.profile.file, self.folder, name).set(**variables)
        return "--profile", name


@contextmanager
def repository(folder: Path, *, one_stage: bool = False) -> Iterator[Shop]:
    """A clone in this folder, with its sandbox running; nothing is provisioned yet."""
    copy_repository(folder)
    if one_stage:
        reduce_to_one_stage(folder)
    home = folder / ".provisioning" / "sandbox"
    sandbox.start(home, print)
    try:
        yield Shop(folder, fresh_shell(DEMO_SHOP_PAYMENT_API_KEY=CANARY))
    finally:
        sandbox.stop(home)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop in which nothing is provisioned, or ever will be."""
    with repository(tmp_path_factory.mktemp("fresh")) as shop:
        yield shop


@dataclass(frozen=True)
class Provisioned(Shop):
    """The demo shop, staging and production provisioned."""

    first: str
    """What the run said that provisioned it."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    """As `make demo` does it: both environments, from nothing."""
    with repository(tmp_path_factory.mktemp("demo")) as shop:
        done = shop.run("apply", "demo_shop")
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        keep_output(shop, done.stdout + done.stderr)
        yield Provisioned(shop.folder, shop.environment, done.stdout)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with one stage, where a test may do as it likes."""
    with repository(tmp_path_factory.mktemp("small"), one_stage=True) as shop:
        yield shop


@dataclass(frozen=True)
class TakenOver(Shop):
    """Both environments provisioned: production by a run that took over from a killed one."""

    again: str
    """What the run said that came after the killed one: over both environments, as `make demo` does."""


@pytest.fixture(scope="session")
def taken_over(small: Shop) -> TakenOver:
    """Staging; then production, killed while its stage is made; then both again."""
    staging = small.run("apply", "demo_shop", "staging")
    assert staging.returncode == 0, staging.stdout[-4000:] + staging.stderr[-2000:]
    killed = small.start("apply", "demo_shop", "production")
    before = read_until(killed, lambda line: "networking: " in line and "Creating..." in line)
    kill(killed)
    again = small.run("apply", "demo_shop")
    assert again.returncode == 0, again.stdout[-4000:] + again.stderr[-2000:]
    keep_output(small, "".join((staging.stdout, *before, again.stdout, again.stderr)))
    return TakenOver(small.folder, small.environment, again.stdout)


def keep_output(shop: Shop, text: str) -> None:
    """What was printed lies beside what was written, and is searched for secrets as well."""
    (shop.folder / ".provisioning" / "out").write_text(text)


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
