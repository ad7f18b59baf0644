"""Where RFC 2136 updates go and which key signs them; what is refused, and that no secret is told."""

import base64
import logging
import re
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from provisioning_assets.backends.dns.rfc2136.key import SigningKey
from provisioning_assets.backends.dns.rfc2136.zones import Rfc2136
from provisioning_assets.core.plan import Action, Change
from provisioning_assets.engagement.loading import load_engagement
from provisioning_assets.errors import ApplyFailed, ConfigurationError, Problem, ProviderFailed, Refused
from tests.support.dns_servers import KEY, READER, NameServer, bind, knot, new_secret, open_rfc2136, write_key  # noqa: F401 - fixtures
from tests.support.repository import REPOSITORY


@pytest.fixture(params=["bind", "knot"])
def server(request: pytest.FixtureRequest) -> NameServer:
    return request.getfixturevalue(request.param)


def refused(provider: Rfc2136, zone: str) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as caught:
        provider.read(zone)
    assert caught.value.remedy
    return caught.value


def test_another_secret_is_refused_and_the_key_file_named(server: NameServer, tmp_path: Path) -> None:
    file = write_key(tmp_path / "key")

    error = refused(open_rfc2136(server.address, file), server.zone())

    assert error.where == str(file)
    assert "BADSIG" in error.cause


def test_a_name_that_the_server_does_not_know_is_refused(server: NameServer, tmp_path: Path) -> None:
    file = write_key(tmp_path / "key", "other")

    error = refused(open_rfc2136(server.address, file, key="other"), server.zone())

    assert error.where == str(file)
    assert "BADKEY" in error.cause


def test_clocks_that_differ_are_told(server: NameServer) -> None:
    provider = open_rfc2136(server.address, server.key_file)
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        error = refused(provider, server.zone())

    assert "BADTIME" in error.cause
    assert "NTP" in error.remedy


def test_without_a_key_the_server_refuses(server: NameServer) -> None:
    zone = server.zone()
    error = refused(open_rfc2136(server.address, None, key=None), zone)

    assert zone in error.what
    assert error.where == server.address
    assert "RFC2136_TSIG_FILE" in error.remedy


def test_a_key_that_may_read_and_not_write_is_told_so(server: NameServer) -> None:
    provider, zone = open_rfc2136(server.address, server.reader_key_file, key=READER), server.zone()
    assert provider.read(zone) == {}

    with pytest.raises(ApplyFailed) as caught:
        provider.write(zone, [Change(Action.CREATE, f"www.{zone} A", None, {"ttl": 60, "values": ["192.0.2.1"]})])

    assert READER in caught.value.what
    assert caught.value.remedy
    assert provider.read(zone) == {}


@pytest.mark.parametrize(
    ("content", "blamed"),
    [
        ("", "form"),
        ("key provisioning;", "form"),
        ('key "provisioning" { algorithm hmac-sha256; };', "secret"),
        ('key "provisioning" { secret "SECRET"; };', "algorithm"),
        ('key "provisioning" { algorithm hmac-sha256; secret "SECRE"; };', "base64"),
        ('key "provisioning" { algorithm hmac-sha256; secret "SECRET"; owner me; };', "form"),
        (
            'key "a" { algorithm hmac-sha256; secret "SECRET"; }; key "b" { algorithm hmac-sha256; secret "SECRET"; };',
            "",
        ),
        ('key "provisioning" { algorithm hmac-md5; secret "SECRET"; };', "hmac-sha256"),
        ('key "other" { algorithm hmac-sha256; secret "SECRET"; };', ""),
        ('key "provi\xe9" { algorithm hmac-sha256; secret "SECRET"; };', ""),
    ],
)
def test_a_key_file_that_is_none_is_named_and_no_secret_told(tmp_path: Path, content: str, blamed: str) -> None:
    secret, file = new_secret(), tmp_path / "key"
    file.write_text(content.replace("SECRET", secret).replace("SECRE", secret[:-2]), encoding="latin-1")
    file.chmod(0o600)

    error = refused(open_rfc2136("127.0.0.1:1", file), "shop.example")

    assert error.where == str(file)
    assert blamed in error.cause
    assert secret[:-2] not in f"{error}{error!r}{error.__context__!r}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = write_key(tmp_path / "key")
    file.chmod(mode)

    error = refused(open_rfc2136("127.0.0.1:1", file), "shop.example")

    assert error.where == str(file)
    assert f"{mode:o}" in error.cause


def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    assert refused(open_rfc2136("127.0.0.1:1", tmp_path / "none"), "shop.example").where == str(tmp_path / "none")


def test_a_declared_key_without_a_file_is_told() -> None:
    assert KEY in refused(open_rfc2136("127.0.0.1:1", None), "shop.example").what


@pytest.mark.parametrize("written", ['"//4//w/4"', "w//4/w/4"])
def test_a_secret_with_slashes_is_no_comment(tmp_path: Path, written: str) -> None:
    secret = written.strip('"')
    file = tmp_path / "key"
    file.write_text(f"key provisioning {{ algorithm hmac-sha256; secret {written}; }};")
    file.chmod(0o600)

    key = open_rfc2136("127.0.0.1:1", file)._server.key

    assert base64.b64encode(key.key.secret).decode() == secret


