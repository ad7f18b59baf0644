"""A profile as a file of a test's repository, which the test may change."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dotenv import dotenv_values

from provisioning_assets.backends import aws
from provisioning_assets.backends.access import Access


@dataclass(frozen=True)
class Profile:
    """A file of variables, for its owner alone."""

    file: Path

    @classmethod
    def copied(cls, original: Path, repository: Path, name: str = "sandbox") -> Self:
        """A copy in the repository's own folder of profiles."""
        file = repository / ".provisioning" / "profiles" / f"{name}.env"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(original.read_text())
        return cls(file)

    @property
    def variables(self) -> dict[str, str]:
        """What it says."""
        return {name: value or "" for name, value in dotenv_values(self.file, interpolate=False).items()}

    def set(self, **variables: str) -> None:
        """Say something else from here on."""
        lines = [f"{name}='{value}'\n" for name, value in {**self.variables, **variables}.items()]
        self.file.write_text("".join(lines))

    def access(self, region: str) -> Access:
        """What an environment that names the profile is reached with."""
        return Access(f"profile {self.file.stem}", self.variables, region, folder=self.file.parents[2])


def keys_of(account: str, access: Access) -> dict[str, str]:
    """Variables for another account of an emulated AWS, as a role in it hands them out."""
    role = {"RoleArn": f"arn:aws:iam::{account}:role/tests", "RoleSessionName": "tests"}
    keys = aws.of(access).client("sts").assume_role(**role)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
