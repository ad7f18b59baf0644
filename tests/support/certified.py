"""The certificates of an environment whose authority, secret store and zone are in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Proof
from provisioning_assets.backends.certificates.settings import Acm, AcmCopies, Acme
from provisioning_assets.backends.secrets import Place, certificate_secret, pending_secret
from provisioning_assets.core.digests import Inputs
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.engagement import sections
from provisioning_assets.operations.issuing import Certificates
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.graph import Graph
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.task import Task
from tests.fakes.certificates import MemoryAuthority
from tests.fakes.secrets import MemorySecrets
from tests.support.authorities import CONTACT
from tests.support.runs import engagement, environment

SHOP = sections.Certificate(name="shop", names=("shop.example", "www.shop.example"))
SCOPE = "demo_shop-staging"
RUNTIME, ENGAGEMENT = Place(SCOPE, "runtime"), Place(SCOPE, "engagement")


@dataclass
class Published:
    """Proofs that their authority finds at once."""

    values: list[str] = field(default_factory=list)

    @contextmanager
    def publish(self, proofs: Sequence[Proof]) -> Iterator[None]:
        self.values += [proof.value for proof in proofs]
        yield

    def keep(self, proofs: Sequence[Proof]) -> None:
        self.values += [proof.value for proof in proofs]

    def missing(self, proofs: Sequence[Proof]) -> list[Proof]:
        return [proof for proof in proofs if proof.value not in self.values]


@dataclass
class Certified:
    """Staging, with one secret store; each run may have another authority, or other names."""

    repository: Path
    authority: Any = None
    store: MemorySecrets = field(default_factory=MemorySecrets)
    published: Published = field(default_factory=Published)
    certificates: tuple[sections.Certificate, ...] = (SHOP,)
    variables: dict[str, str] = field(default_factory=dict)
    """From where TLS clients look."""
    copies: Any = None
    """A product that is to have copies."""
    told: list[str] = field(default_factory=list)
    """Every line of progress."""

    def __post_init__(self) -> None:
        self.authority = self.authority or self.memory()
        places = {"place runtime": {"otherwise": []}, "place engagement": {"otherwise": []}}
        self.store.write_grants(SCOPE, diff(places, {}).changes)

    def memory(self, **settings: Any) -> MemoryAuthority:
        return MemoryAuthority(lambda _name, _kind: self.published.values, **settings)

    def run(self) -> AssetRun:
        """A run that begins now."""
        provider = Acm() if getattr(self.authority, "managed", False) else Acme()
        copies = AcmCopies() if self.copies else None
        section = sections.Certificates(
            provider=provider, contact=CONTACT, certificates=self.certificates, import_into=copies
        )
        where = environment().model_copy(update={"certificates": section})
        made = Task(
            name="certificates", environment=where.name, description="", inputs=Inputs(own={}, shared={}),
            backends=(Kind.CERTIFICATES, Kind.SECRETS),
        )  # fmt: skip
        graph = Graph(engagement(self.repository, where), (made,))
        access = Access("the test's own", self.variables, where.region, folder=self.repository)
        session = Session(graph, where, access, "r1", progress=self.told.append)
        fakes = {Kind.CERTIFICATES: self.authority, Kind.SECRETS: self.store, Kind.COPIES: self.copies}
        for kind, fake in fakes.items():
            if kind in where.products:
                session._opened[kind, where.settings(kind).model_dump_json()] = fake
        return AssetRun(session, made)

    def plan(self) -> list[str]:
        return [str(change) for change in Certificates(self.run()).plan().changes]

    def apply(self) -> None:
        target = Certificates(self.run())
        target.apply(target.plan())

    def kept(self, name: str = "shop") -> dict[str, str]:
        """What the secret store holds of a certificate."""
        return dict(self.store.read(RUNTIME, certificate_secret(name)))

    def pending(self, name: str = "shop") -> dict[str, str]:
        return dict(self.store.read(RUNTIME, pending_secret(name)))
