"""Programs that carry out Terraform's language, and what they do differently.

https://opentofu.org/docs/cli/config/config-file/ and https://opentofu.org/docs/cli/config/environment-variables/
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from provisioning_assets.errors import ProviderFailed


@dataclass(frozen=True, slots=True)
class Program:
    """Terraform or OpenTofu, by its command."""

    command: str
    name: str
    registry: str
    """The host in the full name of a provider whose `source` names none."""
    rival: str
    """The same of the other program: a provider of that name is another one to this program."""
    configurations: tuple[str, ...]
    """Its own CLI configurations in the home folder, best first."""
    shared: str
    """The name of its folder below the shared ones that it takes for mirrors of providers."""
    oldest: str
    """The oldest version that locks a state in S3 as we ask for."""
    installing: str
    unasked: str = ""
    """What keeps it, in its CLI configuration, from asking its vendor about newer versions."""

    @property
    def remedy(self) -> str:
        """What to do where it is missing, or cannot be used."""
        return f"install {self.name} {self.oldest} or newer: {self.installing}"

    def binary(self) -> str:
        """Where it is installed; `ProviderFailed` where it is not."""
        found = shutil.which(self.command)
        if found is None:
            raise ProviderFailed(f"there is no `{self.command}` on the PATH", where="PATH", remedy=self.remedy)
        return found

    def version(self, environment: Mapping[str, str]) -> str:
        """The installed version, such as `Terraform 1.11.4`, or `none`.

        It says itself what it is: one under the other's name would be told apart by nothing else.
        """
        binary = shutil.which(self.command)
        if binary is None:
            return "none"
        try:
            told = subprocess.run(
                [binary, "version"], env=dict(environment), capture_output=True, check=True, timeout=30
            )
        except (OSError, subprocess.SubprocessError):
            first = ""
        else:
            first = told.stdout.decode(errors="replace").partition("\n")[0]
        said = re.fullmatch(rf"{self.name} v(\d\S*)", first.strip())
        if said is None:
            cause = f"it says: {first[:80]}" if first else "it says nothing"
            raise ProviderFailed(
                f"{self.command} does not say which version of {self.name} it is",
                where=binary,
                cause=cause,
                remedy=self.remedy,
            )
        return f"{self.name} {said[1]}"


TERRAFORM = Program(
    "terraform",
    "Terraform",
    registry="registry.terraform.io",
    rival="registry.opentofu.org",
    configurations=(".terraformrc",),
    shared="terraform",
    oldest="1.11",
    installing="https://developer.hashicorp.com/terraform/install",
    unasked="disable_checkpoint = true\n",
)
TOFU = Program(
    "tofu",
    "OpenTofu",
    registry="registry.opentofu.org",
    rival="registry.terraform.io",
    configurations=(".tofurc", ".terraformrc"),
    shared="opentofu",
    oldest="1.10",
    installing="https://opentofu.org/docs/intro/install/",
)
PROGRAMS: Mapping[str, Program] = {each.command: each for each in (TERRAFORM, TOFU)}
