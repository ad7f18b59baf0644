"""One environment during one run: its back ends, its ledger, its lock."""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from provisioning_assets.backends import aws
from provisioning_assets.backends.certificates.registry import directory_url, reach
from provisioning_assets.backends.config import ConfigStore
from provisioning_assets.backends.config.registry import BACK_ENDS as CONFIG
from provisioning_assets.backends.dns import DnsProvider
from provisioning_assets.backends.dns.registry import BACK_ENDS as DNS
from provisioning_assets.backends.infrastructure import Infrastructure, StageRoot
from provisioning_assets.backends.infrastructure.registry import BACK_ENDS as INFRASTRUCTURE
from provisioning_assets.backends.monitoring import Monitoring
from provisioning_assets.backends.monitoring.registry import BACK_ENDS as MONITORING
from provisioning_assets.backends.secrets import SecretStore
from provisioning_assets.backends.secrets.registry import BACK_ENDS as SECRETS
from provisioning_assets.backends.store import Store
from provisioning_assets.backends.store.registry import open_store
from provisioning_assets.core.plan import Json, digest
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.errors import LedgerDamaged, ProvisioningError
from provisioning_assets.probes import resolvers as propagation
from provisioning_assets.probes import tls as served
from provisioning_assets.record.entries import TakenOver
from provisioning_assets.record.ledger import Ledger
from provisioning_assets.record.lock import EnvironmentLock, Holder
from provisioning_assets.record.process import Process
from provisioning_assets.runs.graph import Lineage, Node
from provisioning_assets.runs.initial_values import require_sources

