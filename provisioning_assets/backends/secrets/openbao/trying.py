"""Trying a grant: log in as its role, and ask for secrets."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hvac.exceptions import Forbidden

from provisioning_assets.backends.secrets import Place, Purpose
from provisioning_assets.backends.secrets.openbao.connection import Connection
from provisioning_assets.backends.secrets.openbao.grants import role
from provisioning_assets.backends.secrets.openbao.places import mount

LOGIN = "60s"
"""Lifetime of the secret ID for a trial; it is good for one log-in."""


def can_read(
    connection: Connection, scope: str, who: str, secrets: Sequence[tuple[Purpose, str]]
) -> Mapping[tuple[Purpose, str], bool]:
    """Which secrets the grant's role could read: 200 means yes, 403 means no, anything else is an error."""
    with _logged_in(connection, role(scope, who)) as client:
        return {each: _allowed(connection, client, Place(scope, each[0]), each[1]) for each in secrets}


def newest(client: Any, place: Place, name: str) -> Any:
    """Data and metadata of the newest version; `InvalidPath` when there is none."""
    answer = client.secrets.kv.v2.read_secret_version(
        path=name, mount_point=mount(place), raise_on_deleted_version=True
    )
    return answer["data"]


@contextmanager
def _logged_in(connection: Connection, role: str) -> Iterator[Any]:
    """A client with the role's token, which is revoked at the end."""
    with connection.translated(f"logging in as the role {role}"):
        role_id = connection.client.auth.approle.read_role_id(role)["data"]["role_id"]
        # Not with hvac's own method, which cannot set the lifetime of the ID.
        limits = {"ttl": LOGIN, "num_uses": 1}
        minted = connection.client.write_data(f"auth/approle/role/{role}/secret-id", data=limits)
        client = connection.anonymous(connection.namespace)
        answer = client.auth.approle.login(role_id, minted["data"]["secret_id"])
    try:
        yield client
    finally:
        # With our own token: the role may lack permission to revoke its own.
        with connection.translated(f"giving back the token of the role {role}"):
            connection.client.auth.token.revoke_accessor(answer["auth"]["accessor"])


def _allowed(connection: Connection, client: Any, place: Place, name: str) -> bool:
    with connection.translated(f"trying {mount(place)}/{name}"):
        try:
            newest(client, place, name)
        except Forbidden:
            return False
        return True
