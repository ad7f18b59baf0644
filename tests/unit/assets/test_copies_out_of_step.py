"""Copies that somebody changed, that nobody declares any more, or that lie somewhere else: named, and mended."""

from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.assets.certificates import certificates_are_issued
from provisioning_assets.backends.certificates import Astray, Held, Original
from provisioning_assets.core.evidence import Verdict
from provisioning_assets.core.plan import Action, ChangeClass
from provisioning_assets.core.safety import keeps_data, respects_freeze
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.operations.issuing import Certificates
from provisioning_assets.probes.tls import fingerprints
from tests.fakes.copies import MemoryCopies
from tests.support.certified import SCOPE, SHOP, Certified
from tests.support.copied import counting_orders, one, only, planned

OTHER = Certificate(name="other", names=("other.example",))


def test_one_that_was_deleted_is_copied_again_also_in_the_freeze(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    first, ordered = only(copies), counting_orders(shop)
    copies.drop(first)
    assert shop.plan() == ["create copy shop"]
    assert respects_freeze(planned(shop), freeze=datetime(2000, 1, 1, tzinfo=UTC), now=datetime.now(UTC)) == []
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED

    shop.apply()

    assert shop.kept()["reference"] == only(copies).reference != first.reference
    assert (ordered, shop.plan()) == ([], [])


@pytest.mark.parametrize("what", ["certificate", "issuers"])
def test_another_leaf_or_chain_in_its_place_is_named_and_mended(
    shop: Certified, copies: MemoryCopies, what: str
) -> None:
    shop.apply()
    held, chain = only(copies), shop.kept()["chain"]
    stranger = shop.memory().anchor
    leaf = chain.partition("-----END CERTIFICATE-----\n")[0] + "-----END CERTIFICATE-----\n"
    other = Original(SCOPE, "shop", leaf + stranger, shop.kept()["key"])
    if what == "certificate":
        theirs = Certified(shop.repository, authority=shop.authority)
        theirs.apply()
        other = Original(SCOPE, "shop", theirs.kept()["chain"], theirs.kept()["key"])
    copies.put(other, held)
    assert shop.plan() == [f"update copy shop ({what})"]
    assert set(certificates_are_issued.check(shop.run()).problems) == {"copy shop"}

    shop.apply()

    assert fingerprints(only(copies).chain) == fingerprints(chain)
    assert (only(copies).reference, shop.plan()) == (held.reference, [])


def test_in_another_place_it_is_copied_again(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    ordered = counting_orders(shop)
    shop.copies = elsewhere = MemoryCopies("memory/2")
    assert shop.plan() == ["create copy shop"]
    assert one(shop).change_class is ChangeClass.CONTENT

    shop.apply()

    assert shop.kept()["reference"] == only(elsewhere).reference != only(copies).reference
    assert (ordered, shop.plan()) == ([], [])


def test_of_two_copies_the_one_whose_reference_is_stored_stays(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    mine = only(copies).reference
    twin = copies.put(Original(SCOPE, "shop", shop.kept()["chain"], shop.kept()["key"]))
    copies.holds = {twin: copies.holds[twin], mine: copies.holds[mine]}

    assert shop.plan() == []
    assert [each["reference"] for each in certificates_are_issued.check(shop.run()).details["held beside"]] == [twin]


def test_a_copy_that_is_not_listed_any_more_is_deleted(shop: Certified, copies: MemoryCopies) -> None:
    shop.certificates = (SHOP, OTHER)
    shop.apply()
    gone = next(each for each in copies.held(SCOPE) if each.name == "other")
    shop.certificates = (SHOP,)
    assert (one(shop).action, one(shop).address) == (Action.DELETE, f"copy {gone.reference}")
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED

    shop.apply()

    assert only(copies).name == "shop"
    assert shop.plan() == []


def test_a_copy_that_something_serves_is_not_deleted(shop: Certified, copies: MemoryCopies) -> None:
    shop.certificates = (SHOP, OTHER)
    shop.apply()
    gone = next(each for each in copies.held(SCOPE) if each.name == "other")
    copies.change(gone.reference, used_by=("a load balancer",))
    shop.certificates = (SHOP,)

    plan = planned(shop)

    (reason,) = keeps_data(plan)
    assert "a load balancer" in reason
    with pytest.raises(ApplyFailed):
        Certificates(shop.run()).apply(plan)
    assert len(copies.held(SCOPE)) == 2


def test_copies_of_another_environment_are_left_alone(shop: Certified, copies: MemoryCopies) -> None:
    copies.holds["theirs"] = "demo_shop-production", Held("theirs", "x", ("x.example",), "issued")

    shop.apply()

    assert shop.plan() == []
    assert "theirs" in copies.holds


def test_a_copy_that_is_no_good_any_more_is_made_again(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    lost = only(copies).reference
    copies.change(lost, state="lost", chain="", told="is REVOKED")
    assert shop.plan() == ["create copy shop"]

    shop.apply()

    assert shop.kept()["reference"] != lost
    assert shop.plan() == []


def test_without_the_setting_what_nobody_renews_any_more_is_named(shop: Certified, copies: MemoryCopies) -> None:
    shop.authority = shop.memory(lifetime=timedelta(seconds=30))
    shop.apply()
    reference = only(copies).reference
    shop.copies = None

    shop.apply()  # it is renewed

    assert certificates_are_issued.check(shop.run()).details["copies"] == {"shop": reference}


def test_what_lies_where_copies_lay_before_is_named(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    copies.left = Astray((Held("memory/0:1", "shop", SHOP.names, "issued"),), {"memory/9": "nobody may look there"})

    finding = certificates_are_issued.check(shop.run())

    assert finding.ready
    assert [each["reference"] for each in finding.details["held beside"]] == ["memory/0:1"]
    assert finding.details["not looked at"] == {"memory/9": "nobody may look there"}


def test_another_copy_that_something_uses_is_red_by_its_reference(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    first = only(copies).reference
    shop.certificates = (SHOP.model_copy(update={"key_type": "rsa2048"}),)
    shop.apply()
    copies.change(first, used_by=("a load balancer",))
    assert shop.plan() == []

    finding = certificates_are_issued.check(shop.run())

    assert (finding.verdict, set(finding.problems)) == (Verdict.RED, {f"copy {first}"})
    assert "a load balancer" in finding.problems[f"copy {first}"]
    assert finding.problems[f"copy {first}"] in finding.summary
    copies.change(first, used_by=())
    copies.change(shop.kept()["reference"], used_by=("a load balancer",))
    assert certificates_are_issued.check(shop.run()).ready


def test_a_copy_of_a_lost_answer_that_something_uses_is_red(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    twin = copies.put(Original(SCOPE, "shop", shop.kept()["chain"], shop.kept()["key"]))
    copies.change(twin, used_by=("a load balancer",))
    assert shop.plan() == []
    assert set(certificates_are_issued.check(shop.run()).problems) == {f"copy {twin}"}


def test_what_is_used_where_copies_lay_before_is_red_beside_what_differs(shop: Certified, copies: MemoryCopies) -> None:
    left = Held("memory/0:1", "shop", SHOP.names, "issued", used_by=("a load balancer",))
    copies.left = Astray((left,))

    finding = certificates_are_issued.check(shop.run())

    assert set(finding.problems) == {"certificate shop", "copy shop", "copy memory/0:1"}
    assert finding.verdict is Verdict.RED
    assert all(problem in finding.summary for problem in finding.problems.values())
