from collections.abc import Callable

import pytest
from acme import challenges, errors, messages

from provisioning_assets.backends.certificates.acme import Acme, _until
from provisioning_assets.errors import ProviderFailed

PREFIX = "urn:ietf:params:acme:error:"


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
    authority = Acme("https://ca.example/directory", "ops@shop.example")

    with pytest.raises(ProviderFailed) as caught, authority._translated(["a.shop.example", "b.shop.example"]):
        raise made()

    assert caught.value.what == "no certificate for a.shop.example, b.shop.example"
    assert caught.value.where == "https://ca.example/directory"
    assert caught.value.cause == cause
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "later; the authority does not say when"),
        ("Mon, 30 Nov 2026 10:00:00 GMT", "after 2026-11-30T10:00:00+00:00"),
        ("soon", "when it says: soon"),
    ],
)
def test_when_to_ask_again(header: str | None, expected: str) -> None:
    assert _until(header) == expected


def test_seconds_are_told_as_a_time() -> None:
    assert _until("3600").startswith("after 20")
