"""Terraform's state, read directly from its store. It holds secrets, so it is kept only in memory.

`terraform show -json` would give the same answer, but takes four seconds to start the provider.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot, StateLocked
from provisioning_assets.backends.infrastructure.terraform import root
from provisioning_assets.backends.infrastructure.terraform.pg_state import PgState
from provisioning_assets.backends.infrastructure.terraform.program import TERRAFORM, Program
from provisioning_assets.backends.infrastructure.terraform.s3_state import S3State
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_VERSION = 4


class Place(Protocol):
    """Where a state is kept: one of Terraform's own backends."""

    kind: str
    """Terraform's name for the backend."""
    backend: Mapping[str, str]
    """Its configuration for `terraform init`."""
    variables: Mapping[str, str]
    """Environment variables that every command needs for it."""

    @property
    def name(self) -> str:
        """The name that is shown to people."""
        ...

    def content(self) -> bytes | None:
        """The state; None before the first apply."""
        ...

    def lock(self) -> bytes | None:
        """The content of its lock; None when the state is not locked."""
        ...

    def require(self) -> None:
        """Require that it is there, or say what is missing; Terraform itself would try for minutes."""
        ...

    def locked(self, told: StateLocked) -> StateLocked:
        """Terraform's error about the lock, corrected if it names the wrong holder."""
        ...

    def unlock(self, lock_id: str) -> bool:
        """Release its lock; False if `terraform force-unlock` can do it."""
        ...


def state_of(stage: StageRoot, access: Access, program: Program = TERRAFORM) -> "State":
    """The state of a stage; `ProviderFailed` for a store in which the program cannot keep one."""
    if stage.state.name not in _PLACES:
        raise ProviderFailed(
            f"{program.name} cannot keep the state of {stage.name} in {stage.state.name}",
            remedy=f"give the environment a `state` of {' or '.join(_PLACES)}",
        )
    return State(stage, _PLACES[stage.state.name](stage, access, program), program)


_PLACES: Mapping[str, Callable[[StageRoot, Access, Program], Place]] = {"s3": S3State, "postgresql": PgState}


class State:
    """One stage's state."""

    def __init__(self, stage: StageRoot, place: Place, program: Program) -> None:
        self._stage = stage.name
        self._root = stage.root
        self._place = place
        self._program = program

    @property
    def place(self) -> str:
        """Its address, for people."""
        return self._place.name

    @property
    def backend(self) -> Mapping[str, str]:
        """Its configuration for `terraform init`."""
        return self._place.backend

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables that every command needs for it."""
        return self._place.variables

    def require(self) -> None:
        """Require its store, and a root that declares this backend: Terraform would keep the state elsewhere."""
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
        if "encrypted_data" in state:
            raise ProviderFailed(
                f"the state of {self._stage} is encrypted by {self._program.name}, and cannot be read here",
                where=self.place,
                remedy="take `encryption` out of the root, with a `fallback` for one apply; let its store encrypt it",
            )
        if state.get("version") != _VERSION:
            raise ProviderFailed(
                f"the state of {self._stage} has version {state.get('version')}; known is {_VERSION}",
                where=self.place,
                remedy=f"use {self._program.name} {self._program.oldest} or a newer one that writes version {_VERSION}",
            )
        return state

    def lock_id(self) -> str | None:
        """ID of the lock on the state; None when it is not locked."""
        content = self._place.lock()
        return None if content is None else str(self._parsed(content).get("ID", ""))

    def locked(self, told: StateLocked) -> StateLocked:
        """Terraform's error about the lock, with the true holder."""
        return self._place.locked(told)

    def unlock(self, lock_id: str) -> bool:
        """Release the lock; False if `terraform force-unlock` can do it."""
        return self._place.unlock(lock_id)

    def _parsed(self, content: bytes) -> Mapping[str, Json]:
        # Not raised inside a handler: the original error, with secrets from the content, would be its context.
        with suppress(ValueError):
            parsed = json.loads(content)
            if isinstance(parsed, dict):
                return parsed
        raise ProviderFailed(
            f"the state of {self._stage} cannot be read: it is no JSON object",
            where=self.place,
            remedy="restore it from an older version that its store keeps",
        )
