"""Certificate authorities for their contract suite, each on its server, by the fixtures of the suite."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from tests.support.back_ends import aws_access
from tests.support.laws import Proven
from tests.support.pebble import Pebble
from tests.support.secret_stores import vault_access
from tests.support.servers import SecretServer
from tests.support.signing import Signer

ON_PEBBLE = "acme, on Pebble"


def acme(request: pytest.FixtureRequest) -> Proven:
    """OpenBao's ACME authority."""

    def leading_to(address: str) -> Access:
        return Access("the test's own", {"ACME_DIRECTORY_URL": address})

    return Proven(Kind.CERTIFICATES, "acme", request.getfixturevalue("directory"), leading_to)


def on_pebble(request: pytest.FixtureRequest) -> Proven:
    """Pebble, by the same protocol."""
    running: Pebble = request.getfixturevalue("pebble")
    return Proven(Kind.CERTIFICATES, "acme", running.directory, running.access)


def manual(request: pytest.FixtureRequest) -> Proven:
    """A folder, and somebody who signs; it cannot be where a file is."""
    tmp_path: Path = request.getfixturevalue("tmp_path")
    (tmp_path / "in-the-way").mkdir()
    (tmp_path / "in-the-way/certificates").write_text("a file")

    def below(engagement: str) -> Access:
        return Access("the test's own", {}, folder=Path(engagement), engagement=Path(engagement))

    return Proven(Kind.CERTIFICATES, "manual", str(tmp_path), below, away=str(tmp_path / "in-the-way"))


def openbao_pki(request: pytest.FixtureRequest) -> Proven:
    """A role for the zone, as OpenBao makes one."""
    server: SecretServer = request.getfixturevalue("private_pki")

    def leading_to(address: str) -> Access:
        return vault_access(address, server.token)

    return Proven(Kind.CERTIFICATES, "openbao_pki", server.address, leading_to, {"mount": "private", "role": "server"})


def acm_pca(request: pytest.FixtureRequest) -> Proven:
    """A root of its own, on moto."""
    settings = {"arn": request.getfixturevalue("private_ca")}
    return Proven(Kind.CERTIFICATES, "acm_pca", request.getfixturevalue("moto"), aws_access, settings)


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


SIGNER = Signer("Test Root")
SUBJECTS: Mapping[str, Callable[[pytest.FixtureRequest], Proven]] = {
    "acme": acme,
    ON_PEBBLE: on_pebble,
    "manual": manual,
    "openbao_pki": openbao_pki,
    "acm_pca": acm_pca,
    "acm": acm,
}
PEOPLE: Mapping[str, Callable[[Proven], Callable[[], None]]] = {"manual": who_signs}
"""What a person does for a product that cannot do without one."""
