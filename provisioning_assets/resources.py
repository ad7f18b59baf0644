"""One environment during one run: its back ends, its ledger, its lock."""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import psutil

from provisioning_assets.evidence import About
from provisioning_assets.ledger import ApplyFinished, ApplyStarted, Ledger, Observed, TakenOver
from provisioning_assets.lineage import Lineage, Node
from provisioning_assets.lock import EnvironmentLock, Holder, Process
from provisioning_assets.plan import Json, Plan, digest
from provisioning_assets.providers import aws
from provisioning_assets.providers.certificates.registry import reach
from provisioning_assets.providers.config import ConfigStore
from provisioning_assets.providers.config.registry import BACK_ENDS as CONFIG
from provisioning_assets.providers.dns import DnsProvider
from provisioning_assets.providers.dns.registry import BACK_ENDS as DNS
from provisioning_assets.providers.infrastructure import Infrastructure, StageRoot
from provisioning_assets.providers.infrastructure.registry import BACK_ENDS as INFRASTRUCTURE
from provisioning_assets.providers.monitoring import Monitoring
from provisioning_assets.providers.monitoring.registry import BACK_ENDS as MONITORING
from provisioning_assets.providers.secrets import SecretStore
from provisioning_assets.providers.secrets.registry import BACK_ENDS as SECRETS
from provisioning_assets.providers.store import Store
from provisioning_assets.providers.store.registry import open_store
from provisioning_assets.spec.engagement import Engagement, Environment

Progress = Callable[[str], None]
LOCK_WAIT = 60.0
"""Seconds that a run waits for another one on the same environment before it is refused."""


def silent(_line: str) -> None:
    """Progress for nobody."""


@dataclass
class Session:
    """What work on one environment needs. Back ends are made when first asked for."""

    lineage: Lineage
    environment: Environment
    run: str
    before: "Session | None" = None
    """The environment whose proof this one's writes need."""
    progress: Progress = silent
    reuse: bool = False
    """Slow proofs that still count are stated again instead of repeated."""
    lock_wait: float = LOCK_WAIT
    _lock_held: bool = field(default=False, init=False)
    took_over: bool = field(default=False, init=False)
    """True when this run took the lock over from a dead one."""

    @property
    def engagement(self) -> Engagement:
        """The engagement that the environment belongs to."""
        return self.lineage.engagement

    @property
    def scope(self) -> str:
        """Name of the environment outside its account: `<engagement>-<environment>`."""
        return f"{self.engagement.name}-{self.environment.name}"

    @property
    def workdir(self) -> Path:
        """Where engines keep their files; ignored by git."""
        return self.engagement.repository / ".provisioning" / "work" / self.engagement.name / self.environment.name

    @cached_property
    def store(self) -> Store:
        """Where the environment's state, ledger and lock lie."""
        settings, repository = self.environment.state, self.engagement.repository
        return open_store(
            settings.provider, bucket=settings.bucket, region=self.environment.region, repository=repository
        )

    @cached_property
    def prefix(self) -> str:
        """Key prefix of everything that is ours in the store."""
        return f"{self.engagement.name}/{self.environment.name}"

    @cached_property
    def ledger(self) -> Ledger:
        """The environment's record."""
        ledger = Ledger(self.store, f"{self.prefix}/ledger", run=self.run)
        ledger.refresh()
        return ledger

    @cached_property
    def lock(self) -> EnvironmentLock:
        """The environment's lock."""
        return EnvironmentLock(self.store, f"{self.prefix}/lock.json", run=self.run, environment=self.scope)

    @cached_property
    def infrastructure(self) -> Infrastructure:
        """The engine of the environment's stages."""

        def started(pid: int, at: float) -> None:
            self.lock.add_child(Process(pid, at))

        return INFRASTRUCTURE["terraform"](on_start=started)

    @cached_property
    def dns(self) -> DnsProvider:
        """The DNS provider."""
        return DNS[self.environment.dns.provider](self.environment.region)

    @cached_property
    def secret_store(self) -> SecretStore:
        """The secrets platform."""
        return SECRETS[self.environment.secrets.provider](self.environment.secrets.address)

    @cached_property
    def config_store(self) -> ConfigStore:
        """Where the running system reads its configuration."""
        return CONFIG[self.environment.runtime_config.provider](self.environment.region)

    @cached_property
    def monitoring(self) -> Monitoring:
        """The observability platform."""
        return MONITORING[self.environment.monitoring.provider](self.environment.region)

    def stage_root(self, name: str) -> StageRoot:
        """A stage, with the contracts of the stages before it filled in."""
        stage = next(stage for stage in self.environment.stages if stage.name == name)
        upstream = [node.asset for node in self.lineage.upstream(self.environment.name, name) if node.is_stage]
        ours = {"engagement": self.engagement.name, "environment": self.environment.name}
        return replace(
            self._bare_root(name),
            root=self.engagement.repository / stage.root,
            variables={**ours, "region": self.environment.region, **stage.variables},
            upstream={earlier: self.contract(earlier) for earlier in upstream},
        )

    def contract(self, stage: str) -> Mapping[str, Json]:
        """What a stage promises to the later ones; read once a run, after its apply."""
        if stage not in self._contracts:
            self._contracts[stage] = self.infrastructure.contract(self.stage_root(stage))
        return self._contracts[stage]

    def forget_contract(self, stage: str) -> None:
        """Read the contract anew the next time: the stage was applied."""
        self._contracts.pop(stage, None)

    @cached_property
    def _contracts(self) -> dict[str, Mapping[str, Json]]:
        return {}

    def reach(self, needs: frozenset[str]) -> None:
        """Ask each server that the work needs for a sign of life; `Unreachable` names the one that gave none."""
        if "aws" in needs:
            self._account  # noqa: B018 - asking is the point
            self.store.prepare()
        if "secret store" in needs:
            self._cluster  # noqa: B018 - asking is the point
        if "certificate authority" in needs:
            reach(self.environment.certificates.directory)

    def world(self, node: Node) -> str:
        """Identity of what evidence about this node was seen in: account, state, secret store."""
        parts: dict[str, Json] = {"account": self._account, "state": self._state_identity}
        if "secret store" in node.needs:
            parts["cluster"] = self._cluster
        if node.is_stage:
            parts["lineage"] = self.infrastructure.lineage(self._bare_root(node.asset))
        return digest(parts)

    def _bare_root(self, name: str) -> StageRoot:
        """Enough of a stage to find its state by, without asking for the contracts before it."""
        key = f"{self.prefix}/terraform/{name}.tfstate"
        state = {"bucket": self.environment.state.bucket, "key": key, "region": self.environment.region}
        return StageRoot(name, self.engagement.repository, self.workdir / name, state, {}, {})

    @cached_property
    def _account(self) -> str:
        return aws.account(self.environment.region)

    @cached_property
    def _cluster(self) -> str:
        return self.secret_store.cluster()

    @cached_property
    def _state_identity(self) -> str:
        """A mark left at the first use of the store: an emptied or exchanged store has another one, or none."""
        key = f"{self.prefix}/identity.json"
        found = self.store.read(key)
        if found is None and self._lock_held:
            self.store.create(key, json.dumps({"identity": secrets.token_hex(16)}).encode())
            found = self.store.read(key)
        return "none" if found is None else str(json.loads(found[0])["identity"])

    def hold(self) -> None:
        """Take the environment's lock for the rest of the run, and wait out what a dead run left behind."""
        if self._lock_held:
            return
        dead = self.lock.acquire(wait=self.lock_wait, progress=self.progress)
        self._lock_held = True
        try:
            self._take_over(dead)
        except BaseException:
            self.close()
            raise

    def _take_over(self, dead: Holder | None) -> None:
        if dead is None:
            return
        self.took_over = True
        self.progress(f"took over {self.scope} from {dead}: that run is dead")
        self.ledger.append(TakenOver(str(dead)))
        for child in dead.children:
            if child.alive():
                self.progress(f"waiting for its Terraform (process {child.pid}) to end")
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(child.pid).wait(timeout=1800)

    def close(self) -> None:
        """Give the lock back."""
        if self._lock_held:
            self.lock.release()
            self._lock_held = False


