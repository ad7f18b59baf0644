"""What a TLS client is served, while each thing that can be wrong with it is."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Proof
from provisioning_assets.core.evidence import CouldNotTell
from provisioning_assets.errors import ConfigurationError, ProviderFailed
from provisioning_assets.probes.tls import check_served, describe, fingerprint_of_key
from tests.fakes.certificates import MemoryAuthority
from tests.support.authorities import Customer
from tests.support.servers import free_port
from tests.support.tls_servers import Edge, Pem, edge_in, listening

HOST = "www.shop.example"
DAYS = timedelta(days=1)


@dataclass
class Proven:
    """Challenges of an authority that finds whatever it asks for."""

    values: list[str] = field(default_factory=list)

    def publish(self, proofs: Sequence[Proof]) -> nullcontext[None]:
        self.values += [proof.value for proof in proofs]
        return nullcontext()


def make_authority() -> tuple[MemoryAuthority, Proven]:
    proven = Proven()
    return MemoryAuthority(lambda _name, _kind: proven.values), proven


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    with edge_in(tmp_path) as made:
        yield made


@pytest.fixture
def authority() -> tuple[MemoryAuthority, Proven]:
    return make_authority()


@pytest.fixture
def issue(authority: tuple[MemoryAuthority, Proven]) -> Callable[..., Pem]:
    return lambda *names: issued_by(*authority, *names)


def issued_by(authority: MemoryAuthority, proven: Proven, *names: str) -> Pem:
    customer = Customer(names or (HOST, "shop.example"), proven)
    chain = authority.issue(customer).chain
    return Pem(customer.keys[0], chain)


@dataclass
class Look:
    """A client's look, from where the variables say; in `after` days."""

    variables: dict[str, str]

    def __call__(self, stored: Pem, *, key: str | None = None, host: str = HOST, after: timedelta = DAYS) -> str | None:
        access, at = Access("the test's own", self.variables), datetime.now(UTC) + after
        return check_served(host, stored.chain, fingerprint_of_key(key or stored.key), access, now=at)

    def at(self, port: int) -> Self:
        """The same, where every host is at this port."""
        return replace(self, variables={**self.variables, "PROVISIONING_CONNECT_TO": f"*:443:127.0.0.1:{port}"})

    def without(self, variable: str) -> Self:
        return replace(self, variables={name: value for name, value in self.variables.items() if name != variable})


@pytest.fixture
def look(edge: Edge, authority: tuple[MemoryAuthority, Proven], tmp_path: Path) -> Look:
    anchors = tmp_path / "anchors.pem"
    anchors.write_text(authority[0].anchor)
    return Look({"SSL_CERT_FILE": str(anchors)}).at(edge.port)


Issue = Callable[..., Pem]


def red(problem: str | None, *about: str) -> bool:
    """That a client saw what is wrong, and what it is about."""
    assert problem, "nothing is wrong there"
    return not isinstance(problem, CouldNotTell) and all(each in problem for each in about)


def test_the_stored_certificate_served_is_green(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    assert look(stored) is None
    assert look(stored, host="shop.example") is None


def test_a_wildcard_covers_one_label(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue("*.shop.example")
    edge.serve(stored)

    assert look(stored) is None
    assert red(look(stored, host="a.b.shop.example"), "*.shop.example", "a.b.shop.example")
    assert red(look(stored, host="shop.example"), "*.shop.example")


def test_another_certificate_for_the_same_names_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored, other = issue(), issue()
    edge.serve(other)

    assert red(look(stored), HOST, describe(other.chain).serial, describe(stored.chain).serial, "key")


def test_a_stored_key_that_is_not_the_certificates_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    problem = look(stored, key=issue().key)
    assert red(problem, "key")
    assert describe(stored.chain).serial not in str(problem), "the certificate is the stored one"


def test_an_expired_certificate_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    leaf = describe(stored.chain)
    assert red(look(stored, after=91 * DAYS), leaf.not_after.isoformat())
    assert red(look(stored, after=-DAYS), leaf.not_before.isoformat())


def test_a_certificate_past_two_thirds_of_its_life_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue()
    edge.serve(stored)

    assert look(stored, after=59 * DAYS) is None
    assert red(look(stored, after=61 * DAYS), describe(stored.chain).not_after.isoformat())


def test_a_certificate_for_another_name_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue("api.shop.example")
    edge.serve(stored)

    assert red(look(stored), "api.shop.example", HOST)


def test_an_issuer_that_clients_do_not_trust_is_red_and_named(edge: Edge, look: Look) -> None:
    stored = issued_by(*make_authority(), HOST)
    edge.serve(stored)

    assert red(look(stored), "CN=Memory Authority", HOST)


def test_without_anchors_of_ones_own_mozillas_count(
    edge: Edge, issue: Issue, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = issue()
    edge.serve(stored)
    assert look(stored) is None
    monkeypatch.setenv("SSL_CERT_FILE", look.variables["SSL_CERT_FILE"])  # the shell's trust is nobody's here

    assert red(look.without("SSL_CERT_FILE")(stored), "CN=Memory Authority")


def test_a_host_that_no_client_could_ask_for_is_red(edge: Edge, issue: Issue, look: Look) -> None:
    stored = issue("*.shop.example")
    edge.serve(stored)

    assert red(look(stored, host="*.shop.example"), "*.shop.example")


def test_a_server_that_is_away_silent_or_no_tls_is_red(issue: Issue, look: Look) -> None:
    """The claim is that a client is served: one that gets nothing has seen that it is not."""
    stored = issue()
    port = free_port()
    assert red(look.at(port)(stored), HOST, f"127.0.0.1:{port}")

    with listening(lambda connection: connection.sendall(b"220 mail.shop.example\r\n")) as port:
        assert red(look.at(port)(stored), HOST)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        assert red(look.at(silent.getsockname()[1])(stored), HOST)
        assert time.monotonic() - started < 4


def test_a_host_without_an_address_is_red(issue: Issue, look: Look) -> None:
    nowhere = look.without("PROVISIONING_CONNECT_TO")
    assert red(nowhere(issue("nowhere.invalid"), host="nowhere.invalid"), "nowhere.invalid:443")


@pytest.mark.parametrize("anchors", ["missing.pem", "empty.pem"])
def test_trust_anchors_that_cannot_be_read_are_an_error(
    edge: Edge, issue: Issue, look: Look, tmp_path: Path, anchors: str
) -> None:
    stored = issue()
    edge.serve(stored)
    (tmp_path / "empty.pem").touch()
    file = str(tmp_path / anchors)

    with pytest.raises(ProviderFailed) as error:
        replace(look, variables={**look.variables, "SSL_CERT_FILE": file})(stored)
    assert file in str(error.value)
    assert error.value.remedy


def test_a_rule_that_cannot_be_read_is_an_error(issue: Issue, look: Look) -> None:
    with pytest.raises(ConfigurationError) as error:
        replace(look, variables={"PROVISIONING_CONNECT_TO": "127.0.0.1:8443"})(issue())
    assert [problem.file for problem in error.value.problems] == ["PROVISIONING_CONNECT_TO"]
