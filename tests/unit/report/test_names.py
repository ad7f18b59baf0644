"""What a mistyped name may mean: an environment, an asset or an item, and which."""

import pytest

from provisioning_assets.report.names import fits, meant, nearest, one_of

ADDRESSES = [
    ("staging", "dns_records", "dns_has_propagated"),
    ("staging", "secrets", "secrets_are_populated"),
    ("production", "dns_records", "dns_has_propagated"),
    ("production", "launch_readiness", "rollback_is_rehearsed"),
]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Staging", ["staging"]),
        ("prod", ["production"]),
        ("stagin", ["staging"]),
        ("PRODUCTION", ["production"]),
        ("museum", []),
        ("", []),
    ],
)
def test_case_a_slip_and_a_beginning_lead_to_the_name(name: str, found: list[str]) -> None:
    assert nearest(name, ["staging", "production"]) == found


def test_a_hyphen_is_an_underscore() -> None:
    assert nearest("demo-shop", ["museum", "demo_shop"]) == ["demo_shop"]


def test_what_is_like_nothing_is_answered_with_all_there_is() -> None:
    assert all(name in one_of("x", ["staging", "production"]) for name in ("staging", "production"))


@pytest.mark.parametrize(("name", "fit"), [
    ("dns_has_propagated", True), ("dns_records/dns_has_propagated", True),
    ("staging/dns_records/dns_has_propagated", True), ("production/dns_records/dns_has_propagated", False),
    ("propagated", False), ("dns_records", False), ("", False),
])  # fmt: skip
def test_an_item_goes_by_its_name_or_its_address(name: str, *, fit: bool) -> None:
    assert fits(name, ADDRESSES[0]) is fit


@pytest.mark.parametrize(("name", "told"), [
    ("Staging", ["the environment `staging`"]),
    ("dns_has_propagate", ["the item `dns_has_propagated`"]),
    ("secrets/secrets_populated", ["the item `secrets_are_populated`"]),
    ("dns_record", ["the asset `dns_records`"]),
    ("dns_records", ["asset", "dns_has_propagated"]),
    ("secrets/rollback_is_rehearsed", ["item of production/launch_readiness"]),
])  # fmt: skip
def test_what_a_name_may_mean_is_told_with_its_kind(name: str, told: list[str]) -> None:
    assert all(word in meant(name, ADDRESSES) for word in told)


def test_what_nobody_can_guess_is_not_guessed() -> None:
    assert not meant("museum", ADDRESSES)
