"""What would fail late, or harm, is refused when the file is read: at its line, with what to write instead."""

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

STATE = "{name: s3, bucket: demo-shop-staging-state}"
API = "{name: api, type: A, ttl: 60, values: [127.0.0.1]}"
DOMAINS = "{staging: staging.demo-shop.example"
LABEL, NAME = "a" * 64, ".".join(["a" * 60] * 4)
GENERATED = "source: {generate: 48}"
PREFIX = "prefix: /${engagement}/${environment}/config"

STORES = [
    *((STATE, f"{STATE}\n    ledger: {{name: files, folder: {folder}}}") for folder in (
        ".git", ".git/ledger", ".", "./", "terraform", "terraform/stages/compute/record", "~/x",
        "engagements/demo_shop/record", "engagements", "README.md",
        "README.md/record", "kept", "/srv/record", "../record", "a/../../record",
    )),
    *((STATE, f"{{name: postgresql, schema_name: {schema}}}") for schema in (
        "pg_catalog", "pg_x", "information_schema", "Shop", "''",
    )),
    *((STATE, f"{{name: s3, bucket: '{bucket}'}}") for bucket in (
        "a..b", "192.0.2.1", "a.-b", "a-.b", "xn--a", "aB", "ab", "",
    )),
    ("provider: acme", "provider: {name: openbao_pki, role: server, mount: a b}"),
    ("provider: acme", "provider: {name: openbao_pki, role: a/b}"),
    ("provider: acme", "provider: {name: acm_pca, arn: 'arn:aws:acm-pca'}"),
    ("region: eu-central-1", "region: ''"),
    ("region: eu-central-1", "region: eu_central_1"),
    ("region: eu-central-1", "region: EU-Central-1"),
    ("region: eu-central-1", "region: 'eu-central-1 '"),
    ("region: eu-central-1", "region: eu-central-1\n    account: '١٢٣٤٥٦٧٨٩٠١٢'"),
]  # fmt: skip
RECORDS = [
    (API, "{name: api, type: AAAA, values: ['2001:db8::1', '2001:DB8:0::1']}"),
    (API, "{name: api, type: MX, values: ['10 mx.example.', '10 MX.example.']}"),
    (API, f"{{name: {LABEL}, type: A, values: [127.0.0.1]}}"),
    (API, f"{{name: {NAME}, type: A, values: [127.0.0.1]}}"),
    (API, "{name: münchen, type: A, values: [127.0.0.1]}"),
    (API, "{name: _acme-challenge, type: TXT, values: [x]}"),
    (API, "{name: _acme-challenge.www, type: CNAME, values: [x.example.]}"),
    (API, "{name: '@', type: NS, values: [ns1.example.]}"),
    (API, f"{{name: api, type: TXT, values: ['{'x' * 4097}']}}"),
    (API, f"{{name: api, type: TXT, values: ['{'x' * 4000}', '{'y' * 97}']}}"),
    *((DOMAINS, f"{{staging: '{zone}'") for zone in (
        "a b-staging", "-x.example", "x-.example", "münchen.example", "x..example", ".example", "x_.ex ample",
        f"{LABEL}.example", f"{NAME}.example", "Shop.example", "shop.example.", "''",
    )),
    ('["*.${domain}"]', '["a b.${domain}"]'),
    ('["*.${domain}"]', '["a.*.${domain}"]'),
    ('["*.${domain}"]', '["münchen.${domain}"]'),
    ('served_at: ["status.${domain}"]', 'served_at: ["*.${domain}"]'),
]  # fmt: skip
SERVICES = [
    *(("https://${domain}/healthz", url) for url in (
        "https://${domain}:99999/", "https://${domain}:0/", "https://${domain}:x/", "https://${domain}/a\\nb",
        "https://${domain}/a b", "https://a@${domain}/", "https://a b.${domain}/",
    )),
    *(("logs: [app]", f"logs: ['{name}']") for name in ("", "/app", "app/", "a b", "a:b", "a//b", "ä", "a" * 201)),
    *((PREFIX, f"prefix: {prefix}") for prefix in (
        "/aws/${environment}", "/ssm/${environment}", "/awsome/${environment}", "/${engagement}//${environment}",
        "'/${engagement}/${environment} x'", "/${environment}/", "/",
    )),
    *(("namespace: ${engagement}/", f"namespace: {name}") for name in ("AWS/${engagement}/", "a b/", ":x/")),
    *((GENERATED, f"source: {{environment: '{name}'}}") for name in (
        "", "A=B", "A B", "1A", "VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "TF_TOKEN_x", "PGPASSWORD",
        "PROVISIONING_PASS_ON",
    )),
    *((GENERATED, f"source: {{file: '{file}'}}") for file in ("README.md", "secret", "", "{repository}/README.md")),
    ("root: terraform/stages/datastores", "root: ./terraform/stages//compute"),
]  # fmt: skip
PEOPLE = [
    ("client: Demo Shop Ltd", "client: ''"),
    ("client: Demo Shop Ltd", "client: '  '"),
    ("{name: Alice Moreau,", "{name: '',"),
    ("owner: Bram de Wit\n    reason", "owner: ''\n    reason"),
    ("owner: Dana Novak", "owner: ' '"),
    *(("email: alice@agency.example", f"email: '{address}'") for address in (
        "", "alice", "alice@", "@agency.example", "alice@agency", "a b@agency.example", "a@b@agency.example",
    )),
    ("contact: certificates@agency.example", "contact: nobody"),
]  # fmt: skip
NUMBERS = [
    *(("promotion: incremental", f"safety: {{deleted: {share}}}") for share in ("'0.5'", ".nan", "2", "[]", "yes")),
]


