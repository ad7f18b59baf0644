"""Identity: what evidence is about besides content. Evidence of another identity is stale."""

import json
import secrets

from provisioning_assets.backends.backend import Settings
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json, digest
from provisioning_assets.errors import LedgerDamaged
from provisioning_assets.runs.session import Session
from provisioning_assets.runs.stages import state_id
from provisioning_assets.runs.task import Task


def identity_of(session: Session, task: Task) -> str:
    """Digest of the identities of a task's back ends, the identity of the state, and the vantage points."""
    parts: dict[str, Json] = {"state": _state_mark(session), "record": of_backend(session, Kind.STORE, None)}
    for kind in task.backends:
        parts[kind.value] = of_backend(session, kind, task)
    for view in task.views:
        parts |= view(session.access)
    if task.engine is not None:
        parts["state_id"] = _state_id(session, task.name)
    return digest(parts)


def of_backend(session: Session, kind: Kind, task: Task | None) -> Json:
    """The identity of a back end; asked once a run, since it does not change during one."""
    settings = task.engine if task and kind is Kind.INFRASTRUCTURE else None
    key = _key(kind, settings)
    if key not in session.known:
        session.known[key] = dict(session.backend(kind, settings).identity())
    return session.known[key]


def known_engine(session: Session, task: Task) -> dict[str, str]:
    """The engine of a stage and its version, if it was asked in this run."""
    known = session.known.get(_key(Kind.INFRASTRUCTURE, task.engine), {})
    name, _, version = str(known.get("engine", "")).partition(" ")
    return {name: version} if version else {}


def _key(kind: Kind, settings: Settings | None) -> str:
    return f"identity of {kind.value} {settings.model_dump_json() if settings else ''}"


def _state_id(session: Session, stage: str) -> str | None:
    """Identity of the stage's state; asked once a run, as soon as there is one."""
    key = f"state of {stage}"
    known = session.known.get(key) or state_id(session, stage)
    if known is not None:
        session.known[key] = known
    return known


def _state_mark(session: Session) -> str:
    """A mark written on first use of the store: an emptied or replaced store has another one, or none."""
    found = session.known.get("mark of the state")
    if found is None:
        found = _read_mark(session)
        if found != "none" or not session.lock_held:
            session.known["mark of the state"] = found
    return str(found)


def _read_mark(session: Session) -> str:
    key, store = f"{session.prefix}/identity.json", session.backend(Kind.STORE)
    found = store.read(key)
    if found is None and session.lock_held:
        store.create(key, json.dumps({"identity": secrets.token_hex(16)}).encode())
        found = store.read(key)
    try:
        return "none" if found is None else str(json.loads(found[0])["identity"])
    except (ValueError, KeyError, TypeError):
        raise LedgerDamaged(
            "the mark of the state cannot be read: which state this is cannot be told",
            where=key,
            remedy="restore the object from the store's versions; deleted, it makes all evidence stale",
        ) from None
