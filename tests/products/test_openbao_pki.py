"""OpenBao's PKI engine: what a role refuses or changes, mounts that are none, tokens, chains of intermediates."""

import gc
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.openbao_pki import OpenBaoPki
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, Refused, Unreachable
from provisioning_assets.probes.tls import describe
from tests.support.authorities import Customer, mounted_pki
from tests.support.back_ends import opened
from tests.support.http_servers import answering_always
from tests.support.secret_stores import admin, vault_access
from tests.support.servers import SecretServer, free_port

# A refused connection leaves a closed socket behind, which urllib3 gives up in its own time.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

NAMES = ("shop.example", "www.shop.example")
SHOP = {"allowed_domains": "shop.example", "allow_bare_domains": True, "allow_subdomains": True}


@pytest.fixture
def mount(bao: SecretServer) -> str:
    """An authority of the test's own, whose role allows the zone."""
    path = f"pki-{uuid4().hex[:8]}"
    mounted_pki(bao, path, **SHOP)
    return path


def at(bao: SecretServer, mount: str, role: str = "server", token: str = "", **more: str) -> OpenBaoPki:
    access = vault_access(bao.address, token or bao.token, **more)
    authority: OpenBaoPki = opened(Kind.CERTIFICATES, "openbao_pki", access, mount=mount, role=role)
    return authority


def refusal(ask: Callable[[], Any], bao: SecretServer, mount: str = "") -> ProviderFailed:
    """Why something failed: with the place and what to do, and without the token."""
    with pytest.raises(ProviderFailed) as caught:
        ask()
    assert bao.address in caught.value.where
    assert caught.value.cause or caught.value.what
    assert mount in caught.value.remedy
    assert bao.token not in str(caught.value)
    return caught.value


def changed(bao: SecretServer, mount: str, **role: object) -> OpenBaoPki:
    """The authority, after somebody has changed its role."""
    admin(bao).write_data(f"{mount}/roles/server", data={"key_type": "any", **SHOP, **role})
    return at(bao, mount)


def test_a_foreign_name_is_refused_in_the_roles_own_words(bao: SecretServer, mount: str) -> None:
    customer = Customer((*NAMES, "www.evil.example"), None)

    error = refusal(lambda: at(bao, mount).issue(customer), bao, f"{mount}/roles/server")

    assert "www.evil.example not allowed by this role" in error.cause
    assert not any(key.splitlines()[1] in str(error) for key in customer.keys)


@pytest.mark.parametrize(
    ("role", "word"), [({"key_type": "rsa"}, "rsa"), ({"allow_subdomains": False}, "www.shop.example")]
)
def test_what_a_role_does_not_allow_is_told_with_the_way_to_it(
    bao: SecretServer, mount: str, role: dict[str, object], word: str
) -> None:
    authority = changed(bao, mount, **role)

    error = refusal(lambda: authority.issue(Customer(NAMES, None)), bao, f"{mount}/roles/server")

    assert word in error.cause


def test_a_role_that_is_not_there_is_named(bao: SecretServer, mount: str) -> None:
    error = refusal(lambda: at(bao, mount, role="nobody").issue(Customer(NAMES, None)), bao, f"{mount}/roles/nobody")

    assert "nobody" in error.cause


def test_a_role_may_take_the_names_from_either_side(bao: SecretServer, mount: str) -> None:
    authority = changed(bao, mount, use_csr_sans=False, use_csr_common_name=False)

    assert describe(authority.issue(Customer(NAMES, None)).chain).names == NAMES


def test_a_long_name_is_no_common_name(bao: SecretServer, mount: str) -> None:
    long = f"{'a' * 60}.shop.example"
    assert describe(at(bao, mount).issue(Customer((long, "shop.example"), None)).chain).names == (long, "shop.example")
    assert "common_name" in refusal(lambda: at(bao, mount).issue(Customer((long,), None)), bao, mount).cause

    authority = changed(bao, mount, require_cn=False)

    assert describe(authority.issue(Customer((long,), None)).chain).names == (long,)


def test_a_role_for_clients_makes_no_certificate_for_servers(bao: SecretServer, mount: str) -> None:
    authority = changed(bao, mount, server_flag=False)

    assert "servers" in refusal(lambda: authority.issue(Customer(NAMES, None)), bao, mount).cause


def test_a_role_decides_for_how_long(bao: SecretServer, mount: str) -> None:
    leaf = describe(changed(bao, mount, ttl="2h").issue(Customer(NAMES, None)).chain)

    assert 2 <= (leaf.not_after - leaf.not_before).total_seconds() / 3600 < 2.1


def test_a_chain_of_an_intermediate_has_each_issuer(bao: SecretServer, mount: str) -> None:
    root, below = admin(bao), f"{mount}-below"
    root.sys.enable_secrets_engine("pki", path=below)
    asked = root.write_data(f"{below}/intermediate/generate/internal", data={"common_name": "Test Issuing"})["data"]
    signed = root.write_data(f"{mount}/root/sign-intermediate", data={"csr": asked["csr"], "ttl": "9h"})["data"]
    chain = "\n".join([signed["certificate"], signed["issuing_ca"]])
    root.write_data(f"{below}/intermediate/set-signed", data={"certificate": chain})
    authority = changed(bao, below, ttl="1h")

    found = x509.load_pem_x509_certificates(authority.issue(Customer(NAMES, None)).chain.encode())

    assert [each.issuer.rfc4514_string() for each in found] == ["CN=Test Issuing", "CN=Test Root", "CN=Test Root"]


