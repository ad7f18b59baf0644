"""PostgreSQL, as a team runs it: log-in by password, and an owner of its databases."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from provisioning_assets.sandbox import debian
from provisioning_assets.sandbox.setup import Setup

OWNER = "owner"
_PASSWORD = "postgresql.pass"  # noqa: S105 - the name of a file
_AS_NOBODY = (
    "/usr/bin/setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip
"""It does not run as root; where its programs lie, nobody else may look."""


def prepare(setup: Setup) -> None:
    """Make a cluster without tables, and a password."""
    debian.install("postgresql", setup.progress)
    password = secrets.token_hex(16)
    setup.folder.write(_PASSWORD, f"127.0.0.1:{setup.ports['postgresql']}:*:{OWNER}:{password}\n")
    initialise(setup.folder.fresh("postgresql"), password)


def command(setup: Setup) -> list[str]:
    """The command of the server."""
    return server_command(setup.folder.path / "postgresql", setup.ports["postgresql"])


def own(_setup: Setup) -> Mapping[str, str]:
    """Where its libraries are."""
    return debian.libraries("postgresql")


def profile(setup: Setup) -> Mapping[str, str]:
    """Where it is, and who logs in; the password is in a file of its own."""
    return {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(setup.ports["postgresql"]),
        "PGUSER": OWNER,
        "PGDATABASE": "postgres",
        "PGPASSFILE": str(setup.folder.path / _PASSWORD),
        "PGSSLMODE": "disable",
    }


def initialise(folder: Path, password: str) -> None:
    """Make a cluster in an empty folder, with the owner's password."""
    _give(folder)
    told = folder.with_name(f"{folder.name}.password")
    told.touch(mode=0o600)
    try:
        told.write_text(password, encoding="ascii")
        options = ("-U", OWNER, "-A", "scram-sha-256", f"--pwfile={told}", "--no-sync", "-E", "UTF8")
        subprocess.run(
            _run("initdb", "-D", str(folder), *options, "--locale=C.UTF-8"),
            env=debian.environment("postgresql"),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )
    finally:
        told.unlink()


def server_command(folder: Path, port: int, **more: str) -> list[str]:
    """The command of a server on a cluster; `more` are further settings."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",  # nobody comes by it, and the path of a folder may be too long
        "fsync": "off",
        "max_connections": "200",
        "shared_buffers": "16MB",
        "jit": "off",
        **more,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return _run("postgres", "-D", str(folder), "-p", str(port), *options)


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(path, "nobody", "nogroup")


def _run(program: str, *arguments: str) -> list[str]:
    path = debian.folder("postgresql") / "usr/lib/postgresql/15/bin" / program
    return [*(_AS_NOBODY if os.geteuid() == 0 else ()), str(path), *arguments]
