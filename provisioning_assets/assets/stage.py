"""A stage: one unit of infrastructure code, applied on its own, proven before the next one starts."""

from dataclasses import dataclass

from provisioning_assets.backends.infrastructure import StateLocked
from provisioning_assets.backends.infrastructure.terraform.sources import tree_hash
from provisioning_assets.core.evidence import Finding
from provisioning_assets.core.plan import Plan
from provisioning_assets.engagement.models import Engagement
from provisioning_assets.engagement.sections import Stage
from provisioning_assets.errors import ProviderFailed, ProvisioningError
from provisioning_assets.runs.readiness import readiness_item
from provisioning_assets.runs.task import AWS, Task, equals_declared, inputs
from provisioning_assets.runs.work import Work


@dataclass
class StageTarget:
    """Plans and applies the stage with the engine of the engagement."""

    work: Work

    def plan(self) -> Plan:
        """The engine's plan, for the code that the digest was made from."""
        session, name = self.work.session, self.work.node.asset
        root = session.stage_root(name)
        try:
            plan = session.infrastructure.plan(root, session.progress)
        except StateLocked as locked:
            if not self._left_behind(locked):
                raise
            session.progress(f"{self.work.address}: releasing the state lock that a dead run left: {locked.holder}")
            session.infrastructure.release_lock(root, locked.lock_id)
            plan = session.infrastructure.plan(root, session.progress)
        self._require_same_code()
        return plan

    def _left_behind(self, locked: StateLocked) -> bool:
        """Whether the state lock is from a run that was taken over: same host, and made while that run held ours."""
        return locked.created is not None and self.work.session.ledger.left_behind(locked.host, locked.created)

    def _require_same_code(self) -> None:
        """Raise when a file was changed since the run began: its proof would be booked under another digest."""
        known, stage = self.work.files, self.work.session.stage_root(self.work.node.asset)
        now = tree_hash(stage.root, repository=self.work.engagement.repository)
        changed = sorted(name for name in known.keys() | now.keys() if known.get(name) != now.get(name))
        if changed:
            raise ProvisioningError(
                f"{self.work.address}: its code was changed during this run",
                where=", ".join(changed[:5]),
                remedy="run again: what was applied is in the state, and nothing of it counts as proven",
            )

    def apply(self, plan: Plan) -> None:
        """Apply exactly the plan."""
        session, name = self.work.session, self.work.node.asset
        session.infrastructure.apply(session.stage_root(name), plan, session.progress)
        session.forget_contract(name)


@readiness_item(review_item=1)
def infrastructure_matches_its_code(work: Work) -> Finding:
    """The engine's plan for this stage is empty: live resources are what the reviewed code says.

    Red names each resource and attribute that differs. Bring live back with an apply, or change the code.
    """
    return equals_declared(work, StageTarget(work))


@readiness_item(review_item=1)
def nothing_is_unmanaged(work: Work) -> Finding:
    """Every live resource that belongs to this stage, children such as security group rules included, is in its state.

    A plan does not see what was added by hand; this does. Import what is wanted, delete what is not.
    """
    root = work.session.stage_root(work.node.asset)
    return Finding.over("live resources of the stage", work.session.infrastructure.unmanaged(root))


@readiness_item(review_item=1)
def contract_is_kept(work: Work) -> Finding:
    """The stage publishes the outputs that later stages and task classes rely on."""
    contract = work.session.contract(work.node.asset)
    problems = {name: "is empty" if value in (None, "", [], {}) else None for name, value in contract.items()}
    return Finding.over("outputs of the contract", problems)


def task(engagement: Engagement, stage: Stage, upstream: tuple[str, ...]) -> Task:
    """The asset of one stage."""
    root = engagement.repository / stage.root
    if not root.is_dir():
        raise ProviderFailed(f"the stage {stage.name} has no code", where=str(stage.root), remedy="correct its `root`")
    code = tree_hash(root, repository=engagement.repository)
    template = next(raw for raw in engagement.template["stages"] if raw["name"] == stage.name)
    items = (infrastructure_matches_its_code, nothing_is_unmanaged, contract_is_kept)
    return Task(
        name=stage.name,
        description=f"The {stage.name} stage, from `{stage.root}`, applied with {stage.engine} and read back.",
        kinds=frozenset({stage.engine, "aws"}),
        needs=frozenset({AWS}),
        upstream=upstream,
        inputs=inputs(
            engagement,
            items,
            own=stage.model_dump(mode="json"),
            template=template,
            own_files=code,
            shared_files=code,
        ),
        items=items,
        target=StageTarget,
        is_stage=True,
    )
