"""Real servers for the integration tests: the sandbox, once for all of them; an engagement of its own for each."""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.runs.graph import Lineage
from provisioning_assets.sandbox import lifecycle as embedded

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The embedded cloud, running; its folder."""
    folder = tmp_path_factory.mktemp("cloud") / "sandbox"
    embedded.start(folder, print)
    yield folder
    embedded.stop(folder)


@pytest.fixture
def cloud(sandbox: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sandbox's addresses, as variables of this test."""
    from provisioning_assets.backends import aws  # noqa: PLC0415 - its cache of clients is emptied for each test

    for name in [name for name in os.environ if name.startswith(("AWS_", "VAULT_", "ACME_", "PROVISIONING_"))]:
        monkeypatch.delenv(name)
    for line in embedded.environment_file(sandbox).read_text().splitlines():
        name, value = line.split("=", 1)
        monkeypatch.setenv(name, value.strip("'"))
    aws.client.cache_clear()
    return sandbox


@pytest.fixture
def shop(cloud: Path, tmp_path: Path) -> Path:
    """A repository with the demo shop alone, its state and its configuration where nobody wrote before."""
    for name in ("engagements", "terraform"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns(".terraform"))
    for name in ("dagster.yaml", "definitions.py", "pyproject.toml", "workspace.yaml"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    file = tmp_path / "engagements" / "demo_shop" / "engagement.yaml"
    unique = uuid.uuid4().hex[:8]
    text = file.read_text().replace("bucket: demo-shop", f"bucket: demo-{unique}")
    file.write_text(text.replace("prefix: /${engagement}/", f"prefix: /${{engagement}}/{unique}/"))
    return tmp_path


@pytest.fixture
def lineage(shop: Path) -> Lineage:
    """The demo shop, with a record of its own in buckets of its own."""
    return assemble(load_engagement(shop / "engagements" / "demo_shop"))[0]
