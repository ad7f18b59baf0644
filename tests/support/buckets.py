"""Buckets of an emulated AWS."""

from provisioning_assets.backends import aws
from tests.support.back_ends import REGION, aws_access

FLAGS = "shop-flags"


def made_bucket(address: str, name: str = FLAGS) -> str:
    """A bucket, as a stage would have made it."""
    s3 = aws.of(aws_access(address)).client("s3")
    if name not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