@pytest.mark.parametrize(("old", "new"), [*STORES, *RECORDS, *SERVICES, *PEOPLE, *NUMBERS])
def test_it_is_refused_with_its_line_and_what_to_write(
    folder: Path, edit: Edit, problems: Problems, old: str, new: str
) -> None:
    repository = folder.parents[1]
    (repository / "README.md").write_text("x", encoding="utf-8")
    (repository / "kept").mkdir()
    (repository / "kept" / "work").write_text("x", encoding="utf-8")
    edit(old, new.replace("{repository}", str(repository)))
    found = problems()
    assert found
    for each in found:
        assert each.line
        assert each.expected
        assert "Input" not in str(each), "the words of a library"
        assert not {"^", "$)", "[a-z"} & set(each.expected.split()), "an expression"


@pytest.mark.parametrize("zone", ["a b-staging", "-x.example", "münchen.example"])
def test_a_zone_that_is_no_domain_name_is_told_itself(folder: Path, edit: Edit, problems: Problems, zone: str) -> None:
    edit(DOMAINS, f"{{staging: '{zone}'")
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    at_zone = [each for each in problems() if lines[each.line - 1].strip().startswith("zone: $")]
    assert [zone in each.what for each in at_zone] == [True]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (API, API.replace("api,", "münchen,")),
        (DOMAINS, "{staging: münchen.example"),
        ('["*.${domain}"]', '["münchen.${domain}"]'),
    ],
)
def test_letters_beyond_ascii_are_told_as_dns_has_them(edit: Edit, problems: Problems, old: str, new: str) -> None:
    edit(old, new)
    assert any("xn--mnchen-3ya" in each.expected for each in problems())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("region: eu-central-1", "region: us-gov-east-1"),
        (STATE, f"{STATE}\n    ledger: {{name: s3, bucket: demo-shop-production-state}}"),
        (STATE, f"{STATE}\n    ledger: {{name: files, folder: .provisioning/ledger}}"),
        (STATE, f"{STATE}\n    ledger: {{name: files, folder: made}}"),
        (API, f"{{name: api, type: TXT, values: ['{'x' * 4096}']}}"),
        (API, "{name: shop, type: NS, values: [ns1.example.]}"),
        ("https://${domain}/healthz", "https://${domain}:8443/healthz?a=b"),
        ("logs: [app]", "logs: [app, web/access.log]"),
        (GENERATED, "source: {file: ~/value}"),
        (GENERATED, "source: {environment: AWESOME}"),
    ],
)
def test_what_does_no_harm_is_let_through(folder: Path, edit: Edit, problems: Problems, old: str, new: str) -> None:
    made = folder.parents[1] / "made"
    made.mkdir()
    for name, content in ((".gitignore", "*\n"), (".lock", "")):
        (made / name).write_text(content, encoding="ascii")
    edit(old, new)
    assert problems() == []


@pytest.mark.parametrize("content", ["!!python/object:a.b {a: 1}", "!!python/tuple [1]", "!x {a: 1}", "!!omap []"])
def test_a_tag_on_more_than_a_text_is_refused(edit: Edit, problems: Problems, content: str) -> None:
    edit("variables: {log_retention_days: 30}", f"variables: {content}")
    assert any("the tag" in each.what and each.line for each in problems())


@pytest.mark.parametrize("mark", [".gitignore", ".lock"])
def test_a_folder_that_a_store_has_marked_is_its_own(folder: Path, edit: Edit, problems: Problems, mark: str) -> None:
    kept = folder.parents[1] / "kept"
    (kept / "demo_shop").mkdir(parents=True)
    (kept / mark).touch()
    edit(STATE, f"{STATE}\n    ledger: {{name: files, folder: kept}}")

    assert problems() == []


def test_a_type_of_key_that_the_product_is_never_asked_for_is_refused(edit: Edit, problems: Problems) -> None:
    edit("provider: acme", "provider: acm")
    assert problems() == []
    edit('["*.${domain}"]', '["*.${domain}"]\n      key_type: rsa4096')
    found = {(each.line, each.expected) for each in problems()}
    assert len(found) == 1
    assert "key_type" in next(iter(found))[1]


IMPORTED = "  import_into: acm\n  contact: certificates@"


def test_what_keeps_the_keys_gives_none_to_another_product(edit: Edit, problems: Problems) -> None:
    edit("  contact: certificates@", IMPORTED)
    assert problems() == []
    edit("provider: acme", "provider: acm")

    (wrong,) = {(each.line, each.expected) for each in problems()}

    assert "import_into" in wrong[1]


@pytest.mark.parametrize("region", ["Frankfurt", "eu-central", "us-east-1a", "''"])
def test_copies_in_no_region_are_refused_at_their_line(
    folder: Path, edit: Edit, problems: Problems, region: str
) -> None:
    edit("  contact: certificates@", f"  import_into: {{name: acm, region: {region}}}\n  contact: certificates@")

    (wrong,) = problems()

    line = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()[wrong.line - 1]
    assert "import_into" in line
    assert "region" in wrong.what
