"""Accounts at an ACME authority: their keys, and the connection that signs with them."""

from dataclasses import dataclass, field
from typing import Any, Self

import requests
from acme import client, messages
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwk import JWK
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates.acme.words import told
from provisioning_assets.backends.certificates.settings import EAB_HMAC_KEY, EAB_KEY_ID, base64url
from provisioning_assets.errors import ProviderFailed

_NONCES = 5
_REQUIRED = "externalAccountRequired"
_ABOUT_BINDING = {_REQUIRED, "unauthorized", "malformed", "serverInternal"}
"""What authorities call a binding that they do not take; OpenBao calls a wrong key an error of its own."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The customer's account outside of ACME, to which the authority binds ours (RFC 8555, 7.3.4)."""

    key_id: str
    hmac_key: str = field(repr=False)

    @classmethod
    def of(cls, key_id: str | None, access: Access) -> Self | None:
        """The binding of the settings and the profile; None when neither speaks of one."""
        key_id, hmac_key = key_id or access.get(EAB_KEY_ID), access.get(EAB_HMAC_KEY)
        if not (key_id or hmac_key):
            return None
        if not (key_id and hmac_key):
            raise ProviderFailed(
                "the external account binding lacks a half",
                where=access.name,
                cause=f"there is no {'key id' if hmac_key else 'HMAC key'}",
                remedy=f"put {EAB_KEY_ID} and {EAB_HMAC_KEY} into the profile (the key id may be `eab_key_id` of the "
                "engagement file instead), or neither",
            )
        try:
            base64url(hmac_key)
        except ValueError as error:
            raise ProviderFailed(
                "the HMAC key of the external account binding is none",
                where=access.name,
                cause=f"{EAB_HMAC_KEY} is not {error}",
                remedy="copy it again from the authority",
            ) from None
        return cls(key_id, hmac_key)

    def signed(self, account: JWK, directory: messages.Directory) -> dict[str, Any]:
        """What a new account presents."""
        hmac_key = self.hmac_key.rstrip("=")
        return messages.ExternalAccountBinding.from_data(account.public_key(), self.key_id, hmac_key, directory)


def unbound(error: messages.Error, binding: Binding | None, where: str) -> ProviderFailed | None:
    """An error on registering, if it is about the binding that is missing or wrong."""
    if binding is None and error.code == _REQUIRED:
        return ProviderFailed(
            "the authority takes an account only with an external account binding",
            where=where,
            cause=told(error),
            remedy=f"get a key id and its HMAC key there: `eab_key_id` in the engagement file or {EAB_KEY_ID} in the "
            f"profile, and {EAB_HMAC_KEY} in the profile",
        )
    if binding is None or error.code not in _ABOUT_BINDING:
        return None
    return ProviderFailed(
        f"the authority takes no account with the external account binding `{binding.key_id}`",
        where=where,
        cause=told(error),
        remedy=f"correct the key id, or {EAB_HMAC_KEY} in the profile, which belongs to it; some authorities take each "
        "key once, for one account: get another one there",
    )


class Network(client.ClientNetwork):
    """Sends a request again when its nonce is refused, which says nothing about the request (RFC 8555, 6.5)."""

    def post(self, *arguments: Any, **settings: Any) -> requests.Response:
        """Send one request, with a fresh nonce for each attempt, up to a limit."""
        attempts = Retrying(retry=retry_if_exception(_bad_nonce), stop=stop_after_attempt(_NONCES), reraise=True)
        return attempts(super().post, *arguments, **settings)


def loaded(account_key: str) -> ec.EllipticCurvePrivateKey:
    """The key of an account, from its PEM."""
    what = "the ACME account's key is no ECDSA key on P-256"
    remedy = "delete it from the secret store: a new account is made"
    try:
        key = serialization.load_pem_private_key(account_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ProviderFailed(what, remedy=remedy) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ProviderFailed(what, remedy=remedy)
    return key


def _bad_nonce(error: BaseException) -> bool:
    return isinstance(error, messages.Error) and error.code == "badNonce"
