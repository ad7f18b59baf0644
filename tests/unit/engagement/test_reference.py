"""The page about the engagement file has every key, as the models have it."""

import pytest

from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.engagement.products import Choice
from provisioning_assets.engagement.reference import BEGIN, current, keys
from provisioning_assets.engagement.schema import engagement_schema
from tests.support.repository import REPOSITORY

PLACES = {
    "environments[].state": Choice(Kind.STORE, Capability.ENGINE_STATE),
    "environments[].ledger": Choice(Kind.STORE),
    "stages[].engine": Choice(Kind.INFRASTRUCTURE),
    "dns.provider": Choice(Kind.DNS),
    "certificates.provider": Choice(Kind.CERTIFICATES),
    "certificates.import_into": Choice(Kind.COPIES),
    "secrets.provider": Choice(Kind.SECRETS),
    "runtime_config.provider": Choice(Kind.CONFIG),
    "monitoring.provider": Choice(Kind.MONITORING),
}
PAGE = REPOSITORY / "docs" / "engagement-file.md"


def test_the_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == current(page), "run: python -m provisioning_assets.engagement.reference docs/engagement-file.md"


def test_every_key_is_there_and_says_what_it_means() -> None:
    page, schema = keys(), engagement_schema()
    rows = [row.strip("| ").split(" | ") for row in page.splitlines() if row.startswith("| `")]
    assert [row for row in rows if len(row) < 4 or not row[-1].strip()] == []
    shown = {row[0].strip("`").replace("[]", "").split(".")[-1] for row in rows}
    models = [schema, *schema["$defs"].values()]
    assert {key for model in models for key in model.get("properties", ())} - shown <= set(schema["properties"])
    assert all(f"`{key}`" in page for key in schema["properties"])


def test_a_choice_shows_its_products_and_each_ones_own_keys() -> None:
    rows = [row.strip("| ").split(" | ") for row in keys().splitlines() if row.startswith("| `")]
    for place, choice in PLACES.items():
        (chosen,) = [row for row in rows if row[0] == f"`{place}`"]
        assert chosen[1] == " or ".join(f"`{product.name}`" for product in choice.products)
        own = {(row[0], row[3].partition(". ")[0]) for row in rows if row[0].startswith(f"`{place}.")}
        assert {(key, of.rpartition(" ")[2]) for key, of in own} == {
            (f"`{place}.{key}`", f"`{product.name}`")
            for product in choice.products
            for key in product.settings.model_fields
            if key != "name"
        }
    assert [row[2] for row in rows if row[0] == "`environments[].state.bucket`"] == ["required"]
    assert [row[2] for row in rows if row[0] == "`dns.provider`"] == ["`route53`"]


def test_a_page_without_the_part_says_so() -> None:
    with pytest.raises(ValueError, match=BEGIN.strip()):
        current(f"# A page\n{BEGIN}")
