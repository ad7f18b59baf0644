"""A mistake in the header hides none in the sections."""

from collections.abc import Callable

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("promotion: incremental", "safety: {deleted: '0.5'}"),
        ("region: eu-central-1", "region: ''"),
        ("    region: eu-central-1\n", ""),
        ("profile: sandbox", "profile: 'a b'"),
        ("region: eu-central-1", "region: eu-central-1\n    account: '1'"),
        ("region: eu-central-1", "region: eu-central-1\n    ledger: {name: s3, bucket: a..b}"),
        ("owner: Bram de Wit\n    reason", "owner: ''\n    reason"),
        ("reason: Staging must", "reason: ''  # Staging must"),
        ("email: alice@agency.example", "email: alice"),
    ],
)
def test_the_sections_are_judged_beside_the_header(edit: Edit, problems: Problems, old: str, new: str) -> None:
    edit(old, new)
    edit("values: [127.0.0.1]", "values: [127.0.0.256]")
    found = problems()
    assert [each for each in found if "127.0.0.256" in each.what]
    assert len(found) == len(("header", "section"))
