"""A product in an engagement file: bare or with its own keys, and each mistake at its own line."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.catalogue import Product
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.products import needs
from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

STATE = "state: {name: s3, bucket: demo-shop-staging-state}"
ROOT = "root: terraform/stages/networking\n"
PLACES = {
    Kind.DNS: ("provider: route53", "provider: {}"),
    Kind.CERTIFICATES: ("provider: acme", "provider: {}"),
    Kind.SECRETS: ("provider: openbao", "provider: {}"),
    Kind.CONFIG: ("provider: ssm", "provider: {}"),
    Kind.MONITORING: ("provider: cloudwatch", "provider: {}"),
    Kind.STORE: (STATE, "state: {}"),
    Kind.INFRASTRUCTURE: (ROOT, ROOT + "    engine: {}\n"),
}
"""Where each kind of product is chosen in the example, and how another choice is written there."""

EVERY_KIND = pytest.mark.parametrize("kind", PLACES)
EVERY_PRODUCT = pytest.mark.parametrize("product", catalogue.PRODUCTS, ids=lambda each: f"{each.kind}-{each.name}")


class Chosen:
    """The example with another product chosen at one place."""

    def __init__(self, folder: Path, edit: Edit, problems: Problems) -> None:
        self._file, self._edit, self._problems = folder / "engagement.yaml", edit, problems
        self.line = 0

    def __call__(self, kind: Kind, written: str) -> list[Problem]:
        """What is then wrong at the line of the choice; `written` is one line, or several below it."""
        old, new = PLACES[kind]
        before = self._file.read_text(encoding="utf-8").partition(old)[0] + new.partition("{}")[0]
        self.line = before.count("\n") + 1
        self._edit(old, new.replace("{}", written))
        return [problem for problem in self._problems() if self.line <= problem.line <= self.line + written.count("\n")]


@pytest.fixture
def chosen(folder: Path, edit: Edit, problems: Problems) -> Chosen:
    return Chosen(folder, edit, problems)


def named(text: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]*)`", text))


def test_every_kind_has_its_place_in_the_file() -> None:
    assert set(PLACES) == set(Kind)


@EVERY_PRODUCT
def test_a_bare_name_is_enough_unless_the_product_needs_keys(chosen: Chosen, product: Product) -> None:
    found = chosen(product.kind, product.name)
    asked = {key for problem in found for key in named(problem.what)} & set(product.settings.model_fields)
    assert asked == set(needs(product.settings))
    for problem in found if asked else ():
        assert problem.line == chosen.line
        assert all(f"{key}: …" in problem.expected for key in needs(product.settings))


@EVERY_PRODUCT
def test_a_full_form_names_what_its_product_lacks(chosen: Chosen, product: Product) -> None:
    found = chosen(product.kind, f"{{name: {product.name}}}")
    asked = {key for problem in found for key in named(problem.what)} & set(product.settings.model_fields)
    assert asked == set(needs(product.settings))


@EVERY_PRODUCT
def test_a_wrong_key_is_told_at_its_line_with_that_products_keys(chosen: Chosen, product: Product) -> None:
    found = chosen(product.kind, f"\n      name: {product.name}\n      zzzz: 1")
    (wrong,) = [problem for problem in found if "zzzz" in named(problem.what)]
    assert wrong.line == chosen.line + 2
    assert named(wrong.expected) == set(product.settings.model_fields)


def test_a_misspelt_key_is_told_once_with_the_one_that_was_meant(chosen: Chosen) -> None:
    (wrong,) = chosen(Kind.STORE, "\n      name: s3\n      bukcet: shop-state")
    assert wrong.line == chosen.line + 2
    assert (named(wrong.what), named(wrong.expected)) == ({"bukcet"}, {"bucket"})


def test_a_key_of_another_product_is_unknown(chosen: Chosen) -> None:
    found = chosen(Kind.STORE, "{name: s3, bucket: shop-state, folder: records}")
    assert [named(problem.what) for problem in found] == [{"folder"}]


@EVERY_KIND
@pytest.mark.parametrize("form", ["{}", "\n      name: {}"])
def test_a_wrong_name_is_told_at_its_line_with_the_nearest(chosen: Chosen, kind: Kind, form: str) -> None:
    near = catalogue.of_kind(kind)[0].name
    (wrong,) = chosen(kind, form.format(f"{near}x"))
    assert wrong.line == chosen.line + form.count("\n")
    assert named(wrong.what) == {f"{near}x"}
    assert named(wrong.expected) == {near}


@EVERY_KIND
def test_a_name_that_is_like_none_is_told_with_all_of_its_kind(chosen: Chosen, kind: Kind) -> None:
    (wrong,) = chosen(kind, "zzzz")
    assert named(wrong.expected) == {each.name for each in catalogue.of_kind(kind)}


@EVERY_KIND
@pytest.mark.parametrize("written", ["${domain}", '{name: "${environment}"}'])
def test_a_placeholder_cannot_choose_the_product(chosen: Chosen, kind: Kind, written: str) -> None:
    (wrong,) = chosen(kind, written)
    assert named(wrong.what) == set(re.findall(r"\$\{\w+\}", written))
    assert named(wrong.expected) == {each.name for each in catalogue.of_kind(kind)}


@pytest.mark.parametrize("kind", [Kind.DNS, Kind.STORE, Kind.INFRASTRUCTURE])
@pytest.mark.parametrize("written", ["5", "[]", "{}", "", "{nmae: x}", "{name: 5}"])
def test_what_names_no_product_is_told_with_all_of_its_kind(chosen: Chosen, kind: Kind, written: str) -> None:
    found = chosen(kind, written)
    assert any({each.name for each in catalogue.of_kind(kind)} <= named(problem.expected) for problem in found)


def test_both_forms_are_the_same_settings(folder: Path, edit: Edit) -> None:
    bare = load_engagement(folder)
    edit("provider: route53", "provider: {name: route53}")
    edit(ROOT, f"{ROOT}    engine: terraform\n")
    full = load_engagement(folder)
    assert [each.dns for each in bare.environments] == [each.dns for each in full.environments]
    assert [each.stages for each in bare.environments] == [each.stages for each in full.environments]


def test_a_products_own_keys_may_be_filled_in(folder: Path, edit: Edit) -> None:
    edit("provider: openbao", 'provider: {name: vault, address: "https://vault.${domain}"}')
    production = load_engagement(folder).environment("production")
    settings = production.settings(Kind.SECRETS)
    assert settings.model_dump() == {"name": "vault", "address": "https://vault.demo-shop.example"}


def test_the_record_may_lie_elsewhere_than_the_state(folder: Path, edit: Edit) -> None:
    assert load_engagement(folder).environments[0].settings(Kind.STORE).name == "s3"
    edit(STATE, f"{STATE}\n    ledger: {{name: files, folder: records}}")
    staging = load_engagement(folder).environments[0]
    assert (staging.settings(Kind.STORE).name, staging.state.name) == ("files", "s3")
