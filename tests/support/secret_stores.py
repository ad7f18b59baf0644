"""Secret stores of tests: what they are to hold, and how they are opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import hvac
import pytest

from provisioning_assets.backends.access import Access
from provisioning_assets.backends.secrets import ALL, Purpose, SecretStore
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Attributes, diff
from provisioning_assets.errors import ProviderFailed
from tests.fakes.secrets import MemorySecrets
from tests.support.back_ends import opened
from tests.support.servers import SecretServer

OWNED = {"owner": "Dana Novak", "purpose": "runtime", "rotate_every_days": "90"}
PIPELINE, AGENCY = "grant pipeline", "grant agency"
DESIRED: dict[str, Attributes] = {
    "place runtime": {"otherwise": []},
    "place engagement": {"otherwise": []},
    PIPELINE: {"reads": {"runtime": ["database-password"]}, "lists": [], "logs_in": True, "otherwise": []},
    AGENCY: {"reads": {"engagement": ALL}, "lists": ["engagement"], "logs_in": False, "otherwise": []},
}
WITHOUT_RUNTIME = {address: attributes for address, attributes in DESIRED.items() if address != "place runtime"}


def bring_about(store: SecretStore, scope: str, desired: dict[str, Attributes] = DESIRED) -> None:
    """Write what differs."""
    store.write_grants(scope, diff(desired, store.read_grants(scope)).changes)


def drift(store: SecretStore, scope: str, desired: dict[str, Attributes] = DESIRED) -> list[str]:
    """What differs, in words."""
    return [str(change) for change in diff(desired, store.read_grants(scope)).changes]


def otherwise(store: SecretStore, scope: str, address: str) -> str:
    """What is live and not told by an address's other attributes, as one text."""
    return "; ".join(store.read_grants(scope)[address]["otherwise"])


@dataclass(frozen=True)
class Subject:
    """A store that runs the contract suite, and how a grant on it is widened behind its back."""

    store: SecretStore
    open_wider: Callable[[str, str, Purpose], None]
    """Scope, who, and what is opened beside what was granted."""
    tries_grants: bool = True


def could_read(subject: Subject, scope: str, who: str, secrets: list[tuple[Purpose, str]]) -> list[str] | None:
    """Names that the grant's identity could read; None where the product says that it tries no grants."""
    if not subject.tries_grants:
        with pytest.raises(ProviderFailed):
            subject.store.can_read(scope, who, secrets)
        return None
    could = subject.store.can_read(scope, who, secrets)
    assert list(could) == secrets
    return [name for (_, name), read in could.items() if read]


def vault_access(address: str, token: str = "any", **more: str) -> Access:  # noqa: S107 - none that opens anything
    """The access to a server, and to nothing else."""
    return Access("the test's own", {"VAULT_ADDR": address, "VAULT_TOKEN": token, **more})


def openbao(server: SecretServer, product: str = "openbao", **more: str) -> Any:
    """The product on a server of the test's own."""
    return opened(Kind.SECRETS, product, vault_access(server.address, server.token, **more))


def admin(server: SecretServer) -> Any:
    """Somebody who may do everything, for changes out of band."""
    return hvac.Client(url=server.address, token=server.token)


def _in_memory(_server: SecretServer) -> Subject:
    store = MemorySecrets()
    return Subject(store, store.open_wider)


def _on_openbao(server: SecretServer, product: str = "openbao") -> Subject:
    def open_wider(scope: str, who: str, purpose: Purpose) -> None:
        policies, name = admin(server).sys, f"{scope}-{who}"
        rules = policies.read_acl_policy(name)["data"]["policy"]
        wider = f'{rules}\npath "{scope}-{purpose}/data/+" {{\n  capabilities = ["read"]\n}}'
        policies.create_or_update_acl_policy(name, policy=wider)

    return Subject(openbao(server, product), open_wider)


SUBJECTS: Mapping[str, Callable[[SecretServer], Subject]] = {
    "memory": _in_memory,
    "openbao": _on_openbao,
    "vault": partial(_on_openbao, product="vault"),
}
"""A product of the catalogue that is not here fails its suite."""
