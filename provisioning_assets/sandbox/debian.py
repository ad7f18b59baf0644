"""Servers of Debian, unpacked into a folder of ours: no root, no service that starts by itself.

    python -m provisioning_assets.sandbox.debian [SERVER...]

installs those that are missing, or all of them. `make servers` calls it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from provisioning_assets.errors import ProvisioningError

SERVERS: dict[str, tuple[str, ...]] = {
    "bind": (
        "bind9", "bind9-libs", "libfstrm0", "libjemalloc2", "liblmdb0", "libmaxminddb0", "libprotobuf-c1",
    ),
    "knot": (
        "knot", "libbpf1", "libdnssec9", "libfstrm0", "libknot13", "liblmdb0", "libprotobuf-c1", "liburcu8",
        "libxdp1", "libzscanner4",
    ),
    "pebble": ("pebble",),
    "postgresql": (
        "postgresql-15", "libcom-err2", "libgssapi-krb5-2", "libicu72", "libk5crypto3", "libkeyutils1", "libkrb5-3",
        "libkrb5support0", "libldap-2.5-0", "libpq5", "libsasl2-2", "libxml2",
    ),
    "powerdns": (
        "pdns-server", "pdns-backend-sqlite3", "libboost-program-options1.74.0", "libluajit-5.1-2", "libsodium23",
    ),
    "prometheus": (
        "prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter", "prometheus-pushgateway",
    ),
}  # fmt: skip
"""A server to its packages: its own, and the libraries that a small Debian has not."""

CACHE = Path(__file__).parents[2] / ".provisioning" / "debian"


def folder(server: str) -> Path:
    """Where a server is unpacked; `ProvisioningError` when nobody did it."""
    found = CACHE / server
    if not _is_there(server):
        raise ProvisioningError(f"{server} is not installed", where=str(found), remedy="make servers")
    return found


def libraries(server: str) -> dict[str, str]:
    """The variable with which its programs find their libraries."""
    found = sorted({library.parent for library in folder(server).glob("usr/lib/*-linux-gnu/*.so*")})
    return {"LD_LIBRARY_PATH": ":".join(map(str, found))}


def environment(server: str) -> dict[str, str]:
    """The variables of this process, and that one."""
    return {**os.environ, **libraries(server)}


def install(server: str, progress: Callable[[str], object] = lambda _line: None) -> None:
    """Download and unpack, unless the very same packages are there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{server}.lock"):  # every sandbox of this repository takes from here
        if not _is_there(server):
            progress(f"downloading {server} from Debian")
            _download(server)


def _download(server: str) -> None:
    target, packages = CACHE / server, SERVERS[server]
    shutil.rmtree(target, ignore_errors=True)
    downloads = target / "downloads"
    downloads.mkdir(parents=True)
    command = ["apt-get", "download", "--quiet=2", "-o", "APT::Sandbox::User=", *packages]
    if subprocess.run(command, cwd=downloads, check=False, stderr=subprocess.DEVNULL).returncode:
        as_root = [] if os.geteuid() == 0 else ["sudo"]
        subprocess.run([*as_root, "apt-get", "update", "--quiet=2"], check=True)
        subprocess.run(command, cwd=downloads, check=True)
    for package in downloads.glob("*.deb"):
        unpack = ["dpkg", "-x", str(package), str(target)]
        subprocess.run(unpack, check=True)
    shutil.rmtree(downloads)
    _stamp(server).write_text("\n".join(packages))


def _is_there(server: str) -> bool:
    stamp = _stamp(server)
    return stamp.is_file() and stamp.read_text().split("\n") == list(SERVERS[server])


def _stamp(server: str) -> Path:
    return CACHE / server / "packages"


if __name__ == "__main__":
    for name in sys.argv[1:] or SERVERS:
        install(name)
