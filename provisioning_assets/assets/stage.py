"""A stage: one unit of infrastructure code, applied on its own, proven before the next one starts."""

from dataclasses import dataclass

from provisioning_assets.assets.task import AWS, Task, equals_declared, inputs
from provisioning_assets.digests import tree_hash
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.evidence import Finding
from provisioning_assets.plan import Plan
from provisioning_assets.providers.infrastructure import StateLocked
from provisioning_assets.readiness import readiness_item
from provisioning_assets.resources import Work
from provisioning_assets.spec.engagement import Engagement
from provisioning_assets.spec.sections import Stage


@dataclass
class StageTarget:
    """Plans and applies the stage with the engine of the engagement."""

    work: Work

    def plan(self) -> Plan:
        """The engine's plan. A state lock that a dead run of ours left behind is released first."""
        session, name = self.work.session, self.work.node.asset
        root = session.stage_root(name)
        try:
            return session.infrastructure.plan(root, session.progress)
        except StateLocked as locked:
            if not session.took_over:
                raise
            session.progress(f"{self.work.address}: releasing the state lock that the dead run left: {locked.holder}")
            session.infrastructure.release_lock(root)
            return session.infrastructure.plan(root, session.progress)

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
