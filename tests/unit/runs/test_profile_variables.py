"""What a profile says of its variables is judged when it is read: names, values, each at its line."""

import re
from collections.abc import Callable
from pathlib import Path

import botocore.loaders
import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from psycopg.pq import Conninfo

from provisioning_assets.backends import aws
from provisioning_assets.errors import ConfigurationError, Problem
from provisioning_assets.runs.profiles import CHOSEN, VARIABLES, access_of
from tests.support.repository import REPOSITORY
from tests.support.runs import engagement, environment

Read = Callable[[str], list[Problem]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """What is wrong with a profile of these lines; nothing is an empty list."""
    monkeypatch.delenv(CHOSEN, raising=False)
    where = environment("production", "agency")
    file = tmp_path / ".provisioning/profiles/agency.env"
    file.parent.mkdir(parents=True)
    file.touch(mode=0o600)

    def problems(text: str) -> list[Problem]:
        file.write_text(text)
        try:
            access_of(engagement(tmp_path, where), where)
        except ConfigurationError as wrong:
            told = wrong
        else:
            return []
        assert {problem.file for problem in told.problems} == {str(file)}
        assert told.remedy
        return list(told.problems)

    return problems


@pytest.mark.parametrize(("line", "expected"), [
    ("VAULT_ADDR=rubbish", "https://"), ("VAULT_ADDR=http://vault.example", "https://"),
    ("VAULT_ADDR=https://vault.example:0", "https://"), ("ACME_DIRECTORY_URL=ftp://x", "https://"),
    ("AWS_ENDPOINT_URL=127.0.0.1:4566", "https://"), ("AWS_ENDPOINT_URL_S3=http://10.0.0.1:9000", "https://"),
    ("RFC2136_NAMESERVER=127.0.0.1:99999", "HOST:PORT"), ("RFC2136_NAMESERVER='ns1 example'", "HOST:PORT"),
    ("PROVISIONING_RESOLVERS=dns.example", "127.0.0.1"), ("PROVISIONING_NAMESERVERS=127.0.0.1:0", "127.0.0.1"),
    ("PGPORT=0", "65535"), ("ACME_EAB_HMAC_KEY='no key'", "base64url"), ("ACME_EAB_HMAC_KEY=A", "base64url"),
])  # fmt: skip
def test_a_value_that_is_no_address_is_told_at_its_line(read: Read, line: str, expected: str) -> None:
    (wrong,) = read(f"# where\n\n{line}\n")
    assert wrong.line == 3
    assert f"`{line.partition('=')[0]}`" in wrong.what
    assert expected in wrong.expected


@pytest.mark.parametrize("secret", ["https://dana:hunter2@vault.example", "hunter2"])
def test_what_stands_where_an_address_belongs_is_not_repeated(read: Read, secret: str) -> None:
    (wrong,) = read(f"VAULT_ADDR={secret}\n")
    assert "hunter2" not in str(wrong)


@pytest.mark.parametrize("line", [
    "VAULT_ADDR=", "VAULT_ADDR=https://vault.example:8200", "ACME_DIRECTORY_URL=http://127.0.0.1:14000/dir",
    "AWS_ENDPOINT_URL_ROUTE_53=http://localhost:4566", "RFC2136_NAMESERVER=[::1]:53", "PGPORT=5432,5433",
    "PROVISIONING_RESOLVERS=127.0.0.1:53, ::1", "HTTPS_PROXY=http://dana:hunter2@proxy.example:3128",
])  # fmt: skip
def test_a_value_that_can_be_one_passes(read: Read, line: str) -> None:
    assert read(f"{line}\n") == []


def test_a_name_that_stands_there_twice_is_told_with_both_lines(read: Read) -> None:
    (wrong,) = read("VAULT_TOKEN=a\n\nSHOP=1\nexport VAULT_TOKEN=b\n")
    assert (wrong.line, "`VAULT_TOKEN`" in wrong.what, "1" in wrong.what) == (4, True, True)


@pytest.mark.parametrize(("name", "meant"), [
    ("VALUT_ADDR", "VAULT_ADDR"), ("VAULT_ADDRESS", "VAULT_ADDR"), ("vault_addr", "VAULT_ADDR"),
    ("VAULT_TOKENFILE", "VAULT_TOKEN_FILE"), ("ACME_DIRECTORY", "ACME_DIRECTORY_URL"),
    ("AWS_SECRET_KEY", "AWS_SECRET_ACCESS_KEY"), ("AWS_ENDPONT_URL", "AWS_ENDPOINT_URL"), ("PGPASSWD", "PGPASSWORD"),
    ("RFC2136_NAMESERVERS", "RFC2136_NAMESERVER"), ("PROVISIONING_RESOLVER", "PROVISIONING_RESOLVERS"),
    ("PROVISIONING_CONNECTTO", "PROVISIONING_CONNECT_TO"), ("PROVISIONING_EMULATON", "PROVISIONING_EMULATION"),
    ("SSL_CERTFILE", "SSL_CERT_FILE"), ("TF_CLI_CONFIGFILE", "TF_CLI_CONFIG_FILE"),
])  # fmt: skip
def test_a_misspelt_name_is_told_with_the_one_that_was_meant(read: Read, name: str, meant: str) -> None:
    (wrong,) = read(f"SHOP=1\n{name}=x\n")
    assert wrong.line == 2
    assert f"`{name}`" in wrong.what
    assert f"`{meant}`" in wrong.expected


@pytest.mark.parametrize("name", [
    "DEMO_SHOP_PAYMENT_API_KEY", "CLOUDFLARE_API_TOKEN", "NOMAD_TOKEN", "GITHUB_TOKEN", "CONSUL_HTTP_ADDR",
    "PDNS_API_KEY", "GOOGLE_APPLICATION_CREDENTIALS", "AWS_ENDPOINT_URL_S3", "TF_TOKEN_example_com", "https_proxy",
])  # fmt: skip
def test_a_name_that_resembles_none_is_let_through(read: Read, name: str) -> None:
    assert read(f"{name}=https://x.example\n") == []


@pytest.mark.parametrize(("name", "meant"), [
    ("ROUTE53", "ROUTE_53"), ("ROUTE53RESOLVER", "ROUTE53RESOLVER"),
    ("LOGS", ""), ("EVERYTHING", ""), ("", ""), ("s3", "S3"),
    ("CLOUDWATCHLOGS", "CLOUDWATCH_LOGS"), ("S3_CONTROLS", "S3_CONTROL"),
])  # fmt: skip
def test_an_address_for_no_service_of_aws_is_refused_with_the_nearest(read: Read, name: str, meant: str) -> None:
    """Nobody would follow it, and its requests would go to Amazon."""
    problems = read(f"AWS_ENDPOINT_URL_{name}=https://x.example\n")
    if name == meant and name:
        assert problems == []
        return
    (wrong,) = problems
    assert f"`AWS_ENDPOINT_URL_{name}`" in wrong.what
    assert f"`AWS_ENDPOINT_URL{'_' if meant else ''}{meant}" in wrong.expected


def test_every_service_that_our_library_knows_is_a_name() -> None:
    loader = botocore.loaders.create_loader()
    names = {aws._variable(service) for service in loader.list_available_services("service-2")}
    assert {f"AWS_ENDPOINT_URL_{name}" for name in names} <= VARIABLES.keys()


def test_an_address_for_an_unknown_service_may_be_passed_on(read: Read) -> None:
    name = "AWS_ENDPOINT_URL_EVERYTHING"
    assert read(f"PROVISIONING_PASS_ON={name}\n{name}=https://x.example\n") == []


def test_a_name_that_is_passed_on_is_meant(read: Read) -> None:
    assert read("PROVISIONING_PASS_ON=VAULT_CACERT_BYTES, VAULT_TOKENS\nVAULT_CACERT_BYTES=x\nVAULT_TOKENS=x\n") == []


def test_everything_that_is_wrong_is_told_at_once(read: Read) -> None:
    lines = ["VAULT_ADDR=x", "PGHOTS=x", "VAULT_ADDR=https://vault.example", "PROVISIONING_EMULATION=cloudless"]
    assert [problem.line for problem in read("\n".join(lines))] == [1, 2, 3, 4]


def test_each_variable_of_the_page_and_of_the_libraries_is_known() -> None:
    page = (REPOSITORY / "docs/profiles.md").read_text(encoding="utf-8")
    table = "".join(line.rpartition("|")[0] for line in page.splitlines() if line.startswith("| `"))
    explained = set(re.findall(r"`([A-Z0-9_]+)`", table))
    of_aws = {name for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() for name in _each(names)}
    of_libpq = {each.envvar.decode() for each in Conninfo.parse(b"") if each.envvar}
    assert len(explained) > 20
    assert (explained | of_aws | of_libpq) - {"BOTOCORE_TCP_KEEPALIVE"} <= VARIABLES.keys()


def _each(names: str | list[str] | None) -> list[str]:
    return [names] if isinstance(names, str) else list(names or [])
