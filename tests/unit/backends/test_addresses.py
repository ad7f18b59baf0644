"""What an address of a server looks like: one reading of it, and credentials go nowhere in the clear."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.backends.addresses import host_port, ports, servers, url

NO_HOSTS = ["", " ", "a b", "a..b", ".a", "300.1.1.1", "127.1", "exa$mple", "%41.example", "*", f"{'a' * 64}.example"]
NO_PORTS = ["0", "65536", "99999", "-1", "http", "", "1:2", " 53"]
ALIKE = ["shop.example/", "shop.example\t", "shop.example\n", " shop.example", "u@shop.example", "shop.example#1"]


@pytest.mark.parametrize("text", [
    "https://bao.shop.example", "https://bao.shop.example:8200", "https://192.0.2.1:1", "https://[2001:db8::1]:65535",
    "https://bao.shop.example/v1/pki/acme/directory", "https://ca.example/acme?tenant=1", "HTTPS://Bao.shop.example",
    "https://münchen.example", "http://127.0.0.1:8200", "http://[::1]:8200", "http://localhost", "http://bao.localhost",
])  # fmt: skip
def test_an_address_of_a_server_is_kept_as_it_is_written(text: str) -> None:
    assert url(text) == text


@pytest.mark.parametrize("text", [
    "rubbish", "bao.shop.example:8200", "ftp://x", "file:///etc", "https://", "https:", "https:///x",
    "https:bao.example", "https:\\\\bao.example", "https://bao.example\\@other.example", "https://::1", "https://[::1",
    "https://[fe80::1%1]", "https://user:hunter2@bao.example", "https://@bao.example", "https://bao.example#top", " https://bao.example",
    "https://bao.example\n", "https://bao.exa\tmple", "https://bao.example/a b",
    *(f"https://{host}" for host in NO_HOSTS), *(f"https://bao.example:{port}" for port in NO_PORTS),
])  # fmt: skip
def test_what_is_no_address_is_told_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="https://") as told:
        url(text)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("host", ["example.com", "192.0.2.1", "10.0.0.1", "localhost.example", "[2001:db8::1]"])
def test_plain_http_leads_to_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        url(f"http://{host}:8200")


@pytest.mark.parametrize(("text", "found"), [
    ("ns1.shop.example", ("ns1.shop.example", None)), ("NS1.shop.example.:53", ("ns1.shop.example.", 53)),
    ("192.0.2.1:5301", ("192.0.2.1", 5301)), ("[2001:DB8::1]", ("2001:db8::1", None)), ("[::1]:53", ("::1", 53)),
    ("_ns.shop.example", ("_ns.shop.example", None)),
])  # fmt: skip
def test_a_host_may_have_a_port(text: str, found: tuple[str, int | None]) -> None:
    assert host_port(text) == found


@pytest.mark.parametrize("text", [
    "::1", "[::1", "[192.0.2.1]", "[::1]53", "dns://ns1.example", "127.0.0.1:99999", *NO_HOSTS, *ALIKE,
    *(f"ns1.example:{port}" for port in NO_PORTS),
])  # fmt: skip
def test_what_is_no_host_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="HOST"):
        host_port(text)


@given(st.text(st.sampled_from("aZ1.:/@[]%#?\\ \t0-"), max_size=14))
def test_what_passes_is_read_alike_by_another_parser(text: str) -> None:
    try:
        host, port = host_port(text)
    except ValueError:
        return
    parts = urlsplit(f"https://{text}/path")
    assert (parts.hostname, parts.port, parts.path) == (host, port, "/path")
    assert url(f"https://{text}/path")


def test_several_servers_are_addresses_each_with_its_port() -> None:
    assert servers("127.0.0.1:5301, [::1]:53,::1,192.0.2.53") == [
        ("127.0.0.1", 5301), ("::1", 53), ("::1", None), ("192.0.2.53", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", " ", ",", "ns1.example", "127.0.0.1:0", "127.0.0.1;192.0.2.1", "127.0.0.1 192.0.2.1"]
)
def test_several_servers_are_told_when_one_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="commas"):
        servers(text)


def test_ports_are_numbers_of_ports() -> None:
    assert ports("5432,5433") == [5432, 5433]
    for wrong in ("0", "65536", "5432,", "x", "²", "-1"):
        with pytest.raises(ValueError, match="65535"):
            ports(wrong)
