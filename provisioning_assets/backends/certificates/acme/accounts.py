"""Accounts at an ACME authority: their keys, and the connection that signs with them."""

from typing import Any

import requests
from acme import client, messages
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from provisioning_assets.errors import ProviderFailed

_NONCES = 5


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
