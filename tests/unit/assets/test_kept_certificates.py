"""Certificates whose product keeps the keys: what it holds, what it renews by, and what nobody declares any more."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from provisioning_assets.assets import dns_records
from provisioning_assets.assets.certificates import certificates_are_issued
from provisioning_assets.backends.certificates import Astray, Held
from provisioning_assets.backends.certificates.settings import Acm
from provisioning_assets.core.evidence import Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Action, ChangeClass
from provisioning_assets.core.safety import keeps_data, respects_freeze
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed, Waiting
from provisioning_assets.operations.issuing import Certificates
from tests.support.certified import SCOPE, SHOP, Certified
from tests.support.repository import EXAMPLE

OTHER = Certificate(name="other", names=("other.example",))


class Crash(BaseException):
    """The process is killed."""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certified:
    made = Certified(tmp_path)
    made.authority = made.memory(managed=True)
    for module in ("operations.orders", "operations.issuing"):
        monkeypatch.setattr(f"provisioning_assets.{module}.Challenges", lambda _run: made.published)
    return made


def held(shop: Certified) -> Held:
    (found,) = shop.authority.held(SCOPE)
    return found


def test_the_secret_store_has_the_reference_and_no_key(shop: Certified) -> None:
    assert shop.plan() == ["create certificate shop"]

    shop.apply()

    assert shop.plan() == []
    assert shop.kept() == {"reference": held(shop).reference}
    assert certificates_are_issued.check(shop.run()).ready


def test_one_that_was_deleted_behind_our_back_is_ordered_again(shop: Certified) -> None:
    shop.apply()
    first = held(shop)
    shop.authority.drop(first)
    assert shop.plan() == ["create certificate shop"]

    shop.apply()

    assert shop.kept() == {"reference": held(shop).reference} != {"reference": first.reference}
    assert shop.plan() == []


@pytest.mark.parametrize("state", ["lost", "pending"])
def test_one_that_is_no_good_any_more_is_not_there(shop: Certified, state: str) -> None:
    shop.apply()
    shop.authority.change(held(shop).reference, state=state, chain="", told="is REVOKED")

    (change,) = Certificates(shop.run()).plan().changes

    assert change.address == "certificate shop"
    assert "is REVOKED" in change.told
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED


def test_a_renewal_by_the_product_changes_nothing_here(shop: Certified) -> None:
    shop.apply()
    before = held(shop)

    shop.authority.renew(before.reference)

    assert held(shop).chain != before.chain
    assert shop.plan() == []
    assert certificates_are_issued.check(shop.run()).ready


def test_a_renewal_that_does_not_go_on_is_red_and_says_why(shop: Certified) -> None:
    shop.apply()
    shop.authority.change(held(shop).reference, told="is not renewed: nobody finds its records")

    (change,) = Certificates(shop.run()).plan().changes
    finding = certificates_are_issued.check(shop.run())

    assert change.change_class is ChangeClass.OPERATIONAL
    assert held(shop).told in change.told
    assert finding.verdict is Verdict.RED
    assert held(shop).told in finding.problems["certificate shop"]


def test_two_thirds_of_a_lifetime_are_no_matter_where_the_product_renews(shop: Certified) -> None:
    shop.authority = shop.memory(managed=True, lifetime=timedelta(seconds=30))  # as old as it is, it would be due

    shop.apply()

    assert shop.plan() == []


def test_a_record_that_somebody_took_out_of_the_zone_is_published_again(shop: Certified) -> None:
    shop.apply()
    shop.published.values.clear()
    plan = Certificates(shop.run()).plan()
    assert [change.address for change in plan.changes] == [f"record {each.address}" for each in held(shop).proofs]
    assert {change.change_class for change in plan.changes} == {ChangeClass.OPERATIONAL}
    assert respects_freeze(plan, freeze=datetime(2000, 1, 1, tzinfo=UTC), now=datetime.now(UTC)) == []
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED

    shop.apply()

    assert shop.plan() == []


def test_one_that_waits_says_so_in_the_plan_and_in_the_item(shop: Certified, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.published, "keep", lambda _proofs: None)
    with pytest.raises(Waiting) as waiting:
        shop.apply()
    assert waiting.value.exit_code == 2

    (change,) = Certificates(shop.run()).plan().changes
    finding = certificates_are_issued.check(shop.run())

    assert finding.verdict is Verdict.RED
    for proof in held(shop).proofs:
        assert proof.name in waiting.value.what
        assert proof.name in change.told
        assert proof.name in finding.problems["certificate shop"]


@pytest.mark.parametrize("step", ["requested", "issued"])
def test_a_killed_run_is_gone_on_from_with_the_same_certificate(
    shop: Certified, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crash(*_: object) -> None:
        raise Crash

    where = (shop.published, "keep") if step == "requested" else (Certificates, "_store")
    with monkeypatch.context() as killed:
        killed.setattr(*where, crash)
        with pytest.raises(Crash):
            shop.apply()
    first = held(shop)

    shop.apply()

    assert held(shop).reference == first.reference == shop.kept()["reference"]
    assert shop.plan() == []


def test_other_names_are_another_one_and_the_one_before_is_named(shop: Certified) -> None:
    shop.apply()
    first = held(shop)
    shop.certificates = (Certificate(name="shop", names=("shop.example",)),)
    assert shop.plan() == ["update certificate shop (names)"]

    shop.apply()

    assert shop.plan() == []
    assert shop.kept()["reference"] != first.reference
    finding = certificates_are_issued.check(shop.run())
    assert finding.ready
    assert [each["reference"] for each in finding.details["held beside"]] == [first.reference]
    shop.authority.change(first.reference, used_by=("a load balancer",))
    finding = certificates_are_issued.check(shop.run())
    assert (finding.verdict, set(finding.problems)) == (Verdict.RED, {f"certificate {first.reference}"})


def test_of_two_of_the_same_name_the_one_that_is_kept_stays(shop: Certified) -> None:
    shop.apply()
    whose, first = shop.authority.holds[held(shop).reference]
    twin = Held("memory:twin", first.name, first.names, "issued", chain=first.chain, proofs=first.proofs)
    shop.authority.holds = {"memory:twin": (whose, twin), **shop.authority.holds}

    assert shop.plan() == []
    assert shop.kept()["reference"] == first.reference
    details = certificates_are_issued.check(shop.run()).details
    assert [each["reference"] for each in details["held beside"]] == ["memory:twin"]


def test_what_lies_where_certificates_lay_before_is_named(shop: Certified) -> None:
    shop.apply()
    shop.authority.left = Astray((Held("memory:before", "shop", SHOP.names, "issued"),))

    details = certificates_are_issued.check(shop.run()).details

    assert [each["reference"] for each in details["held beside"]] == ["memory:before"]


def test_one_that_is_not_listed_any_more_is_deleted(shop: Certified) -> None:
    shop.certificates = (SHOP, OTHER)
    shop.apply()
    gone = next(each for each in shop.authority.held(SCOPE) if each.name == "other")
    shop.certificates = (SHOP,)
    plan = Certificates(shop.run()).plan()
    assert [(change.action, change.address) for change in plan.changes] == [
        (Action.DELETE, f"certificate {gone.reference}")
    ]
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED

    shop.apply()

    assert held(shop).name == "shop"
    assert shop.plan() == []


def test_one_that_something_serves_is_not_deleted(shop: Certified) -> None:
    shop.certificates = (SHOP, OTHER)
    shop.apply()
    gone = next(each for each in shop.authority.held(SCOPE) if each.name == "other")
    shop.authority.change(gone.reference, used_by=("a load balancer",))
    shop.certificates = (SHOP,)

    plan = Certificates(shop.run()).plan()

    (reason,) = keeps_data(plan)
    assert "a load balancer" in reason
    with pytest.raises(ApplyFailed):
        Certificates(shop.run()).apply(plan)
    assert len(shop.authority.held(SCOPE)) == 2


def test_what_is_held_of_another_environment_is_left_alone(shop: Certified) -> None:
    shop.authority.holds["memory:theirs"] = "demo_shop-production", Held("memory:theirs", "x", ("x.example",), "issued")

    shop.apply()

    assert shop.plan() == []
    assert "memory:theirs" in shop.authority.holds


def test_a_move_to_such_a_product_and_back_is_a_new_certificate_each_time(shop: Certified) -> None:
    managed, signing = shop.authority, shop.memory()
    shop.authority = signing
    shop.apply()
    assert "key" in shop.kept()
    shop.authority = managed
    assert shop.plan() == ["update certificate shop (authority)"]
    shop.apply()
    assert set(shop.kept()) == {"reference"}
    shop.authority = signing
    assert shop.plan() == ["create certificate shop"]

    shop.apply()

    assert set(shop.kept()) == {"key", "chain"}
    assert shop.plan() == []


def test_what_certificates_are_proven_by_is_not_unmanaged_in_the_zone(shop: Certified) -> None:
    shop.apply()
    target = dns_records.target(shop.run())

    for proof in held(shop).proofs:
        assert target.managed_elsewhere(proof.address) == "certificates"
        assert target.managed_elsewhere(f"{proof.name} TXT") is None
    assert target.managed_elsewhere("_ffff.shop.example CNAME") is None
    assert target.managed_elsewhere("_acme-challenge.shop.example TXT") == "certificates"
    shop.authority.drop(held(shop))
    assert dns_records.target(shop.run()).managed_elsewhere(proof.address) is None


def test_the_zone_asks_who_keeps_certificates_and_nobody_else() -> None:
    demo = load_engagement(EXAMPLE)
    staging = demo.environments[0]
    kept = staging.certificates.model_copy(update={"provider": Acm()})

    assert Kind.CERTIFICATES not in dns_records.task(demo, staging).backends
    asked = dns_records.task(demo, staging.model_copy(update={"certificates": kept})).backends
    assert set(asked) == {Kind.DNS, Kind.CERTIFICATES}
