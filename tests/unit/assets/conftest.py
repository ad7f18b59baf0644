"""Certificates of a shop, and their copies in a product in memory."""

from pathlib import Path

import pytest

from provisioning_assets.operations import orders
from tests.fakes.copies import MemoryCopies
from tests.support.certified import Certified


@pytest.fixture
def copies() -> MemoryCopies:
    return MemoryCopies()


@pytest.fixture
def shop(tmp_path: Path, copies: MemoryCopies, monkeypatch: pytest.MonkeyPatch) -> Certified:
    made = Certified(tmp_path, copies=copies)
    monkeypatch.setattr(orders, "Challenges", lambda _run: made.published)
    return made
