"""A product in an engagement file: bare or with its own keys, and each mistake at its own line."""

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Capability, Kind
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
    Kind.COPIES: ("  contact: certificates@", "  import_into: {}\n  contact: certificates@"),
    Kind.SECRETS: ("provider: openbao\n", "provider: {}\n"),
    Kind.CONFIG: ("provider: ssm", "provider: {}"),
    Kind.MONITORING: (
        "provider:\n    name: cloudwatch\n    namespace: ${engagement}/${environment}",
        "provider: {}",
    ),
    Kind.STORE: (STATE, f"{STATE}\n    ledger: {{}}"),
    Kind.INFRASTRUCTURE: (ROOT, ROOT + "    engine: {}\n"),
}
"""Where each kind of product is chosen in the example, and how another choice is written there."""

OPTIONAL = {Kind.STORE, Kind.COPIES}
"""Kinds whose place in the file may be empty: an empty `ledger`, or `import_into`, is none."""

ROUNDS = [
    {product.kind: product for product in products if product}
    for products in zip_longest(*(catalogue.of_kind(kind) for kind in Kind))
]
"""Every product of the catalogue, one of each kind at a time: all that is wrong is told at once."""

EVERY_PRODUCT = pytest.mark.parametrize(
    "products", ROUNDS, ids=lambda products: "-".join(each.name for each in products.values())
)
Found = dict[Kind, list[Problem]]


class Chosen:
    """The example with other products chosen."""

    def __init__(self, folder: Path, edit: Edit, problems: Problems) -> None:
        self._file, self._edit, self._problems = folder / "engagement.yaml", edit, problems
        self.lines: dict[Kind, int] = {}

    def __call__(self, written: Mapping[Kind, str]) -> Found:
        """What is then wrong where each kind is chosen; a choice is written on one line, or on several below it."""
        for kind, text in written.items():
            old, new = PLACES[kind]
            self._edit(old, new.replace("{}", f"{text}  # {kind}"))
        told = self._problems()
        lines = self._file.read_text(encoding="utf-8").splitlines()
        ends = {kind: next(n for n, line in enumerate(lines, 1) if line.endswith(f"  # {kind}")) for kind in written}
        self.lines = {kind: end - written[kind].count("\n") for kind, end in ends.items()}
        return {kind: [p for p in told if self.lines[kind] <= p.line <= ends[kind]] for kind in written}


@pytest.fixture
def chosen(folder: Path, edit: Edit, problems: Problems) -> Chosen:
    return Chosen(folder, edit, problems)


