"""What a digest sees of the file: content, however it is written; not where a product is, nor what is default."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from provisioning_assets.assets.assembly import assemble
from provisioning_assets.backends import catalogue
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.content import content_of
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.engagement.products import DnsSettings, identity_keys, needs
from provisioning_assets.engagement.sections import Certificates, Dns, Model, Secrets

Edit = Callable[..., None]
Digests = dict[tuple[str, str], tuple[str, str]]

ROOT = "    root: terraform/stages/networking\n"
STATE = "state: {name: s3, bucket: demo-shop-staging-state}"


def digests(folder: Path) -> Digests:
    graph = assemble(load_engagement(folder))
    return {task.key: (graph.digests(task).content, graph.digests(task).shared) for task in graph.tasks}


def differing(folder: Path, before: Digests) -> set[str]:
    return {name for (environment, name), now in digests(folder).items() if now != before[environment, name]}


FULL_FORMS = [
    ("provider: route53", "provider: {name: route53}"),
    ("provider: acme", "provider: {name: acme}"),
    ("  provider: openbao\n", ""),
    ("provider: ssm", "provider: {name: ssm}"),
    (ROOT, f"{ROOT}    engine: {{name: terraform}}\n"),
]
DEFAULTS = [
    (ROOT, f"{ROOT}    after: []\n    engine: {{name: terraform, program: terraform}}\n"),
    (", period: 10, periods: 1}", ", period: 10}"),
    ("  log_retention_days: 30\n  probes", "  probes"),
    ("\ndifferences:", "\nsafety: {deleted: 0.5}\n\ndifferences:"),
]
ADDRESSES = [
    ("provider: openbao", 'provider: {name: openbao, address: "https://bao.${domain}"}'),
    ("provider: acme", 'provider: {name: acme, directory: "https://ca.example/directory"}'),
    (STATE, "state: {name: s3, bucket: another-state}\n    ledger: {name: files, folder: records}"),
    ("    profile: sandbox\n", ""),
]


@pytest.mark.parametrize("edits", [FULL_FORMS, DEFAULTS, ADDRESSES], ids=["full forms", "defaults", "addresses"])
def test_what_is_no_content_changes_no_digest(folder: Path, edit: Edit, edits: list[tuple[str, str]]) -> None:
    before = digests(folder)
    for old, new in edits:
        edit(old, new)
    assert differing(folder, before) == set()


def test_content_that_changes_is_in_its_digests(folder: Path, edit: Edit) -> None:
    before = digests(folder)
    edit("log_retention_days: 30\n  probes", "log_retention_days: 60\n  probes")
    assert differing(folder, before) == {"monitoring", "verified_environment", "launch_readiness"}
    edit("provider: openbao", "provider: vault")
    assert "secrets" in differing(folder, before)
    assert "networking" not in differing(folder, before)
    edit(ROOT, f"{ROOT}    engine: {{name: terraform, program: tofu}}\n")
    assert "networking" in differing(folder, before)


@pytest.mark.parametrize("product", catalogue.of_kind(Kind.SECRETS), ids=lambda each: each.name)
def test_an_identity_setting_is_no_content(product: Product) -> None:
    own = dict.fromkeys(identity_keys(product.settings) - set(needs(product.settings)), "https://bao.agency.example")
    assert content_of(Secrets, {"provider": {"name": product.name, **own}})["provider"] == {"name": product.name}


def test_a_binding_of_an_account_is_no_content() -> None:
    bound = {"name": "acme", "eab_key_id": "kid-1"}
    assert content_of(Certificates, {"provider": bound}) == content_of(Certificates, {"provider": "acme"})


def test_how_names_are_proven_is_content_and_where_is_not() -> None:
    def content(**settings: str) -> object:
        return content_of(Certificates, {"provider": {"name": "acme", **settings}})

    assert content(challenge="dns-01") == content()
    assert content(challenge="http-01", webroot="/srv") != content()
    assert content(challenge="http-01", webroot="/srv") == content(challenge="http-01", webroot="s3://edge/site")


def test_that_certificates_are_imported_is_content_and_where_is_not() -> None:
    def content(written: object) -> object:
        return content_of(Certificates, {"import_into": written})

    assert content(None) == content_of(Certificates, {})
    assert "import_into" not in content_of(Certificates, {})
    assert content("acm") != content(None)
    assert content("acm") == content({"name": "acm"}) == content({"name": "acm", "region": "us-east-1"})


@pytest.mark.parametrize(("key_type", "same"), [("ec256", True), ("rsa2048", False)])
def test_the_usual_type_of_a_key_changes_no_digest(key_type: str, *, same: bool) -> None:
    own = {"name": "shop", "names": ["shop.example"]}
    before = content_of(Certificates, {"certificates": [own]})
    assert (content_of(Certificates, {"certificates": [{**own, "key_type": key_type}]}) == before) == same


@pytest.mark.parametrize("written", ["route53", {"name": "route53"}])
def test_both_forms_of_a_product_are_one_content(written: object) -> None:
    section = {"provider": written, "zone": "shop.example"}
    assert content_of(Dns, section) == content_of(Dns, {"zone": "shop.example"})
    assert content_of(Dns, section)["provider"] == {"name": "route53"}


def test_a_product_is_part_of_the_content_even_where_it_is_the_default() -> None:
    assert content_of(Secrets, {})["provider"] != content_of(Secrets, {"provider": "vault"})["provider"]


class Tuned(Settings):
    """A product with every kind of setting."""

    name: Literal["tuned"] = "tuned"
    server: Annotated[str, IDENTITY]
    """Where it is."""
    view: str
    """What it is to hold, which must be said."""
    retries: int = 3
    """With a default."""
    tags: tuple[str, ...] = ()
    """The same, in a list."""


class Inner(Model):
    """A part of a section."""

    size: int = 1
    """With a default."""
    label: str
    """Without one."""


class Section(Model):
    """A section with all that there is."""

    provider: DnsSettings
    """The product."""
    zone: str
    """Required."""
    ttl: int = 300
    """With a default."""
    parts: tuple[Inner, ...] = ()
    """A list."""
    schema_version: Annotated[int, Field(alias="schema")] = 1
    """With another name in the file."""


@pytest.fixture
def tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product is in the catalogue."""
    made = Product(Kind.DNS, Tuned, "nowhere:Nothing", proven="nowhere")
    monkeypatch.setattr(catalogue, "PRODUCTS", (*catalogue.PRODUCTS, made))


