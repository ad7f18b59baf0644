"""What an ACME authority answers when it issues nothing, as our errors."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from acme import challenges, errors, messages

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.acme.authority import Acme
from provisioning_assets.backends.certificates.acme.words import until
from provisioning_assets.backends.certificates.settings import Acme as Settings
from provisioning_assets.errors import ProviderFailed

PREFIX = "urn:ietf:params:acme:error:"
DIRECTORY = "https://ca.example/directory"


def authorization(name: str, status: messages.Status, error: messages.Error | None = None) -> object:
    challenge = messages.ChallengeBody(chall=challenges.DNS01(token=b"x" * 16), uri="u", status=status, error=error)
    identifier = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value=name)
    body = messages.Authorization(identifier=identifier, status=status, challenges=(challenge,))
    return messages.AuthorizationResource(uri="u", body=body)


def seen_no_record() -> Exception:
    error = messages.Error(typ=f"{PREFIX}dns", detail="NXDOMAIN looking up TXT")
    invalid = authorization("a.shop.example", messages.STATUS_INVALID, error)
    silent = authorization("b.shop.example", messages.STATUS_INVALID)
    return errors.ValidationError([invalid, silent])


def refused_at_last() -> Exception:
    return errors.IssuanceError(messages.Error(typ=f"{PREFIX}caa", detail="CAA forbids issuance"))


def refused_name_by_name() -> Exception:
    name = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value="b.shop.example")
    part = messages.Error(typ=f"{PREFIX}rejectedIdentifier", detail="a policy forbids it", identifier=name)
    return messages.Error(typ=f"{PREFIX}malformed", detail="errors in the order", subproblems=(part,))


@pytest.mark.parametrize(
    ("made", "cause"),
    [
        (seen_no_record, "a.shop.example: dns: NXDOMAIN looking up TXT; b.shop.example: invalid"),
        (refused_at_last, "caa: CAA forbids issuance"),
        (
            refused_name_by_name,
            "malformed: errors in the order; b.shop.example: rejectedIdentifier: a policy forbids it",
        ),
    ],
)
def test_what_the_authority_says_is_told_name_by_name(made: Callable[[], Exception], cause: str) -> None:
    authority = Acme(Settings(), Access("the test's own", {"ACME_DIRECTORY_URL": DIRECTORY}))

    with pytest.raises(ProviderFailed) as caught, authority._translated(["a.shop.example", "b.shop.example"]):
        raise made()

    assert "a.shop.example, b.shop.example" in caught.value.what
    assert caught.value.where == DIRECTORY
    assert caught.value.cause == cause
    assert caught.value.remedy


def test_a_date_or_seconds_tell_when_to_ask_again() -> None:
    assert "2026-11-30T10:00:00+00:00" in until("Mon, 30 Nov 2026 10:00:00 GMT")
    told = datetime.fromisoformat(until("3600").rpartition(" ")[2])
    assert timedelta(minutes=59) < told - datetime.now(UTC) < timedelta(minutes=61)


@pytest.mark.parametrize("header", ["soon", "-1", "9" * 30])
def test_a_header_that_is_no_time_is_told_as_it_is(header: str) -> None:
    assert header in until(header)


def test_without_the_header_nobody_knows_when() -> None:
    assert until(None)
