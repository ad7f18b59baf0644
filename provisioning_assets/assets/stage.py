"""A stage: one unit of infrastructure code, applied on its own and proven before the next one starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.infrastructure import Listener, StateLocked
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Plan
from provisioning_assets.engagement.content import content_of
from provisioning_assets.engagement.models import Engagement, Environment
from provisioning_assets.engagement.sections import Stage
from provisioning_assets.errors import ProviderFailed, ProvisioningError
from provisioning_assets.record.process import Process
from provisioning_assets.runs.asset_run import AssetRun
from provisioning_assets.runs.declared import equals_declared
from provisioning_assets.runs.stages import engine, forget_outputs, outputs, stage_root
from provisioning_assets.runs.task import Task, inputs, readiness_item


@dataclass(frozen=True)
class StageTarget:
    """Plans and applies the stage with its engine."""

    run: AssetRun

    def plan(self) -> Plan:
        """The engine's plan of the same code from which the digest was computed."""
        session, name = self.run.session, self.run.task.name
        root, its_engine = stage_root(session, name), engine(session, name)
        try:
            plan: Plan = its_engine.plan(root, self._listener)
        except StateLocked as locked:
            if not self._left_behind(locked):
                raise
            self.run.progress(f"releasing the state lock that a dead run left: {locked.holder}")
            its_engine.unlock(root, locked.lock_id)
            plan = its_engine.plan(root, self._listener)
        self._require_same_code()
        return plan

    def apply(self, plan: Plan) -> None:
        """Apply exactly the plan."""
        session, name = self.run.session, self.run.task.name
        engine(session, name).apply(stage_root(session, name), plan, self._listener)
        forget_outputs(session, name)

    @property
    def _listener(self) -> Listener:
        """Records in the lock each process that may write, so that a run that reclaims the lock can wait for it."""
        session = self.run.session

        def started(pid: int) -> None:
            session.lock.add_child(Process.of(pid))

        return Listener(session.progress, started)

    def _left_behind(self, locked: StateLocked) -> bool:
        """Whether a dead run left the state lock: taken on its host, while it held our lock."""
        return locked.created is not None and self.run.session.ledger.left_behind(locked.host, locked.created)

    def _require_same_code(self) -> None:
        """Raise when a file changed after the run began: the evidence would be recorded under the wrong digest."""
        stage = self.run.environment.stage(self.run.task.name)
        known, current = self.run.files, Sources(self.run.engagement.repository).of(stage)
        changed = sorted(name for name in known.keys() | current.keys() if known.get(name) != current.get(name))
        if changed:
            raise ProvisioningError(
                f"{self.run.address}: its code was changed during this run",
                where=", ".join(changed[:5]),
                remedy="run again: what was applied is in the state, and nothing of it counts as proven",
            )


@readiness_item(review_item=1, within=timedelta(hours=1))
def infrastructure_matches_its_code(run: AssetRun) -> Finding:
    """The engine's plan for this stage is empty: the live resources match the reviewed code.

    Red names each resource and attribute that differs. Apply to restore the resources, or change the code. It also
    names each resource that the engine cannot compare: look at it yourself, and sign a waiver of its name.
    """
    return equals_declared(run, StageTarget(run))


@readiness_item(review_item=1, within=timedelta(minutes=10), requires=(Capability.COVERAGE,))
def nothing_is_unmanaged(run: AssetRun) -> Finding:
    """Every live resource of this stage is in a state, including children such as security group rules.

    A plan does not show what was added by hand, so this looks at the account itself. A later stage may add to what this
    one made: its state counts, too. Red names each unmanaged resource. Import it or delete it.
    """
    root = stage_root(run.session, run.task.name)
    return Finding.over("live resources of the stage", engine(run.session, run.task.name).unmanaged(root))


@readiness_item(review_item=1)
def contract_is_kept(run: AssetRun) -> Finding:
    """The stage publishes the outputs that later stages and task classes rely on.

    Reads the outputs in the stage's state. Red names each output that is empty. Correct the stage's code, then apply.
    """
    published = outputs(run.session, run.task.name)
    problems = {name: "is empty" if value in (None, "", [], {}) else None for name, value in published.items()}
    return Finding.over("outputs of the contract", problems)


@dataclass(frozen=True)
class Sources:
    """The files of stages' code, read once: environments share it."""

    repository: Path
    _known: dict[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)

    def of(self, stage: Stage) -> Mapping[str, str]:
        """Every file that the stage's engine would read, and its digest."""
        root, key = self.repository / stage.root, (stage.root, stage.engine.name)
        if not root.is_dir():
            what, remedy = f"the stage {stage.name} has no code", "correct its `root`"
            raise ProviderFailed(what, where=str(stage.root), remedy=remedy)
        if key not in self._known:
            self._known[key] = catalogue.code_of(stage.engine.name).sources(root, self.repository)
        return self._known[key]


def task(
    engagement: Engagement, environment: Environment, stage: Stage, upstream: tuple[str, ...], sources: Sources
) -> Task:
    """The asset of one stage."""
    code = sources.of(stage)
    template = next(raw for raw in engagement.template["stages"] if raw["name"] == stage.name)
    items = (infrastructure_matches_its_code, nothing_is_unmanaged, contract_is_kept)
    return Task(
        name=stage.name,
        environment=environment.name,
        description=f"The {stage.name} stage, from `{stage.root}`, applied with {stage.engine.name} and read back.",
        labels=frozenset({stage.engine.name}),
        backends=(Kind.INFRASTRUCTURE,),
        engine=stage.engine,
        upstream=upstream,
        inputs=inputs(
            engagement,
            items,
            own=content_of(Stage, stage.model_dump(mode="json")),
            template=content_of(Stage, template),
            own_files=code,
            shared_files=code,
        ),
        items=items,
        target=StageTarget,
    )
