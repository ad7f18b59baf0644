"""What a TLS client is served, while each thing that can be wrong with it is."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from provisioning_assets.backends.certificates import Issued
from provisioning_assets.errors import ConfigurationError, ProviderFailed
from provisioning_assets.probes.tls import check_served, describe, fingerprint_of_key
from tests.fakes.certificates import MemoryAuthority
from tests.support.servers import free_port

HOST = "www.shop.example"
DAYS = timedelta(days=1)


@dataclass
class Proven:
    """Challenges of an authority that finds whatever it asks for."""

    values: list[str] = field(default_factory=list)

    def publish(self, records: Sequence[tuple[str, str]]) -> nullcontext[None]:
        self.values += [value for _, value in records]
        return nullcontext()


def make_authority() -> tuple[MemoryAuthority, Proven]:
    proven = Proven()
    return MemoryAuthority(lambda _name: proven.values), proven


@dataclass
class Edge:
    """A TLS server whose certificate a test can exchange."""

    folder: Path
    port: int = 0
    context: ssl.SSLContext | None = None

    def serve(self, issued: Issued, *, chain: str | None = None) -> None:
        (self.folder / "key.pem").write_text(issued.key)
        (self.folder / "chain.pem").write_text(chain or issued.chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "chain.pem", self.folder / "key.pem")
        self.context = context


@contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            handle(self.request)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    made = Edge(tmp_path)

    def shake_hands(connection: socket.socket) -> None:
        assert made.context is not None
        with made.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as tls:
            tls.settimeout(5)
            tls.do_handshake()

    with listening(shake_hands) as made.port:
        yield made


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryAuthority, Proven]:
    made = make_authority()
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(made[0].anchor)
    monkeypatch.setenv("SSL_CERT_FILE", str(anchors))
    return made


@pytest.fixture
def issue(authority: tuple[MemoryAuthority, Proven]) -> Callable[..., Issued]:
    return lambda *names: authority[0].issue(names or (HOST, "shop.example"), authority[1])


@pytest.fixture
def look(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str | None]:
    monkeypatch.setenv("PROVISIONING_CONNECT_TO", f"*:443:127.0.0.1:{edge.port}")

    def looked(stored: Issued, *, key: str | None = None, host: str = HOST, after: timedelta = DAYS) -> str | None:
        return check_served(host, stored.chain, fingerprint_of_key(key or stored.key), now=datetime.now(UTC) + after)

    return looked


Issue = Callable[..., Issued]
Look = Callable[..., str | None]


def test_the_stored_certificate_served_is_green(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    assert look(stored) is None
    assert look(stored, host="shop.example") is None


def test_a_wildcard_covers_one_label(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue("*.shop.example")
    edge.serve(stored)

    assert look(stored) is None
    assert "is for *.shop.example, not for a.b.shop.example" in str(look(stored, host="a.b.shop.example"))
    assert "not for shop.example" in str(look(stored, host="shop.example"))


def test_another_certificate_for_the_same_names_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored, other = issue(), issue()
    edge.serve(other)

    problem = str(look(stored))

    assert (
        f"{HOST} serves another certificate (serial {describe(other.chain).serial} of CN=Memory Authority)" in problem
    )
    assert f"than the stored one (serial {describe(stored.chain).serial}" in problem
    assert "does not belong to the stored key" in problem


def test_a_stored_key_that_is_not_the_certificates_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    assert look(stored, key=issue().key) == "the served certificate does not belong to the stored key"


def test_an_expired_certificate_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    assert str(look(stored, after=91 * DAYS)).startswith("it expired at 20")
    assert str(look(stored, after=-DAYS)).startswith("it is not valid before 20")


def test_a_certificate_past_two_thirds_of_its_life_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    assert look(stored, after=59 * DAYS) is None
    assert "two thirds of its lifetime are over" in str(look(stored, after=61 * DAYS))


def test_a_certificate_for_another_name_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue("api.shop.example")
    edge.serve(stored)

    assert look(stored) == f"the certificate is for api.shop.example, not for {HOST}"


def test_an_issuer_that_clients_do_not_trust_is_red_and_named(edge: Edge, look: Look, issue: Issue) -> None:
    stranger, proven = make_authority()
    stored = stranger.issue((HOST,), proven)
    edge.serve(stored)

    assert f"the chain of CN=Memory Authority is not trusted for {HOST}" in str(look(stored))


def test_without_anchors_of_ones_own_mozillas_count(
    edge: Edge, issue: Issue, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = issue()
    edge.serve(stored)
    monkeypatch.delenv("SSL_CERT_FILE")

    assert "is not trusted" in str(look(stored))


def test_a_host_that_no_client_could_ask_for_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue("*.shop.example")
    edge.serve(stored)

    assert look(stored, host="*.shop.example") == "*.shop.example is no host name that a TLS client could ask for"


def test_a_server_that_is_away_silent_or_no_tls_is_red(
    issue: Issue, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = issue()
    port = free_port()
    monkeypatch.setenv("PROVISIONING_CONNECT_TO", f"*:443:127.0.0.1:{port}")
    assert look(stored) == f"{HOST} (at 127.0.0.1:{port}) cannot be reached: Connection refused"

    with listening(lambda connection: connection.sendall(b"220 mail.shop.example\r\n")) as port:
        monkeypatch.setenv("PROVISIONING_CONNECT_TO", f"*:443:127.0.0.1:{port}")
        assert str(look(stored)).startswith((f"the TLS handshake with {HOST}", f"{HOST} (at 127"))

    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("PROVISIONING_CONNECT_TO", f"*:443:127.0.0.1:{silent.getsockname()[1]}")
        started = time.monotonic()
        assert "timed out" in str(look(stored))
        assert time.monotonic() - started < 4


def test_a_host_without_an_address_is_red(issue: Issue, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROVISIONING_CONNECT_TO")
    assert "nowhere.invalid:443 cannot be reached" in str(look(issue("nowhere.invalid"), host="nowhere.invalid"))


@pytest.mark.parametrize("anchors", ["missing.pem", "empty.pem"])
def test_trust_anchors_that_cannot_be_read_are_an_error(
    edge: Edge, issue: Issue, look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anchors: str
) -> None:
    stored = issue()
    edge.serve(stored)
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / anchors))

    with pytest.raises(ProviderFailed, match=anchors):
        look(stored)


def test_a_rule_that_cannot_be_read_is_an_error(issue: Issue, look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISIONING_CONNECT_TO", "127.0.0.1:8443")
    with pytest.raises(ConfigurationError, match=r"PROVISIONING_CONNECT_TO: `127\.0\.0\.1:8443` is no rule"):
        look(issue())
