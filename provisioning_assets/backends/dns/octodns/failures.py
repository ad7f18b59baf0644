"""What octoDNS's providers raise, in our words: an answer's status, and never what they were called with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import requests

from provisioning_assets.errors import ProviderFailed, ProvisioningError, Unreachable

_SHOWN = 300
"""Characters of an answer that an error shows."""

_DENIED = (requests.codes.unauthorized, requests.codes.forbidden)
_WORDS = re.compile(r"[^\s/,:'\"]+")


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who was asked."""

    name: str
    address: str
    key: str
    """The variable of the profile that opens it."""
    secret: str = field(repr=False)
    """What that variable holds: no error shows it, whatever is answered."""


def in_our_words(error: Exception, doing: str, vendor: Vendor, addresses: Sequence[str]) -> ProvisioningError:
    """An error of ours for one of theirs. `addresses` are the records that were written."""
    name, where = vendor.name, vendor.address
    if isinstance(error, requests.exceptions.SSLError):
        remedy = "name its authority's certificate in SSL_CERT_FILE of the profile"
        return Unreachable(name, where, cause=_reason(error), remedy=remedy)
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        remedy = "check the network and the address in the profile, or start the server there"
        return Unreachable(name, where, cause=type(error).__name__, remedy=remedy)
    answer = _answer(error)
    if answer is None:
        what, cause = f"{name} did not {doing}: no such answer is expected", type(error).__name__
        remedy = f"check the address and {vendor.key} in the profile: is it {name} that answers there?"
        return ProviderFailed(what, where=where, cause=cause, remedy=remedy)
    cause = f"{answer.status_code}: {answer.text.strip()[:_SHOWN]}"
    if vendor.secret:
        cause = cause.replace(vendor.secret, "***")
    if answer.status_code in _DENIED:
        what, remedy = f"{name} does not {doing} for our key", f"give {vendor.key} of the profile a key that may"
    elif addresses and answer.status_code < requests.codes.server_error:
        where = ", ".join(_blamed(answer.text, addresses))
        what, remedy = f"{name} refused records", "correct the record that the cause names"
    else:
        what, remedy = f"{name} failed to {doing}", "check the address in the profile, or look into the server's log"
    return ProviderFailed(what, where=where, cause=cause, remedy=remedy)


def _reason(error: Exception) -> str:
    """What is wrong with a certificate; the whole text would name what was asked for."""
    return str(getattr(error.args[0] if error.args else None, "reason", type(error).__name__))


def _answer(error: BaseException) -> requests.Response | None:
    """The answer behind an error: some providers raise one of their own for it."""
    found = (each.response for each in _chain(error) if isinstance(each, requests.HTTPError))
    return next(found, None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__context__


def _blamed(said: str, addresses: Sequence[str]) -> list[str]:
    """The records that an answer names; all of them when it names none."""
    words = {word.rstrip(".").lower() for word in _WORDS.findall(said)}
    return [each for each in addresses if {part.lower() for part in each.split(" ")} <= words] or list(addresses)
