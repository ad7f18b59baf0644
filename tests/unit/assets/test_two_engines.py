"""Two stages of one environment, each with an engine of its own."""

from pathlib import Path
from typing import Literal

import pytest

from provisioning_assets.assets.stage import StageTarget, contract_is_kept
from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Settings
from provisioning_assets.backends.product import Product
from provisioning_assets.backends.store.files import FileStore
from provisioning_assets.core.digests import Inputs
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.sections import Stage
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.identity import identity_of
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.stages import engine, outputs
from provisioning_assets.runs.task import Task
from tests.fakes.infrastructure import MemoryInfrastructure
from tests.support.runs import engagement, environment


class First(Settings):
    """An engine."""

    name: Literal["first"] = "first"


class Second(Settings):
    """Another one."""

    name: Literal["second"] = "second"


class Code:
    """Code that is read without an engine."""

    def sources(self, _root: Path, _repository: Path) -> dict[str, str]:
        return {}


class FirstEngine(MemoryInfrastructure):
    def identity(self) -> dict[str, str]:
        return {"engine": "first 1"}


class SecondEngine(MemoryInfrastructure):
    def identity(self) -> dict[str, str]:
        return {"engine": "second 7"}


STAGES = (("networking", First(), {"cidr": "10.0.0.0/16"}), ("compute", Second(), {"size": "small"}))


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An environment with a stage of each engine; both engines are rows of the catalogue."""
    rows = {"first": FirstEngine, "second": SecondEngine, "code": Code, "store.files:FileStore": FileStore}
    added = tuple(
        Product(Kind.INFRASTRUCTURE, settings, settings().name, proven="", code="code") for settings in (First, Second)
    )
    monkeypatch.setattr(catalogue, "PRODUCTS", (*catalogue.PRODUCTS, *added))
    monkeypatch.setattr(catalogue, "_class", rows.__getitem__)
    (tmp_path / "code").mkdir()
    stages = tuple(Stage.model_construct(name=n, root="code", after=(), variables=v, engine=e) for n, e, v in STAGES)
    where = environment().model_copy(update={"stages": stages})
    tasks = tuple(
        Task(
            name=name,
            environment="staging",
            description="",
            inputs=Inputs(own={"files": {}}, shared={}),
            backends=(Kind.INFRASTRUCTURE,),
            engine=settings,
            upstream=() if name == "networking" else ("networking",),
        )
        for name, settings, _ in STAGES
    )
    access = Access("the test's own", {}, where.region, folder=tmp_path)
    return Session(Graph(engagement(tmp_path, where), tasks), where, access, "r1")


def apply(session: Session, name: str) -> None:
    target = StageTarget(AssetRun(session, session.graph.task("staging", name)))
    target.apply(target.plan())
    assert target.plan().empty


def test_each_stage_is_applied_by_its_own_engine(session: Session) -> None:
    apply(session, "networking")
    apply(session, "compute")

    assert isinstance(engine(session, "networking"), FirstEngine)
    assert isinstance(engine(session, "compute"), SecondEngine)
    assert [key.rpartition("/")[2] for key in engine(session, "networking").states] == ["networking"]
    assert [key.rpartition("/")[2] for key in engine(session, "compute").states] == ["compute"]


def test_outputs_of_one_engine_reach_the_other(session: Session) -> None:
    apply(session, "networking")
    apply(session, "compute")

    assert outputs(session, "networking")["cidr"] == "10.0.0.0/16"
    assert contract_is_kept.check is not None
    assert contract_is_kept.check(AssetRun(session, session.graph.task("staging", "compute"))).ready


def test_evidence_knows_which_engine_it_is_of(session: Session) -> None:
    first, second = (identity_of(session, session.graph.task("staging", name)) for name, _, _ in STAGES)
    assert first != second
