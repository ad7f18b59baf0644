"""Connection parameters for libpq: all of them, so that it takes nothing from this process or its home folder."""

import os
import socket

from psycopg.pq import Conninfo

from provisioning_assets.backends.access import Access, forget
from provisioning_assets.backends.addresses import is_loopback
from provisioning_assets.errors import Misdirected, ProviderFailed

NAME = "PostgreSQL"
_NEEDED = ("PGHOST", "PGUSER", "PGDATABASE")
_NOT_TAKEN = ("PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PG_CONN_STR")
"""Variables that would lead libpq, or Terraform, elsewhere than to PGHOST."""
_UNASKED = ("PGTZ", "PGDATESTYLE", "PGGEQO", "PGOAUTHDEBUG")
"""Variables that libpq reads from this process, and that no connection parameter overrides."""
_ENCRYPTED = ("require", "verify-ca", "verify-full")
_NOWHERE = os.devnull + "/none"
"""A path without a file: libpq would look in the home folder for a file whose path it is not given."""
_DEFAULTS = {
    "sslmode": "require",
    "sslrootcert": _NOWHERE,
    "passfile": _NOWHERE,
    "gssencmode": "disable",
    "require_auth": "none,password,md5,scram-sha-256",  # no ticket of this process's user
    "target_session_attrs": "read-write",
    "min_protocol_version": "3.0",
    "max_protocol_version": "3.0",
}
"""Values for parameters that an access does not set, where our default differs from libpq's."""


def parameters(access: Access) -> dict[str, str]:
    """Every parameter for which libpq has a variable, from the access, so that libpq reads none from this process.

    The variables without a parameter are removed from this process: no session of ours uses them.
    TLS is required, as it is for Terraform; PGSSLMODE=disable is accepted only for a server on this machine.
    """
    missing = [name for name in _NEEDED if not access.get(name)]
    if missing:
        raise ProviderFailed(
            f"there is no address of {NAME}: {', '.join(missing)} is not set",
            where=access.name,
            remedy="set PGHOST, PGUSER, PGDATABASE and PGPASSWORD in the environment's profile",
        )
    # libpq follows this process's PGSERVICE, and no parameter can prevent that.
    elsewhere = [name for name in _NOT_TAKEN if access.get(name) or (name == "PGSERVICE" and access.given.get(name))]
    if elsewhere:
        raise Misdirected(
            f"nothing is sent to {NAME}: it is not clear where it is",
            [f"{name} is set" for name in elsewhere],
            remedy=f"unset {', '.join(elsewhere)}; say PGHOST, PGPORT and PGDATABASE in the environment's profile",
        )
    mode = access.get("PGSSLMODE") or _DEFAULTS["sslmode"]
    bare = [host for host in access.get("PGHOST").split(",") if not (host.startswith(("/", "@")) or is_loopback(host))]
    if bare and mode not in _ENCRYPTED:
        raise Misdirected(
            f"nothing is sent to {NAME} in the clear",
            [f"PGSSLMODE is {mode}, and {host or 'a host without a name'} is not this machine" for host in bare],
            remedy="set PGSSLMODE to verify-full, with PGSSLROOTCERT, in the environment's profile",
        )
    forget(*_UNASKED)
    options = {each.keyword.decode(): each for each in Conninfo.parse(b"") if each.envvar}
    found = {
        name: access.get((each.envvar or b"").decode()) or _DEFAULTS.get(name) or (each.compiled or b"").decode()
        for name, each in options.items()
        if name != "service"
    }
    return {
        **found,
        "sslcertmode": "allow" if found["sslcert"] else "disable",
        "application_name": found["application_name"] or introduction("provisioning"),
        "client_encoding": "utf8",
        "connect_timeout": "3",
        # A server whose machine is gone is noticed within 20 seconds.
        "keepalives_idle": "10",
        "keepalives_interval": "3",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
    }


def introduction(program: str) -> str:
    """The application name of one of our programs, which other sessions of the database can see."""
    return f"{program}@{socket.gethostname()}"
