"""Copies of issued certificates: what a product has is what was issued, after each crash and over each renewal."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from provisioning_assets.assets import certificates
from provisioning_assets.assets.certificates import certificates_are_issued
from provisioning_assets.backends.certificates.settings import AcmCopies
from provisioning_assets.core.evidence import Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import ChangeClass
from provisioning_assets.core.safety import respects_freeze
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed, Unreachable, Waiting
from provisioning_assets.probes.tls import describe, fingerprint_of_key, fingerprints
from tests.fakes.copies import MemoryCopies
from tests.support.certified import SCOPE, SHOP, Certified
from tests.support.copied import counting_orders, one, only, planned
from tests.support.repository import EXAMPLE

BOTH = ["create certificate shop", "create copy shop"]


class Crash(BaseException):
    """The process is killed."""


def test_what_was_issued_is_copied_and_its_reference_is_stored(shop: Certified, copies: MemoryCopies) -> None:
    assert shop.plan() == BOTH

    shop.apply()

    assert shop.plan() == []
    held, kept = only(copies), shop.kept()
    assert kept.keys() == {"key", "chain", "reference"}
    assert (kept["reference"], held.name) == (held.reference, "shop")
    assert fingerprints(held.chain) == fingerprints(kept["chain"])
    assert fingerprint_of_key(copies.keys[held.reference]) == describe(held.chain).key_fingerprint
    finding = certificates_are_issued.check(shop.run())
    assert finding.ready
    assert finding.details["copies"] == {"shop": held.reference}


def test_a_second_apply_imports_nothing(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()

    shop.apply()

    assert copies.puts == ["shop"]


def test_without_the_setting_nothing_is_copied(shop: Certified) -> None:
    shop.copies = None
    assert shop.plan() == ["create certificate shop"]

    shop.apply()

    assert shop.kept().keys() == {"key", "chain"}
    assert "copies" not in certificates_are_issued.check(shop.run()).details


def test_a_setting_that_comes_later_orders_nothing(shop: Certified, copies: MemoryCopies) -> None:
    shop.copies = None
    shop.apply()
    shop.copies, ordered = copies, counting_orders(shop)
    assert shop.plan() == ["create copy shop"]
    assert one(shop).change_class is ChangeClass.CONTENT
    assert certificates_are_issued.check(shop.run()).verdict is Verdict.RED

    shop.apply()

    assert (ordered, copies.puts, shop.plan()) == ([], ["shop"], [])


@pytest.mark.parametrize("step", ["before the import", "before the reference"])
def test_a_killed_run_is_gone_on_from_without_an_order(
    shop: Certified, copies: MemoryCopies, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise Crash

    where = (copies, "put") if step == "before the import" else ("provisioning_assets.operations.copying", "keep")
    with monkeypatch.context() as killed:
        killed.setattr(*((*where, crash) if where[0] is copies else (".".join(map(str, where)), crash)))
        with pytest.raises(Crash):
            shop.apply()
    key, ordered = shop.kept()["key"], counting_orders(shop)
    assert "reference" not in shop.kept()
    assert [each.address for each in planned(shop).changes] == ["copy shop"]

    shop.apply()

    assert (ordered, shop.kept()["key"], shop.kept()["reference"]) == ([], key, only(copies).reference)
    assert (copies.puts, shop.plan()) == (["shop"], [])


def test_a_product_that_goes_away_loses_no_certificate(
    shop: Certified, copies: MemoryCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> str:
        raise Unreachable("the product", "https://nowhere.example", remedy="wait for it")

    ordered = counting_orders(shop)
    with monkeypatch.context() as gone:
        gone.setattr(copies, "put", away)
        with pytest.raises(Unreachable):
            shop.apply()
    chain = shop.kept()["chain"]
    finding = certificates_are_issued.check(shop.run())
    assert finding.verdict is Verdict.RED
    assert set(finding.problems) == {"copy shop"}

    shop.apply()

    assert (ordered, shop.kept()["chain"], shop.plan()) == (["shop"], chain, [])


def test_a_renewal_is_put_over_the_copy(shop: Certified, copies: MemoryCopies) -> None:
    shop.authority = shop.memory(lifetime=timedelta(seconds=30))  # as old as it is, it is due at once
    shop.apply()
    first, reference = shop.kept()["chain"], only(copies).reference
    assert [(each.address, each.change_class) for each in planned(shop).changes] == [
        ("certificate shop", ChangeClass.OPERATIONAL), ("copy shop", ChangeClass.OPERATIONAL)
    ]  # fmt: skip

    shop.apply()

    assert shop.kept()["chain"] != first
    assert shop.kept()["reference"] == only(copies).reference == reference
    assert fingerprints(only(copies).chain) == fingerprints(shop.kept()["chain"])


def test_a_copy_that_a_renewal_left_behind_is_stale(
    shop: Certified, copies: MemoryCopies, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.authority = shop.memory(lifetime=timedelta(seconds=30))
    shop.apply()
    reference = only(copies).reference
    shop.authority._lifetime = timedelta(days=90)

    def refuse(*_: object) -> str:
        raise ApplyFailed("no", where="there", remedy="wait")

    with monkeypatch.context() as refusing:
        refusing.setattr(copies, "put", refuse)
        with pytest.raises(ApplyFailed):
            shop.apply()
    ordered = counting_orders(shop)
    assert shop.plan() == ["update copy shop (certificate)"]
    assert respects_freeze(planned(shop), freeze=datetime(2000, 1, 1, tzinfo=UTC), now=datetime.now(UTC)) == []
    assert set(certificates_are_issued.check(shop.run()).problems) == {"copy shop"}

    shop.apply()

    assert (ordered, only(copies).reference, shop.plan()) == ([], reference, [])


def test_a_key_of_another_type_is_another_copy_and_the_old_one_is_named(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    first = only(copies).reference
    shop.certificates = (SHOP.model_copy(update={"key_type": "rsa2048"}),)
    assert shop.plan() == ["update certificate shop (key_type)", "create copy shop"]

    shop.apply()

    assert shop.plan() == []
    assert first in copies.holds
    assert shop.kept()["reference"] != first
    finding = certificates_are_issued.check(shop.run())
    assert finding.ready
    assert [each["reference"] for each in finding.details["held beside"]] == [first]


def test_other_names_are_put_over_the_same_copy(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    reference = only(copies).reference
    shop.certificates = (Certificate(name="shop", names=("shop.example",)),)

    shop.apply()

    assert (only(copies).reference, only(copies).names) == (reference, ("shop.example",))
    assert shop.plan() == []


def test_what_its_authority_waits_for_is_not_copied(shop: Certified, copies: MemoryCopies) -> None:
    shop.authority = shop.memory(by_hand=True)
    with pytest.raises(Waiting):
        shop.apply()
    assert list(copies.held(SCOPE)) == []
    assert shop.plan()[-1] == "create copy shop"

    shop.authority.approve()
    shop.apply()

    assert only(copies).name == "shop"
    assert shop.plan() == []


def test_a_key_of_another_type_that_is_waited_for_leaves_the_copy(shop: Certified, copies: MemoryCopies) -> None:
    shop.apply()
    before = list(copies.held(SCOPE))
    shop.authority._by_hand = True
    shop.certificates = (SHOP.model_copy(update={"key_type": "rsa2048"}),)

    for _ in range(2):
        with pytest.raises(Waiting):
            shop.apply()

    assert list(copies.held(SCOPE)) == before
    assert "held beside" not in certificates_are_issued.check(shop.run()).details


def test_a_key_is_in_no_plan_no_finding_and_no_line(shop: Certified) -> None:
    plan = planned(shop)
    shop.apply()
    finding = certificates_are_issued.check(shop.run())

    said = json.dumps([plan.as_json(), planned(shop).as_json(), finding.details, finding.problems, shop.told])

    assert any("importing" in line for line in shop.told)
    assert shop.kept()["key"].splitlines()[1] not in said


def test_who_has_copies_is_asked_first_and_is_part_of_the_identity() -> None:
    demo = load_engagement(EXAMPLE)
    staging = demo.environments[0]
    section = staging.certificates.model_copy(update={"import_into": AcmCopies()})

    assert Kind.COPIES not in certificates.task(demo, staging).backends
    assert Kind.COPIES in certificates.task(demo, staging.model_copy(update={"certificates": section})).backends
