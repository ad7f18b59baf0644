"""Each way in which an engagement can be wrong is said at its line, in words, with what is expected."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.core.kinds import Capability
from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

KEYS_AND_TYPES = [
    ("client: Demo", "klient: Demo", "klient:", "`klient`", "`client`"),
    ("client: Demo Shop Ltd\n", "", "# yaml-language-server", "`client`", ""),
    ("client: Demo Shop Ltd", "client: 5", "client:", "`client`", ""),
    ("client: Demo Shop Ltd", "client:", "client:", "`client`", ""),
    ("schema: 1", "schema: 2", "schema:", "`schema`", "1"),
    ("promotion: incremental", "promotion: bigbang", "promotion: bigbang", "'bigbang'", "'big-bang'"),
    ("09T06:00:00+01:00", "09T06:00:00", "opens:", "`opens`", "2026-12-08T06:00:00+01:00"),
    ("closes: 2036-12-09T10:00:00+01:00", "closes: soon", "closes:", "'soon'", "2026-12-08T06:00:00+01:00"),
    ("- name: networking", "- name: Net-Working", "Net-Working", "'Net-Working'", "_"),
    ("ttl: 60, values: [127", 'ttl: "60", values: [127', '"60"', "`ttl`", ""),
    ("ttl: 60, values: [127", "ttl: 0, values: [127", "ttl: 0", "`ttl`", "1"),
    ("values: [127.0.0.1]", "values: 127.0.0.1", "values: 127", "`values`", ""),
    ("type: AAAA", "type: AAA", "type: AAA,", "`type`", "'AAAA'"),
    ("values: [127.0.0.1]", "values: [127.0.0.1, 3]", "127.0.0.1, 3", "`values[1]`", ""),
    ("generate: 32", "generate: 3", "generate: 3}", "`generate`", "16"),
    ("{generate: 32}", "{generat: 32}", "generat:", "`source`", "`environment`, `file` or `generate`"),
    ("{generate: 32}", "hunter2", "hunter2", "`source`", "`environment`, `file` or `generate`"),
    ("rotate_every: P90D", "rotate_every: 90", "rotate_every: 90", "`rotate_every`", "P90D"),
    ("period: 10,", "period: 11,", "period: 11", "`period`", "30"),
    ("variables: {log_retention_days: 30}", "variables: [1]", "variables: [1]", "`variables`", ""),
    ("roles:\n", "roles: nobody\nwho:\n", "roles: nobody", "`roles`", ""),
]
LAUNCH = [
    ("engagement: demo_shop", "engagement: other", "engagement: other", "other", "demo_shop"),
    ("closes: 2036-12-09T10", "closes: 2036-12-09T05", "closes:", "", "2036-12-09 06:00"),
    ("freeze: 2036-12-05", "freeze: 2036-12-24", "freeze:", "", "2036-"),
    ("name: production\n", "name: staging\n", "name: staging\n", "staging", ""),
    ("demo-shop-production-state", "demo-shop-staging-state", "", "staging", ""),
]
DIFFERENCES = [
    ('cidr: "${vpc_cidr}"', 'cidr: "${vpc_cdir}"', "vpc_cdir", "`${vpc_cdir}`", "`vpc_cidr`"),
    ('cidr: "${vpc_cidr}"', 'cidr: "${vpc-cidr}"', "vpc-cidr", "`${vpc-cidr}`", "`${name}`"),
    ("10.20.0.0/16, production: 10.10.0.0/16}", "10.20.0.0/16}", "", "`vpc_cidr`", ""),
    ("production: 10.10.0.0/16}", "production: }", "", "`vpc_cidr`", ""),
    ("{staging: 10.20", "{stagin: 10.20", "stagin: 10", "environment stagin", "`staging`"),
    ("  vpc_cidr:\n", "  region:\n", "  region:\n", "`region`", ""),
    ('cidr: "${vpc_cidr}"', "cidr: 10.0.0.0/8", "  vpc_cidr:", "`vpc_cidr`", ""),
    ('domain: "${domain}"', "domain: demo-shop.example", "", "`domain`", "`${domain}`"),
    ("[app]", "[staging-app]", "[staging-app]", "`staging`", "`${environment}`"),
    ('ttl: 300, values: ["2001', "ttl: '${ttl}', values: [\"2001", "${ttl}", "`${ttl}`", ""),
]
RECORDS = [
    ("{name: api", "{name: api.other.com", "api.other.com", "other", ""),
    ("{name: api", "{name: api.other.net.", "api.other.net.", "other", ""),
    ("{name: api", '{name: "api.${domain}"', 'name: "api.$', "api.", "`api`"),
    ("{name: api", "{name: -api", "-api", "-api", ""),
    ("{name: status, type: CNAME", '{name: "@", type: CNAME', "CNAME", "CNAME", ""),
    ("{name: status, type: CNAME", "{name: api, type: CNAME", "CNAME", "api", ""),
    ('["api.${domain}."]', '["api.${domain}"]', "CNAME", "CNAME", ""),
    ("ttl: 60, values: [127.0.0.1]", "ttl: 60", "ttl: 60}", "@ A", "`values` or `alias`"),
    ('alias: "${domain}"', 'alias: "${domain}", values: [::1]', "[::1]", "www A", ""),
    ('alias: "${domain}"', 'alias: "shop.${domain}"', "alias:", "shop.", ""),
    ("{name: api, type: A", "{name: www, type: A", "{name: www, type: A, ttl", "www A", ""),
    ("values: [127.0.0.1]", "values: [127.0.0.256]", "256", "`127.0.0.256`", "192.0.2.1"),
    ('["2001:db8::10"]', '["2001:db8:::10"]', ":::10", "`2001:db8:::10`", "2001:db8::1"),
    ('"10 mx1.mail.example."', '"mx1.mail.example."', '["mx1', "MX", ""),
    ('0 issue "letsencrypt.org"', "issue letsencrypt.org", "CAA", "CAA", "letsencrypt.org"),
    ('["v=spf1', '["v=spf1 -all", "v=spf1', "v=spf1", "SPF", ""),
    ('["v=DMARC1', '[\'"v=DMARC1"\', "v=DMARC1', "v=DMARC1", "TXT", ""),
    ("zone: ${domain}", "zone: ${domain}.", "zone:", "demo-shop.example.", ""),
    ('["api.${domain}."]', '["api.${domain}.", "www.${domain}."]', "CNAME", "CNAME", ""),
    ("values: [127.0.0.1]", "values: [127.0.0.1, 127.0.0.1]", "127.0.0.1, 1", "127.0.0.1", ""),
    ('type: A, alias: "${domain}"', 'type: TXT, alias: "${domain}"', "TXT, alias", "TXT", "AAAA"),
]
CERTIFICATES_AND_REFERENCES = [
    ('"www.${domain}", "api', '"www.other.example", "api', "www.other", "www.other.example", "demo-shop.example"),
    ('"www.${domain}", "api', '"ww_w.${domain}", "api', "ww_w", "`ww_w.", "`www.example.com`"),
    ('["*.${domain}"]', '["*.${domain}", "a.${domain}"]', "a.$", "*.", ""),
    ('      served_at: ["status.${domain}"]\n', "", "- name: wildcard", "wildcard", "`served_at`"),
    ('served_at: ["status', 'served_at: ["a.status', "a.status", "a.status", ""),
    ("provider: acme", "provider: {name: acme, eab_key_id: two words}", "two words", "`eab_key_id`", "without spaces"),
    ("provider: acme", "provider: {name: acme, eab_hmac_key: geheim}", "geheim", "`eab_hmac_key`", "`eab_key_id`"),
    ("provider: acme", "provider: {name: acme, challenge: http-01}", "challenge:", "`webroot`", "http-01"),
    ("provider: acme", "provider: {name: acme, webroot: s3://edge}", "webroot:", "`webroot`", "http-01"),
    ("provider: acme", "provider: {name: acme, challenge: http-01, webroot: www}", "www}", "`webroot`", "s3://"),
    ("provider: acme", "provider: {name: acme, challenge: http-1}", "http-1", "'http-1'", "'http-01'"),
    ("provider: acme", "provider: {name: acme, challenge: http-01, webroot: /srv}", 'names: ["*', "*.", "dns-01"),
    ('["*.${domain}"]', '["*.${domain}"]\n      key_type: rsa1024', "rsa1024", "'rsa1024'", "'rsa2048'"),
    ("name: session-key", "name: database-password", "", "database-password", ""),
    ("name: ci-deploy-key", "name: certificate-shop", "certificate-shop", "certificate-shop", ""),
    ("name: ci-deploy-key", "name: pending-certificate-shop", "pending-certificate", "pending-certificate-shop", ""),
    ("name: ci-deploy-key", "name: acme-account", "acme-account", "acme-account", ""),
    ("[database-password,", "[database-pasword,", "pasword", "`database-pasword`", "`database-password`"),
    ("[database-password,", "[ci-deploy-key,", "[ci-deploy-key", "`ci-deploy-key`", "`"),
    ("probe: shop,", "probe: shpo,", "shpo", "`shpo`", "`shop`"),
    ("https://${domain}/healthz", "https://shop.other.example/", "other.example", "other.example", "demo-shop.example"),
    ("https://${domain}/healthz", "${domain}/healthz", "/healthz", "/healthz", "https://"),
    ('["*.${domain}"]', '["*.${domain}", "*.${domain}"]', '["*.$', "*.", ""),
    ("rotate_every: P30D", "rotate_every: P0D", "P0D", "", "P90D"),
    ("https://${domain}/healthz", "https://[::1/healthz", "[::1", "[::1", "https://"),
    ("  dashboards:\n", '    - {name: shop, url: "https://${domain}/"}\n  dashboards:\n', '/"}', "shop", ""),
    ("prefix: /${engagement}", "prefix: ${engagement}", "prefix:", "demo_shop/", "`/`"),
]
SEPARATION = [
    ("zone: ${domain}", "zone: demo-shop.example", "zone:", "staging and production", ""),
    ("/${environment}/config", "/config", "prefix:", "staging and production", "${environment}"),
    ("namespace: ${engagement}/${environment}", "namespace: shop", "namespace:", "staging and production", ""),
    ("staging-state}", "staging-state}\n    ledger: {name: files, folder: ../records}", "../records", "../records", ""),
    ("staging-state}", "staging-state}\n    ledger: {name: files, folder: /records}", "/records", "/records", ""),
    ("provider: acme", "provider: {name: manual, folder: ../x}", "folder: ../x", "`folder`", "below"),
    ("staging-state}", 'staging-state}\n    account: "1234"', "account:", "`account`", "12 digits"),
    ("{name: s3, bucket: demo-shop-staging-state}", "{name: s4, bucket: x}", "name: s4", "`s4`", "`s3`"),
    ("{name: s3, bucket: demo-shop-staging-state}", "{name: files, folder: records}", "name: files", "", "`s3`"),
    ('[config/common.yaml, "config/${environment}.yaml"]', "[]", "files:", "`files`", "1"),
]
STAGES = [
    ("name: datastores", "name: networking", "", "stages called networking", ""),
    ("name: datastores", "name: certificates", "", "`certificates`", ""),
    ("root: terraform/stages/compute", "root: terraform/stages/none", "/none", "terraform/stages/none", "*.tf"),
    ("root: terraform/stages/compute", "root: /etc", "root: /etc", "/etc", ""),
    ("compute\n    var", "compute\n    after: [netwroking]\n    var", "netwroking", "`netwroking`", "`networking`"),
    ('{cidr: "${vpc', '{cidrs: "${vpc', "cidrs", "`cidrs`", "`cidr`"),
]
SECRET_VALUES = [
    ("{log_retention_days: 30}", "{database_password: geheim}", "database_password", "", "`secrets`"),
    ("{log_retention_days: 30}", "{k: AKIAIOSFODNN7EXAMPLE}", "{k: AKIA", "", "`secrets`"),
    ("{log_retention_days: 30}", '{k: "-----BEGIN RSA PRIVATE KEY-----"}', "BEGIN", "", "`secrets`"),
    ("{log_retention_days: 30}", "{k: ghp_0123456789abcdefghij0123456789abcdef}", "ghp_", "", "`secrets`"),
    ("{log_retention_days: 30}", "{k: sk_live_0123456789abcdef}", "sk_live", "", "`secrets`"),
    ("{log_retention_days: 30}", "{k: wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY}", "wJalr", "", "`secrets`"),
    ("{log_retention_days: 30}", '{url: "postgres://app:geheim@db/shop"}', "postgres", "", "`secrets`"),
    ("      purpose: runtime\n", "      purpose: runtime\n      value: geheim\n", "value:", "a secret", "`secrets`"),
]


@pytest.mark.parametrize(
    ("old", "new", "at", "named", "meant"),
    [
        *KEYS_AND_TYPES, *LAUNCH, *DIFFERENCES, *RECORDS, *CERTIFICATES_AND_REFERENCES, *SEPARATION, *STAGES,
        *SECRET_VALUES,
    ],
)  # fmt: skip
def test_a_problem_names_its_line(
    folder: Path, edit: Edit, problems: Problems, old: str, new: str, at: str, named: str, meant: str
) -> None:
    edit(old, new)
    everything = problems()
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    (found,) = [p for p in everything if (at or new.strip()).strip() in lines[p.line - 1] and named in p.what]
    assert found.file == "engagements/demo_shop/engagement.yaml"
    assert meant in found.expected
    said = "\n".join(map(str, everything))
    assert not any(secret in said for secret in ("geheim", "hunter2", "IOSFODNN7", "0123456789", "wJalr"))


def test_a_name_that_is_proven_over_http_may_lie_elsewhere(edit: Edit, problems: Problems) -> None:
    edit('"www.${domain}", "api', '"shop.elsewhere.example", "api')
    edit('names: ["*.${domain}"]', 'names: ["status.${domain}"]')
    assert any("shop.elsewhere.example" in problem.what for problem in problems())
    edit("provider: acme", 'provider: {name: acme, challenge: http-01, webroot: "s3://edge/${environment}"}')

    assert problems() == []


def test_a_name_that_dns_need_not_prove_may_lie_elsewhere(
    edit: Edit, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit('"www.${domain}", "api', '"db.corp.internal", "api')
    assert any("db.corp.internal" in problem.what for problem in problems())
    signs = {Capability.CHALLENGES: "it signs for whom its role allows"}
    rows = [replace(each, lacks=signs) if each.name == "acme" else each for each in catalogue.PRODUCTS]
    monkeypatch.setattr(catalogue, "PRODUCTS", tuple(rows))

    assert problems() == []


@pytest.mark.parametrize(
    ("old", "new", "there"),
    [
        ("client: Demo", "clent: x\nclient: Demo", "client"),
        ("{name: api", "{nme: x, name: api", "name"),
        ("{staging: 10.20", "{stagin: 1, staging: 10.20", "staging"),
        ('{cidr: "${vpc', '{cidrs: 1, cidr: "${vpc', "cidr"),
    ],
)
def test_what_is_there_already_is_not_suggested(edit: Edit, problems: Problems, old: str, new: str, there: str) -> None:
    edit(old, new)
    found = problems()
    assert found
    assert [problem for problem in found if f"`{there}`" in problem.expected] == []


def test_production_needs_an_environment_before_it(folder: Path, edit: Edit, problems: Problems) -> None:
    staging = "  - name: staging\n    region: eu-central-1\n    profile: sandbox\n"
    edit(f"{staging}    state: {{name: s3, bucket: demo-shop-staging-state}}\n", "")
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[problems()[0].line - 1] == "  - name: production"


def test_a_cycle_names_both_lines_and_the_way_out(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("stages/datastores\n", "stages/datastores\n    after: [compute]\n")
    edit("stages/compute\n", "stages/compute\n    after: [datastores]\n")
    (found,) = problems()
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    first, second = (lines.index(f"    after: [{name}]") + 1 for name in ("compute", "datastores"))
    assert found.line == first
    for name, line in (("datastores", first), ("compute", second)):
        assert f"{name} in line {line}" in found.what
    assert "`after`" in found.expected


def test_no_stage_left_before_the_certificates_is_a_cycle(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("stages/networking\n", "stages/networking\n    after: [certificates]\n")
    (found,) = problems()
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[found.line - 1] == "    after: [certificates]"
    assert "networking" in found.what


def test_a_stage_after_certificates_is_no_cycle(folder: Path, edit: Edit, problems: Problems) -> None:
    code = folder.parents[1] / "terraform/stages"
    shutil.copytree(code / "compute", code / "listeners")
    listeners = "  - name: listeners\n    root: terraform/stages/listeners\n    after: [certificates]\n"
    edit("\n# The zone is made", f"{listeners}\n# The zone is made")
    assert problems() == []


def test_everything_is_reported_together_in_order(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("client: Demo", "klient: Demo")
    edit("freeze: 2036-12-05", "freeze: 2036-12-24")
    edit("    variables: {log", "    varables: {log")
    edit("name: status,", "name: status.other.com,")
    edit("stages/datastores\n", "stages/datastores\n    after: [compute]\n")
    edit("owner: Dana Novak\n", "owner: Dana Novak\n      value: geheim\n")
    edit("basket_items: 50", "basket_items:", "config/common.yaml")
    found = problems()
    texts = {
        name: (folder / name).read_text(encoding="utf-8").splitlines()
        for name in ("engagement.yaml", "config/common.yaml")
    }
    told = [texts[each.file.removeprefix("engagements/demo_shop/")][each.line - 1] for each in found]
    told = [line.partition(" values:")[0].strip() for line in told]
    assert told == [
        "basket_items:", "klient: Demo Shop Ltd", "freeze: 2036-12-24T18:00:00+01:00", "after: [compute]",
        "varables: {log_retention_days: 30}", "- {name: status.other.com, type: CNAME, ttl: 60,",
        "value: geheim", "value: geheim",
    ]  # fmt: skip
    assert found == sorted(found)


def test_a_placeholder_that_is_wrong_is_told_once_with_all_its_lines(
    folder: Path, edit: Edit, problems: Problems
) -> None:
    edit("  domain:\n", "  domian:\n")
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    users = [number for number, line in enumerate(lines, 1) if "${domain}" in line]
    (found,) = [each for each in problems() if each.line in users]
    assert found.line == users[0]
    assert all(str(line) in found.what for line in users[1:])
    assert "`domian`" in found.expected


def test_the_same_problem_of_two_environments_is_said_once(edit: Edit, problems: Problems) -> None:
    edit("values: [127.0.0.1]", "values: [127.0.0.256]")
    assert len(problems()) == 1


@pytest.mark.parametrize(("old", "new"), [("period: 10,", "period: 11,"), ("{name: shop, file:", "{nam: shop, file:")])
def test_a_wrong_item_does_not_make_its_list_too_short(edit: Edit, problems: Problems, old: str, new: str) -> None:
    edit(old, new)
    assert len(problems()) == 1


def test_a_typed_placeholder_is_judged_after_filling(edit: Edit, problems: Problems) -> None:
    edit("differences:\n", "differences:\n  ttl: {owner: A, reason: b, values: {staging: 60, production: 0}}\n")
    edit('ttl: 300, values: ["2001', 'ttl: "${ttl}", values: ["2001')
    (found,) = problems()
    assert "`ttl`" in found.what
