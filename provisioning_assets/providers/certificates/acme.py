"""ACME (RFC 8555): certificates for names proven by DNS records (dns-01), by certbot's `acme` library."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import requests
from acme import challenges, client, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from provisioning_assets.errors import ProviderFailed, Unreachable
from provisioning_assets.providers.certificates import Challenges, Issued

ORDER_TIME = timedelta(seconds=120)
"""How long an order may take, validation included."""

_AGENT = "provisioning-assets"
_REMEDY = "check the network, or set ACME_DIRECTORY_URL to the authority's directory"


class Acme:
    """One directory and one account. `account_key` is the PEM kept from the last time, None the first time."""

    def __init__(self, directory: str | None, contact: str, account_key: str | None = None) -> None:
        self._directory = directory_url(directory)
        self._contact = contact
        self._known = account_key is not None
        self._key = (
            serialization.load_pem_private_key(account_key.encode(), password=None)
            if account_key
            else ec.generate_private_key(ec.SECP256R1())
        )

    def account_key(self) -> str:
        """PEM of the account's key."""
        return _pem(self._key)

    def issue(self, names: Sequence[str], challenges: Challenges) -> Issued:
        """Order, prove all names at once, and fetch; `ProviderFailed` has the authority's own problem document."""
        key = ec.generate_private_key(ec.SECP256R1())
        with self._translated(names):
            order = self._client.new_order(_request(key, names))
            asked = [(authorization, _dns01(authorization)) for authorization in order.authorizations]
            open_ones = [(a, c) for a, c in asked if a.body.status != messages.STATUS_VALID]
            records = [
                (
                    c.chall.validation_domain_name(a.body.identifier.value),
                    c.chall.validation(self._client.net.key),
                )
                for a, c in open_ones
            ]
            with challenges.publish(records):
                for _, challenge in open_ones:
                    self._client.answer_challenge(challenge, challenge.response(self._client.net.key))
                deadline = (datetime.now(UTC) + ORDER_TIME).replace(tzinfo=None)
                done = self._client.poll_and_finalize(order, deadline)
        return Issued(key=_pem(key), chain=done.fullchain_pem)

    @cached_property
    def _client(self) -> Any:
        jwk = JWKEC(key=self._key)
        network: Any = client.ClientNetwork
        net = network(jwk, alg=ES256, user_agent=_AGENT, timeout=10)
        directory = client.ClientV2.get_directory(self._directory, net)
        made = client.ClientV2(directory, net)
        registration = messages.NewRegistration.from_data(email=self._contact, terms_of_service_agreed=True)
        try:
            made.new_account(registration)
        except errors.ConflictError as known:
            net.account = messages.RegistrationResource(uri=known.location, body=messages.Registration())
        return made

    @contextmanager
    def _translated(self, names: Sequence[str]) -> Iterator[None]:
        what = f"no certificate for {', '.join(names)}"
        try:
            yield
        except (requests.ConnectionError, requests.Timeout) as error:
            cause = type(error).__name__
            raise Unreachable("the certificate authority", self._directory, cause=cause, remedy=_REMEDY) from None
        except errors.ValidationError as error:
            cause = "; ".join(_failures(error.failed_authzrs))
            remedy = "look at the challenge record that the authority saw, then run again"
            raise ProviderFailed(what, where=self._directory, cause=cause, remedy=remedy) from None
        except messages.Error as error:
            found = [error, *(error.subproblems or [])]
            cause = "; ".join(f"{each.code or each.typ}: {each.detail}" for each in found)
            limited = error.code == "rateLimited"
            remedy = "wait: a limit of the authority is used up" if limited else "correct what the authority names"
            raise ProviderFailed(what, where=self._directory, cause=cause, remedy=remedy) from None
        except errors.TimeoutError:
            cause = f"not valid after {ORDER_TIME.seconds} s"
            raise ProviderFailed(
                what, where=self._directory, cause=cause, remedy="run again: a new order begins"
            ) from None
        except errors.Error as error:
            raise ProviderFailed(what, where=self._directory, cause=f"{type(error).__name__}: {error}") from None


def directory_url(directory: str | None) -> str:
    """The directory of the settings, else of ACME_DIRECTORY_URL."""
    found = directory or os.environ.get("ACME_DIRECTORY_URL")
    if not found:
        raise ProviderFailed(
            "there is no certificate authority to ask",
            remedy="set ACME_DIRECTORY_URL, or `certificates.directory` in the engagement file",
        )
    return found


def reach(directory: str | None) -> None:
    """Ask the directory for a sign of life."""
    address = directory_url(directory)
    try:
        requests.get(address, timeout=5).raise_for_status()
    except requests.RequestException as error:
        cause = type(error).__name__
        raise Unreachable("the certificate authority", address, cause=cause, remedy=_REMEDY) from None


def _request(key: ec.EllipticCurvePrivateKey, names: Sequence[str]) -> bytes:
    """A signing request with all the names; none is the common name, which is limited to 64 characters."""
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(alternatives, critical=True)
    )
    return request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _dns01(authorization: messages.AuthorizationResource) -> Any:
    for challenge in authorization.body.challenges:
        if isinstance(challenge.chall, challenges.DNS01):
            return challenge
    name = authorization.body.identifier.value
    raise ProviderFailed(f"the authority offers no dns-01 challenge for {name}", remedy="choose another authority")


def _failures(authorizations: Sequence[Any]) -> Iterator[str]:
    for authorization in authorizations:
        for challenge in authorization.body.challenges:
            if challenge.error is not None:
                yield f"{authorization.body.identifier.value}: {challenge.error.detail}"


def _pem(key: Any) -> str:
    return str(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    )
