"""Back ends as tests open them: by the catalogue, with an access of the test's own."""

from typing import Any

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.access import Access
from provisioning_assets.core.kinds import Kind

REGION = "eu-central-1"


def names(kind: Kind) -> list[str]:
    """What a contract suite runs for: the fake, and every product of the catalogue."""
    return ["memory", *(product.name for product in catalogue.of_kind(kind))]


def opened(kind: Kind, name: str, access: Access, **settings: Any) -> Any:
    """A product with its settings."""
    return catalogue.open_backend(kind, catalogue.product(kind, name).settings(name=name, **settings), access)


def aws_access(address: str, region: str = REGION, **more: str) -> Access:
    """The access to an emulated AWS, and to nothing else."""
    variables = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return Access("the test's own", {**variables, "AWS_EC2_METADATA_DISABLED": "true", **more}, region)
