"""Certificates of an environment: ordered, renewed, moved to another authority, and taken up again after a crash."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from provisioning_assets.assets.certificates import certificates_are_issued, task
from provisioning_assets.backends import catalogue
from provisioning_assets.backends.certificates.settings import Acme
from provisioning_assets.backends.secrets import ACME_ACCOUNT
from provisioning_assets.core.evidence import Verdict
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import ChangeClass
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed, Waiting
from provisioning_assets.operations import orders
from provisioning_assets.operations.issuing import Certificates
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.support.certified import ENGAGEMENT, RUNTIME, SHOP, Certified
from tests.support.repository import EXAMPLE


class Crash(BaseException):
    """The process is killed."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certified:
    made = Certified(tmp_path)
    monkeypatch.setattr(orders, "Challenges", lambda _run: made.published)
    return made


def test_what_was_ordered_is_kept_with_its_key_and_the_plan_is_empty(shop: Certified) -> None:
    assert shop.plan() == ["create certificate shop"]

    shop.apply()

    assert shop.plan() == []
    kept, key = shop.kept(), load_pem_private_key(shop.kept()["key"].encode(), password=None)
    assert describe(kept["chain"]).names == SHOP.names
    assert describe(kept["chain"]).key_fingerprint == fingerprint_of_key(kept["key"])
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_a_key_lies_in_one_secret_once_its_certificate_is_kept(shop: Certified) -> None:
    shop.apply()

    assert set(shop.pending().values()) == {""}
    assert "PRIVATE KEY" in shop.kept()["key"]


def test_a_key_lies_in_the_secret_store_before_anybody_sees_its_request(shop: Certified) -> None:
    seen = []
    issue = shop.authority.issue

    def look(order: orders.Order) -> object:
        request = order.request()
        seen.append((request, shop.pending()))
        return issue(order)

    shop.authority.issue = look
    shop.apply()

    ((request, pending),) = seen
    assert pending["request"] == request
    assert fingerprint_of_key(pending["key"]) == fingerprint_of_key(shop.kept()["key"])


def test_the_account_is_made_once_and_is_the_agencys(shop: Certified) -> None:
    shop.apply()
    account = shop.store.read(ENGAGEMENT, ACME_ACCOUNT)
    shop.certificates = (Certificate(name="shop", names=("other.example",)),)

    shop.apply()

    assert shop.store.read(ENGAGEMENT, ACME_ACCOUNT) == account


