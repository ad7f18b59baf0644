"""Terraform's CLI configuration: where providers come from, decided explicitly for each run.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

import json
from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.backends.access import OF_PROCESS, Access
from provisioning_assets.errors import ProviderFailed

MIRROR = "PROVISIONING_TERRAFORM_MIRROR"


def configuration(workdir: Path, access: Access) -> tuple[Path, str]:
    """The configuration to run with, and, for people, where providers then come from.

    The order: the mirror that PROVISIONING_TERRAFORM_MIRROR names, the operator's own CLI configuration (used in place,
    since it may hold tokens), a mirror found on this machine, the registry.
    """
    own = _own(access)
    if own and not access.get(MIRROR):
        return own, f"providers as {own} says"
    mirror = next(iter(_mirrors(access)), None)
    file = workdir.resolve() / "terraform.tfrc"
    file.write_text("disable_checkpoint = true\n" + (_installation(mirror) if mirror else ""))
    return file, f"providers from {mirror or 'the registry'}"


def _own(access: Access) -> Path | None:
    """The operator's configuration. Terraform lets the variable name a missing file, and so do we.

    The one in the home folder belongs to the shell: an environment with a profile must name its own.
    """
    named = access.get("TF_CLI_CONFIG_FILE")
    if not named and access.name != OF_PROCESS:
        return None
    file = access.folder / (named or Path.home() / ".terraformrc")
    return file if file.is_file() else None


def _mirrors(access: Access) -> Iterator[Path]:
    """Folders that hold `<host>/<namespace>/<type>/…`, best first."""
    named = access.folder / access.get(MIRROR) if access.get(MIRROR) else None
    if named and not _providers(named):
        raise ProviderFailed(
            "the mirror of Terraform providers holds none",
            where=f"{MIRROR}={named}",
            remedy="name a folder that holds <host>/<namespace>/<type>/…, or unset the variable",
        )
    data = access.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    candidates = (
        *([named] if named else []),
        Path.home() / ".terraform.d/plugins",
        Path(data) / "terraform/plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *sorted(Path("/opt").glob("*")),
    )
    return (folder for folder in candidates if _providers(folder))


def _providers(mirror: Path) -> list[str]:
    """Sources that the mirror holds, such as `registry.terraform.io/hashicorp/aws`."""
    return sorted(str(folder.relative_to(mirror)) for folder in mirror.glob("*.*/*/*") if folder.is_dir())


def _installation(mirror: Path) -> str:
    """Providers in the mirror come from the mirror, the others from the registry. JSON lists and strings are HCL."""
    held = json.dumps(_providers(mirror))
    return (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = {held}\n  }}\n"
        f"  direct {{\n    exclude = {held}\n  }}\n"
        "}\n"
    )
