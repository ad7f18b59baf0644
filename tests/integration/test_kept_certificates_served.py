"""What is served with a key that never leaves its product: it is the certificate that the product tells of."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning_assets.assets import certificates
from provisioning_assets.assets.certificates import certificates_are_served
from provisioning_assets.core.evidence import Finding, Verdict
from provisioning_assets.engagement.sections import Certificate
from tests.support.certified import SCOPE, Certified
from tests.support.tls_servers import Edge, Pem, edge_in

HOST = "www.shop.example"


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    with edge_in(tmp_path) as made:
        yield made


@pytest.fixture
def shop(edge: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certified:
    """One certificate of a product that keeps the keys; its load balancer listens here."""
    made = Certified(tmp_path, certificates=(Certificate(name="shop", names=(HOST,)),))
    monkeypatch.setattr(certificates, "PICKED_UP", 0.1)
    for module in ("operations.orders", "operations.issuing"):
        monkeypatch.setattr(f"provisioning_assets.{module}.Challenges", lambda _run: made.published)
    order(made, timedelta(days=90), tmp_path)
    made.variables["PROVISIONING_CONNECT_TO"] = f"*:443:127.0.0.1:{edge.port}"
    return made


def order(shop: Certified, lifetime: timedelta, folder: Path) -> None:
    shop.authority = shop.memory(managed=True, lifetime=lifetime)
    (folder / "anchors.pem").write_text(shop.authority.anchor)
    shop.variables["SSL_CERT_FILE"] = str(folder / "anchors.pem")
    shop.apply()


def serve(shop: Certified, edge: Edge) -> None:
    """As a load balancer does: it gets the key from the product, and from nobody else."""
    (held,) = shop.authority.held(SCOPE)
    edge.serve(Pem(shop.authority.keys[held.reference], held.chain))


def look(shop: Certified) -> Finding:
    found: Finding = certificates_are_served.check(shop.run())
    return found


def test_what_the_product_tells_of_is_what_must_be_served(shop: Certified, edge: Edge) -> None:
    serve(shop, edge)

    assert look(shop).ready


def test_a_renewal_by_the_product_is_red_until_it_is_served(shop: Certified, edge: Edge) -> None:
    serve(shop, edge)
    (held,) = shop.authority.held(SCOPE)

    shop.authority.renew(held.reference)

    assert look(shop).verdict is Verdict.RED
    serve(shop, edge)
    assert look(shop).ready


def test_two_thirds_of_a_lifetime_are_no_matter_where_the_product_renews(
    shop: Certified, edge: Edge, tmp_path: Path
) -> None:
    order(shop, timedelta(seconds=150), tmp_path)  # it began a minute ago; in a minute it would be due
    serve(shop, edge)
    with pytest.MonkeyPatch.context() as later:
        moment = certificates.now() + timedelta(seconds=60)
        later.setattr(certificates, "now", lambda: moment)

        assert look(shop).ready

        moment += timedelta(seconds=60)
        assert look(shop).verdict is Verdict.RED  # it has ended


def test_what_waits_to_be_issued_is_not_served(shop: Certified) -> None:
    (held,) = shop.authority.held(SCOPE)
    shop.authority.change(held.reference, state="pending", chain="", told="waits")

    assert look(shop).verdict is Verdict.RED
