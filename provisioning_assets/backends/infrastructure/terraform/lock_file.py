"""The lock file of a root: the digests of its providers, without which each install could bring another one.

https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.backends.infrastructure.terraform import expressions, hcl
from provisioning_assets.backends.infrastructure.terraform.expressions import Scope
from provisioning_assets.backends.infrastructure.terraform.modules import Modules
from provisioning_assets.errors import ConfigurationError, Problem

NAME = ".terraform.lock.hcl"
_BUILT_IN = "terraform"


def problems(root: Path, modules: Modules) -> Iterator[Problem]:
    """Providers that nothing pins: the lock is not there, or has no hashes of one."""
    lock = root / NAME
    if not lock.is_file():
        needed = [
            (file.parent != root, file, line, name) for name, file, line in modules.providers() if name != _BUILT_IN
        ]
        for _, file, line, name in sorted(needed)[:1]:
            what = f"there is no {NAME}: any version of the provider `{name}` would do"
            yield Problem(str(file), line, 1, what, "what `terraform providers lock` writes into the root")
        return
    try:
        locked = list(hcl.blocks(lock, "provider"))
    except ConfigurationError as error:
        yield from error.problems
        return
    for block in locked:
        hashes = block.attributes.get("hashes")
        found = expressions.items(hashes.value, Scope(root, root, {})) if hashes else None
        if not found or not found[1]:
            what = f"the lock of {' '.join(block.labels)} has no hashes: any file would do as this provider"
            yield Problem(str(lock), block.line, 1, what, "what `terraform providers lock` writes")
