"""A person has requests signed: each one is written as a file, and the chain is put beside it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import certifi

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.certificates import Order, Signed, chains
from provisioning_assets.backends.certificates.requests import SigningRequest
from provisioning_assets.backends.certificates.settings import Manual as Settings
from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProviderFailed, Waiting

_NAMED = 8
"""Characters of a key's fingerprint that tell its files from those of the key before it."""


class Manual:
    """A folder with `<scope>-<name>-<key>.csr` for each open request, and its chain as `.pem` once somebody has it."""

    def __init__(self, folder: Path, access: Access) -> None:
        self._folder = folder
        self._access = access

    @classmethod
    def open(cls, settings: Settings, access: Access) -> Self:
        """The folder of the settings, in the engagement's."""
        return cls(access.engagement / settings.folder, access)

    def reach(self) -> None:
        """That the folder, or the one in which it will be made, can be written to."""
        with self._translated():
            place = next(each for each in (self._folder, *self._folder.parents) if each.exists())
            if not (place.is_dir() and os.access(place, os.W_OK)):
                raise self._unusable("not writable" if place.is_dir() else f"{place} is no folder")

    def identity(self) -> Mapping[str, Json]:
        """Wherever the folder lies, a person is asked."""
        return {"authority": self.authority()}

    def authority(self) -> str:
        """Who signs in the end is not known here."""
        return "manual"

    def issue(self, order: Order) -> Signed:
        """The chain beside the request; `Waiting` until there is one."""
        request = order.request()
        key = SigningRequest.read(request).key_fingerprint
        asked = self._folder / f"{order.scope}-{order.name}-{key[:_NAMED]}.csr"
        answer = asked.with_suffix(".pem")
        shown = self._access.shown(answer)
        with self._translated():
            self._put(asked, request)
            found = answer.read_bytes() if answer.exists() else None
        if found is None:
            raise Waiting(
                f"waiting for a chain: the signing request of {order.name} is {self._access.shown(asked)}",
                remedy=f"have it signed, put the chain, leaf first, into {shown}, and apply again",
            )
        remedy = f"put there what an authority answers to {asked.name}: the leaf, then each issuer"
        chain = chains.signed(found.decode(errors="replace"), order, where=shown, remedy=remedy)
        self._require_end(chain, shown)
        return chain

    def _put(self, file: Path, request: str) -> None:
        """As it is in the secret store, also when somebody has deleted or changed it."""
        if not file.exists() or file.read_bytes() != request.encode():
            self._folder.mkdir(parents=True, exist_ok=True)
            file.write_text(request, encoding="ascii")

    def _require_end(self, chain: Signed, where: str) -> None:
        """A chain ends in a root, or in what a trusted one has issued: else something between them is missing."""
        last, anchors = chains.certificates(chain.chain.encode())[-1], self._anchors()
        try:
            trusted = chains.certificates(anchors.read_bytes())
        except (OSError, ValueError) as error:
            cause = getattr(error, "strerror", None) or "it holds no PEM certificate"
            raise ProviderFailed(
                "the trust store cannot be read", where=str(anchors), cause=cause, remedy="correct SSL_CERT_FILE"
            ) from None
        if not any(chains.issued_by(last, each) for each in (last, *trusted)):
            issuer = last.issuer.rfc4514_string()
            raise ProviderFailed(
                "the chain has no end",
                where=where,
                cause=f"the certificate of {issuer} is missing, and is no trusted root",
                remedy="append what is missing between it and its root; name a root of your own in SSL_CERT_FILE",
            )

    def _anchors(self) -> Path:
        return Path(self._access.get("SSL_CERT_FILE") or certifi.where())

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unusable(error.strerror or type(error).__name__) from None

    def _unusable(self, cause: str) -> ProviderFailed:
        return ProviderFailed(
            "the folder of signing requests cannot be used",
            where=str(self._folder),
            cause=cause,
            remedy="make it a folder that can be written to, or name another one in `folder`",
        )
