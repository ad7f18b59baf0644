"""What an engagement needs of the sandbox, and what each member is told of the others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from provisioning_assets.sandbox.processes import Folder

REGION = "eu-central-1"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to run: the products that an engagement names, and the zones that its DNS is to have."""

    products: frozenset[str]
    zones: tuple[str, ...] = ()


DEMO = Wanted(frozenset({"terraform", "s3", "route53", "acme", "openbao", "ssm", "cloudwatch"}))
"""What the demo shop is made of."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One sandbox: its folder, its ports, and what it is for."""

    folder: Folder
    ports: Mapping[str, int]
    wanted: Wanted
    progress: Callable[[str], object]

    def at(self, name: str) -> str:
        """`host:port` of a member."""
        return f"127.0.0.1:{self.ports[name]}"

    def http(self, name: str) -> str:
        """Address of a member that speaks plain HTTP."""
        return f"http://{self.at(name)}"

    def names(self, *products: str) -> bool:
        """Whether the engagement names one of the products."""
        return not self.wanted.products.isdisjoint(products)
