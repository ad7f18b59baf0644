"""ACME (RFC 8555): certificates for names proven by DNS records (dns-01), with certbot's `acme` library."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Self

import requests
from acme import challenges, client, errors, messages
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.errors import Error as MalformedJson
from josepy.jwa import ES256
from josepy.jwk import JWKEC
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Order, Proof, Signed, chains
from provisioning_assets.backends.certificates.requests import pem
from provisioning_assets.backends.certificates.settings import Acme as Settings
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed, Unreachable

ORDER_TIME = timedelta(seconds=120)
"""How long an order may take, including validation."""

_AGENT = "provisioning-assets"
_TIMEOUT: Any = (3, 10)
"""Seconds for a connection, and for an answer; an authority may validate while we wait."""
_NONCES = 5
_ANOTHER = "ask the authority why it issues something else than what was ordered, or choose another one"
_REMEDY = "check the network, or set ACME_DIRECTORY_URL to the authority's directory"


class Acme:
    """One directory. An account is its private key, in PEM."""

    def __init__(self, declared: str | None, access: Access) -> None:
        self._declared = declared
        self._access = access
        self._registered: tuple[str, Any] | None = None
        """The account that was used last, and its client."""
        self._last: requests.Response | None = None

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The directory of the profile."""
        return cls(settings.directory, access)

    def reach(self) -> None:
        """Require that the address serves an ACME directory."""
        try:
            self._session().get(self._directory, timeout=(2, 2)).raise_for_status()
        except requests.RequestException as error:
            answered = error.response
            cause = type(error).__name__ if answered is None else f"it answers HTTP {answered.status_code}"
            raise Unreachable("the certificate authority", self._directory, cause=cause, remedy=_REMEDY) from None

    def identity(self) -> Mapping[str, Json]:
        """The directory."""
        return {"authority": self._directory}

    def authority(self) -> str:
        """The directory."""
        return self._directory

    def issue(self, order: Order) -> Signed:
        """Order, prove all names at once, and fetch; `ProviderFailed` quotes the authority's own problem document."""
        account = order.account(lambda: pem(ec.generate_private_key(ec.SECP256R1())))
        with self._translated(order.names):
            client = self._client(account, order.contact)
            placed = client.new_order(order.request().encode())
            asked = [
                (each, _dns01(each)) for each in placed.authorizations if each.body.status != messages.STATUS_VALID
            ]
            proofs = [
                Proof(
                    challenge.chall.validation_domain_name(authorization.body.identifier.value),
                    "TXT",
                    challenge.chall.validation(client.net.key),
                )
                for authorization, challenge in asked
            ]
            with order.publish(proofs):
                for _, challenge in asked:
                    client.answer_challenge(challenge, challenge.response(client.net.key))
                done = self._finished(client, placed, order.names)
        return chains.signed(done.fullchain_pem, order, where=self._directory, remedy=_ANOTHER)

    def _finished(self, client: Any, order: Any, names: Sequence[str]) -> Any:
        """The order with its certificate; when time runs out, an error with what the authority has seen so far."""
        deadline = datetime.now() + ORDER_TIME  # noqa: DTZ005 - the library's clock has no zone
        try:
            return client.poll_and_finalize(order, deadline)
        except errors.TimeoutError:
            seen = [client.poll(each)[0] for each in order.authorizations]
            unproven = "; ".join(_failures(seen)) or "all names are proven, the certificate is not made"
            cause = f"the order is not valid after {ORDER_TIME.seconds} s ({unproven})"
            remedy = "look at the challenge records that the authority saw, then run again: a new order begins"
            raise self._failed(names, cause, remedy) from None

    def _client(self, account: str, contact: str) -> Any:
        """The client of an account, which is registered on first use."""
        if self._registered is None or self._registered[0] != account:
            self._registered = account, self._register(_loaded(account), contact)
        return self._registered[1]

    def _register(self, key: ec.EllipticCurvePrivateKey, contact: str) -> Any:
        """A client with its account: a new one, or the one that already belongs to the key."""
        trust: Any = self._session().verify
        net = _Network(JWKEC(key=key), alg=ES256, verify_ssl=trust, user_agent=_AGENT, timeout=_TIMEOUT)
        net.session.trust_env = False
        net.session.proxies.update(self._access.proxies(self._directory))
        net.session.hooks["response"].append(self._remember)
        made = client.ClientV2(client.ClientV2.get_directory(self._directory, net), net)
        try:
            made.new_account(messages.NewRegistration.from_data(email=contact, terms_of_service_agreed=True))
        except errors.ConflictError as known:
            net.account = messages.RegistrationResource(uri=known.location, body=messages.Registration())
        except KeyError as missing:
            raise ProviderFailed(
                "this is no ACME directory", where=self._directory, cause=str(missing), remedy=_REMEDY
            ) from None
        return made

    @property
    def _directory(self) -> str:
        return self._access.address(self._declared, "ACME_DIRECTORY_URL", "the certificate authority")

    def _session(self) -> requests.Session:
        """An HTTP session that trusts the profile's SSL_CERT_FILE, else Mozilla's trust store."""
        anchors = self._access.get("SSL_CERT_FILE")
        if anchors and not Path(anchors).is_file():
            raise ProviderFailed("the trust store cannot be read", where=anchors, remedy="correct SSL_CERT_FILE")
        session = requests.Session()
        session.trust_env = False
        session.verify = anchors or True
        session.proxies.update(self._access.proxies(self._directory))
        return session

    def _remember(self, response: requests.Response, **_settings: object) -> None:
        """Keep the last answer: the library's errors lack its status and headers."""
        self._last = response

    @contextmanager
    def _translated(self, names: Sequence[str]) -> Iterator[None]:
        """Turn the library's errors into ours."""
        try:
            yield
        except requests.RequestException as error:
            cause = type(error).__name__
            raise Unreachable("the certificate authority", self._directory, cause=cause, remedy=_REMEDY) from None
        except errors.ValidationError as error:
            remedy = "look at the challenge record that the authority saw, then run again"
            raise self._failed(names, "; ".join(_failures(error.failed_authzrs)), remedy) from None
        except errors.IssuanceError as error:
            raise self._refused(names, error.error) from None
        except messages.Error as error:
            raise self._refused(names, error) from None
        except (errors.Error, MalformedJson) as error:
            status = f"HTTP {self._last.status_code}" if self._last is not None else "no answer"
            raise self._failed(names, f"{status}: {type(error).__name__}", _REMEDY) from None

    def _refused(self, names: Sequence[str], error: messages.Error) -> ProviderFailed:
        """The authority's problem document (RFC 8555, 6.7) as an error, each part with the name that it is about."""
        cause = "; ".join(_told(each) for each in (error, *(error.subproblems or ())))
        if error.typ == "about:blank" and self._last is not None:
            cause = f"HTTP {self._last.status_code} without a problem document ({cause})"
        if error.code != "rateLimited":
            return self._failed(names, cause, "correct what the authority names, then run again")
        until = _until(self._last.headers.get("Retry-After") if self._last is not None else None)
        return self._failed(names, cause, f"a limit of the authority is used up: run again {until}")

    def _failed(self, names: Sequence[str], cause: str, remedy: str) -> ProviderFailed:
        return ProviderFailed(
            f"no certificate for {', '.join(names)}", where=self._directory, cause=cause, remedy=remedy
        )


