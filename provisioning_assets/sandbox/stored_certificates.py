"""Where the edge finds certificates: every secret `certificate-…` of a runtime place, in either kind of store."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import hvac
from hvac.exceptions import InvalidPath

from provisioning_assets.sandbox.watching import client

_PREFIX = "certificate-"


class Store(Protocol):
    """A secret store, asked as an edge does that a team runs."""

    def look(self) -> Iterator[tuple[str, str]]:
        """Name of each certificate, and what its current version is known by: also in a new and empty store."""

    def read(self, name: str) -> Mapping[str, str]:
        """The current value."""


class OfOpenBao:
    """Every mount `…-runtime`."""

    def __init__(self, address: str, token_file: Path) -> None:
        make: Any = hvac.Client
        self._client = make(url=address, token="", timeout=3)
        self._token_file = token_file

    def look(self) -> Iterator[tuple[str, str]]:
        """Mount and path, and when the version was written: its number does not differ in a new store."""
        # Read again each time: a restarted store has another token.
        self._client.token = self._token_file.read_text(encoding="utf-8").strip()
        mounts = self._client.sys.list_mounted_secrets_engines()["data"]
        for mount in (name.rstrip("/") for name in mounts if name.endswith("-runtime/")):
            with suppress(InvalidPath):
                keys = self._client.secrets.kv.v2.list_secrets(path="", mount_point=mount)["data"]["keys"]
                for name in (key for key in keys if key.startswith(_PREFIX)):
                    created = self._created(mount, name)
                    if created is not None:
                        yield f"{mount}/{name}", created

    def _created(self, mount: str, name: str) -> str | None:
        """When the current version was written; None when there is none."""
        try:
            known = self._client.secrets.kv.v2.read_secret_metadata(path=name, mount_point=mount)["data"]
        except InvalidPath:
            return None
        version = known["versions"].get(str(known["current_version"]))
        gone = version is None or version["deletion_time"] or version["destroyed"]
        return None if gone else str(version["created_time"])

    def read(self, name: str) -> Mapping[str, str]:
        """The value, by mount and path."""
        mount, _, path = name.rpartition("/")
        answer = self._client.secrets.kv.v2.read_secret_version(
            path=path, mount_point=mount, raise_on_deleted_version=True
        )
        value: Mapping[str, str] = answer["data"]["data"]
        return value


class OfSecretsManager:
    """Every secret `<scope>/runtime/…` of AWS Secrets Manager."""

    def __init__(self) -> None:
        self._client = client("secretsmanager")

    def look(self) -> Iterator[tuple[str, str]]:
        """Name, and the version's own, which is random."""
        for page in self._client.get_paginator("list_secrets").paginate():
            for found in page["SecretList"]:
                versions = found.get("SecretVersionsToStages", {}).items()
                current = [version for version, stages in versions if "AWSCURRENT" in stages]
                if f"/runtime/{_PREFIX}" in found["Name"] and current:
                    yield found["Name"], current[0]

    def read(self, name: str) -> Mapping[str, str]:
        """The value: a JSON object."""
        value: Mapping[str, str] = json.loads(self._client.get_secret_value(SecretId=name)["SecretString"])
        return value
