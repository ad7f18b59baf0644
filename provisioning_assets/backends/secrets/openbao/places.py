"""Places in OpenBao: one mount of the KV engine (version 2) for each purpose."""

from collections.abc import Mapping
from typing import Any, cast

from hvac.exceptions import InvalidPath, InvalidRequest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from provisioning_assets.backends.secrets import PURPOSES, Place, Purpose
from provisioning_assets.core.plan import Attributes
from provisioning_assets.errors import ApplyFailed

UPGRADE = 10
"""Seconds that a new mount may take to become version 2, as the server upgrades it in the background."""

_KIND = ("kv", "2")
_FOR_EVER = "0s"


def mount(place: Place) -> str:
    """The mount of a place's secrets."""
    return f"{place.scope}-{place.purpose}"


def read(client: Any, scope: str) -> dict[str, Attributes]:
    """The mounts whose names begin with the scope."""
    prefix = f"{scope}-"
    live = {name.rstrip("/"): about for name, about in _mounts(client).items() if name.startswith(prefix)}
    return {
        f"place {name.removeprefix(prefix)}": {"otherwise": _otherwise(client, scope, name, about)}
        for name, about in live.items()
    }


def create(client: Any, place: Place) -> None:
    """Create the mount, and wait until it keeps versions."""
    name, description = mount(place), _description(place.scope, place.purpose)
    client.sys.enable_secrets_engine("kv", path=name, description=description, options={"version": _KIND[1]})
    upgraded = Retrying(
        stop=stop_after_delay(UPGRADE),
        wait=wait_fixed(0.1),
        retry=retry_if_exception_type(InvalidRequest),
        reraise=True,
    )
    upgraded(client.secrets.kv.v2.read_configuration, mount_point=name)


def restore(client: Any, place: Place) -> None:
    """Undo what `otherwise` lists."""
    name = mount(place)
    _require_kind(client, name)
    client.sys.tune_mount_configuration(name, description=_description(place.scope, place.purpose))
    client.secrets.kv.v2.configure(delete_version_after=_FOR_EVER, mount_point=name)


def delete(client: Any, place: Place) -> None:
    """Disable the mount, but only if it is empty: every version of every secret in it would be lost."""
    name = mount(place)
    _require_kind(client, name)
    try:
        held = client.secrets.kv.v2.list_secrets(path="", mount_point=name)["data"]["keys"]
    except InvalidPath:
        client.sys.disable_secrets_engine(name)
        return
    raise ApplyFailed(
        f"the mount {name} holds {len(held)} secrets and is not deleted",
        cause="they would be gone for good, every version of them",
        remedy=f"move them, delete them with their metadata (kv metadata delete -mount={name} …), and apply again",
    )


def _mounts(client: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", client.sys.list_mounted_secrets_engines()["data"])


def _kind(about: Mapping[str, Any]) -> tuple[str, str]:
    return about["type"], (about["options"] or {}).get("version", "")


def _otherwise(client: Any, scope: str, name: str, about: Mapping[str, Any]) -> list[str]:
    if _kind(about) != _KIND:
        return [f"the mount {name} is another kind of engine: {' '.join(_kind(about))}".rstrip()]
    found, wanted = about["description"], _description(scope, name.removeprefix(f"{scope}-"))
    kept = client.secrets.kv.v2.read_configuration(mount_point=name)["data"]["delete_version_after"]
    return [
        *([f"its description is “{found}”, not “{wanted}”"] if found != wanted else []),
        *([f"a value is deleted {kept} after it was written"] if kept != _FOR_EVER else []),
    ]


def _description(scope: str, purpose: str) -> str:
    return f"{scope}: {PURPOSES.get(cast('Purpose', purpose), purpose)}"


def _require_kind(client: Any, name: str) -> None:
    about = _mounts(client).get(f"{name}/")
    if about is not None and _kind(about) != _KIND:
        raise ApplyFailed(
            f"the mount {name} is another kind of engine",
            cause=f"it is {' '.join(_kind(about))}".rstrip(),
            remedy="move what is in it, disable it by hand, and apply again: nothing here deletes stored secrets",
        )
