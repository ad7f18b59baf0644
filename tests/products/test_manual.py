"""Certificates by hand: files that people find, keys that lie in none, and each chain that is refused."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from provisioning_assets.assets.certificates import certificates_are_issued
from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import requests
from provisioning_assets.backends.certificates.manual import Manual
from provisioning_assets.core.evidence import Verdict
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import ProviderFailed, Waiting
from provisioning_assets.probes.tls import describe, fingerprint_of_key
from tests.support.authorities import Customer
from tests.support.back_ends import opened
from tests.support.certified import Certified
from tests.support.signing import Signer

NAMES = ("shop.example", "www.shop.example")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def root() -> Signer:
    return Signer("Test Root")


@pytest.fixture(scope="module")
def issuing(root: Signer) -> Signer:
    return Signer("Test Issuing", root)


@pytest.fixture
def customer() -> Customer:
    return Customer(NAMES, None)


@pytest.fixture
def manual(tmp_path: Path, root: Signer) -> Manual:
    """In an engagement of its repository, whose clients trust the root."""
    (tmp_path / "anchors.pem").write_text(root.pem)
    access = Access(
        "the test's own",
        {"SSL_CERT_FILE": str(tmp_path / "anchors.pem")},
        folder=tmp_path,
        engagement=tmp_path / "engagements/demo_shop",
    )
    authority: Manual = opened(Kind.CERTIFICATES, "manual", access)
    return authority


def asked(manual: Manual, customer: Customer) -> Path:
    """The file of the open request."""
    with pytest.raises(Waiting):
        manual.issue(customer)
    (file,) = manual._folder.glob("*.csr")
    return file


def test_a_request_lies_where_the_message_says_and_asks_for_the_names(
    manual: Manual, customer: Customer, tmp_path: Path
) -> None:
    with pytest.raises(Waiting) as waiting:
        manual.issue(customer)

    (file,) = tmp_path.glob("engagements/demo_shop/certificates/*.csr")
    assert file.name.startswith("shop-staging-web-")
    assert file.relative_to(tmp_path).as_posix() in waiting.value.what
    assert file.with_suffix(".pem").relative_to(tmp_path).as_posix() in waiting.value.remedy
    request = x509.load_pem_x509_csr(file.read_bytes())
    assert request.is_signature_valid
    assert requests.names_in(request.extensions) == NAMES


def test_no_key_lies_in_any_file(manual: Manual, customer: Customer, root: Signer, tmp_path: Path) -> None:
    file = asked(manual, customer)
    file.with_suffix(".pem").write_text(root.sign(file.read_text()) + root.pem)
    manual.issue(customer)

    secret = customer.keys[0].splitlines()[1]
    files = [each.read_text() for each in tmp_path.rglob("*") if each.is_file()]
    assert len(files) == 3
    assert not any(secret in text or "PRIVATE KEY" in text for text in files)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_text("welcome"), lambda _: None])
def test_a_second_run_writes_the_same_request_again(
    manual: Manual, customer: Customer, spoil: Callable[[Path], object]
) -> None:
    file = asked(manual, customer)
    before = file.read_text()
    spoil(file)

    assert asked(manual, customer) == file
    assert file.read_text() == before == customer.request()
    assert len(customer.keys) == 1


REFUSED: dict[str, Callable[[str, Signer, Signer], str]] = {
    "another key": lambda _, issuing, __: issuing.sign(requests.make(NAMES)[1]) + issuing.pem,
    "wrong order": lambda request, issuing, _: issuing.pem + issuing.sign(request),
    "expired": lambda request, issuing, _: issuing.sign(request, begins=-9 * DAY, ends=-DAY) + issuing.pem,
    "missing": lambda request, issuing, root: issuing.sign(request) + root.pem,
    "PEM": lambda *_: "welcome",
    "private key": lambda request, issuing, _: issuing.sign(request) + issuing.pem + requests.make(NAMES)[0],
    "evil.example": lambda request, issuing, _: issuing.sign(request, names=(*NAMES, "evil.example")) + issuing.pem,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_chain_that_does_not_fit_is_refused_with_the_reason(
    manual: Manual, customer: Customer, root: Signer, issuing: Signer, reason: str
) -> None:
    file = asked(manual, customer)
    chain = file.with_suffix(".pem")
    chain.write_text(REFUSED[reason](file.read_text(), issuing, root))

    with pytest.raises(ProviderFailed) as caught:
        manual.issue(customer)

    assert reason in caught.value.cause
    assert caught.value.where == f"engagements/demo_shop/certificates/{chain.name}"
    assert file.name in caught.value.remedy
    assert not any(line in str(caught.value) for line in chain.read_text().splitlines() if "PRIVATE" in line)
    chain.write_text(issuing.sign(file.read_text()) + issuing.pem)
    assert describe(manual.issue(customer).chain).key_fingerprint == fingerprint_of_key(customer.keys[0])


def test_a_file_in_another_form_is_refused(manual: Manual, customer: Customer, issuing: Signer) -> None:
    file = asked(manual, customer)
    leaf = x509.load_pem_x509_certificate(issuing.sign(file.read_text()).encode())
    file.with_suffix(".pem").write_bytes(leaf.fingerprint(leaf.signature_hash_algorithm) * 9)

    with pytest.raises(ProviderFailed):
        manual.issue(customer)


def test_a_chain_that_ends_in_nobody_whom_clients_trust_is_incomplete(
    manual: Manual, customer: Customer, issuing: Signer
) -> None:
    lowest = Signer("Test Lowest", issuing)
    file = asked(manual, customer)
    answer = lowest.sign(file.read_text()) + lowest.pem
    file.with_suffix(".pem").write_text(answer)

    with pytest.raises(ProviderFailed) as caught:
        manual.issue(customer)

    assert "CN=Test Issuing" in caught.value.cause
    assert "SSL_CERT_FILE" in caught.value.remedy
    file.with_suffix(".pem").write_text(answer + issuing.pem)
    assert manual.issue(customer)


def test_trust_anchors_that_cannot_be_read_are_named(
    manual: Manual, customer: Customer, root: Signer, tmp_path: Path
) -> None:
    file = asked(manual, customer)
    file.with_suffix(".pem").write_text(root.sign(file.read_text()) + root.pem)
    for spoil in ((tmp_path / "anchors.pem").unlink, (tmp_path / "anchors.pem").touch):
        spoil()
        with pytest.raises(ProviderFailed) as caught:
            manual.issue(customer)
        assert caught.value.where == str(tmp_path / "anchors.pem")
        assert caught.value.remedy


def test_a_renewal_has_files_of_its_own_and_heeds_no_old_chain(
    manual: Manual, customer: Customer, root: Signer
) -> None:
    first = asked(manual, customer)
    first.with_suffix(".pem").write_text(root.sign(first.read_text()) + root.pem)
    manual.issue(customer)
    customer.done()

    with pytest.raises(Waiting):
        manual.issue(customer)

    (second,) = {*manual._folder.glob("*.csr")} - {first}
    second.with_suffix(".pem").write_text(root.sign(second.read_text()) + root.pem)
    assert describe(manual.issue(customer).chain).key_fingerprint == fingerprint_of_key(customer.keys[1])


def test_environments_share_a_folder_and_no_file(manual: Manual) -> None:
    for scope in ("shop-staging", "shop-production"):
        with pytest.raises(Waiting):
            manual.issue(Customer(NAMES, None, scope=scope))

    assert sorted(file.name.rpartition("-")[0] for file in manual._folder.iterdir()) == [
        "shop-production-web", "shop-staging-web",
    ]  # fmt: skip


def test_a_folder_that_is_a_file_is_told_with_what_to_do(manual: Manual, customer: Customer) -> None:
    manual._folder.parent.mkdir(parents=True)
    manual._folder.touch()

    for ask in (manual.reach, lambda: manual.issue(customer)):
        with pytest.raises(ProviderFailed) as caught:
            ask()
        assert caught.value.where == str(manual._folder)
        assert "`folder`" in caught.value.remedy


@pytest.mark.parametrize("folder", ["/etc/ssl", "../elsewhere", "a/../../b"])
def test_a_folder_outside_the_engagement_is_told_where_it_is_written(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ValueError, match="below the engagement"):
        opened(Kind.CERTIFICATES, "manual", Access("the test's own", {}, folder=tmp_path), folder=folder)


def test_a_run_waits_until_the_chain_lies_there_and_then_keeps_it(manual: Manual, tmp_path: Path, root: Signer) -> None:
    shop = Certified(tmp_path, manual)
    with pytest.raises(Waiting) as waiting:
        shop.apply()
    key = shop.pending()["key"]
    (file,) = manual._folder.glob("*.csr")
    finding = certificates_are_issued.check(shop.run())
    assert finding.verdict is Verdict.RED
    assert file.name in waiting.value.what
    assert file.name in finding.problems["certificate shop"]

    file.with_suffix(".pem").write_text(root.sign(file.read_text()) + root.pem)
    shop.apply()

    assert shop.kept()["key"] == key
    assert certificates_are_issued.check(shop.run()).ready