Progress = Callable[[str], None]
LOCK_WAIT = 60.0
"""Seconds that a run waits for another one on the same environment before it is refused."""
CHILD_WAIT = 1800.0
"""Seconds that a run waits for the Terraform that a dead run left at work."""


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
    exercises: bool = False
    """This run may disturb the environment on purpose where a proof needs it."""
    lock_wait: float = LOCK_WAIT
    _lock_held: bool = field(default=False, init=False)

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
        settings = self.environment.state
        ledger = self.engagement.repository / settings.ledger if settings.ledger else None
        return open_store(bucket=settings.bucket, region=self.environment.region, ledger=ledger)

    def prepare(self) -> None:
        """Make what state, ledger and lock will lie in, where it is missing."""
        settings = self.environment.state
        open_store(bucket=settings.bucket, region=self.environment.region, ledger=None).prepare()
        self.store.prepare()

    @cached_property
    def prefix(self) -> str:
        """Key prefix of everything that is ours in the store."""
        return f"{self.engagement.name}/{self.environment.name}"

    @cached_property
    def ledger(self) -> Ledger:
        """The environment's record. Only the holder of the lock writes to it."""
        place, copies = f"{self.prefix}/ledger", self.workdir / ".ledger"
        ledger = Ledger(self.store, place, run=self.run, guard=self.lock.check, copies=copies)
        ledger.refresh()
        return ledger

    @cached_property
    def lock(self) -> EnvironmentLock:
        """The environment's lock."""
        return EnvironmentLock(self.store, f"{self.prefix}/lock.json", run=self.run, environment=self.scope)

    @cached_property
    def infrastructure(self) -> Infrastructure:
        """The engine of the environment's stages."""
        return INFRASTRUCTURE["terraform"](on_start=lambda pid: self.lock.add_child(Process.of(pid)))

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
        """Ask each server that the work needs for a sign of life, and for the first values that people give."""
        if "aws" in needs:
            self._require_account()
        if "secret store" in needs:
            self._cluster  # noqa: B018 - asking is the point
        if "certificate authority" in needs:
            reach(self.environment.certificates.directory)
        if "secret values" in needs:
            require_sources(self.environment.secrets.secrets, lambda p: self.secret_store.stored(f"{self.scope}-{p}"))

    def world(self, node: Node) -> str:
        """Identity of what evidence about this node was seen in, and from where: account, state, engine, servers."""
        parts: dict[str, Json] = {"account": self._account, "state": self._state_identity}
        if "secret store" in node.needs:
            parts["cluster"] = self._cluster
        if "certificate authority" in node.needs:
            parts["authority"] = directory_url(self.environment.certificates.directory)
            parts["tls"] = served.viewpoint()
        if "name servers" in node.needs:
            parts["dns"] = propagation.viewpoint()
        if node.is_stage:
            parts |= {"lineage": self._state_lineage(node.asset), "engine": self.infrastructure.version()}
        return digest(parts)

    def _state_lineage(self, stage: str) -> str | None:
        """Identity of the stage's state; asked once a run, as the account is, as soon as there is one."""
        known = self._lineages.get(stage) or self.infrastructure.lineage(self._bare_root(stage))
        if known is not None:
            self._lineages[stage] = known
        return known

    @cached_property
    def _lineages(self) -> dict[str, str]:
        return {}

    def _bare_root(self, name: str) -> StageRoot:
        """Enough of a stage to find its state by, without asking for the contracts before it."""
        key = f"{self.prefix}/terraform/{name}.tfstate"
        state = {"bucket": self.environment.state.bucket, "key": key, "region": self.environment.region}
        return StageRoot(name, self.engagement.repository, self.workdir / name, state, {}, {})

    @cached_property
    def _account(self) -> str:
        """As declared: the evidence of an environment in another account can be read without credentials for it."""
        return self.environment.account or aws.account(self.environment.region)

    def _require_account(self) -> None:
        found, declared = aws.account(self.environment.region), self.environment.account
        if declared not in {None, found}:
            raise ProvisioningError(
                f"the credentials belong to the account {found}; {self.environment.name} lies in {declared}",
                remedy=f"take credentials for {declared} (AWS_PROFILE), or correct `account` in the engagement file",
            )

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
        try:
            return "none" if found is None else str(json.loads(found[0])["identity"])
        except (ValueError, KeyError, TypeError):
            raise LedgerDamaged(
                "the mark of the state cannot be read: which state this is cannot be told",
                where=key,
                remedy="restore the object from the bucket's versions; deleted, it makes all evidence stale",
            ) from None

    def hold(self) -> None:
        """Take the environment's lock for the rest of the run, and wait out what a dead run left behind."""
        if self._lock_held:
            return
        dead = self.lock.acquire(wait=self.lock_wait, progress=self.progress)
        self._lock_held = True
        try:
            self._take_over(dead)
            # A killed run leaves the plan that it was about to apply, and values of secrets are in it.
            for left in self.workdir.glob("*/plan.tfplan"):
                left.unlink(missing_ok=True)
        except BaseException:
            self.close()
            raise

    def _take_over(self, dead: Holder | None) -> None:
        if dead is None:
            return
        self.progress(f"took over {self.scope} from {dead}: that run is dead")
        self.ledger.append(TakenOver(str(dead), dead.host_name, dead.since))
        for child in dead.at_work():
            self.progress(f"waiting for its Terraform (process {child.pid}) to end")
            if not child.ended(within=CHILD_WAIT):
                raise ProvisioningError(
                    f"the Terraform of the dead run {dead.run} still works after {CHILD_WAIT / 60:.0f} minutes",
                    where=f"process {child.pid} on {dead.host_name}",
                    remedy="see what it waits for, or end it with SIGINT; then run again",
                )

    def break_lock(self) -> Holder | None:
        """Break somebody's lock by a person's wish, and record it; whose it was."""
        holder: Holder | None = None
        with suppress(ProvisioningError):  # one that cannot be read names nobody to look for
            holder = self.lock.holder()
        working = holder.at_work() if holder else []
        if holder and working:
            numbers = ", ".join(str(process.pid) for process in working)
            raise ProvisioningError(
                f"{self.scope} is held by {holder}, which is at work: nothing was broken",
                where=f"process {numbers} on this host",
                remedy="wait for it, or end these processes; a dead run is then taken over by the next one",
            )
        broken = self.lock.break_it()
        if broken is not None:
            self.hold()
            self.ledger.append(TakenOver(str(broken), broken.host_name, broken.since, by_hand=True))
            self.close()
        return broken

    def close(self) -> None:
        """Give the lock back."""
        if self._lock_held:
            with suppress(ProvisioningError):  # a head that lags behind vouches for less, and for nothing wrong
                self.ledger.seal()
            self.lock.release()
            self._lock_held = False


def open_session(lineage: Lineage, environment: str, *, run: str, progress: Progress = silent) -> Session:
    """A session of an environment, with the environment whose proof it needs behind it."""
    engagement = lineage.engagement
    earlier = engagement.before(environment)
    before = open_session(lineage, earlier.name, run=run) if earlier else None
    return Session(lineage, engagement.environment(environment), run, before, progress)
