"""How to reach OpenBao: address, token and client. Its errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidPath, VaultDown, VaultError

from provisioning_assets.backends.access import OF_PROCESS, Access
from provisioning_assets.backends.secrets.settings import OpenBao, Vault
from provisioning_assets.errors import ProviderFailed, Unreachable

TIMEOUT: Any = (2, 3)
"""Seconds for a connection, and for the next part of an answer: under five in all, even if a name has two addresses."""

_CALLED = {"openbao": ("OpenBao", "bao"), "vault": ("Vault", "vault")}


class Connection:
    """One server. The token comes from VAULT_TOKEN, else from the file that VAULT_TOKEN_FILE names.

    Without a profile, it may also come from ~/.vault-token, the log-in of the shell.
    """

    def __init__(self, settings: OpenBao | Vault, access: Access) -> None:
        self._declared = settings.address
        self._access = access
        self.product, self.command = _CALLED[settings.name]
        self.namespace = access.get("VAULT_NAMESPACE")

    @cached_property
    def address(self) -> str:
        """The profile's VAULT_ADDR; an address in the engagement file must equal it."""
        return self._access.address(self._declared, "VAULT_ADDR", "the secret store")

    @cached_property
    def client(self) -> Any:
        """A client with our token."""
        client = self.anonymous(self.namespace)
        client.token = self._token()
        return client

    def anonymous(self, namespace: str = "") -> Any:
        """A client without a token. The process's variables reach it only through its access."""
        session = requests.Session()
        session.trust_env = False
        session.proxies.update(self._access.proxies(self.address))
        session.verify = self._access.get("VAULT_CACERT") or self._access.get("SSL_CERT_FILE") or True
        session.hooks["response"].append(self._refuse_strangers)
        ours = (self._access.get("VAULT_CLIENT_CERT"), self._access.get("VAULT_CLIENT_KEY"))
        client: Any = hvac.Client
        # Empty values are passed too, or hvac would look for them by itself.
        return client(
            url=self.address,
            timeout=TIMEOUT,
            token="",
            namespace=namespace or None,
            cert=ours if all(ours) else (),
            verify=session.verify,
            session=session,
        )

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Turn hvac's errors into ours. The server's words in them never contain the value of a secret."""
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise self._distrusted(error) from None
        except (requests.ConnectionError, requests.Timeout) as error:
            cause = f"{type(error).__name__} while {doing}"
            remedy = "start it, or set VAULT_ADDR to where it listens"
            raise Unreachable(self.product, self.address, cause=cause, remedy=remedy) from None
        except requests.RequestException as error:
            raise self._stranger(f"{type(error).__name__} while {doing}") from None
        except OSError as error:  # requests raises it for a missing CA file
            raise self._distrusted(error) from None
        except VaultDown:
            raise self.sealed() from None
        except Forbidden:
            remedy = f"give VAULT_TOKEN or VAULT_TOKEN_FILE one with a policy for it ({self.command} token lookup)"
            raise ProviderFailed(
                f"{self.product} refused: the token is not valid, or may not do this",
                where=self.address,
                cause=f"403 while {doing}",
                remedy=remedy,
            ) from None
        except InvalidPath as error:
            raise ProviderFailed(
                f"{self.product} has no such thing: {doing}",
                where=self.address,
                cause="; ".join(str(each) for each in error.errors or ["404"]),
                remedy="apply the secrets of this environment first; that makes places, grants and first values",
            ) from None
        except VaultError as error:
            cause = "; ".join(str(each) for each in error.errors or [type(error).__name__])
            raise ProviderFailed(f"{self.product} failed while {doing}", where=self.address, cause=cause) from None

    def sealed(self) -> ProviderFailed:
        """The error for a sealed server, which is up and can decrypt nothing."""
        remedy = f"unseal it ({self.command} operator unseal), then run again"
        return ProviderFailed(f"{self.product} is sealed", where=self.address, remedy=remedy)

    def _refuse_strangers(self, response: requests.Response, **_: Any) -> None:
        """Follow no redirect, so that the token goes nowhere else; and refuse a web page as an answer."""
        if response.is_redirect:
            raise self._stranger(f"it sends us to {response.headers['location']}")
        if response.status_code == HTTPStatus.OK and "json" not in response.headers.get("content-type", ""):
            raise self._stranger("its answer is no JSON")

    def _distrusted(self, error: OSError) -> Unreachable:
        remedy = "name its authority's certificate in VAULT_CACERT, or mend VAULT_ADDR"
        return Unreachable(self.product, self.address, cause=str(error), remedy=remedy)

    def _stranger(self, cause: str) -> ProviderFailed:
        remedy = "set VAULT_ADDR to its own address, with https:// or http://"
        return ProviderFailed(f"no {self.product} answers there", where=self.address, cause=cause, remedy=remedy)

    def _token(self) -> str:
        if token := self._access.get("VAULT_TOKEN"):
            return token
        named = self._access.get("VAULT_TOKEN_FILE")
        if not named and self._access.name != OF_PROCESS:  # the file in the home folder belongs to the shell
            raise ProviderFailed(
                f"there is no token for the secret store at {self.address}",
                where=self._access.name,
                remedy="put VAULT_TOKEN, or VAULT_TOKEN_FILE with the path of a file, into the profile",
            )
        file = Path(named or Path.home() / ".vault-token")
        try:
            token, cause = file.read_text(encoding="utf-8").strip(), "it is empty"
        except (OSError, UnicodeDecodeError) as error:
            token, cause = "", getattr(error, "strerror", None) or "it is not text"
        if not token:
            raise ProviderFailed(
                f"there is no token for the secret store at {self.address}",
                where=str(file),
                cause=cause,
                remedy=f"log in ({self.command} login), or set VAULT_TOKEN or VAULT_TOKEN_FILE",
            )
        return token
