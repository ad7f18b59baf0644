"""OpenBao's PKI engine: a private authority, which signs for the names that a role of it allows.

https://openbao.org/api-docs/secret/pki/
"""

from collections.abc import Mapping
from typing import Self

from hvac.exceptions import InvalidRequest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Order, Signed, chains
from provisioning_assets.backends.certificates.settings import OpenBaoPki as Settings
from provisioning_assets.backends.openbao import Connection
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed

_COMMON_NAME = 64
"""Characters that a common name may have (RFC 5280)."""


class OpenBaoPki:
    """One role of an authority, which lies behind the address and the token of the secret store."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._mount = settings.mount
        self._role = settings.role
        self._missing = f"enable the engine `pki` at {settings.mount} and give it an issuer, or correct `mount`"
        self._connection = Connection(settings.address, access, missing=self._missing)

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The server of the profile."""
        return cls(settings, access)

    def reach(self) -> None:
        """The server's health, that there is a token, and that an authority is mounted there: it tells everybody."""
        self._connection.reach()
        with self._connection.translated(f"reading the issuer of {self._mount}"):
            try:
                found, cause = self._connection.client.read(f"{self._mount}/cert/ca"), "no engine of this kind answers"
            except InvalidRequest as error:
                found, cause = None, _said(error)
        if not found or not found["data"].get("certificate"):
            what, where = f"no authority is mounted at {self._mount}", self._connection.address
            raise ProviderFailed(what, where=where, cause=cause, remedy=self._missing)

    def identity(self) -> Mapping[str, Json]:
        """The cluster, the namespace, and the mount in it."""
        return {**self._connection.identity(), "mount": self._mount}

    def authority(self) -> str:
        """The mount by its address: another role of it is still the same authority."""
        namespace = self._connection.namespace.strip("/")
        return "/".join(filter(None, (self._connection.address.rstrip("/"), "v1", namespace, self._mount)))

    def issue(self, order: Order) -> Signed:
        """Sign the request; what the role does not allow is refused in its own words."""
        where = f"{self._connection.address} ({self._mount}/sign/{self._role})"
        look = f"{self._connection.command} read {self._mount}/roles/{self._role}"
        # The role may want a common name, or take the names from here and not from the request.
        common = next((name for name in order.names if len(name) <= _COMMON_NAME), "")
        names = {"alt_names": ",".join(order.names), "format": "pem"}
        with self._connection.translated(f"signing by the role {self._role} of {self._mount}"):
            try:
                answer = self._connection.client.secrets.pki.sign_certificate(
                    self._role, order.request(), common, extra_params=names, mount_point=self._mount
                )
            except InvalidRequest as refused:
                raise ProviderFailed(
                    f"no certificate for {', '.join(order.names)}",
                    where=where,
                    cause=_said(refused),
                    remedy=f"have the role allow it ({look}), name another `role`, or correct the names",
                ) from None
        data = answer["data"]
        chain = "\n".join([data["certificate"], *(data.get("ca_chain") or [data["issuing_ca"]])])
        remedy = f"have the role sign what it is asked for ({look}), or the mount tell its whole chain"
        return chains.signed(f"{chain}\n", order, where=where, remedy=remedy)


def _said(error: InvalidRequest) -> str:
    return "; ".join(str(each) for each in error.errors or ["400"])
