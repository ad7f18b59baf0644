"""Accounts at certificate authorities: engagement-time secrets, one for each external account that it was bound to."""

from collections.abc import Callable

from provisioning_assets.backends.secrets import ACME_ACCOUNT, Place, SecretStore
from provisioning_assets.errors import ApplyFailed

_KEY, _BINDING, _FORMER = "key", "binding", "key of "


def account(store: SecretStore, scope: str, owner: str, make: Callable[[], str], binding: str = "") -> str:
    """The account that is kept; another one for another binding.

    Without a binding it stays what it is: an authority asks for one only when an account is new. Those before are kept,
    as some authorities take each binding once: whoever goes back to one has its account again.
    """
    where = Place(scope, "engagement")
    there = store.find(where, ACME_ACCOUNT)
    if there is None:
        value = {_KEY: make(), _BINDING: binding}
        about = {"owner": owner, "purpose": "engagement"}
        return _kept(value, written=store.create(where, ACME_ACCOUNT, value, about))
    value = dict(store.read(where, ACME_ACCOUNT))
    known = value.get(_BINDING)
    if not binding or binding == known:
        return value[_KEY]
    if known is not None:
        value[_FORMER + known] = value[_KEY]
        value[_KEY] = value.pop(_FORMER + binding, "") or make()
    # Else it is of a time when nobody wrote that down: taken for an account of the binding that there is.
    value[_BINDING] = binding
    return _kept(value, written=store.update(where, ACME_ACCOUNT, value, version=there.version))


def _kept(value: dict[str, str], *, written: bool) -> str:
    if not written:
        raise ApplyFailed("somebody else wrote the account at the authority meanwhile", remedy="run again")
    return value[_KEY]
