"""Modules that `init` installed: packages of a pinned content, which must not read what lies beside them."""

import json
from pathlib import Path

from provisioning_assets.backends.infrastructure import StageRoot
from provisioning_assets.backends.infrastructure.terraform.code import Survey
from provisioning_assets.backends.infrastructure.terraform.modules import Modules
from provisioning_assets.errors import ProviderFailed


def require(stage: StageRoot, data: Path) -> None:
    """Require that each module is a folder of the stage's own code, or a package that reads nothing but itself."""
    listing = data / "modules/modules.json"
    if not listing.is_file():
        return
    root, packages = stage.root.resolve(), (data / "modules").resolve()
    own = {folder.resolve() for folder in Modules.of(root, Path("/")).code}
    for module in json.loads(listing.read_text(encoding="utf-8"))["Modules"]:
        folder = (root / module["Dir"]).resolve()
        if folder in own:
            continue
        where, cause = str(folder), "it is neither the stage's own code nor a package that was installed for it"
        if folder.is_relative_to(packages):
            problems = Survey(root, packages, start=folder).problems
            if not problems:
                continue
            first = problems[0]
            where, cause = f"{packages / first.file}:{first.line}", first.what
        raise ProviderFailed(
            f"a module of {stage.name} is made of what no digest sees",
            where=where,
            cause=cause,
            remedy="copy the module into the repository, and correct it there",
        )
