"""The one registry: every product can be opened by it, and reading it loads no vendor's library."""

import subprocess
import sys
from importlib import import_module

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Capability, Kind
from tests.support.repository import REPOSITORY

EVERY_PRODUCT = pytest.mark.parametrize("product", catalogue.PRODUCTS, ids=lambda each: f"{each.kind}-{each.name}")
VENDORS = {"boto3", "botocore", "hvac", "acme", "python_terraform", "psycopg", "dagster", "cryptography"}


@EVERY_PRODUCT
def test_a_product_is_where_its_row_says_and_opens_as_all_do(product: Product) -> None:
    module, _, name = product.where.partition(":")
    found = getattr(import_module(f"provisioning_assets.backends.{module}"), name)
    assert all(callable(getattr(found, verb)) for verb in ("open", "reach", "identity"))


@EVERY_PRODUCT
def test_a_product_says_how_it_is_proven_and_explains_each_key(product: Product) -> None:
    assert product.proven
    fields = {key: field for key, field in product.settings.model_fields.items() if key != "name"}
    assert all(field.description for field in fields.values())
    assert all(capability.kind is product.kind and reason for capability, reason in product.lacks.items())


@pytest.mark.parametrize("kind", Kind)
def test_names_are_unique_within_a_kind(kind: Kind) -> None:
    names = [product.name for product in catalogue.of_kind(kind)]
    assert len(names) == len(set(names)) > 0
    with pytest.raises(KeyError):
        catalogue.product(kind, "zzzz")


@pytest.mark.parametrize(
    ("emulation", "lacking"),
    [
        ("moto", {Capability.ALARM_EVALUATION}),
        ("ministack", {Capability.ALARM_EVALUATION}),
        ("sandbox", set()),
        ("", set()),
        ("zzzz", set()),
    ],
)
def test_what_an_emulation_lacks_is_lacking_behind_it_alone(emulation: str, lacking: set[Capability]) -> None:
    access = Access("the test's own", {"PROVISIONING_EMULATION": emulation})
    assert set(catalogue.lacks(Kind.MONITORING, "cloudwatch", access)) == lacking
    assert set(catalogue.lacks(Kind.STORE, "files", access)) >= {Capability.ENGINE_STATE}


def test_reading_an_engagement_file_loads_no_vendors_library() -> None:
    loading = (
        "import sys; from pathlib import Path; from provisioning_assets.engagement.loading import load_engagement;"
        "load_engagement(Path('engagements/demo_shop')); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", loading], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert not VENDORS & set(done.stdout.split())
