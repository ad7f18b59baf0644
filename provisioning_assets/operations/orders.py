"""Orders of certificates: keys, requests and accounts lie in the secret store before anybody hears of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from provisioning_assets.backends.certificates import Proof, requests
from provisioning_assets.backends.certificates.requests import SigningRequest
from provisioning_assets.backends.secrets import Place, SecretStore, pending_secret
from provisioning_assets.core.kinds import Kind
from provisioning_assets.engagement.sections import Certificate
from provisioning_assets.errors import ApplyFailed
from provisioning_assets.operations import accounts
from provisioning_assets.operations.challenges import Challenges
from provisioning_assets.runs.asset_run import AssetRun

_NOTHING = {"key": "", "request": ""}
_WAITING = "waiting"
_LONGEST = 250
"""Characters that every store keeps beside a secret."""


@dataclass(frozen=True, slots=True)
class Order:
    """One certificate of the environment.

    Its next key waits in a secret of its own, so that a crash, or a person who takes days to sign, costs no second one.
    """

    run: AssetRun
    certificate: Certificate
    used: str
    """Fingerprint of the key whose certificate is kept: a request for it is used up. Empty if there is none."""

    @property
    def scope(self) -> str:
        """The environment's."""
        return self.run.scope

    @property
    def name(self) -> str:
        """As the engagement file calls it."""
        return self.certificate.name

    @property
    def names(self) -> Sequence[str]:
        """As declared."""
        return self.certificate.names

    @property
    def contact(self) -> str:
        """Also the owner of what is kept."""
        return self.run.environment.certificates.contact

    def request(self) -> str:
        """The request that is open, else a new one with a new key."""
        pending = self._pending()
        if pending is None:
            key, request = requests.make(self.names, self.certificate.key_type)
            pending = {"key": key, "request": request}
            self._keep(pending)
        return pending["request"]

    @property
    def waiting(self) -> str:
        """What the open request waits for, as its authority said; empty when there is none, or it never said so."""
        there = self._store.find(self._place, self._secret)
        return there.metadata.get(_WAITING, "") if there and self._pending() else ""

    def wait(self, words: str) -> None:
        """Keep beside the request what it waits for, so that whoever looks is told."""
        if self._pending():
            self._store.describe(self._place, self._secret, {**self._about, _WAITING: words[:_LONGEST]})

    def key(self) -> str:
        """The key of the open request."""
        pending = self._pending()
        if pending is None:
            raise ApplyFailed(f"the key of {self.name} is gone: its certificate is lost", remedy="run again")
        return pending["key"]

    def done(self) -> None:
        """Forget the key beside the certificate, which has it now."""
        if self._store.find(self._place, self._secret):
            self._keep(_NOTHING)

    def account(self, make: Callable[[], str], binding: str = "") -> str:
        """Engagement-time: the agency's, until hand-off."""
        return accounts.account(self._store, self.scope, self.contact, make, binding)

    def publish(self, proofs: Sequence[Proof]) -> AbstractContextManager[None]:
        """In the environment's zone."""
        return Challenges(self.run).publish(proofs)

    def keep(self, proofs: Sequence[Proof]) -> None:
        """In the environment's zone, where the records stay."""
        Challenges(self.run).keep(proofs)

    def _pending(self) -> dict[str, str] | None:
        """Key and request for these names and this type of key, without a certificate yet."""
        if not self._store.find(self._place, self._secret):
            return None
        found = dict(self._store.read(self._place, self._secret))
        try:
            asked = SigningRequest.read(found["request"])
        except (KeyError, ValueError):
            return None  # nothing, or no request: one is made
        wanted = tuple(sorted(self.names)), self.certificate.key_type
        fits = (asked.names, asked.key_type) == wanted and asked.key_fingerprint != self.used
        return found if fits else None

    def _keep(self, value: dict[str, str]) -> None:
        there = self._store.find(self._place, self._secret)
        if there is None:
            written = self._store.create(self._place, self._secret, value, self._about)
        elif written := self._store.update(self._place, self._secret, value, version=there.version):
            self._store.describe(self._place, self._secret, self._about)
        if not written:
            raise ApplyFailed(f"somebody else wrote {self._place}/{self._secret} meanwhile", remedy="run again")

    @property
    def _about(self) -> dict[str, str]:
        return {"owner": self.contact, "purpose": "runtime"}

    @property
    def _secret(self) -> str:
        return pending_secret(self.name)

    @property
    def _place(self) -> Place:
        return Place(self.scope, "runtime")

    @property
    def _store(self) -> SecretStore:
        store: SecretStore = self.run.backend(Kind.SECRETS)
        return store
