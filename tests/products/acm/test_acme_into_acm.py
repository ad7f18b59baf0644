"""Certificates of a real ACME authority, imported into ACM: no trouble there costs a second order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provisioning_assets.assets.certificates import certificates_are_issued
from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind
from provisioning_assets.errors import Unreachable
from provisioning_assets.operations import orders
from provisioning_assets.probes.resolvers import Server
from provisioning_assets.probes.tls import fingerprint_of_key, fingerprints
from tests.support.authorities import Challenges, acme_directory
from tests.support.back_ends import aws_access, opened
from tests.support.certificate_manager import listed, somebody
from tests.support.certified import Certified
from tests.support.name_servers import Zone
from tests.support.relays import losing, relaying
from tests.support.servers import SecretServer


@dataclass
class Trouble:
    """What gets lost on the way to ACM, and what the authority was asked."""

    lost: str = ""
    asked: list[str] = field(default_factory=list)

    def lose(self, operation: str) -> str:
        return self.lost if operation == "ImportCertificate" else ""

    def look(self, path: str, answer: bytes) -> bytes:
        self.asked.append(path)
        return answer

    @property
    def orders(self) -> int:
        return sum(path.endswith("/new-order") for path in self.asked)


@pytest.fixture(scope="module")
def looked_at() -> Trouble:
    return Trouble()


@pytest.fixture(scope="module")
def directory(looked_at: Trouble, name_server: Server, bao: SecretServer) -> Iterator[str]:
    with relaying(bao.address, looked_at.look) as address:
        yield acme_directory(bao, str(name_server), at=address)


@pytest.fixture
def trouble(looked_at: Trouble) -> Trouble:
    looked_at.lost = ""
    looked_at.asked.clear()
    return looked_at


@pytest.fixture
def shop(
    trouble: Trouble, cloud: str, directory: str, zone: Zone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Certified]:
    monkeypatch.setattr(orders, "Challenges", lambda _run: Challenges(zone))
    issuing = opened(Kind.CERTIFICATES, "acme", Access("the test's own", {"ACME_DIRECTORY_URL": directory}))
    with losing(cloud, trouble.lose) as manager:
        copies = opened(Kind.COPIES, "acm", aws_access(cloud, AWS_ENDPOINT_URL_ACM=manager))
        yield Certified(tmp_path, authority=issuing, copies=copies)


def test_it_lies_in_acm_as_it_was_issued_and_is_ordered_once(shop: Certified, cloud: str, trouble: Trouble) -> None:
    shop.apply()

    (arn,) = listed(cloud)
    kept, found = shop.kept(), somebody(cloud).get_certificate(CertificateArn=arn)
    assert kept["reference"] == arn
    assert fingerprints(found["Certificate"] + found["CertificateChain"]) == fingerprints(kept["chain"])
    assert (shop.plan(), trouble.orders) == ([], 1)
    assert certificates_are_issued.check(shop.run()).ready


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_an_import_that_is_lost_costs_no_order_and_no_second_copy(
    shop: Certified, cloud: str, trouble: Trouble, lost: str
) -> None:
    trouble.lost = lost
    with pytest.raises(Unreachable) as caught:
        shop.apply()
    assert caught.value.remedy
    key = shop.kept()["key"]
    assert len(listed(cloud)) == (lost == "answer")
    trouble.lost = ""
    assert [each.partition(" (")[0].partition(" ")[2] for each in shop.plan()] == ["copy shop"]

    shop.apply()

    assert (trouble.orders, shop.kept()["key"], [shop.kept()["reference"]]) == (1, key, listed(cloud))
    assert fingerprint_of_key(key)
    assert shop.plan() == []


def test_one_that_is_gone_from_acm_is_imported_and_not_ordered(shop: Certified, cloud: str, trouble: Trouble) -> None:
    shop.apply()
    (arn,) = listed(cloud)
    somebody(cloud).delete_certificate(CertificateArn=arn)
    assert certificates_are_issued.check(shop.run()).problems.keys() == {"copy shop"}

    shop.apply()

    assert [shop.kept()["reference"]] == listed(cloud) != [arn]
    assert (trouble.orders, shop.plan()) == (1, [])
