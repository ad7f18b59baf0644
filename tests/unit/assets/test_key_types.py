"""Types of certificates' keys: another one is a change, which the plan shows, and the usual one changes no digest."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioning_assets.assets.certificates import certificates_are_issued
from provisioning_assets.backends.certificates import requests
from provisioning_assets.backends.secrets import Place, certificate_secret
from provisioning_assets.core.evidence import Verdict
from provisioning_assets.core.plan import ChangeClass, Plan
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import Waiting
from provisioning_assets.operations import issuing, orders
from provisioning_assets.operations.issuing import Certificates
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.support.certified import SCOPE, SHOP, Certified

RSA = Certificate(name=SHOP.name, names=SHOP.names, key_type="rsa2048")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certified:
    made = Certified(tmp_path)
    for module in (orders, issuing):
        monkeypatch.setattr(module, "Challenges", lambda _run: made.published)
    return made


def planned(shop: Certified) -> Plan:
    return Certificates(shop.run()).plan()


@pytest.mark.parametrize(("before", "after"), [(SHOP, RSA), (RSA, SHOP)])
def test_another_type_is_a_change_that_the_plan_shows(shop: Certified, before: Certificate, after: Certificate) -> None:
    shop.certificates = (before,)
    shop.apply()
    first = shop.kept()
    shop.certificates = (after,)

    assert shop.plan() == ["update certificate shop (key_type)"]
    (change,) = planned(shop).changes
    assert change.change_class is ChangeClass.CONTENT
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED
    shop.apply()

    assert shop.plan() == []
    assert describe(shop.kept()["chain"]).key_type == after.key_type
    assert describe(shop.kept()["chain"]).key_fingerprint == fingerprint_of_key(shop.kept()["key"])
    assert shop.kept()["key"] != first["key"]


def test_the_key_is_of_the_type_that_was_declared(shop: Certified) -> None:
    shop.certificates = (RSA,)

    shop.apply()

    key = load_pem_private_key(shop.kept()["key"].encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    assert shop.plan() == []


def test_a_renewal_keeps_the_type(shop: Certified) -> None:
    shop.certificates = (RSA,)
    shop.authority = shop.memory(lifetime=timedelta(seconds=30))
    shop.apply()

    assert shop.plan() == ["update certificate shop (due)"]
    shop.apply()

    assert describe(shop.kept()["chain"]).key_type == "rsa2048"


def test_a_request_of_another_type_is_not_handed_in(shop: Certified) -> None:
    shop.authority = shop.memory(by_hand=True)
    with pytest.raises(Waiting):
        shop.apply()
    asked = shop.pending()["request"]
    shop.certificates = (RSA,)
    with pytest.raises(Waiting):
        shop.apply()

    assert shop.pending()["request"] != asked
    assert requests.SigningRequest.read(shop.pending()["request"]).key_type == "rsa2048"


def test_the_usual_type_is_in_no_plan(shop: Certified) -> None:
    (created,) = planned(shop).changes
    assert created.after == {"names": sorted(SHOP.names), "authority": shop.authority.authority(), "otherwise": []}
    shop.apply()
    shop.authority = shop.memory()

    (moved,) = planned(shop).changes
    assert "key_type" not in {*(moved.before or {}), *(moved.after or {})}


def test_what_a_product_keeps_itself_is_of_a_type_of_its_own(shop: Certified) -> None:
    shop.authority = shop.memory(managed=True)
    (created,) = planned(shop).changes
    assert "key_type" not in (created.after or {})

    shop.apply()

    assert shop.plan() == []


def test_a_chain_without_its_key_is_no_certificate(shop: Certified) -> None:
    shop.apply()
    place, name = Place(SCOPE, "runtime"), certificate_secret(SHOP.name)
    stored = shop.store.find(place, name)
    assert stored is not None
    shop.store.update(place, name, {"chain": shop.kept()["chain"]}, version=stored.version)

    assert shop.plan() == ["create certificate shop"]
    assert not certificates_are_issued.check(shop.run()).ready
