"""Check the Terraform code without a cloud: its format, each stage, and each module by its example.

    python terraform/validate.py [FOLDER]

Prints what is wrong with its file and line; the status is then 1. Nothing is written into the folder.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from provisioning_assets.backends.access import of_process
from provisioning_assets.backends.infrastructure.terraform import cli_configuration, process
from provisioning_assets.errors import ProvisioningError

INIT = ("init", "-backend=false", "-lockfile=readonly", "-input=false", "-json")
VALIDATE = ("validate", "-json")


class Terraform:
    """The installed Terraform, with providers from where an apply would take them."""

    def __init__(self, folder: Path, work: Path) -> None:
        self._folder = folder
        access = of_process()
        # One folder for all roots: a provider is fetched once.
        self._environment = {
            **process.inherited(access),
            "TF_DATA_DIR": str(work / "data"),
            "TF_CLI_CONFIG_FILE": str(cli_configuration.configuration(work, access)[0]),
        }

    def unformatted(self) -> Iterator[str]:
        """Files that `terraform fmt` would write otherwise, each with the first such line."""
        found = self._run(self._folder, "fmt", "-check", "-recursive", "-no-color")
        if found.stderr:
            yield found.stderr.strip()
        for name in found.stdout.splitlines():
            text = (self._folder / name).read_text(encoding="utf-8")
            formatted = self._run(self._folder, "fmt", "-", text=text).stdout
            lines = zip(text.splitlines(), [*formatted.splitlines(), None], strict=False)
            line = next((number for number, (old, new) in enumerate(lines, 1) if old != new), 1)
            yield f"{self._folder / name}:{line}: not as `terraform fmt` writes it"

    def invalid(self, root: Path) -> Iterator[str]:
        """What Terraform says against a root and its modules, warnings included."""
        done = self._run(root, *INIT)
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        found = [event["diagnostic"] for event in events if "diagnostic" in event]
        # After an init that failed, too: of some mistakes only this knows the line.
        found += json.loads(self._run(root, *VALIDATE).stdout)["diagnostics"]
        yield from (_line(root, diagnostic) for diagnostic in found)
        if done.returncode and not found:
            yield f"{root}: terraform init ended with status {done.returncode}: {(done.stderr or done.stdout).strip()}"

    def _run(self, root: Path, *command: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        line = ["terraform", *command]
        return subprocess.run(
            line, cwd=root, env=self._environment, input=text, capture_output=True, text=True, check=False
        )


def problems(folder: Path) -> Iterator[str]:
    """All that is wrong with the code in a folder that has modules, examples and stages."""
    for module in sorted((folder / "modules").glob("*/")):
        example = folder / "examples" / f"{module.name}.tf"
        if not example.is_file():
            yield f"{module}: it has no example; expected {example}"
    with TemporaryDirectory() as work:
        terraform = Terraform(folder, Path(work))
        yield from terraform.unformatted()
        for root in (folder / "examples", *sorted((folder / "stages").glob("*/"))):
            yield from terraform.invalid(root)


def _line(root: Path, diagnostic: Mapping[str, Any]) -> str:
    place, where = diagnostic.get("range"), str(root)
    if place:
        file = os.path.normpath(root / place["filename"])
        where = f"{file}:{place['start']['line']}"
    words = " ".join(diagnostic.get("detail", "").split())
    return f"{where}: {diagnostic['severity']}: {diagnostic['summary']}: {words}"


def main(folder: Path) -> int:
    """Print the problems; 1 when there are some, or nobody could look."""
    if shutil.which("terraform") is None:
        print("there is no `terraform` on the PATH: its code was not checked; install 1.11 or newer", file=sys.stderr)
        return 1
    try:
        # A module that several roots use is wrong once.
        found = list(dict.fromkeys(problems(folder)))
    except ProvisioningError as error:
        found = [str(error)]
    print("\n".join(found) or "The Terraform code is formatted and valid.")
    return 1 if found else 0


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    sys.exit(main(Path(os.path.relpath(given))))
