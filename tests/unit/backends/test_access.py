"""Access: credentials go where the profile says and nowhere else, and what a child gets is on a list."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning_assets.backends import access
from provisioning_assets.backends.access import OF_PROCESS, Access
from provisioning_assets.errors import ProviderFailed, Refused

VARIABLE, SERVER = "VAULT_ADDR", "OpenBao"
PROFILE = "profile sandbox (sandbox.env)"
HERE, THERE = "https://bao.agency.example", "https://bao.elsewhere.example"


def of(**variables: str) -> Access:
    return Access(PROFILE, variables)


def address(profile: str, declared: str | None = None) -> str:
    return of(**{VARIABLE: profile}).address(declared, VARIABLE, SERVER)


def test_a_path_is_shown_from_the_repository_on(tmp_path: Path) -> None:
    access = Access(PROFILE, {}, folder=tmp_path / "repository")
    assert access.shown(tmp_path / "repository/engagements/shop/a.csr") == "engagements/shop/a.csr"
    assert access.shown(tmp_path / "elsewhere/a.csr") == str(tmp_path / "elsewhere/a.csr")


def test_the_address_is_the_profiles() -> None:
    assert address(HERE) == HERE
    assert address(HERE, declared=f"{HERE}/") == HERE


def test_an_address_that_is_not_the_profiles_is_refused_with_both() -> None:
    with pytest.raises(Refused) as refused:
        address(HERE, declared=THERE)
    told = "\n".join(refused.value.reasons)
    for each in (HERE, THERE, PROFILE):
        assert each in told
    assert VARIABLE in refused.value.remedy


def test_an_address_that_no_profile_confirms_is_refused() -> None:
    with pytest.raises(Refused) as refused:
        of().address(THERE, VARIABLE, SERVER)
    told = "\n".join(refused.value.reasons)
    for each in (THERE, PROFILE, VARIABLE):
        assert each in told


def test_an_address_that_nobody_gives_is_missing() -> None:
    with pytest.raises(ProviderFailed) as missing:
        of().address(None, VARIABLE, SERVER)
    assert missing.value.where == PROFILE
    assert VARIABLE in missing.value.remedy


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.4.7", "localhost", "bao.localhost", "[::1]"])
def test_plain_http_goes_to_this_machine(host: str) -> None:
    assert address(f"http://{host}:8200") == f"http://{host}:8200"


@pytest.mark.parametrize("host", ["bao.agency.example", "192.0.2.1", "10.0.0.1", "localhost.example", "[2001:db8::1]"])
def test_plain_http_goes_nowhere_else(host: str) -> None:
    with pytest.raises(Refused):
        address(f"http://{host}:8200")


@pytest.mark.parametrize("no_url", ["bao.agency.example:8200", "ftp://bao.agency.example", "https://", "file:///etc"])
def test_what_is_no_url_is_told_with_its_variable(no_url: str) -> None:
    with pytest.raises(ProviderFailed) as wrong:
        address(no_url)
    assert wrong.value.where == f"{VARIABLE}={no_url}"


def test_a_child_gets_what_is_on_the_list_and_nothing_stray(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PATH": "/bin", "AWS_PROFILE": "stray", "SHOP_KEY": "stray", "TF_LOG": "stray"}.items():
        monkeypatch.setenv(name, value)
    own = {"AWS_ACCESS_KEY_ID": "a", "HTTPS_PROXY": "p", "SSL_CERT_FILE": "c", "TF_LOG": "own"}
    more = {"VAULT_TOKEN": "t", "SHOP_KEY": "s"}
    given = of(**own, **more).for_child("AWS_", "TF_")
    assert given["PATH"] == "/bin"
    assert {name: value for name, value in given.items() if name not in access._OF_CHILDREN} == own


def test_a_child_gets_more_where_the_profile_names_it() -> None:
    more = {"PROVISIONING_PASS_ON": "SHOP_KEY, SHOP_MODE", "SHOP_KEY": "s", "VAULT_TOKEN": "t"}
    given = of(**more).for_child("AWS_")
    assert given["SHOP_KEY"] == "s"
    assert not {"SHOP_MODE", "VAULT_TOKEN", "PROVISIONING_PASS_ON"} & given.keys()


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z_]{0,12}", fullmatch=True), st.just("x"), max_size=8))
def test_without_a_prefix_no_variable_of_a_product_passes(variables: dict[str, str]) -> None:
    allowed = {*access._OF_CHILDREN, *access._NETWORK}
    assert set(of(**variables).for_child()) <= allowed


def test_a_proxy_is_for_other_machines_and_of_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://stray.example")
    own = of(HTTPS_PROXY="http://proxy.example", http_proxy="http://proxy.example")
    both = dict.fromkeys(("http", "https"), "http://proxy.example")
    assert own.proxies(HERE) == both
    assert own.proxies("http://127.0.0.1:8200") == {}
    assert of().proxies(HERE) == {}


def test_credentials_are_not_in_what_is_printed() -> None:
    assert "hunter" not in repr(Access(PROFILE, {"VAULT_TOKEN": "hunter"}, given={"SHOP_KEY": "hunter"}))


def test_without_a_profile_the_variables_are_this_processs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, HERE)
    own = access.of_process("eu-central-1", "123456789012")
    assert (own.name, own.get(VARIABLE), own.region, own.account) == (OF_PROCESS, HERE, "eu-central-1", "123456789012")
    assert own.given[VARIABLE] == HERE
    assert own.get("NOBODY_SETS_THIS") == ""