def test_a_mount_that_is_not_there_or_has_no_issuer_is_told(bao: SecretServer, mount: str) -> None:
    admin(bao).sys.enable_secrets_engine("pki", path=f"{mount}-empty")
    for path in (f"{mount}-nowhere", f"{mount}-empty", "cubbyhole"):
        refusal(at(bao, path).reach, bao, path)
    refusal(lambda: at(bao, f"{mount}-nowhere").issue(Customer(NAMES, None)), bao, f"{mount}-nowhere")


def test_a_token_that_may_not_sign_is_told(bao: SecretServer, mount: str) -> None:
    token = admin(bao).auth.token.create(policies=["default"])["auth"]["client_token"]

    error = refusal(lambda: at(bao, mount, token=token).issue(Customer(NAMES, None)), bao)

    assert "403" in error.cause
    assert mount in error.cause
    assert token not in str(error)


def test_signing_is_all_that_a_token_needs(bao: SecretServer, mount: str) -> None:
    rules = f'path "{mount}/sign/server" {{ capabilities = ["update"] }}'
    admin(bao).sys.create_or_update_acl_policy(f"sign-{mount}", policy=rules)
    token = admin(bao).auth.token.create(policies=[f"sign-{mount}"])["auth"]["client_token"]
    authority = at(bao, mount, token=token)

    authority.reach()

    assert authority.issue(Customer(NAMES, None)).chain


def test_a_namespace_has_authorities_of_its_own(bao: SecretServer, mount: str) -> None:
    inside, space = admin(bao), f"team-{mount}"
    inside.write_data(f"sys/namespaces/{space}", data={})
    inside.adapter.namespace = space
    inside.sys.enable_secrets_engine("pki", path=mount)
    inside.write_data(f"{mount}/root/generate/internal", data={"common_name": "Inner Root"})
    inside.write_data(f"{mount}/roles/server", data={"key_type": "any", "ttl": "1h", **SHOP})
    inner, outer = at(bao, mount, VAULT_NAMESPACE=space), at(bao, mount)

    inner.reach()

    assert describe(inner.issue(Customer(NAMES, None)).chain).issuer == "CN=Inner Root"
    assert inner.authority() == f"{bao.address}/v1/{space}/{mount}"
    assert inner.identity() != outer.identity()
    inside.adapter.namespace = ""
    inside.sys.delete_namespace(space)


def test_another_mount_is_another_authority_and_another_role_is_not(bao: SecretServer, mount: str) -> None:
    assert at(bao, mount).authority() == at(bao, mount, role="other").authority() == f"{bao.address}/v1/{mount}"
    assert at(bao, "elsewhere").authority() != at(bao, mount).authority()
    assert at(bao, "elsewhere").identity() != at(bao, mount).identity()


def test_nothing_is_sent_to_an_address_that_only_the_file_names(bao: SecretServer) -> None:
    access, settings = vault_access(bao.address, bao.token), {"role": "server", "address": "https://bao.example"}
    authority = opened(Kind.CERTIFICATES, "openbao_pki", access, **settings)

    with pytest.raises(Refused):
        authority.issue(Customer(NAMES, None))


def test_a_profile_without_address_or_token_is_told_what_to_set(bao: SecretServer) -> None:
    for variables, missing in (({}, "VAULT_ADDR"), ({"VAULT_ADDR": bao.address}, "VAULT_TOKEN")):
        authority = opened(Kind.CERTIFICATES, "openbao_pki", Access("profile of nobody", variables), role="server")
        for ask in (authority.reach, lambda each=authority: each.issue(Customer(NAMES, None))):
            with pytest.raises(ProviderFailed) as caught:
                ask()
            assert caught.value.where == "profile of nobody"
            assert missing in caught.value.remedy


def test_what_answers_and_is_no_openbao_gets_told_apart() -> None:
    with answering_always(200, "<html>welcome</html>") as address:
        authority = opened(Kind.CERTIFICATES, "openbao_pki", vault_access(address), role="server")
        for ask in (authority.reach, lambda: authority.issue(Customer(NAMES, None))):
            with pytest.raises(ProviderFailed) as caught:
                ask()
            assert caught.value.where == address
            assert caught.value.remedy


def test_a_server_that_is_away_while_signing_is_named() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable) as caught:
        opened(Kind.CERTIFICATES, "openbao_pki", vault_access(address), role="server").issue(Customer(NAMES, None))
    assert caught.value.address == address
    del caught
    gc.collect()


@pytest.mark.parametrize("key", ["mount", "role"])
@pytest.mark.parametrize("value", ["", "/pki", "pki/", "../sys", "a b", "pki?x"])
def test_a_mount_or_role_that_leads_elsewhere_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=key):
        opened(Kind.CERTIFICATES, "openbao_pki", vault_access("http://127.0.0.1:1"), **{"role": "server", key: value})
