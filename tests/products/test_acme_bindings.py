"""External account binding on OpenBao and Pebble, which require it: present, missing, wrong, half, and never told."""

import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from secrets import token_bytes

import hvac
import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.acme.authority import Acme
from provisioning_assets.backends.secrets import ACME_ACCOUNT
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ProviderFailed
from provisioning_assets.operations import orders
from tests.support.authorities import Challenges, Customer, acme_directory
from tests.support.back_ends import opened
from tests.support.certified import ENGAGEMENT, Certified
from tests.support.name_servers import Zone, answering
from tests.support.pebble import pebble_server
from tests.support.servers import SecretServer

NAMES = ("shop.example",)
KEY_ID, HMAC_KEY = "ACME_EAB_KEY_ID", "ACME_EAB_HMAC_KEY"


def some_key() -> str:
    return urlsafe_b64encode(token_bytes(32)).decode().rstrip("=")


@dataclass(frozen=True)
class Authority:
    """One that requires a binding."""

    access: Access
    zone: Zone
    binding: Callable[[], tuple[str, str]]
    """Key id and HMAC key of a customer there."""

    def open(self, *, key_id: str | None = None, **variables: str) -> Acme:
        access = Access("profile of the test", {**self.access.variables, **variables})
        authority: Acme = opened(Kind.CERTIFICATES, "acme", access, eab_key_id=key_id)
        return authority

    def customer(self) -> Customer:
        return Customer(NAMES, Challenges(self.zone))


@pytest.fixture(scope="module")
def on_pebble() -> Iterator[Authority]:
    zone, key = Zone("shop.example"), some_key()
    with answering(zone) as name_server, pebble_server(str(name_server), bindings={"kid-1": key}) as pebble:
        yield Authority(pebble.access(), zone, lambda: ("kid-1", key))


@pytest.fixture(scope="module")
def on_openbao(bao: SecretServer) -> Iterator[Authority]:
    zone = Zone("shop.example")

    def binding() -> tuple[str, str]:
        made = hvac.Client(url=bao.address, token=bao.token).write_data("pki/acme/new-eab", data={})["data"]
        return made["id"], made["key"]

    with answering(zone) as name_server:
        directory = acme_directory(bao, str(name_server), bound=True)
        yield Authority(Access("its own", {"ACME_DIRECTORY_URL": directory}), zone, binding)


@pytest.fixture(params=["on_pebble", "on_openbao"])
def authority(request: pytest.FixtureRequest) -> Authority:
    found: Authority = request.getfixturevalue(request.param)
    return found


def test_an_account_is_bound_with_the_key_of_the_profile(authority: Authority) -> None:
    key_id, hmac_key = authority.binding()

    assert authority.open(key_id=key_id, **{HMAC_KEY: hmac_key}).issue(authority.customer()).chain


def test_the_profile_may_name_the_key_id_too(authority: Authority) -> None:
    key_id, hmac_key = authority.binding()

    assert authority.open(**{KEY_ID: key_id, HMAC_KEY: hmac_key}).issue(authority.customer()).chain


@pytest.mark.parametrize("still_there", [True, False])
def test_an_account_that_is_bound_stays_so_in_later_runs(authority: Authority, *, still_there: bool) -> None:
    (key_id, hmac_key), customer = authority.binding(), authority.customer()
    variables = {KEY_ID: key_id, HMAC_KEY: hmac_key}
    authority.open(**variables).issue(customer)
    customer.done()

    assert authority.open(**variables if still_there else {}).issue(customer).chain


def test_without_a_binding_it_is_said_where_one_belongs(authority: Authority) -> None:
    with pytest.raises(ProviderFailed) as caught:
        authority.open().issue(authority.customer())

    assert caught.value.where == authority.access.variables["ACME_DIRECTORY_URL"]
    assert "externalAccountRequired" in caught.value.cause
    assert all(each in caught.value.remedy for each in ("eab_key_id", KEY_ID, HMAC_KEY))