@pytest.mark.usefixtures("tuned")
def test_of_a_product_its_content_counts_alone() -> None:
    def provider(**written: object) -> object:
        return content_of(Section, {"provider": {"name": "tuned", **written}, "zone": "z"})["provider"]

    told = {"name": "tuned", "view": "internal"}
    assert provider(server="ns.example", view="internal") == told
    assert provider(server="other.example", view="internal", retries=3, tags=[]) == told
    assert provider(server="ns.example", view="internal", retries=4, tags=["a"]) == {
        **told,
        "retries": 4,
        "tags": ["a"],
    }
    assert provider(server="ns.example", view="external") != told


def test_a_default_is_left_out_however_deep_it_lies() -> None:
    bare = {"provider": "route53", "zone": "z", "parts": [{"label": "a"}, {"label": "b", "size": 2}]}
    full = {**bare, "ttl": 300, "schema": 1, "parts": [{"label": "a", "size": 1}, {"label": "b", "size": 2}]}
    assert content_of(Section, bare) == content_of(Section, full)
    assert content_of(Section, full)["parts"] == [{"label": "a"}, {"label": "b", "size": 2}]
    assert content_of(Section, {**full, "schema": 2}) == {**content_of(Section, bare), "schema": 2}


def test_what_must_be_said_stays_whatever_it_is() -> None:
    assert content_of(Section, {"provider": "route53", "zone": ""})["zone"] == ""


def test_a_placeholder_is_content_as_it_is_written() -> None:
    assert content_of(Section, {"provider": "route53", "zone": "${domain}", "ttl": "${ttl}"}) == {
        "provider": {"name": "route53"}, "zone": "${domain}", "ttl": "${ttl}"
    }  # fmt: skip
