"""Where PowerDNS's key goes and where it does not, and a server that is away, hangs or is none."""

import http.server
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import diff
from provisioning_assets.errors import ApplyFailed, Misdirected, ProviderFailed, ProvisioningError, Unreachable
from tests.support.back_ends import opened
from tests.support.dns_zones import every_kind, publish
from tests.support.http_servers import answering_always
from tests.support.powerdns import PowerDnsServer, one, powerdns, powerdns_server  # noqa: F401 - a fixture
from tests.support.self_signed import self_signed
from tests.support.servers import free_port


@pytest.fixture
def server(powerdns: PowerDnsServer) -> PowerDnsServer:  # noqa: F811 - the fixture
    return powerdns


@pytest.fixture
def zone(server: PowerDnsServer) -> str:
    return server.zone()


def told(ask: Callable[[], object], expected: type[ProvisioningError] = ProviderFailed) -> ProvisioningError:
    with pytest.raises(expected) as caught:
        ask()
    assert caught.value.remedy
    return caught.value


def test_another_key_is_refused_and_its_variable_named(server: PowerDnsServer, zone: str) -> None:
    provider = server.open(PDNS_API_KEY="another-key")
    create = diff(one(zone, "www", "192.0.2.1"), {}).changes
    for ask in (provider.reach, lambda: provider.read(zone), lambda: provider.write(zone, create)):
        error = told(ask)

        assert "401" in error.cause
        assert "PDNS_API_KEY" in error.remedy
        assert "another-key" not in f"{error}{error!r}{error.__context__!r}"


@pytest.mark.parametrize("key", ["with\nnewline", "späte€"])
def test_a_key_that_no_header_can_hold_is_not_told(server: PowerDnsServer, key: str) -> None:
    error = told(server.open(PDNS_API_KEY=key).reach)

    assert "PDNS_API_KEY" in error.remedy
    assert key not in f"{error}{error!r}{error.__context__!r}"


def test_without_a_key_nobody_is_asked(server: PowerDnsServer) -> None:
    error = told(server.open(PDNS_API_KEY="").reach)

    assert "PDNS_API_KEY" in error.remedy
    assert error.where == "the test's own"


def test_a_server_id_that_it_does_not_have_is_told(server: PowerDnsServer, zone: str) -> None:
    provider = opened(Kind.DNS, "powerdns", server.access(), server_id="other")
    for ask in (provider.reach, lambda: provider.read(zone)):
        assert "404" in told(ask).cause


@pytest.mark.parametrize(
    ("declared", "profile"),
    [("http://127.0.0.1:1", "http://127.0.0.1:2"), ("http://127.0.0.1:1", ""), (None, "http://192.0.2.1")],
    ids=["another", "none in the profile", "in the clear"],
)
def test_nothing_is_sent_where_the_key_may_not_go(declared: str | None, profile: str) -> None:
    access = Access("the test's own", {"PDNS_SERVER_URL": profile, "PDNS_API_KEY": "secret"})
    provider = opened(Kind.DNS, "powerdns", access, address=declared)
    for ask in (provider.reach, provider.identity, lambda: provider.read("shop.example")):
        told(ask, Misdirected)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8081/api/v1", "http://127.0.0.1:99999", "http://127.0.0.1:x"])
def test_an_address_that_octodns_cannot_ask_is_named(server: PowerDnsServer, address: str) -> None:
    assert address in told(server.open(PDNS_SERVER_URL=address).reach).where


def test_variables_of_this_process_reach_nobody(
    server: PowerDnsServer, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    monkeypatch.setenv("PDNS_API_KEY", "another")

    assert server.open().read(zone) == {}


@pytest.fixture
def behind_tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a server behind TLS, whose certificate signs itself, and that certificate."""
    (tmp_path / "key").write_text((made := self_signed(["localhost"]))[0])
    certificate = tmp_path / "certificate"
    certificate.write_text(made[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key")
    handler = type("Nothing", (http.server.BaseHTTPRequestHandler,), {"log_message": lambda *_: None})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://localhost:{server.server_port}", certificate
        server.shutdown()
        thread.join()


def test_a_certificate_is_trusted_when_the_profile_says_so(
    behind_tls: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, certificate = behind_tls
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    access = {"PDNS_SERVER_URL": address, "PDNS_API_KEY": "secret"}

    error = told(opened(Kind.DNS, "powerdns", Access("the test's own", access)).reach, Unreachable)
    assert "certificate" in error.cause
    assert "SSL_CERT_FILE" in error.remedy

    trusting = Access("the test's own", {**access, "SSL_CERT_FILE": str(certificate)})
    assert "501" in told(opened(Kind.DNS, "powerdns", trusting).reach).cause


@pytest.mark.parametrize(
    ("status", "document", "headers"),
    [
        (500, "Internal Server Error", {}),
        (503, "<html>", {}),
        (404, "<html>", {}),
        (200, "<html>", {"content_type": "text/html"}),
        (200, "[]", {"content_type": "application/json"}),
        (200, "{}", {"content_type": "application/json"}),
        (200, '{"rrsets": [{"name": 1}], "version": null}', {"content_type": "application/json"}),
    ],
)
def test_an_answer_that_is_none_of_its_own_is_told(status: int, document: str, headers: dict[str, str]) -> None:
    with answering_always(status, document, **headers) as address:
        access = Access("the test's own", {"PDNS_SERVER_URL": address, "PDNS_API_KEY": "secret"})
        provider = opened(Kind.DNS, "powerdns", access)
        for ask in (provider.reach, lambda: provider.read("shop.example")):
            error = told(ask)

            assert error.where == address
            assert error.cause


def test_the_key_does_not_follow_where_an_answer_points_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        location = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        with answering_always(302, "", location=location) as address:
            access = Access("the test's own", {"PDNS_SERVER_URL": address, "PDNS_API_KEY": "secret"})
            told(opened(Kind.DNS, "powerdns", access).reach)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_the_key_is_in_no_log_and_no_repr(server: PowerDnsServer, zone: str, caplog: pytest.LogCaptureFixture) -> None:
    provider = server.open()
    with caplog.at_level(logging.DEBUG):
        publish(provider, zone, every_kind(zone))
        with pytest.raises(ApplyFailed):
            publish(provider, zone, one("elsewhere.test", "www", "192.0.2.1"))

    assert server.key not in f"{caplog.text}{provider!r}{provider.identity()}"


def test_the_identity_is_the_server_and_asks_nobody() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    access = Access("the test's own", {"PDNS_SERVER_URL": address, "PDNS_API_KEY": "secret"})

    assert opened(Kind.DNS, "powerdns", access).identity() == {"address": address, "server": "localhost"}


def test_a_server_that_hangs_is_named_in_time_and_works_again() -> None:
    with powerdns_server() as server:
        zone, provider = server.zone(), server.open()
        with server.frozen():
            started = time.monotonic()
            told(provider.reach, Unreachable)
            assert time.monotonic() - started < 5
        publish(provider, zone, one(zone, "www", "192.0.2.1"))

        server.end()
        told(lambda: provider.read(zone), Unreachable)
        server.start()
        assert provider.read(zone) == one(zone, "www", "192.0.2.1")