@pytest.mark.parametrize(
    "content",
    [
        'key "provisioning" {\n\talgorithm hmac-sha256;\n\tsecret "SECRET";\n};\n',
        "# ours\nkey Provisioning. { secret SECRET; algorithm HMAC-SHA256; }; // end\n",
        '/* two\nlines */ key "provisioning" { algorithm "hmac-sha256"; secret "SECRET"; }',
    ],
)
def test_each_form_of_a_key_file_is_read(bind: NameServer, tmp_path: Path, content: str) -> None:  # noqa: F811 - a fixture
    secret = re.search(r'secret "(.*)"', bind.key_file.read_text())
    assert secret
    file = tmp_path / "key"
    file.write_text(content.replace("SECRET", secret[1]))
    file.chmod(0o600)

    assert open_rfc2136(bind.address, file).read(bind.zone()) == {}


def test_no_repr_and_no_log_has_the_secret(bind: NameServer, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    secret = re.search(r'secret "(.*)"', bind.key_file.read_text())
    provider = open_rfc2136(bind.address, bind.key_file)
    with caplog.at_level(logging.DEBUG):
        provider.read(bind.zone())

    key = provider._server.key
    assert isinstance(key, SigningKey)
    assert secret
    assert secret[1] not in f"{provider!r}{provider._server!r}{key!r}{key}{provider.identity()}{caplog.text}"


@pytest.mark.parametrize(
    ("declared", "profile"),
    [("{}", "{}"), ("localhost:{port}", "LOCALHOST:{port}")],
)
def test_equal_addresses_are_one(bind: NameServer, declared: str, profile: str) -> None:  # noqa: F811 - a fixture
    port = bind.address.rpartition(":")[2]
    settings = declared.format(bind.address, port=port)
    provider = open_rfc2136(settings, bind.key_file, RFC2136_NAMESERVER=profile.format(bind.address, port=port))

    assert provider.read(bind.zone()) == {}


@pytest.mark.parametrize(
    ("declared", "profile"),
    [("ns.example", "ns.example:53"), ("[2001:db8::1]", "[2001:DB8::1]:53"), ("192.0.2.1:53", "192.0.2.1")],
)
def test_a_port_that_is_left_out_is_the_usual_one(tmp_path: Path, declared: str, profile: str) -> None:
    provider = open_rfc2136(declared, write_key(tmp_path / "key"), RFC2136_NAMESERVER=profile)

    assert str(provider.identity()["server"]).endswith(":53")


@pytest.mark.parametrize("profile", ["", "127.0.0.1:1", "ns.elsewhere.example"])
def test_nothing_is_sent_when_the_profile_says_another_server(tmp_path: Path, profile: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        declared = f"127.0.0.1:{listening.getsockname()[1]}"
        provider = open_rfc2136(declared, write_key(tmp_path / "key"), RFC2136_NAMESERVER=profile)
        for ask in (provider.reach, lambda: provider.read("shop.example"), provider.identity):
            with pytest.raises(Refused) as caught:
                ask()

            assert declared in caught.value.reasons[0]
            assert profile in caught.value.reasons[1]
        with pytest.raises(TimeoutError):
            listening.accept()


@pytest.mark.parametrize("profile", ["https://ns.example", "ns.example:99999", "2001:db8::1"])
def test_an_address_that_is_none_is_named(tmp_path: Path, profile: str) -> None:
    provider = open_rfc2136("ns.example", write_key(tmp_path / "key"), RFC2136_NAMESERVER=profile)

    assert profile in refused(provider, "shop.example").what


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The demo's folder, to be made wrong."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform"))
    folder = tmp_path / "engagements" / "demo_shop"
    shutil.copytree(REPOSITORY / "engagements" / "demo_shop", folder)
    return folder


@pytest.mark.parametrize(
    ("written", "place", "said"),
    [
        ("{name: rfc2136, server: ns.example, key: ours}", "alias:", "`values`"),
        ("{name: rfc2136, server: 'ns.example:53', kee: ours}", "kee:", "`key`"),
        ("{name: rfc2136, server: 'https://ns.example'}", "https:", "`HOST:PORT`"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_at_its_line(demo: Path, written: str, place: str, said: str) -> None:
    file = demo / "engagement.yaml"
    file.write_text(file.read_text().replace("provider: route53", f"provider: {written}"))

    with pytest.raises(ConfigurationError) as caught:
        load_engagement(demo)

    assert problem_at(file, caught.value, place, said)


def problem_at(file: Path, error: ConfigurationError, place: str, said: str) -> Problem | None:
    lines = file.read_text().splitlines()
    return next((p for p in error.problems if place in lines[p.line - 1] and said in p.expected), None)


def test_the_file_is_right_when_nothing_follows_another_name(demo: Path) -> None:
    file = demo / "engagement.yaml"
    text = file.read_text().replace("provider: route53", "provider: {name: rfc2136, server: ns.example, key: ours}")
    file.write_text(text.replace('alias: "${domain}"', "ttl: 60, values: [127.0.0.1]"))

    load_engagement(demo)
