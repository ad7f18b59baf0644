"""ACME (RFC 8555): certificates for names proven by DNS records (dns-01) or over HTTP (http-01)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

import requests
from acme import client, errors, messages
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.b64 import b64encode
from josepy.errors import Error as MalformedJson
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Order, Proof, Signed, chains
from provisioning_assets.backends.certificates.acme import webroot
from provisioning_assets.backends.certificates.acme.accounts import Binding, Network, loaded, unbound
from provisioning_assets.backends.certificates.acme.words import failures, told, until
from provisioning_assets.backends.certificates.requests import pem
from provisioning_assets.backends.certificates.settings import Acme as Settings
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed, Unreachable

ORDER_TIME = timedelta(seconds=120)
"""How long an order may take, including validation."""

_AGENT = "provisioning-assets"
_TIMEOUT: Any = (3, 10)
"""Seconds for a connection, and for an answer; an authority may validate while we wait."""
_ANOTHER = "ask the authority why it issues something else than what was ordered, or choose another one"
_REMEDY = "check the network, or set ACME_DIRECTORY_URL to the authority's directory"


class Acme:
    """One directory. An account is its private key, in PEM."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._registered: tuple[str, Any] | None = None
        """The account that was used last, and its client."""
        self._last: requests.Response | None = None

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The directory of the profile."""
        return cls(settings, access)

    def reach(self) -> None:
        """Require that the address serves an ACME directory, that a binding is whole, and a webroot there."""
        self._binding()
        if self._webroot:
            self._webroot.reach()
        try:
            self._session().get(self._directory, timeout=(2, 2)).raise_for_status()
        except requests.RequestException as error:
            answered = error.response
            cause = type(error).__name__ if answered is None else f"it answers HTTP {answered.status_code}"
            raise Unreachable("the certificate authority", self._directory, cause=cause, remedy=_REMEDY) from None

    def identity(self) -> Mapping[str, Json]:
        """The directory, and what was chosen there."""
        chosen = {"binding": self._settings.eab_key_id, "webroot": self._settings.webroot}
        return {"authority": self._directory, **{name: each for name, each in chosen.items() if each}}

    def authority(self) -> str:
        """The directory."""
        return self._directory

    def issue(self, order: Order) -> Signed:
        """Order, prove all names at once, and fetch; `ProviderFailed` quotes the authority's own problem document."""
        binding = self._binding()
        account = order.account(lambda: pem(ec.generate_private_key(ec.SECP256R1())), binding.key_id if binding else "")
        with self._translated(order.names):
            client = self._client(account, order.contact)
            placed = client.new_order(order.request().encode())
            asked = [
                (each.body.identifier.value, self._offered(each))
                for each in placed.authorizations
                if each.body.status != messages.STATUS_VALID
            ]
            with self._published(order, asked, client.net.key):
                for _, challenge in asked:
                    client.answer_challenge(challenge, challenge.response(client.net.key))
                done = self._finished(client, placed, order.names)
        return chains.signed(done.fullchain_pem, order, where=self._directory, remedy=_ANOTHER)

    def _published(self, order: Order, asked: Sequence[tuple[str, Any]], key: Any) -> AbstractContextManager[None]:
        """What the authority looks for: records in the zone, or files that the edge serves."""
        texts = [(name, each.chall, each.chall.validation(key)) for name, each in asked]
        if self._webroot is None:
            return order.publish(
                [Proof(chall.validation_domain_name(name), "TXT", text) for name, chall, text in texts]
            )
        answers = {chall.encode("token"): text for _, chall, text in texts}
        return webroot.serving(self._webroot, answers, b64encode(key.thumbprint()).decode())

    def _offered(self, authorization: messages.AuthorizationResource) -> Any:
        """The authorization's challenge of the kind that the settings name."""
        kind, name = self._settings.challenge, authorization.body.identifier.value
        for challenge in authorization.body.challenges:
            if challenge.chall.typ == kind:
                return challenge
        what = f"the authority offers no {kind} challenge for {name}"
        raise ProviderFailed(what, where=self._directory, remedy="choose another authority, or another `challenge`")

    @property
    def _webroot(self) -> webroot.Webroot | None:
        place = self._settings.webroot
        return webroot.opened(place, self._access) if place else None

    @property
    def _look(self) -> str:
        """What people look at when a name is not proven."""
        if place := self._settings.webroot:
            return f"see that the edge serves {place} at this address, by plain HTTP and to everybody"
        return "look at the challenge records that the authority saw"

    def _finished(self, client: Any, order: Any, names: Sequence[str]) -> Any:
        """The order with its certificate; when time runs out, an error with what the authority has seen so far."""
        deadline = datetime.now() + ORDER_TIME  # noqa: DTZ005 - the library's clock has no zone
        try:
            return client.poll_and_finalize(order, deadline)
        except errors.TimeoutError:
            seen = [client.poll(each)[0] for each in order.authorizations]
            unproven = "; ".join(failures(seen)) or "all names are proven, the certificate is not made"
            cause = f"the order is not valid after {ORDER_TIME.seconds} s ({unproven})"
            remedy = f"{self._look}, then run again: a new order begins"
            raise self._failed(names, cause, remedy) from None

    def _client(self, account: str, contact: str) -> Any:
        """The client of an account, which is registered on first use."""
        if self._registered is None or self._registered[0] != account:
            self._registered = account, self._register(loaded(account), contact)
        return self._registered[1]

    def _register(self, key: ec.EllipticCurvePrivateKey, contact: str) -> Any:
        """A client with its account: a new one, or the one that already belongs to the key."""
        trust: Any = self._session().verify
        signing = JWKEC(key=key)
        net = Network(signing, alg=ES256, verify_ssl=trust, user_agent=_AGENT, timeout=_TIMEOUT)
        net.session.trust_env = False
        net.session.proxies.update(self._access.proxies(self._directory))
        net.session.hooks["response"].append(self._remember)
        made = client.ClientV2(client.ClientV2.get_directory(self._directory, net), net)
        binding = self._binding()
        try:
            bound = binding.signed(signing, made.directory) if binding else None
            made.new_account(
                messages.NewRegistration.from_data(
                    email=contact, terms_of_service_agreed=True, external_account_binding=bound
                )
            )
        except messages.Error as error:
            raise unbound(error, binding, self._directory) or error from None
        except errors.ConflictError as known:
            net.account = messages.RegistrationResource(uri=known.location, body=messages.Registration())
        except KeyError as missing:
            raise ProviderFailed(
                "this is no ACME directory", where=self._directory, cause=str(missing), remedy=_REMEDY
            ) from None
        return made

    def _binding(self) -> Binding | None:
        return Binding.of(self._settings.eab_key_id, self._access)

    @property
    def _directory(self) -> str:
        return self._access.address(self._settings.directory, "ACME_DIRECTORY_URL", "the certificate authority")

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
            cause = "; ".join(failures(error.failed_authzrs))
            raise self._failed(names, cause, f"{self._look}, then run again") from None
        except errors.IssuanceError as error:
            raise self._refused(names, error.error) from None
        except messages.Error as error:
            raise self._refused(names, error) from None
        except (errors.Error, MalformedJson) as error:
            status = f"HTTP {self._last.status_code}" if self._last is not None else "no answer"
            raise self._failed(names, f"{status}: {type(error).__name__}", _REMEDY) from None

    def _refused(self, names: Sequence[str], error: messages.Error) -> ProviderFailed:
        """The authority's problem document (RFC 8555, 6.7) as an error, each part with the name that it is about."""
        cause = "; ".join(told(each) for each in (error, *(error.subproblems or ())))
        if error.typ == "about:blank" and self._last is not None:
            cause = f"HTTP {self._last.status_code} without a problem document ({cause})"
        if error.code != "rateLimited":
            return self._failed(names, cause, "correct what the authority names, then run again")
        when = until(self._last.headers.get("Retry-After") if self._last is not None else None)
        return self._failed(names, cause, f"a limit of the authority is used up: run again {when}")

    def _failed(self, names: Sequence[str], cause: str, remedy: str) -> ProviderFailed:
        return ProviderFailed(
            f"no certificate for {', '.join(names)}", where=self._directory, cause=cause, remedy=remedy
        )
