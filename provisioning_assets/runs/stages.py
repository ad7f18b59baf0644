"""Stages of one environment: what an engine receives, and what it publishes."""

from collections.abc import Mapping
from typing import Any

from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json
from provisioning_assets.runs.session import Session


def engine(session: Session, stage: str) -> Any:
    """The stage's engine."""
    return session.backend(Kind.INFRASTRUCTURE, session.environment.stage(stage).engine)


def stage_root(session: Session, name: str) -> StageRoot:
    """A stage for its engine, with the outputs of the earlier stages."""
    stage = session.environment.stage(name)
    upstream = [task.name for task in session.graph.upstream(_task(session, name)) if task.is_stage]
    ours = {"engagement": session.engagement.name, "environment": session.environment.name}
    return _root(
        session,
        name,
        variables={**ours, "region": session.environment.region, **stage.variables},
        upstream={earlier: outputs(session, earlier) for earlier in upstream},
    )


def outputs(session: Session, stage: str) -> Mapping[str, Json]:
    """What a stage publishes for later stages; read once a run, and again after its apply."""
    key = _outputs_key(stage)
    if key not in session.known:
        session.known[key] = dict(engine(session, stage).outputs(_root(session, stage)))
    found: Mapping[str, Json] = session.known[key]
    return found


def forget_outputs(session: Session, stage: str) -> None:
    """Read the outputs again the next time, because the stage was applied."""
    session.known.pop(_outputs_key(stage), None)


def state_id(session: Session, stage: str) -> str | None:
    """Identity of the stage's state; None before its first apply."""
    found: str | None = engine(session, stage).state_id(_root(session, stage))
    return found


def _root(
    session: Session,
    name: str,
    variables: Mapping[str, Json] | None = None,
    upstream: Mapping[str, Mapping[str, Json]] | None = None,
) -> StageRoot:
    """A stage for its engine. Without variables and upstream outputs, it is enough to find the state."""
    chosen = session.environment.stage(name).engine
    beside = [each.name for each in session.environment.stages if each.engine == chosen and each.name != name]
    return StageRoot(
        name=name,
        root=session.engagement.repository / session.environment.stage(name).root,
        workdir=session.workdir / name,
        state=session.environment.state,
        state_key=_state_key(session, name),
        variables=variables or {},
        upstream=upstream or {},
        beside=tuple(_state_key(session, each) for each in beside),
    )


def _state_key(session: Session, stage: str) -> str:
    return f"{session.prefix}/terraform/{stage}.tfstate"


def _task(session: Session, stage: str) -> Any:
    return session.graph.task(session.environment.name, stage)


def _outputs_key(stage: str) -> str:
    return f"outputs of {stage}"
