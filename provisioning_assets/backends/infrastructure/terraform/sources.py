"""What a Terraform root is made of: its files, and those of every local module that it reaches."""

import hashlib
from pathlib import Path

from provisioning_assets.backends.infrastructure.terraform import hcl


def tree_hash(root: Path, *, repository: Path) -> dict[str, str]:
    """Relative path to SHA-256 of every file that a Terraform root is made of, local modules included."""
    return {
        str(file.relative_to(repository)): hashlib.sha256(file.read_bytes()).hexdigest()
        for folder in sorted(hcl.closure(root))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and _counts(file)
    }


def _counts(file: Path) -> bool:
    """Whether the file is part of the code: providers and what editors leave are not."""
    leftover = file.name.endswith("~") or (file.name.startswith(".") and file.name != ".terraform.lock.hcl")
    return ".terraform" not in file.parts and not leftover