@pytest.mark.parametrize("step", ["_store", "signed"])
def test_a_crash_between_signing_and_keeping_costs_no_second_key(
    shop: Certified, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as killed:
        where = shop.authority if step == "signed" else "provisioning_assets.assets.certificates.Certificates"
        killed.setattr(*((where, "_certificate", crash) if step == "signed" else (f"{where}._store", crash)))
        with pytest.raises(Crash):
            shop.apply()
    key = shop.pending()["key"]
    assert "PRIVATE KEY" in key

    shop.apply()

    assert shop.kept()["key"] == key
    assert shop.plan() == []


def test_a_crash_after_keeping_leaves_no_key_that_a_renewal_would_take(
    shop: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise Crash

    shop.authority = shop.memory(lifetime=timedelta(seconds=30))  # as old as it is, it is due at once
    with monkeypatch.context() as killed:
        killed.setattr("provisioning_assets.operations.orders.Order.done", crash)
        with pytest.raises(Crash):
            shop.apply()
    first = shop.kept()["key"]
    assert shop.pending()["key"] == first
    assert shop.plan() == ["update certificate shop (due)"]

    shop.apply()

    assert shop.kept()["key"] != first


def test_a_renewal_has_a_new_key(shop: Certified) -> None:
    shop.authority = shop.memory(lifetime=timedelta(seconds=30))
    shop.apply()
    first = shop.kept()

    shop.apply()

    assert shop.kept()["key"] != first["key"]
    assert describe(shop.kept()["chain"]).serial != describe(first["chain"]).serial


def test_other_names_or_another_authority_are_a_new_certificate(shop: Certified) -> None:
    shop.apply()
    first = shop.kept()
    shop.authority = shop.memory()
    assert shop.plan() == ["update certificate shop (authority)"]
    shop.apply()
    assert shop.plan() == []
    second = shop.kept()
    shop.certificates = (Certificate(name="shop", names=("other.example",)),)
    assert shop.plan() == ["update certificate shop (names)"]

    shop.apply()

    assert shop.plan() == []
    assert len({each["key"] for each in (first, second, shop.kept())}) == 3


def test_a_request_for_other_names_is_not_handed_in(shop: Certified, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as killed:
        killed.setattr(shop.authority, "_certificate", crash)
        with pytest.raises(Crash):
            shop.apply()
    before = shop.pending()["request"]
    shop.certificates = (Certificate(name="shop", names=("other.example",)),)

    shop.apply()

    assert describe(shop.kept()["chain"]).names == ("other.example",)
    assert shop.pending()["request"] != before


def test_a_product_that_keeps_the_keys_costs_none_here(shop: Certified) -> None:
    shop.authority = shop.memory(managed=True)

    shop.apply()

    assert set(shop.kept()) == {"reference"}
    assert sorted(shop.store.stored(RUNTIME)) == ["certificate-shop"]


@pytest.mark.parametrize("proving", [True, False])
def test_the_zone_is_needed_only_where_names_are_proven(monkeypatch: pytest.MonkeyPatch, *, proving: bool) -> None:
    reasons = {} if proving else {Capability.CHALLENGES: "it signs for whom its role allows"}
    rows = [replace(each, lacks=reasons) if each.name == "acme" else each for each in catalogue.PRODUCTS]
    monkeypatch.setattr(catalogue, "PRODUCTS", tuple(rows))
    demo = load_engagement(EXAMPLE)

    assert (Kind.DNS in task(demo, demo.environments[0]).backends) == proving


def test_names_that_are_proven_over_http_need_no_zone() -> None:
    demo = load_engagement(EXAMPLE)
    first = demo.environments[0]
    by_http = Acme(challenge="http-01", webroot="/srv/www")
    section = first.certificates.model_copy(update={"provider": by_http})

    assert Kind.DNS not in task(demo, first.model_copy(update={"certificates": section})).backends


def test_somebody_else_who_writes_meanwhile_is_told(shop: Certified, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.store, "create", lambda *_: False)

    with pytest.raises(ApplyFailed) as caught:
        shop.apply()

    assert caught.value.remedy
    assert "PRIVATE KEY" not in str(caught.value)


@pytest.fixture
def by_hand(shop: Certified) -> Certified:
    shop.authority = shop.memory(by_hand=True)
    return shop


def test_a_person_who_takes_days_is_waited_for_with_one_key(by_hand: Certified) -> None:
    told = []
    for _ in range(2):
        with pytest.raises(Waiting) as waiting:
            by_hand.apply()
        told.append((waiting.value.what, by_hand.pending()))
    assert told[0] == told[1]

    by_hand.authority.approve()
    by_hand.apply()

    assert by_hand.plan() == []
    assert by_hand.kept()["key"] == told[0][1]["key"]


def test_what_is_waited_for_stands_in_the_plan_and_in_the_item(by_hand: Certified) -> None:
    with pytest.raises(Waiting) as waiting:
        by_hand.apply()

    (change,) = Certificates(by_hand.run()).plan().changes
    finding = certificates_are_issued.check(by_hand.run())

    assert waiting.value.what in change.told
    assert finding.verdict is Verdict.RED
    assert waiting.value.what in finding.problems["certificate shop"]


def test_a_renewal_that_waits_leaves_what_is_served(by_hand: Certified) -> None:
    by_hand.authority = by_hand.memory(lifetime=timedelta(seconds=30))
    by_hand.apply()
    served = by_hand.kept()
    by_hand.authority._by_hand = True

    with pytest.raises(Waiting) as waiting:
        by_hand.apply()

    assert by_hand.kept() == served
    (change,) = Certificates(by_hand.run()).plan().changes
    assert change.change_class is ChangeClass.OPERATIONAL
    assert waiting.value.what in change.told


def test_one_that_waits_holds_up_no_other(by_hand: Certified) -> None:
    by_hand.certificates = (SHOP, Certificate(name="api", names=("api.shop.example",)))
    with pytest.raises(Waiting) as waiting:
        by_hand.apply()
    assert all(each.name in str(waiting.value) for each in by_hand.certificates)
    by_hand.authority._approved.add(by_hand.pending("api")["request"])

    with pytest.raises(Waiting):
        by_hand.apply()

    assert by_hand.kept("api")
    assert [change.partition(" (")[0] for change in by_hand.plan()] == ["update certificate shop"]


def test_other_names_make_what_was_asked_for_worthless(by_hand: Certified) -> None:
    with pytest.raises(Waiting):
        by_hand.apply()
    by_hand.authority.approve()
    by_hand.certificates = (Certificate(name="shop", names=("other.example",)),)
    assert by_hand.plan() == ["create certificate shop"]

    with pytest.raises(Waiting):
        by_hand.apply()
