"""The published JSON Schema is the models', and says of the example what the loader says."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.places import Place
from provisioning_assets.engagement.products import needs
from provisioning_assets.engagement.schema import as_text, engagement_schema
from provisioning_assets.errors import Problem
from tests.support.cdk_stage import write_app
from tests.support.repository import EXAMPLE, REPOSITORY

PUBLISHED = REPOSITORY / "docs" / "engagement.schema.json"
PLACES: dict[Kind, Place] = {
    Kind.STORE: ("environments", 0, "state"),
    Kind.INFRASTRUCTURE: ("stages", 0, "engine"),
    Kind.DNS: ("dns", "provider"),
    Kind.CERTIFICATES: ("certificates", "provider"),
    Kind.COPIES: ("certificates", "import_into"),
    Kind.SECRETS: ("secrets", "provider"),
    Kind.CONFIG: ("runtime_config", "provider"),
    Kind.MONITORING: ("monitoring", "provider"),
}
AUTHORITY = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/01234567-89ab-cdef-0123-456789abcdef"
SETTINGS = {
    "server": "ns1.shop.example",
    "bucket": "shop-state",
    "folder": "records",
    "role": "server",
    "arn": AUTHORITY,
    "object": "flags.json",
    "application": "shop",
    "environment": "${environment}",
    "profile": "runtime",
}
"""What each key that a product cannot do without may be."""
CODE: dict[str, dict[str, Any]] = {"terraform": {}, "cdk": {"root": "cdk"}}
"""An engine to what a stage needs whose code it can read."""

EVERY_PRODUCT = pytest.mark.parametrize("product", catalogue.PRODUCTS, ids=lambda each: f"{each.kind}-{each.name}")


@pytest.fixture(scope="module")
def checker() -> jsonschema.Draft202012Validator:
    """What an editor checks the file with."""
    return jsonschema.Draft202012Validator(json.loads(as_text()))


@pytest.fixture(scope="module")
def example() -> Any:
    """The example's content."""
    return Document(EXAMPLE / "engagement.yaml", "").content


def chosen(example: Any, kind: Kind, written: Any) -> Any:
    """The example with another product chosen."""
    return put(example, PLACES[kind], written)


def put(example: Any, place: Place, written: Any) -> Any:
    """The example with something else at a place."""
    content = at = copy.deepcopy(example)
    *way, last = place
    for step in way:
        at = at[step]
    at[last] = written
    return content


def test_the_published_schema_is_current() -> None:
    remedy = "run: python -m provisioning_assets.engagement.schema > docs/engagement.schema.json"
    assert PUBLISHED.read_text(encoding="utf-8") == as_text(), remedy


def test_the_example_satisfies_it_and_a_wrong_key_does_not(checker: Any, example: Any) -> None:
    assert list(checker.iter_errors(example)) == []
    assert list(checker.iter_errors(example | {"klient": "x"})) != []


@EVERY_PRODUCT
def test_a_product_without_own_keys_is_admitted_in_both_forms(checker: Any, example: Any, product: Product) -> None:
    alone = not needs(product.settings)
    for written in (product.name, {"name": product.name}):
        assert checker.is_valid(chosen(example, product.kind, written)) is alone


@EVERY_PRODUCT
def test_a_product_rejects_what_is_no_key_of_its_own(checker: Any, example: Any, product: Product) -> None:
    assert not checker.is_valid(chosen(example, product.kind, {"name": product.name, "zzzz": 1}))


def test_a_key_of_another_product_is_rejected(checker: Any, example: Any) -> None:
    own = {"name": "s3", "bucket": "shop-state"}
    assert checker.is_valid(chosen(example, Kind.STORE, own))
    assert not checker.is_valid(chosen(example, Kind.STORE, own | {"folder": "records"}))
    assert not checker.is_valid(chosen(example, Kind.STORE, {"name": "files", "bucket": "shop-state"}))


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("written", ["zzzz", {"name": "zzzz"}, {}, None, "${environment}", {"name": "${environment}"}])
def test_what_names_no_product_is_rejected(checker: Any, example: Any, kind: Kind, written: Any) -> None:
    optional = written is None and kind is Kind.COPIES
    assert checker.is_valid(chosen(example, kind, written)) is optional


def test_a_products_own_key_may_be_a_placeholder(checker: Any, example: Any) -> None:
    vault = {"name": "vault", "address": "https://vault.${domain}"}
    assert checker.is_valid(chosen(example, Kind.SECRETS, vault))


def test_a_placeholder_may_stand_for_an_optional_key_of_a_form(checker: Any, example: Any) -> None:
    for written, valid in (("${key}", True), ("arn:aws:kms:eu-west-1:123456789012:key/a1", True), ("alias/a", False)):
        own = {"name": "secretsmanager", "kms_key": written, "assumed_by": ["${pipeline}"]}
        assert checker.is_valid(chosen(example, Kind.SECRETS, own)) is valid


def test_a_placeholder_may_stand_for_a_number() -> None:
    record = engagement_schema()["$defs"]["Record"] | {"$defs": engagement_schema()["$defs"]}
    checker = jsonschema.Draft202012Validator(record)
    assert checker.is_valid({"name": "www", "type": "A", "ttl": "${ttl}"})
    assert not checker.is_valid({"name": "www", "type": "A", "ttl": "60"})


@pytest.mark.parametrize(("kind", "place"), [*PLACES.items(), (Kind.STORE, ("environments", 0, "ledger"))])
def test_it_admits_a_product_exactly_where_the_loader_does(
    checker: Any, example: Any, folder: Path, problems: Callable[[], list[Problem]], kind: Kind, place: Place
) -> None:
    write_app(folder.parents[1] / "cdk", context={"cidr": None})
    for product in catalogue.of_kind(kind):
        full = {"name": product.name, **{key: SETTINGS[key] for key in needs(product.settings)}}
        for written in (product.name, {"name": product.name}, full):
            content = put(example, place, written)
            if kind is Kind.DNS:  # which records a product can hold is not the schema's matter
                content["dns"]["records"] = [each for each in content["dns"]["records"] if "alias" not in each]
            if kind is Kind.MONITORING:  # nor is it, whether a product keeps logs
                content["monitoring"].pop("logs", None)
            if kind is Kind.INFRASTRUCTURE:  # nor is it, which code an engine can read
                content["stages"][0] |= CODE[product.name]
            (folder / "engagement.yaml").write_text(json.dumps(content), encoding="utf-8")
            assert (problems() == []) is checker.is_valid(content), written