@pytest.mark.parametrize("wrong", ["key id", "HMAC key"])
def test_a_wrong_half_is_told_by_the_authority_and_not_shown(
    authority: Authority, caplog: pytest.LogCaptureFixture, wrong: str
) -> None:
    caplog.set_level(logging.DEBUG)
    key_id, hmac_key = authority.binding()
    key_id, hmac_key = ("nobody", hmac_key) if wrong == "key id" else (key_id, some_key())
    back_end = authority.open(key_id=key_id, **{HMAC_KEY: hmac_key})

    with pytest.raises(ProviderFailed) as caught:
        back_end.issue(authority.customer())

    assert caught.value.where == authority.access.variables["ACME_DIRECTORY_URL"]
    assert key_id in caught.value.what
    assert caught.value.cause
    assert HMAC_KEY in caught.value.remedy
    shown = [str(caught.value), repr(caught.value), repr(back_end), repr(back_end._binding()), caplog.text]
    assert caplog.text
    assert not any(hmac_key in each for each in shown)


@pytest.mark.parametrize(
    "variables", [{KEY_ID: "kid-1"}, {HMAC_KEY: some_key()}, {KEY_ID: "kid-1", HMAC_KEY: "no=key"}]
)
def test_half_a_binding_is_told_before_anything_is_sent(variables: dict[str, str]) -> None:
    nowhere = {"ACME_DIRECTORY_URL": "https://ca.example/directory", **variables}
    authority: Acme = opened(Kind.CERTIFICATES, "acme", Access("profile of the test", nowhere))

    with pytest.raises(ProviderFailed) as caught:
        authority.reach()

    assert caught.value.where == "profile of the test"
    assert caught.value.remedy
    assert variables.get(HMAC_KEY, "nothing") not in str(caught.value)


@pytest.fixture
def shop(tmp_path: Path) -> Certified:
    return Certified(tmp_path)


@pytest.fixture
def bound(on_openbao: Authority, shop: Certified, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[str, str]], str]:
    """Orders by a binding; the account that was used."""
    monkeypatch.setattr(orders, "Challenges", lambda _run: Challenges(on_openbao.zone))

    def order(binding: tuple[str, str]) -> str:
        key_id, hmac_key = binding
        shop.authority = on_openbao.open(**({KEY_ID: key_id, HMAC_KEY: hmac_key} if key_id else {}))
        shop.certificates = (Certificate(name="shop", names=(f"n{next(NUMBERS)}.shop.example",)),)
        shop.apply()
        return shop.store.read(ENGAGEMENT, ACME_ACCOUNT)["key"]

    return order


NUMBERS = count()


def test_another_binding_is_another_account(on_openbao: Authority, bound: Callable[[tuple[str, str]], str]) -> None:
    first, second = on_openbao.binding(), on_openbao.binding()

    accounts = [bound(first), bound(first), bound(second), bound(second)]

    assert accounts[0] == accounts[1] != accounts[2] == accounts[3]


def test_whoever_goes_back_to_a_binding_has_its_account_again(
    on_openbao: Authority, bound: Callable[[tuple[str, str]], str]
) -> None:
    first, second = on_openbao.binding(), on_openbao.binding()  # OpenBao takes each of them once

    assert bound(first) == [bound(second), bound(first)][1]


def test_a_binding_that_is_taken_away_leaves_the_account(
    on_openbao: Authority, bound: Callable[[tuple[str, str]], str]
) -> None:
    assert bound(on_openbao.binding()) == bound(("", ""))


def test_a_wrong_binding_that_is_corrected_is_registered(
    on_openbao: Authority, bound: Callable[[tuple[str, str]], str]
) -> None:
    key_id, hmac_key = on_openbao.binding()
    with pytest.raises(ProviderFailed):
        bound(("nobody", hmac_key))

    assert bound((key_id, hmac_key))


def test_an_account_of_old_is_taken_for_one_of_the_binding(
    on_openbao: Authority, shop: Certified, bound: Callable[[tuple[str, str]], str]
) -> None:
    first, second = on_openbao.binding(), on_openbao.binding()
    old = bound(first)
    there = shop.store.find(ENGAGEMENT, ACME_ACCOUNT)
    assert there is not None
    shop.store.update(ENGAGEMENT, ACME_ACCOUNT, {"key": old}, version=there.version)

    assert bound(first) == old != bound(second)
