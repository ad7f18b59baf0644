"""The CLI configuration of Terraform or OpenTofu: where providers come from, decided explicitly for each run.

https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.backends.access import OF_PROCESS, Access
from provisioning_assets.backends.infrastructure.terraform.program import TERRAFORM, Program
from provisioning_assets.errors import ProviderFailed

MIRROR = "PROVISIONING_TERRAFORM_MIRROR"
_UNLOCKS = re.compile(r"dev_overrides|plugin_cache_may_break_dependency_lock_file(?!\"?\s*[=:]\s*false)")


def configuration(workdir: Path, access: Access, program: Program = TERRAFORM) -> tuple[Path, str]:
    """The configuration to run with, and, for people, where providers then come from.

    The order: the mirror that PROVISIONING_TERRAFORM_MIRROR names, the operator's own CLI configuration (used in place,
    since it may hold tokens), a mirror found on this machine, the registry.
    """
    own = _own(access, program)
    if own and not access.get(MIRROR):
        _require_locked(own)
        return own, f"providers as {own} says"
    mirror = next(iter(_mirrors(access, program)), None)
    file = workdir.resolve() / f"{program.command}.tfrc"
    file.write_text(program.unasked + (_installation(mirror) if mirror else ""))
    return file, f"providers from {mirror or 'the registry'}"


def _require_locked(file: Path) -> None:
    """Require that the configuration leaves the choice of providers to the lock file, whose digests are reviewed."""
    try:
        lines = file.read_bytes().decode(errors="replace").splitlines()
    except OSError as error:
        raise ProviderFailed(
            "the CLI configuration cannot be read", where=str(file), cause=error.strerror or "", remedy="correct it"
        ) from None
    for number, line in enumerate(lines, 1):
        if found := _UNLOCKS.search(re.sub(r"^\s*(#|//).*", "", line)):
            raise ProviderFailed(
                "the CLI configuration lets another provider in than the lock file has",
                where=f"{file}:{number}",
                cause=found[0],
                remedy="take it out there, or name another file in TF_CLI_CONFIG_FILE of the profile",
            )


def _own(access: Access, program: Program) -> Path | None:
    """The operator's configuration. Both programs let the variable name a missing file, and so do we.

    The one in the home folder belongs to the shell: an environment with a profile must name its own.
    """
    named = access.get("TF_CLI_CONFIG_FILE")
    if not named and access.name != OF_PROCESS:
        return None
    at_home = (Path.home() / name for name in program.configurations)
    files = [access.folder / named] if named else at_home
    return next((file for file in files if file.is_file()), None)


def _mirrors(access: Access, program: Program) -> Iterator[Path]:
    """Folders that hold `<host>/<namespace>/<type>/…`, best first.

    One with nothing but the other program's own providers is none: this one would look for other names.
    """
    named = access.folder / access.get(MIRROR) if access.get(MIRROR) else None
    if named and not _suits(named, program):
        raise ProviderFailed(
            f"the mirror of providers holds none for {program.name}",
            where=f"{MIRROR}={named}",
            remedy=f"name a folder that holds {program.registry}/<namespace>/<type>/…, or unset the variable",
        )
    data = access.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    candidates = (
        *([named] if named else []),
        Path.home() / ".terraform.d/plugins",
        Path(data) / program.shared / "plugins",
        Path("/usr/local/share") / program.shared / "plugins",
        Path("/usr/share") / program.shared / "plugins",
        *sorted(Path("/opt").glob("*")),
    )
    return (folder for folder in candidates if _suits(folder, program))


def _suits(mirror: Path, program: Program) -> bool:
    return any(not provider.startswith(f"{program.rival}/") for provider in _providers(mirror))


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