@dataclass
class Work:
    """One asset of a session: what readiness items and targets are handed."""

    session: Session
    node: Node

    @property
    def engagement(self) -> Engagement:
        """The engagement."""
        return self.session.engagement

    @property
    def environment(self) -> Environment:
        """The environment, with every value filled in."""
        return self.session.environment

    @property
    def address(self) -> str:
        """`<environment>/<asset>`, for people."""
        return f"{self.environment.name}/{self.node.asset}"

    def about(self) -> About:
        """What evidence taken now is about."""
        digests = self.session.lineage.digests(*self.node.key)
        return About(
            asset=self.node.asset,
            environment=self.node.environment,
            content=digests.content,
            shared=digests.shared,
            epoch=self.session.ledger.epoch(self.node.asset).number,
            world=self.session.world(self.node),
        )

    def remember_inputs(self) -> None:
        """Keep what the digests were made from, so that a later difference can be named."""
        digests = self.session.lineage.digests(*self.node.key)
        self.session.ledger.remember(digests.content_leaves, digests.content)
        self.session.ledger.remember(digests.shared_leaves, digests.shared)

    def last_plan(self) -> Observed | None:
        """What this run's reconciliation saw last: the answer that need not be asked for twice."""
        content = self.session.lineage.digests(*self.node.key).content
        found = self.session.ledger.observed(self.node.asset, content=content, run=self.session.run)
        return found[0] if found else None

    def apply_started(self, plan: Plan) -> None:
        """Record that the asset is being changed from here on."""
        epoch = self.session.ledger.epoch(self.node.asset).number + 1
        self.session.ledger.append(ApplyStarted(self.node.asset, epoch, plan.digest, str(plan)))

    def apply_finished(self) -> None:
        """Record that the asset is as it should be; nothing to record when no apply was open."""
        epoch = self.session.ledger.epoch(self.node.asset)
        if epoch.unfinished:
            self.session.ledger.append(ApplyFinished(self.node.asset, epoch.number))

    def observed(self, plan: Plan) -> None:
        """Record what a plan said."""
        content = self.session.lineage.digests(*self.node.key).content
        self.session.ledger.append(
            Observed(self.node.asset, content, tuple(change.as_json() for change in plan.changes))
        )


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


def open_session(lineage: Lineage, environment: str, *, run: str, progress: Progress = silent) -> Session:
    """A session of an environment, with the environment whose proof it needs behind it."""
    engagement = lineage.engagement
    earlier = engagement.before(environment)
    before = open_session(lineage, earlier.name, run=run) if earlier else None
    return Session(lineage, engagement.environment(environment), run, before, progress)
