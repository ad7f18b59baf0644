"""Real servers for the integration tests: the sandbox, once for all of them; an engagement of its own for each."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends.access import Access
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.orchestration.projection import Projection
from provisioning_assets.runs.graph import Graph
from provisioning_assets.sandbox import lifecycle as embedded
from tests.support.dagster_view import correct, instance_in, passing
from tests.support.profiles import Profile
from tests.support.proving import WHOLE, prove
from tests.support.repositories import copy_repository


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The embedded cloud, running; its folder."""
    folder = tmp_path_factory.mktemp("cloud") / "sandbox"
    embedded.start(folder, print)
    yield folder
    embedded.stop(folder)


@pytest.fixture
def profile(sandbox: Path, tmp_path: Path) -> Profile:
    """The profile `sandbox` of the test's repository: a copy, which the test may change."""
    return Profile.copied(embedded.profile_file(sandbox), tmp_path)


@pytest.fixture
def cloud(profile: Profile) -> Access:
    """The sandbox, as the profile says where it is."""
    return profile.access(embedded.REGION)


@pytest.fixture
def shop(profile: Profile, tmp_path: Path) -> Path:
    """A repository with the demo shop alone, its state and its configuration where nobody wrote before."""
    copy_repository(tmp_path)
    file = tmp_path / "engagements" / "demo_shop" / "engagement.yaml"
    unique = uuid.uuid4().hex[:8]
    text = file.read_text().replace("bucket: demo-shop", f"bucket: demo-{unique}")
    file.write_text(text.replace("prefix: /${engagement}/", f"prefix: /${{engagement}}/{unique}/"))
    return tmp_path


@pytest.fixture
def graph(shop: Path) -> Graph:
    """The demo shop, with a record of its own in buckets of its own."""
    return assemble(load_engagement(shop / "engagements" / "demo_shop"))


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance_in(tmp_path / "dagster") as made:
        yield made


@pytest.fixture
def projection(shop: Path) -> Projection:
    return Projection(shop / "engagements")


@pytest.fixture
def proven(graph: Graph, projection: Projection, instance: dg.DagsterInstance) -> set[str]:
    """Staging is proven, and shown so."""
    prove(graph, "staging", *WHOLE)
    correct(projection, instance)
    return passing(instance, graph)