def named(text: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]*)`", text))


def asked(found: list[Problem], product: Product) -> set[str]:
    """Which of the product's keys the problems are about."""
    return {key for problem in found for key in named(problem.what)} & set(product.settings.model_fields)


def known(kind: Kind) -> set[str]:
    return {each.name for each in catalogue.of_kind(kind)}


def test_every_kind_has_its_place_in_the_file() -> None:
    assert set(PLACES) == set(Kind)


@EVERY_PRODUCT
def test_a_bare_name_is_enough_unless_the_product_needs_keys(chosen: Chosen, products: dict[Kind, Product]) -> None:
    for kind, found in chosen({kind: product.name for kind, product in products.items()}).items():
        needed = needs(products[kind].settings)
        assert asked(found, products[kind]) == set(needed)
        for problem in found if needed else ():
            assert problem.line == chosen.lines[kind]
            assert all(f"{key}: …" in problem.expected for key in needed)


@EVERY_PRODUCT
def test_a_full_form_names_what_its_product_lacks(chosen: Chosen, products: dict[Kind, Product]) -> None:
    for kind, found in chosen({kind: f"{{name: {product.name}}}" for kind, product in products.items()}).items():
        assert asked(found, products[kind]) == set(needs(products[kind].settings))


@EVERY_PRODUCT
def test_a_wrong_key_is_told_at_its_line_with_that_products_keys(chosen: Chosen, products: dict[Kind, Product]) -> None:
    written = {kind: f"\n      name: {product.name}\n      zzzz: 1" for kind, product in products.items()}
    for kind, found in chosen(written).items():
        (wrong,) = [problem for problem in found if "zzzz" in named(problem.what)]
        assert wrong.line == chosen.lines[kind] + 2
        assert named(wrong.expected) == set(products[kind].settings.model_fields) - {"name"}


def test_a_misspelt_key_is_told_once_with_the_one_that_was_meant(chosen: Chosen) -> None:
    (wrong,) = chosen({Kind.STORE: "\n      name: s3\n      bukcet: shop-state"})[Kind.STORE]
    assert wrong.line == chosen.lines[Kind.STORE] + 2
    assert (named(wrong.what), named(wrong.expected)) == ({"bukcet"}, {"bucket"})


@pytest.mark.parametrize("near", ["nme", "bukcet"])
def test_a_key_that_is_there_is_not_suggested(chosen: Chosen, near: str) -> None:
    (wrong,) = chosen({Kind.STORE: f"{{name: s3, bucket: shop-state, {near}: x}}"})[Kind.STORE]
    assert named(wrong.what) == {near}
    assert named(wrong.expected) == set()


def test_a_key_of_another_product_is_unknown(chosen: Chosen) -> None:
    found = chosen({Kind.STORE: "{name: s3, bucket: shop-state, folder: records}"})[Kind.STORE]
    assert [named(problem.what) for problem in found] == [{"folder"}]


@pytest.mark.parametrize("form", ["{}x", "\n      name: {}x"])
def test_a_wrong_name_is_told_at_its_line_with_the_nearest(chosen: Chosen, form: str) -> None:
    near = {kind: catalogue.of_kind(kind)[0].name for kind in Kind}
    for kind, found in chosen({kind: form.format(name) for kind, name in near.items()}).items():
        (wrong,) = found
        assert wrong.line == chosen.lines[kind] + form.count("\n")
        assert (named(wrong.what), named(wrong.expected)) == ({f"{near[kind]}x"}, {near[kind]})


def test_a_name_that_is_like_none_is_told_with_all_of_its_kind(chosen: Chosen) -> None:
    for kind, (wrong,) in chosen(dict.fromkeys(Kind, "zzzz")).items():
        assert named(wrong.expected) == known(kind)


@pytest.mark.parametrize("written", ["${domain}", '{name: "${environment}"}'])
def test_a_placeholder_cannot_choose_the_product(chosen: Chosen, written: str) -> None:
    for kind, (wrong,) in chosen(dict.fromkeys(Kind, written)).items():
        assert named(wrong.what) == set(re.findall(r"\$\{\w+\}", written))
        assert named(wrong.expected) == known(kind)


@pytest.mark.parametrize("written", ["5", "[]", "{}", "", "{nmae: x}", "{name: 5}"])
def test_what_names_no_product_is_told_with_all_of_its_kind(chosen: Chosen, written: str) -> None:
    kinds = set(Kind) if written else set(Kind) - OPTIONAL
    for kind, found in chosen(dict.fromkeys(kinds, written)).items():
        assert any(known(kind) <= named(problem.expected) for problem in found)


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


@pytest.mark.parametrize("written", ["files", "{name: files}", "{name: files, folder: records}", "filse"])
def test_a_store_that_keeps_no_state_is_not_suggested_for_it(edit: Edit, problems: Problems, written: str) -> None:
    edit(STATE, f"state: {written}")
    (wrong,) = problems()
    able = {each.name for each in catalogue.of_kind(Kind.STORE) if Capability.ENGINE_STATE not in each.lacks}
    assert named(wrong.expected) == able


MISPLACED = [
    (
        "provider: openbao",
        "provider: vault\n  address: x  # here",
        "provider: {name: vault, address: …}",
    ),
    ("provider: openbao", "address: https://bao.example  # here", "provider: {name: openbao, address: …}"),
    ("provider: acme", "provider: {name: acme}\n  directory: x  # here", "provider: {name: acme, directory: …}"),
    ("provider: acme", "directory: https://ca.example  # here", "provider: {name: acme, directory: …}"),
    ("provider: route53", "server: ns1.example  # here", "provider: {name: rfc2136, server: …}"),
    ("provider: route53", "key: ours  # here", "provider: {name: rfc2136, key: …}"),
    (PLACES[Kind.MONITORING][0], "namespace: ${engagement}  # here", "provider: {name: cloudwatch, namespace: …}"),
    (STATE, "bucket: shop-state  # here", "state: {name: s3, bucket: …}"),
    (STATE, "state: {provider: s3, bucket: shop-state}  # here", "state: {name: s3, …}"),
    (STATE, "state: {provider: postgresql}  # here", "state: {name: postgresql}"),
    (STATE, "state:\n      bucket: shop-state\n      product: s3  # here", "state: {name: s3, …}"),
    (ROOT, ROOT + "    engine: {nmae: terraform}  # here\n", "engine: {name: terraform}"),
]


@pytest.mark.parametrize(("old", "new", "form"), MISPLACED)
def test_a_products_key_in_another_place_is_told_where_it_goes(
    folder: Path, edit: Edit, problems: Problems, old: str, new: str, form: str
) -> None:
    edit(old, new)
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    (wrong,) = [problem for problem in problems() if lines[problem.line - 1].endswith("# here")]
    assert named(wrong.expected) == {form}
