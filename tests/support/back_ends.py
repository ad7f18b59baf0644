"""Back ends as tests open them: by the catalogue, with an access of the test's own."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pytest

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Capability, Kind

REGION = "eu-central-1"
FAKE = "memory"

T = TypeVar("T")


def names(kind: Kind) -> list[str]:
    """What a contract suite runs for: the fake, and every product of the catalogue."""
    return [FAKE, *products(kind)]


def products(kind: Kind) -> list[str]:
    """Every product of the catalogue: what the laws of servers are for."""
    return [product.name for product in catalogue.of_kind(kind)]


def subject_of(kind: Kind, name: str, subjects: Mapping[str, Callable[..., T]]) -> Callable[..., T]:
    """How a product's subject is made."""
    if name not in subjects:
        pytest.fail(f"{kind} {name} is in the catalogue, and has no subject in this suite: give it a real server")
    return subjects[name]


def opened(kind: Kind, name: str, access: Access, **settings: Any) -> Any:
    """A product with its settings."""
    return catalogue.open_backend(kind, catalogue.product(kind, name).settings(name=name, **settings), access)


def lacks(name: str, capability: Capability) -> bool:
    """Whether the product lacks it; the catalogue then says why, in words."""
    reason = "" if name == FAKE else catalogue.lacks(capability.kind, name).get(capability, "")
    assert not reason or len(reason.split()) > 3, f"{name} lacks {capability} for no reason that a person understands"
    return bool(reason)


def aws_access(address: str, region: str = REGION, **more: str) -> Access:
    """The access to an emulated AWS, and to nothing else."""
    variables = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return Access("the test's own", {**variables, "AWS_EC2_METADATA_DISABLED": "true", **more}, region)
