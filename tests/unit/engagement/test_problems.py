"""Each way in which an engagement can be wrong is said at its line, in words, with what is expected."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning_assets.errors import Problem

Problems = Callable[[], list[Problem]]
Edit = Callable[..., None]

KEYS_AND_TYPES = [
    ("client: Demo", "klient: Demo", "klient:", "the key `klient` is unknown", "`client`"),
    ("client: Demo Shop Ltd\n", "", "# yaml-language-server", "the key `client` is missing", ""),
    ("client: Demo Shop Ltd", "client: 5", "client:", "`client` is 5", "a text"),
    ("client: Demo Shop Ltd", "client:", "client:", "`client` is empty", "a text"),
    ("schema: 1", "schema: 2", "schema:", "`schema` is 2", "1"),
    ("promotion: incremental", "promotion: bigbang", "promotion: bigbang", "'bigbang'", "'big-bang'"),
    ("opens: 2036-12-09T06:00:00+01:00", "opens: 2036-12-09T06:00:00", "opens:", "`opens` is", "offset"),
    ("closes: 2036-12-09T10:00:00+01:00", "closes: soon", "closes:", "'soon'", "offset"),
    ("- name: networking", "- name: Net-Working", "Net-Working", "'Net-Working'", "lower-case letters, digits and _"),
    ("ttl: 60, values: [127", 'ttl: "60", values: [127', '"60"', "`ttl` is '60'", "a whole number"),
    ("ttl: 60, values: [127", "ttl: 0, values: [127", "ttl: 0", "`ttl` is 0", "at least 1"),
    ("values: [127.0.0.1]", "values: 127.0.0.1", "values: 127", "`values` is '127.0.0.1'", "a list"),
    ("type: AAAA", "type: AAA", "type: AAA,", "`type` is 'AAA'", "'AAAA'"),
    ("values: [127.0.0.1]", "values: [127.0.0.1, 3]", "127.0.0.1, 3", "`values[1]` is 3", "a text"),
    ("generate: 32", "generate: 3", "generate: 3}", "`generate` is something else", "at least 16"),
    ("{generate: 32}", "{generat: 32}", "generat:", "`source` has none", "`environment`, `file` or `generate`"),
    ("{generate: 32}", "hunter2", "hunter2", "`source` has none", "`environment`, `file` or `generate`"),
    ("rotate_every: P90D", "rotate_every: 90", "rotate_every: 90", "`rotate_every` is 90", "P90D"),
    ("period: 10,", "period: 11,", "period: 11", "`period` is 11", "10, 30 or 60"),
    ("variables: {log_retention_days: 30}", "variables: [1]", "variables: [1]", "`variables` is a list", "keys"),
    ("roles:\n", "roles: nobody\nwho:\n", "roles: nobody", "`roles` is 'nobody'", "keys with values"),
]
LAUNCH = [
    ("engagement: demo_shop", "engagement: other", "engagement: other", "its folder demo_shop", "demo_shop"),
    ("closes: 2036-12-09T10", "closes: 2036-12-09T05", "closes:", "closes before it opens", "2036-12-09 06:00"),
    ("freeze: 2036-12-05", "freeze: 2036-12-24", "freeze:", "the freeze begins after", "a time before"),
    ("name: production\n", "name: staging\n", "name: staging\n", "two environments called staging", "of its own"),
    ("demo-shop-production-state", "demo-shop-staging-state", "", "keep their state in the same place", "of its own"),
]
DIFFERENCES = [
    ('cidr: "${vpc_cidr}"', 'cidr: "${vpc_cdir}"', "vpc_cdir", "`${vpc_cdir}` is not declared", "`vpc_cidr`"),
    ('cidr: "${vpc_cidr}"', 'cidr: "${vpc-cidr}"', "vpc-cidr", "`${vpc-cidr}` is no placeholder", "`${name}`"),
    ("10.20.0.0/16, production: 10.10.0.0/16}", "10.20.0.0/16}", "", "`vpc_cidr` has no value for production", ""),
    ("production: 10.10.0.0/16}", "production: }", "", "`vpc_cidr` is empty for production", ""),
    ("{staging: 10.20", "{stagin: 1, staging: 10.20", "stagin: 1", "there is no environment stagin", "`staging`"),
    ("  vpc_cidr:\n", "  region:\n", "  region:\n", "`region` is always there", "another name"),
    ('cidr: "${vpc_cidr}"', "cidr: 10.0.0.0/8", "  vpc_cidr:", "`vpc_cidr` is used nowhere", "no such difference"),
    ('domain: "${domain}"', "domain: demo-shop.example", "", "production's `domain` is written out", "`${domain}`"),
    ("[app]", "[staging-app]", "[staging-app]", "`staging` is written out", "`${environment}`"),
    ('ttl: 300, values: ["2001', "ttl: '${ttl}', values: [\"2001", "${ttl}", "`${ttl}` is not declared", ""),
]
RECORDS = [
    ("{name: api", "{name: api.other.com", "api.other.com", "lies outside the zone", "relative to the zone"),
    ("{name: api", "{name: api.other.net.", "api.other.net.", "lies outside the zone", "relative to the zone"),
    ("{name: api", '{name: "api.${domain}"', 'name: "api.$', "is absolute", "`api`"),
    ("{name: api", "{name: -api", "-api", "is no name of a record", "lower-case"),
    ("{name: status, type: CNAME", '{name: "@", type: CNAME', "CNAME", "cannot stand at the zone itself", "alias"),
    ("{name: status, type: CNAME", "{name: api, type: CNAME", "CNAME", "beside other types: api has A", "either"),
    ('["api.${domain}."]', '["api.${domain}"]', "CNAME", "is no value of CNAME", "an absolute name"),
    ("ttl: 60, values: [127.0.0.1]", "ttl: 60", "ttl: 60}", "neither values nor an alias", "one of"),
    ('alias: "${domain}"', 'alias: "${domain}", values: [::1]', "[::1]", "both values and an alias", "one of"),
    ('alias: "${domain}"', 'alias: "shop.${domain}"', "alias:", "which has no A record", "the same zone"),
    ("{name: api, type: A", "{name: www, type: A", "{name: www, type: A, ttl", "www A is listed twice", "one entry"),
    ("values: [127.0.0.1]", "values: [127.0.0.256]", "256", "`127.0.0.256` is no value of A", "an IPv4 address"),
    ('["2001:db8::10"]', '["2001:db8:::10"]', ":::10", "is no value of AAAA", "an IPv6 address"),
    ('"10 mx1.mail.example."', '"mx1.mail.example."', '["mx1', "is no value of MX", "preference"),
    ('0 issue "letsencrypt.org"', "issue letsencrypt.org", "CAA", "is no value of CAA", "letsencrypt.org"),
    ('["v=spf1', '["v=spf1 -all", "v=spf1', "v=spf1", "two SPF policies", "one"),
    ('["v=DMARC1', '[\'"v=DMARC1"\', "v=DMARC1', "v=DMARC1", "is no value of TXT", "without quotes"),
    ("zone: ${domain}", "zone: ${domain}.", "zone:", "is not a plain domain", "without the last dot"),
    ('["api.${domain}."]', '["api.${domain}.", "www.${domain}."]', "CNAME", "a CNAME has one target", "one value"),
    ("values: [127.0.0.1]", "values: [127.0.0.1, 127.0.0.1]", "127.0.0.1, 1", "is listed twice", "each value once"),
    ('type: A, alias: "${domain}"', 'type: TXT, alias: "${domain}"', "TXT, alias", "cannot be an alias", "A or AAAA"),
]
CERTIFICATES_AND_REFERENCES = [
    ('"www.${domain}", "api', '"www.other.example", "api', "www.other", "www.other.example lies outside", "ends in"),
    ('["*.${domain}"]', '["*.${domain}", "a.${domain}"]', "a.$", "is covered by *.", "one of the two"),
    ('      served_at: ["status.${domain}"]\n', "", "- name: wildcard", "has wildcards only", "`served_at`"),
    ('served_at: ["status', 'served_at: ["a.status', "a.status", "does not cover a.status", "covers"),
    ("name: session-key", "name: database-password", "", "two secrets called database-password", "of its own"),
    ("name: ci-deploy-key", "name: certificate-shop", "certificate-shop", "certificates keep", "another name"),
    ("name: ci-deploy-key", "name: acme-account", "acme-account", "certificates keep", "another name"),
    ("[database-password,", "[database-pasword,", "pasword", "no secret `database-pasword`", "`database-password`"),
    ("[database-password,", "[ci-deploy-key,", "[ci-deploy-key", "`ci-deploy-key` is the agency's", "a runtime secret"),
    ("probe: shop,", "probe: shpo,", "shpo", "there is no probe `shpo`", "`shop`"),
    ("https://${domain}/healthz", "https://shop.other.example/", "other.example", "outside the zone", "ends in"),
    ("https://${domain}/healthz", "${domain}/healthz", "/healthz", "is no address to look at", "https://"),
    ('["*.${domain}"]', '["*.${domain}", "*.${domain}"]', '["*.$', "is listed twice", "each name once"),
    ("rotate_every: P30D", "rotate_every: P0D", "P0D", "period is not positive", "P90D"),
    ("https://${domain}/healthz", "https://[::1/healthz", "[::1", "is no address to look at", "https://"),
    (
        "  dashboards:\n",
        '    - {name: shop, url: "https://${domain}/"}\n  dashboards:\n',
        '/"}',
        "two probes",
        "of its own",
    ),
    ("prefix: /${engagement}", "prefix: ${engagement}", "prefix:", "is no path of keys", "a `/` at the start"),
]
SEPARATION = [
    ("zone: ${domain}", "zone: demo-shop.example", "zone:", "staging and production publish their records in", "own"),
    ("/${environment}/config", "/config", "prefix:", "staging and production keep their keys below", "${environment}"),
    ("namespace: ${engagement}/${environment}", "namespace: shop", "namespace:", "report to the same metrics", "own"),
    ("staging-state}", "staging-state, ledger: ../records}", "../records", "lies outside the repository", "inside"),
    ("staging-state}", "staging-state, ledger: /records}", "/records", "lies outside the repository", "inside"),
    ("staging-state}", 'staging-state}\n    account: "1234"', "account:", "`account` is '1234'", r"^\d{12}$"),
    ("provider: s3, bucket: demo-shop-staging", "provider: file, bucket: x", "file", "`provider` is 'file'", "'s3'"),
    ('[config/common.yaml, "config/${environment}.yaml"]', "[]", "files:", "`files` is empty", "at least 1"),
]
STAGES = [
    ("name: datastores", "name: networking", "", "two stages called networking", "of its own"),
    ("name: datastores", "name: certificates", "", "an asset that every engagement has", "another"),
    ("root: terraform/stages/compute", "root: terraform/stages/none", "/none", "no Terraform code", "*.tf"),
    ("root: terraform/stages/compute", "root: /etc", "root: /etc", "outside the repository", "inside"),
    ("compute\n    var", "compute\n    after: [netwroking]\n    var", "netwroking", "no stage or task", "`networking`"),
    ('{cidr: "${vpc', '{cidrs: "${vpc', "cidrs", "declares no variable `cidrs`", "`cidr`"),
]
SECRET_VALUES = [
    ("{log_retention_days: 30}", "{database_password: geheim}", "database_password", "a secret value", "source"),
    ("{log_retention_days: 30}", "{k: AKIAIOSFODNN7EXAMPLE}", "{k: AKIA", "an AWS access key", "source"),
    ("{log_retention_days: 30}", '{k: "-----BEGIN RSA PRIVATE KEY-----"}', "BEGIN", "a private key", "source"),
    ("{log_retention_days: 30}", "{k: ghp_0123456789abcdefghij0123456789abcdef}", "ghp_", "a GitHub token", "source"),
    ("{log_retention_days: 30}", "{k: sk_live_0123456789abcdef}", "sk_live", "a Stripe key", "source"),
    ("{log_retention_days: 30}", "{k: wJalrXUtnFEMI0K7MDENGbPxRfiCYEXAMPLEKEY}", "wJalr", "a random secret", "source"),
    ("{log_retention_days: 30}", '{url: "postgres://app:geheim@db/shop"}', "postgres", "a password in a URL", "source"),
    ("      purpose: runtime\n", "      purpose: runtime\n      value: geheim\n", "value:", "a secret value", "source"),
]


@pytest.mark.parametrize(
    ("old", "new", "at", "what", "expected"),
    [
        *KEYS_AND_TYPES, *LAUNCH, *DIFFERENCES, *RECORDS, *CERTIFICATES_AND_REFERENCES, *SEPARATION, *STAGES,
        *SECRET_VALUES,
    ],
)  # fmt: skip
def test_a_problem_names_its_line(
    folder: Path, edit: Edit, problems: Problems, old: str, new: str, at: str, what: str, expected: str
) -> None:
    edit(old, new)
    everything = problems()
    found = [problem for problem in everything if what in problem.what]
    assert len(found) == 1, [str(problem) for problem in everything]
    said = "\n".join(map(str, everything))
    assert not any(secret in said for secret in ("geheim", "hunter2", "IOSFODNN7", "0123456789", "wJalr"))
    assert found[0].file == "engagements/demo_shop/engagement.yaml"
    assert expected in found[0].expected
    line = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()[found[0].line - 1]
    assert (at or new.strip()).strip() in line


def test_production_needs_an_environment_before_it(edit: Edit, problems: Problems) -> None:
    edit(
        "  - name: staging\n    region: eu-central-1\n    state: {provider: s3, bucket: demo-shop-staging-state}\n", ""
    )
    assert "production has no environment before it" in problems()[0].what


def test_a_cycle_names_both_lines_and_the_way_out(folder: Path, edit: Edit, problems: Problems) -> None:
    edit("stages/datastores\n", "stages/datastores\n    after: [compute]\n")
    edit("stages/compute\n", "stages/compute\n    after: [datastores]\n")
    (found,) = problems()
    lines = (folder / "engagement.yaml").read_text(encoding="utf-8").splitlines()
    first, second = (lines.index(f"    after: [{name}]") + 1 for name in ("compute", "datastores"))
    assert found.line == first
    assert f"datastores in line {first}, compute in line {second}" in found.what
    assert "without its `after`" in found.expected


def test_no_stage_left_before_the_certificates_is_a_cycle(edit: Edit, problems: Problems) -> None:
    edit("stages/networking\n", "stages/networking\n    after: [certificates]\n")
    (found,) = problems()
    assert "a cycle: networking comes after certificates" in found.what
    assert "only listeners come after them" in found.expected


def test_a_stage_after_certificates_is_no_cycle(edit: Edit, problems: Problems) -> None:
    listeners = "  - name: listeners\n    root: terraform/stages/compute\n    after: [certificates]\n"
    edit("\n# The zone is made", f"{listeners}\n# The zone is made")
    assert problems() == []


def test_everything_is_reported_together_in_order(edit: Edit, problems: Problems) -> None:
    edit("client: Demo", "klient: Demo")
    edit("freeze: 2036-12-05", "freeze: 2036-12-24")
    edit("    variables: {log", "    varables: {log")
    edit("name: status,", "name: status.other.com,")
    edit("stages/datastores\n", "stages/datastores\n    after: [compute]\n")
    edit("owner: Dana Novak\n", "owner: Dana Novak\n      value: geheim\n")
    edit("basket_items: 50", "basket_items:", "config/common.yaml")
    found = problems()
    said = "; ".join(problem.what for problem in found)
    for each in ("`klient` is unknown", "freeze begins", "`varables`", "outside the zone", "a cycle", "no value"):
        assert each in said
    assert "`value` holds what looks like a secret value" in said
    assert "`client` is missing" not in said
    found = [problem for problem in found if problem.file.endswith("engagement.yaml")]
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)


def test_the_same_problem_of_two_environments_is_said_once(edit: Edit, problems: Problems) -> None:
    edit("values: [127.0.0.1]", "values: [127.0.0.256]")
    assert len(problems()) == 1


def test_a_typed_placeholder_is_judged_after_filling(edit: Edit, problems: Problems) -> None:
    edit("differences:\n", "differences:\n  ttl: {owner: A, reason: b, values: {staging: 60, production: 0}}\n")
    edit('ttl: 300, values: ["2001', 'ttl: "${ttl}", values: ["2001')
    (found,) = problems()
    assert "`ttl` is 0" in found.what


def test_code_that_cannot_be_read_is_named_beside_the_files_problems(
    folder: Path, edit: Edit, problems: Problems
) -> None:
    main = folder.parents[1] / "terraform/stages/compute/main.tf"
    line = len(main.read_text(encoding="utf-8").splitlines()) + 1
    main.write_text(main.read_text(encoding="utf-8") + 'resource "aws_vpc" {{\n', encoding="utf-8")
    edit("client:", "cliend:")
    found = problems()
    assert [(each.line, each.what) for each in found if each.file == "terraform/stages/compute/main.tf"] == [
        (line, "this is not HCL")
    ]
    assert any("cliend" in each.what for each in found)


def test_a_module_that_is_not_there_is_named(folder: Path, problems: Problems) -> None:
    shutil.rmtree(folder.parents[1] / "terraform/modules/queue")
    (problem,) = problems()
    assert "uses the module terraform/modules/queue, and there is no Terraform code" in problem.what


def test_a_file_that_no_digest_would_see_is_named(folder: Path, problems: Problems) -> None:
    main = folder.parents[1] / "terraform/stages/compute/main.tf"
    text = main.read_text(encoding="utf-8")
    reads = 'locals {\n  a = file("${path.module}/a.json")\n  b = file("${path.module}/../../b.json")\n}\n'
    main.write_text(text + reads, encoding="utf-8")
    (problem,) = problems()
    assert (problem.file, problem.line) == ("terraform/stages/compute/main.tf", len(text.splitlines()) + 3)
    assert "`${path.module}/../../b.json` lies outside of the stage's code" in problem.what
