"""What a chain says of itself, and where a client connects to see it."""

from datetime import timedelta

import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.errors import ConfigurationError, ProviderFailed
from provisioning_assets.probes.tls import connect_to, describe, fingerprint_of_key
from tests.support.self_signed import self_signed


def test_a_chain_is_described_by_its_leaf() -> None:
    key, leaf = self_signed(("shop.example", "*.shop.example"), days=30)
    _, above = self_signed(("ca.example",))

    described = describe(leaf + above)

    assert described.names == ("*.shop.example", "shop.example")
    assert described.issuer == "CN=Some Authority"
    assert described.not_after - described.not_before == timedelta(days=30)
    assert described.key_fingerprint == fingerprint_of_key(key)
    assert described.serial != describe(above).serial


@pytest.mark.parametrize("days", [6, 45, 90])
def test_renewal_is_due_by_a_share_of_the_lifetime(days: int) -> None:
    leaf = describe(self_signed(("shop.example",), days=days)[1])

    assert not leaf.renewal_due(leaf.not_before + timedelta(days=days) * 0.66)
    assert leaf.renewal_due(leaf.not_before + timedelta(days=days) * 0.67)


@pytest.mark.parametrize(
    ("names", "host", "covered"),
    [
        (("shop.example",), "shop.example", True),
        (("*.shop.example",), "www.shop.example", True),
        (("*.shop.example",), "shop.example", False),
        (("*.shop.example",), "a.www.shop.example", False),
        ((), "shop.example", False),
    ],
)
def test_a_name_covers_its_host_and_a_wildcard_one_label(names: tuple[str, ...], host: str, *, covered: bool) -> None:
    leaf = describe(self_signed(names)[1])
    assert leaf.names == names
    assert leaf.covers(host) is covered


@pytest.mark.parametrize("chain", ["", "not a certificate"])
def test_what_is_no_chain_is_an_error(chain: str) -> None:
    with pytest.raises(ProviderFailed):
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
def test_connections_go_where_the_profiles_rules_say(
    monkeypatch: pytest.MonkeyPatch, rules: str, expected: tuple[str, int]
) -> None:
    monkeypatch.setenv("PROVISIONING_CONNECT_TO", "*:443:192.0.2.1:1")
    assert connect_to("shop.example", Access("the test's own", {"PROVISIONING_CONNECT_TO": rules})) == expected


@pytest.mark.parametrize("rule", ["8443", "*:443", "*:https:127.0.0.1:8443", "a:b:c:d:e"])
def test_what_is_no_rule_of_a_connection_is_an_error(rule: str) -> None:
    with pytest.raises(ConfigurationError) as wrong:
        connect_to("shop.example", Access("the test's own", {"PROVISIONING_CONNECT_TO": rule}))
    assert [problem.file for problem in wrong.value.problems] == ["PROVISIONING_CONNECT_TO"]
