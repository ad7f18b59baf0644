"""Terraform's state, read where it lies. It holds secrets: it stays in memory.

Read without Terraform: `terraform show -json` needs the provider's start, four seconds, for the same answer.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.terraform.s3_state import S3State
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_VERSION = 4


class Place(Protocol):
    """Where a state lies: one of Terraform's own backends."""

    name: str
    """As it is shown to people."""
    backend: Mapping[str, str]
    """What `terraform init` is told of it."""

    def content(self) -> bytes | None:
        """The state; None before the first apply."""
        ...

    def lock(self) -> bytes | None:
        """What is written on its lock; None when it is free."""
        ...

    def require(self) -> None:
        """Find it, or say what is missing: Terraform itself would try for minutes."""
        ...


def state_of(stage: StageRoot, access: Access) -> "State":
    """The state of a stage; `ProviderFailed` for a store in which Terraform cannot keep one."""
    if stage.state.name not in _PLACES:
        raise ProviderFailed(
            f"Terraform cannot keep the state of {stage.name} in {stage.state.name}",
            remedy=f"give the environment a `state` of {' or '.join(_PLACES)}",
        )
    return State(stage.name, _PLACES[stage.state.name](stage, access))


_PLACES = {"s3": S3State}


class State:
    """One stage's state."""

    def __init__(self, stage: str, place: Place) -> None:
        self._stage = stage
        self._place = place

    @property
    def place(self) -> str:
        """Its address, for people."""
        return self._place.name

    @property
    def backend(self) -> Mapping[str, str]:
        """What `terraform init` is told of it."""
        return self._place.backend

    def require(self) -> None:
        """Find its store, or say what is missing."""
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
