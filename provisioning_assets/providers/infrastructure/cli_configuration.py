"""Terraform's CLI configuration: where providers come from, said in each run instead of assumed.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

MIRROR = "PROVISIONING_TERRAFORM_MIRROR"


def write(path: Path) -> str:
    """Write the configuration for one working folder; returns where providers come from, for people.

    A mirror that PROVISIONING_TERRAFORM_MIRROR names comes first, then the operator's own CLI configuration,
    then a mirror found on this machine, then the registry.
    """
    own = _own()
    if own and not os.environ.get(MIRROR):
        path.write_text(own.read_text())
        return f"as {own} says"
    mirror = next(iter(_mirrors()), None)
    path.write_text("disable_checkpoint = true\n" + (_installation(mirror) if mirror else ""))
    return f"providers from {mirror}" if mirror else "providers from the registry"


def _own() -> Path | None:
    """The operator's configuration. Terraform lets the variable name a file that is not there; so do we."""
    named = Path(os.environ.get("TF_CLI_CONFIG_FILE") or Path.home() / ".terraformrc")
    return named if named.is_file() else None


def _mirrors() -> Iterator[Path]:
    """Folders that hold `<host>/<namespace>/<type>/…`, best first."""
    named = os.environ.get(MIRROR)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    candidates = (
        *([Path(named)] if named else []),
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
    """What the mirror holds comes from it, the rest from the registry. JSON lists and strings are HCL."""
    held = json.dumps(_providers(mirror))
    return (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path    = {json.dumps(str(mirror))}\n    include = {held}\n  }}\n"
        f"  direct {{\n    exclude = {held}\n  }}\n"
        "}\n"
    )
