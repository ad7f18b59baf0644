from contextlib import nullcontext
from datetime import timedelta

import pytest

from provisioning_assets.errors import ProviderFailed
from provisioning_assets.probes.tls import connect_to, describe, fingerprint_of_key
from tests.fakes.certificates import MemoryAuthority


class Proven:
    def publish(self, _records: object) -> nullcontext[None]:
        return nullcontext()


class Everything:
    def __contains__(self, _value: object) -> bool:
        return True


def test_a_chain_is_described_by_its_leaf() -> None:
    authority = MemoryAuthority(lambda _name: Everything(), lifetime=timedelta(days=30))
    issued = authority.issue(("shop.example", "*.shop.example"), Proven())

    leaf = describe(issued.chain)

    assert leaf.names == ("*.shop.example", "shop.example")
    assert leaf.issuer == "CN=Memory Authority"
    assert leaf.not_after - leaf.not_before == timedelta(days=30)
    assert leaf.key_fingerprint == fingerprint_of_key(issued.key)
    assert leaf.serial != describe(authority.anchor).serial


@pytest.mark.parametrize("days", [6, 45, 90])
def test_renewal_is_due_by_a_share_of_the_lifetime(days: int) -> None:
    authority = MemoryAuthority(lambda _name: Everything(), lifetime=timedelta(days=days))
    leaf = describe(authority.issue(("shop.example",), Proven()).chain)

    assert not leaf.renewal_due(leaf.not_before + timedelta(days=days) * 0.66)
    assert leaf.renewal_due(leaf.not_before + timedelta(days=days) * 0.67)


def test_a_certificate_without_names_covers_nothing() -> None:
    leaf = describe(MemoryAuthority(lambda _name: ()).anchor)
    assert leaf.names == ()
    assert not leaf.covers("shop.example")


@pytest.mark.parametrize("chain", ["", "not a certificate"])
def test_what_is_no_chain_is_an_error(chain: str) -> None:
    with pytest.raises(ProviderFailed, match="the stored chain holds no PEM certificate"):
        describe(chain)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", ("shop.example", 443)),
        ("*:443:127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("::127.0.0.1:8443", ("127.0.0.1", 8443)),
        ("other.example:443:127.0.0.1:1, shop.example:443:127.0.0.1:2", ("127.0.0.1", 2)),
        ("shop.example:*:[::1]:8443", ("::1", 8443)),
        ("*:443::8443", ("shop.example", 8443)),
        ("*:8080:127.0.0.1:1", ("shop.example", 443)),
    ],
)
def test_connections_go_where_the_rules_say(
    monkeypatch: pytest.MonkeyPatch, rules: str, expected: tuple[str, int]
) -> None:
    monkeypatch.setenv("PROVISIONING_CONNECT_TO", rules)
    assert connect_to("shop.example") == expected
