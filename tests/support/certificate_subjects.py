"""Subjects of the suite of certificate authorities, where more than an address belongs to one."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import aws_access
from tests.support.laws import Proven
from tests.support.signing import Signer

SIGNER = Signer("Test Root")


def manual(request: pytest.FixtureRequest) -> Proven:
    """A folder, and somebody who signs; it cannot be where a file is."""
    tmp_path: Path = request.getfixturevalue("tmp_path")
    (tmp_path / "in-the-way").mkdir()
    (tmp_path / "in-the-way/certificates").write_text("a file")

    def below(engagement: str) -> Access:
        return Access("the test's own", {}, folder=Path(engagement), engagement=Path(engagement))

    return Proven(Kind.CERTIFICATES, "manual", str(tmp_path), below, away=str(tmp_path / "in-the-way"))


def acm(request: pytest.FixtureRequest) -> Proven:
    """A moto that asks the zone's name server."""
    return Proven(Kind.CERTIFICATES, "acm", request.getfixturevalue("validating"), aws_access)


def who_signs(proven: Proven) -> Callable[[], None]:
    """Somebody who has each request signed."""

    def sign() -> None:
        for request in (Path(proven.address) / "certificates").glob("*.csr"):
            chain = SIGNER.sign(request.read_text()) + SIGNER.pem
            request.with_suffix(".pem").write_text(chain)

    return sign


PEOPLE: Mapping[str, Callable[[Proven], Callable[[], None]]] = {"manual": who_signs}
"""What a person does for a product that cannot do without one."""
