"""The laws of every back end, whatever its kind: a suite inherits them and says how its products are opened."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.backend import Backend
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, Unreachable
from tests.support.back_ends import opened
from tests.support.servers import free_port, silent_server

IN_TIME = 5
"""Seconds in which a product says that it is not there."""
AT_ONCE = 0.5


@dataclass(frozen=True, slots=True)
class Proven:
    """A product where it is proven: at the address of its real server."""

    kind: Kind
    name: str
    address: str
    access: Callable[[str], Access]
    """The access that leads to an address."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    away: str = ""
    """An address at which it cannot be, where that is no matter of a network."""

    def opened(self, address: str = "", *, folder: Path | None = None) -> Any:
        """The product, at its real server or at another address; from another repository's folder."""
        access = self.access(address or self.address)
        return opened(self.kind, self.name, replace(access, folder=folder or access.folder), **self.settings)


class EveryBackEnd:
    """A suite gives `proven`, a fixture with one `Proven` for each product of the catalogue."""

    @pytest.fixture(params=["nobody listens", "nobody answers"])
    def away(self, request: pytest.FixtureRequest, proven: Proven) -> Iterator[str]:
        if proven.away:
            yield proven.away
        elif request.param == "nobody listens":
            yield f"http://127.0.0.1:{free_port()}"
        else:
            with silent_server() as address:
                yield address

    def test_opening_asks_nobody(self, proven: Proven, away: str) -> None:
        proven.opened()  # its library is loaded
        began = time.monotonic()

        proven.opened(away)

        assert time.monotonic() - began < AT_ONCE

    def test_a_server_that_is_away_is_named_in_time(self, proven: Proven, away: str) -> None:
        back_end: Backend = proven.opened(away)
        began = time.monotonic()

        with pytest.raises((Unreachable, ProviderFailed)) as caught:
            back_end.reach()

        assert time.monotonic() - began < IN_TIME
        error = caught.value
        named = error.address if isinstance(error, Unreachable) else error.where
        assert away.removeprefix("http://") in named
        assert error.remedy

    def test_a_server_that_is_there_is_reached(self, proven: Proven) -> None:
        proven.opened().reach()

    def test_an_identity_is_the_same_each_time(self, proven: Proven) -> None:
        back_end: Backend = proven.opened()

        assert back_end.identity()
        assert back_end.identity() == back_end.identity() == proven.opened().identity()
