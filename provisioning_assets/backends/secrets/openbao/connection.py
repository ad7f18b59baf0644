"""How OpenBao is reached: address, token, client, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidPath, VaultDown, VaultError

from provisioning_assets.backends.access import Access
from provisioning_assets.errors import ProviderFailed, Unreachable

TIMEOUT = 3
"""Seconds that one request may take."""


class Connection:
    """One server. The token comes from VAULT_TOKEN, from the file that VAULT_TOKEN_FILE names, or ~/.vault-token."""

    def __init__(self, declared: str | None, access: Access) -> None:
        self._declared = declared
        self._access = access

    @cached_property
    def address(self) -> str:
        """The profile's VAULT_ADDR; an address that the engagement file declares must be the same."""
        return self._access.address(self._declared, "VAULT_ADDR", "the secret store")

    @cached_property
    def client(self) -> Any:
        """A client with our token."""
        client = self.anonymous()
        client.token = _token(self.address, self._access)
        return client

    def anonymous(self) -> Any:
        """A client without a token, to log in with."""
        session = requests.Session()
        session.trust_env = False  # neither proxies nor trust of this process
        session.proxies.update(self._access.proxies(self.address))
        session.verify = self._access.get("VAULT_CACERT") or self._access.get("SSL_CERT_FILE") or True
        client: Any = hvac.Client
        # An empty token, since hvac would look for one by itself.
        return client(
            url=self.address,
            timeout=TIMEOUT,
            token="",
            namespace=self._access.get("VAULT_NAMESPACE") or None,
            verify=session.verify,
            session=session,
        )

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Turn hvac's errors into ours. What the server says in them never holds a value of ours."""
        try:
            yield
        except requests.exceptions.SSLError as error:
            remedy = "name its authority's certificate in VAULT_CACERT, or mend VAULT_ADDR"
            raise Unreachable("OpenBao", self.address, cause=str(error), remedy=remedy) from None
        except (requests.ConnectionError, requests.Timeout) as error:
            cause = f"{type(error).__name__} while {doing}"
            remedy = "start it, or set VAULT_ADDR to where it listens"
            raise Unreachable("OpenBao", self.address, cause=cause, remedy=remedy) from None
        except requests.RequestException as error:
            raise ProviderFailed(
                "no OpenBao answers there",
                where=self.address,
                cause=f"{type(error).__name__} while {doing}",
                remedy="set VAULT_ADDR to its address, with http:// or https://",
            ) from None
        except VaultDown:
            raise sealed(self.address) from None
        except Forbidden:
            raise ProviderFailed(
                "OpenBao refused: the token is not valid, or may not do this",
                where=self.address,
                cause=f"403 while {doing}",
                remedy="give VAULT_TOKEN or VAULT_TOKEN_FILE a token with a policy for it (bao token lookup)",
            ) from None
        except InvalidPath as error:
            raise ProviderFailed(
                f"OpenBao has no such thing: {doing}",
                where=self.address,
                cause="; ".join(str(each) for each in error.errors or ["404"]),
                remedy="apply the secrets of this environment first; it makes mounts, roles and first versions",
            ) from None
        except VaultError as error:
            cause = "; ".join(str(each) for each in error.errors or [type(error).__name__])
            raise ProviderFailed(f"OpenBao failed while {doing}", where=self.address, cause=cause) from None


def sealed(address: str) -> ProviderFailed:
    """The error of a server that is up and can decrypt nothing."""
    return ProviderFailed("OpenBao is sealed", where=address, remedy="unseal it (bao operator unseal), then run again")


def _token(address: str, access: Access) -> str:
    if token := access.get("VAULT_TOKEN"):
        return token
    file = Path(access.get("VAULT_TOKEN_FILE") or Path.home() / ".vault-token")
    try:
        token, cause = file.read_text(encoding="utf-8").strip(), "it is empty"
    except (OSError, UnicodeDecodeError) as error:
        token, cause = "", getattr(error, "strerror", None) or "it is not text"
    if not token:
        raise ProviderFailed(
            f"there is no token for the secret store at {address}",
            where=str(file),
            cause=cause,
            remedy="log in (bao login), or set VAULT_TOKEN or VAULT_TOKEN_FILE",
        )
    return token
