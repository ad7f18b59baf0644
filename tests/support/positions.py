"""The demo shop with environments of other names, or with one alone."""

import re
from pathlib import Path

ALONE = "single_environment: {owner: Alice Moreau, reason: A page without data.}\n"
"""The declaration that one environment alone needs."""


def rename(folder: Path, old: str, new: str) -> None:
    """Call an environment otherwise, in the file and in the name of its configuration."""
    file = folder / "engagement.yaml"
    file.write_text(re.sub(rf"(name: |\{{|, ){old}\b(?=\n|:)", rf"\g<1>{new}", file.read_text()))
    (folder / f"config/{old}.yaml").rename(folder / f"config/{new}.yaml")


def leave_only(folder: Path, name: str) -> None:
    """Take every other environment away."""
    file = folder / "engagement.yaml"
    text = file.read_text()
    before, _, rest = text.partition("environments:\n")
    listed, _, after = rest.partition("\ndifferences:\n")
    (kept,) = [each for each in re.split(r"(?m)^(?=  - )", listed) if each.startswith(f"  - name: {name}\n")]
    after = re.sub(rf"values: \{{.*\b{name}: ([^,}}]+).*\}}", rf"values: {{{name}: \1}}", after)
    file.write_text(f"{before}environments:\n{kept}\ndifferences:\n{after}")
    for each in (folder / "config").glob("*.yaml"):
        if each.stem not in {"common", name}:
            each.unlink()
