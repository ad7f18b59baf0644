"""One suite for every product that serves copies of certificates which others issued."""

import pytest

from provisioning_assets.backends.certificates import Copies, Original, requests
from provisioning_assets.backends.certificates.settings import KeyType
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.probes.tls import fingerprints
from tests.fakes.copies import MemoryCopies
from tests.support.back_ends import FAKE, aws_access, names, products, subject_of
from tests.support.laws import EveryBackEnd, Proven
from tests.support.servers import empty_moto
from tests.support.signing import Signer

SCOPE = "shop-staging"
NAMES = ("shop.example", "www.shop.example")
ROOT = Signer("Root")
BETWEEN = Signer("Between", ROOT)


def acm(request: pytest.FixtureRequest) -> Proven:
    address = request.getfixturevalue("moto")
    empty_moto(address)
    return Proven(Kind.COPIES, "acm", address, aws_access)


SUBJECTS = {"acm": acm}


class TestEveryLaw(EveryBackEnd):
    @pytest.fixture(params=products(Kind.COPIES))
    def proven(self, request: pytest.FixtureRequest) -> Proven:
        return subject_of(Kind.COPIES, request.param, SUBJECTS)(request)


@pytest.fixture(params=names(Kind.COPIES))
def copies(request: pytest.FixtureRequest) -> Copies:
    if request.param == FAKE:
        return MemoryCopies()
    found: Copies = subject_of(Kind.COPIES, request.param, SUBJECTS)(request).opened()
    return found


def original(
    *names: str, name: str = "web", scope: str = SCOPE, key_type: KeyType = "ec256", chain: str = ""
) -> Original:
    """One of an authority with an intermediate, whose chain ends before its root."""
    key, request = requests.make(names or NAMES, key_type)
    return Original(scope, name, BETWEEN.sign(request) + (chain or BETWEEN.pem), key)


def test_a_copy_is_told_with_its_chain_and_never_with_its_key(copies: Copies) -> None:
    shop = original()

    reference = copies.put(shop)

    (held,) = copies.held(SCOPE)
    assert (held.reference, held.name, held.names, held.state) == (reference, "web", NAMES, "issued")
    assert fingerprints(held.chain) == fingerprints(shop.chain)
    assert (held.told, held.proofs, held.used_by) == ("", (), ())
    assert "PRIVATE KEY" not in repr([held, copies, shop])
    assert "PRIVATE KEY" not in held.chain


def test_one_that_is_put_over_another_has_its_reference(copies: Copies) -> None:
    reference = copies.put(original())
    (before,) = copies.held(SCOPE)
    renewed = original("other.example", *NAMES)

    assert copies.put(renewed, before) == reference

    (held,) = copies.held(SCOPE)
    assert (held.reference, held.name) == (reference, "web")
    assert fingerprints(held.chain) == fingerprints(renewed.chain)
    assert held.names == ("other.example", *NAMES)


def test_one_that_is_put_beside_another_has_a_reference_of_its_own(copies: Copies) -> None:
    references = {copies.put(original()), copies.put(original())}

    assert {each.reference for each in copies.held(SCOPE)} == references
    assert len(references) == 2


@pytest.mark.parametrize("key_type", ["ec256", "rsa2048", "rsa3072", "rsa4096"])
def test_every_type_of_key_that_we_make_is_taken_and_found_again(copies: Copies, key_type: KeyType) -> None:
    reference = copies.put(original(key_type=key_type))

    assert [each.reference for each in copies.held(SCOPE)] == [reference]


def test_a_key_of_another_type_is_not_put_over_one(copies: Copies) -> None:
    copies.put(original())
    (before,) = copies.held(SCOPE)

    with pytest.raises(ApplyFailed) as refused:
        copies.put(original(key_type="rsa2048"), before)

    assert (refused.value.where, bool(refused.value.remedy)) == (before.reference, True)
    assert list(copies.held(SCOPE)) == [before]


def test_a_key_of_another_certificate_is_refused_and_nothing_is_there(copies: Copies) -> None:
    shop, other = original(), original()

    with pytest.raises(ApplyFailed) as refused:
        copies.put(Original(SCOPE, "web", shop.chain, other.key))

    assert refused.value.where
    assert refused.value.remedy
    assert list(copies.held(SCOPE)) == []


def test_each_scope_has_copies_of_its_own(copies: Copies) -> None:
    orders = [("web", SCOPE), ("api", SCOPE), ("web", "shop-production")]

    references = {copies.put(original(name=name, scope=scope)) for name, scope in orders}

    assert len(references) == 3
    assert {each.name for each in copies.held(SCOPE)} == {"web", "api"}
    assert [each.name for each in copies.held("shop-production")] == ["web"]
    assert list(copies.held("shop-elsewhere")) == []


def test_a_chain_of_several_is_kept_in_its_order(copies: Copies) -> None:
    longer = original(chain=BETWEEN.pem + ROOT.pem)

    copies.put(longer)

    (held,) = copies.held(SCOPE)
    assert len(fingerprints(held.chain)) == 3
    assert fingerprints(held.chain) == fingerprints(longer.chain)


def test_what_is_dropped_is_gone_and_the_others_stay(copies: Copies) -> None:
    copies.put(original())
    copies.put(original(name="api"))
    api, web = sorted(copies.held(SCOPE), key=lambda each: each.name)

    copies.drop(web)

    assert list(copies.held(SCOPE)) == [api]


def test_what_lies_where_it_belongs_is_not_astray(copies: Copies) -> None:
    copies.put(original())

    left = copies.astray(SCOPE)

    assert (list(left.held), dict(left.unseen)) == ([], {})


def test_where_copies_lie_stays(copies: Copies) -> None:
    assert copies.place()
    assert copies.place() == copies.place()
