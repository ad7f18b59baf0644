"""Terraform's state, read where it lies. It holds secrets: it stays in memory.

Read without Terraform: `terraform show -json` needs the provider's start, four seconds, for the same answer.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform import root
from provisioning_assets.backends.infrastructure.terraform.pg_state import PgState
from provisioning_assets.backends.infrastructure.terraform.s3_state import S3State
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_VERSION = 4


class Place(Protocol):
    """Where a state lies: one of Terraform's own backends."""

    kind: str
    """What Terraform calls the backend."""
    backend: Mapping[str, str]
    """What `terraform init` is told of it."""
    variables: Mapping[str, str]
    """What every command finds in its environment because of it."""

    @property
    def name(self) -> str:
        """As it is shown to people."""
        ...

    def content(self) -> bytes | None:
        """The state; None before the first apply."""
        ...

    def lock(self) -> bytes | None:
        """What is written on its lock; None when it is free."""
        ...

    def require(self) -> None:
        """Find it, or say what is missing: Terraform itself would try for minutes."""
        ...

    def locked(self, told: StateLocked) -> StateLocked:
        """What Terraform said of its lock, with the holder if it named another."""
        ...

    def unlock(self, lock_id: str) -> bool:
        """Release its lock; False where `terraform force-unlock` can."""
        ...


def state_of(stage: StageRoot, access: Access) -> "State":
    """The state of a stage; `ProviderFailed` for a store in which Terraform cannot keep one."""
    if stage.state.name not in _PLACES:
        raise ProviderFailed(
            f"Terraform cannot keep the state of {stage.name} in {stage.state.name}",
            remedy=f"give the environment a `state` of {' or '.join(_PLACES)}",
        )
    return State(stage, _PLACES[stage.state.name](stage, access))


_PLACES: Mapping[str, Callable[[StageRoot, Access], Place]] = {"s3": S3State, "postgresql": PgState}


class State:
    """One stage's state."""

    def __init__(self, stage: StageRoot, place: Place) -> None:
        self._stage = stage.name
        self._root = stage.root
        self._place = place

    @property
    def place(self) -> str:
        """Its address, for people."""
        return self._place.name

    @property
    def backend(self) -> Mapping[str, str]:
        """What `terraform init` is told of it."""
        return self._place.backend

    @property
    def variables(self) -> Mapping[str, str]:
        """What every command finds in its environment because of it."""
        return self._place.variables

    def require(self) -> None:
        """Find its store, or say what is missing. The root must declare it, or Terraform would keep it elsewhere."""
        for declared, where in root.backends(self._root):
            if declared != self._place.kind:
                found = f"the backend `{declared}`" if declared else "no backend"
                raise ProviderFailed(
                    f"the root of {self._stage} declares {found}; the environment keeps its state in {self.place}",
                    where=where,
                    remedy=f'write terraform {{ backend "{self._place.kind}" {{}} }}, or correct its `state`',
                )
        self._place.require()

    def read(self) -> Mapping[str, Json] | None:
        """The state; None before the first apply."""
        content = self._place.content()
        if content is None:
            return None
        state = self._parsed(content)
        if state.get("version") != _VERSION:
            raise ProviderFailed(
                f"the state of {self._stage} has version {state.get('version')}; known is {_VERSION}",
                where=self.place,
                remedy="use the version of Terraform that the README names",
            )
        return state

    def lock_id(self) -> str | None:
        """ID of the lock on the state; None when it is free."""
        content = self._place.lock()
        return None if content is None else str(self._parsed(content).get("ID", ""))

    def locked(self, told: StateLocked) -> StateLocked:
        """What Terraform said of the lock, with its true holder."""
        return self._place.locked(told)

    def unlock(self, lock_id: str) -> bool:
        """Release the lock; False where `terraform force-unlock` can."""
        return self._place.unlock(lock_id)

    def _parsed(self, content: bytes) -> Mapping[str, Json]:
        # Not raised inside the handler: its error would carry the content, which holds secrets, as its context.
        with suppress(ValueError):
            parsed = json.loads(content)
            if isinstance(parsed, dict):
                return parsed
        raise ProviderFailed(
            f"the state of {self._stage} cannot be read: it is no JSON object",
            where=self.place,
            remedy="restore it from an older version that its store keeps",
        )
