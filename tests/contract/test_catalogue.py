"""The catalogue: its page is current, its classes are where it says, and reading it loads no vendor's library."""

import json
import runpy
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.report.back_ends import back_ends

REPOSITORY = Path(__file__).parents[2]
VENDORS = {"boto3", "botocore", "hvac", "acme", "requests", "python_terraform"}
"""Not dnspython, which knows the form of records and no vendor."""


def test_the_page_of_back_ends_is_what_the_catalogue_says() -> None:
    written = runpy.run_path(str(REPOSITORY / "docs/write_back_ends.py"))

    assert written["PAGE"].read_text() == written["page"](), "run `make docs`"


def test_the_page_tells_what_a_product_lacks_and_what_nobody_tested() -> None:
    settings = catalogue.product(Kind.DNS, "route53").settings
    lacking = {Capability.ALIAS: "a zone has no such record"}
    product = Product(Kind.DNS, settings, "", "BIND 9.18", lacks=lacking, not_tested=("Windows | DNS",))

    lines = back_ends([product], dict.fromkeys(Capability, "what it is"), {}).splitlines()

    assert "| `dns.alias` | what it is | no |" in lines
    assert "- Proven on: BIND 9.18" in lines
    assert "- Lacks `dns.alias`: a zone has no such record" in lines
    assert "- NOT TESTED: Windows | DNS" in lines


@pytest.mark.parametrize("product", catalogue.PRODUCTS, ids=lambda product: f"{product.kind} {product.name}")
def test_a_products_class_is_where_its_row_says(product: Product) -> None:
    for where in filter(None, (product.where, product.code)):
        module, _, name = where.partition(":")
        assert isinstance(getattr(import_module(f"provisioning_assets.backends.{module}"), name), type)


def test_reading_an_engagement_file_needs_no_vendors_library() -> None:
    loading = "import json, sys, provisioning_assets.engagement.loading; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loading], stdout=subprocess.PIPE, check=True, timeout=60)

    assert not VENDORS & {name.partition(".")[0] for name in json.loads(done.stdout)}