class _Network(client.ClientNetwork):
    """Sends a request again when its nonce is refused, which says nothing about the request (RFC 8555, 6.5)."""

    def post(self, *arguments: Any, **settings: Any) -> requests.Response:
        """Send one request, with a fresh nonce for each attempt, up to a limit."""
        attempts = Retrying(retry=retry_if_exception(_bad_nonce), stop=stop_after_attempt(_NONCES), reraise=True)
        return attempts(super().post, *arguments, **settings)


def _dns01(authorization: messages.AuthorizationResource) -> Any:
    for challenge in authorization.body.challenges:
        if isinstance(challenge.chall, challenges.DNS01):
            return challenge
    name = authorization.body.identifier.value
    raise ProviderFailed(f"the authority offers no dns-01 challenge for {name}", remedy="choose another authority")


def _failures(authorizations: Sequence[Any]) -> Iterator[str]:
    """What the authority saw for each name that is not proven."""
    for authorization in authorizations:
        name, status = authorization.body.identifier.value, authorization.body.status
        if status != messages.STATUS_VALID:
            seen = [_told(challenge.error) for challenge in authorization.body.challenges if challenge.error]
            yield f"{name}: {', '.join(seen) or status.name}"


def _told(error: messages.Error) -> str:
    name = f"{error.identifier.value}: " if error.identifier else ""
    return f"{name}{error.code or error.typ}: {error.detail or error.title or 'no detail'}"


def _until(retry_after: str | None) -> str:
    """When to ask the authority again: the header has seconds or a date (RFC 9110, 10.2.3)."""
    try:
        if retry_after is None:
            return "later; the authority does not say when"
        if retry_after.isdigit():
            at = datetime.now(UTC) + timedelta(seconds=int(retry_after))
        else:
            at = parsedate_to_datetime(retry_after).astimezone(UTC)
    except (ValueError, OverflowError):
        return f"when it says: {retry_after}"
    return f"after {at.isoformat(timespec='seconds')}"


def _bad_nonce(error: BaseException) -> bool:
    return isinstance(error, messages.Error) and error.code == "badNonce"


def _loaded(account_key: str) -> ec.EllipticCurvePrivateKey:
    what = "the ACME account's key is no ECDSA key on P-256"
    remedy = "delete it from the secret store: a new account is made"
    try:
        key = serialization.load_pem_private_key(account_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ProviderFailed(what, remedy=remedy) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ProviderFailed(what, remedy=remedy)
    return key
