"""AWS Certificate Manager: what is validated and when, and that what is requested twice is one."""

import time
from threading import Timer
from typing import Any

import pytest

from provisioning_assets.backends.certificates import Proof
from provisioning_assets.errors import (
    NotConverged,
    Waiting,
)
from provisioning_assets.probes.tls import describe
from tests.support.authorities import Challenges, Customer
from tests.support.certificate_manager import NAMES, SCOPE, Nowhere, at, listed, requested, somebody
from tests.support.name_servers import Zone
from tests.support.servers import moto_server


@pytest.mark.usefixtures("short")
def test_what_dns_does_not_prove_waits_and_names_its_records(cloud: str) -> None:
    authority = at(cloud)
    with pytest.raises(Waiting) as waiting:
        authority.issue(Customer(NAMES, Nowhere()))

    (held,) = authority.held(SCOPE)
    assert (held.state, held.chain) == ("pending", "")
    assert len(held.proofs) == len(NAMES)
    for proof in held.proofs:
        assert proof.name in waiting.value.what
        assert proof.name in held.told
    assert waiting.value.where == held.reference
    assert waiting.value.exit_code == 2


@pytest.mark.usefixtures("short")
def test_one_record_of_two_is_not_enough(cloud: str, zone: Zone) -> None:
    class Half(Challenges):
        def keep(self, proofs: Any) -> None:
            super().keep(proofs[:1])

    with pytest.raises(Waiting):
        at(cloud).issue(Customer(NAMES, Half(zone)))


def test_a_run_waits_for_records_that_come_a_little_later(cloud: str, zone: Zone) -> None:
    class Late(Challenges):
        def keep(self, proofs: Any) -> None:
            Timer(2, super().keep, [proofs]).start()

    began = time.monotonic()

    issued = at(cloud).issue(Customer(NAMES, Late(zone)))

    assert describe(issued.chain).names == NAMES
    assert time.monotonic() - began > 2


def test_time_alone_issues_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ACM_VALIDATION_WAIT", "0")  # moto itself would issue at the first look
    with moto_server() as nobody_asks:
        arn = requested(nobody_asks, *NAMES)

        looks = [somebody(nobody_asks).describe_certificate(CertificateArn=arn)["Certificate"] for _ in range(2)]

    assert [each["Status"] for each in looks] == ["PENDING_VALIDATION"] * 2


def test_what_is_held_renews_by_records_in_their_canonical_form(cloud: str, zone: Zone) -> None:
    at(cloud).issue(Customer(("shop.example", "*.shop.example"), Challenges(zone)))

    (held,) = at(cloud).held(SCOPE)

    assert held.proofs == (Proof(*next(iter(zone.rrsets)).split(), zone.rrsets[held.proofs[0].address]["values"][0]),)
    assert held.proofs[0].value.endswith(".acm-validations.aws.")


def test_a_run_that_was_killed_after_the_request_is_gone_on_from(cloud: str, zone: Zone) -> None:
    class Killed(BaseException):
        """The process ends."""

    class Deadly:
        def keep(self, _proofs: object) -> None:
            raise Killed

    with pytest.raises(Killed):
        at(cloud).issue(Customer(NAMES, Deadly()))
    (first,) = listed(cloud)

    assert at(cloud).issue(Customer(NAMES, Challenges(zone))).reference == first
    assert listed(cloud) == [first]


def test_a_request_that_no_list_shows_yet_is_not_made_twice(
    cloud: str, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = at(cloud)
    first = authority.issue(Customer(NAMES, Challenges(zone)))
    monkeypatch.setattr(authority, "_listed", list)

    assert authority.issue(Customer(NAMES, Challenges(zone))) == first
    assert listed(cloud) == [first.reference]


def test_a_publisher_that_fails_leaves_one_that_is_gone_on_from(cloud: str, zone: Zone) -> None:
    class Failing:
        def keep(self, _proofs: object) -> None:
            raise NotConverged("name servers do not serve what was published")

    with pytest.raises(NotConverged):
        at(cloud).issue(Customer(NAMES, Failing()))

    assert [at(cloud).issue(Customer(NAMES, Challenges(zone))).reference] == listed(cloud)
