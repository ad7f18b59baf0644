"""AWS: one way to make a client, one way to turn its errors into ours."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which is no OSError
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
)

from provisioning_assets.errors import ProviderFailed, Unreachable

_REMEDY = "check the network and AWS_ENDPOINT_URL, or start the server there"


@cache
def client(service: str, region: str, *, attempts: int = 3, patience: int = 10) -> Any:
    """A boto3 client, shared: clients are thread-safe and cost 50 ms to make.

    It waits `patience` seconds for an answer, in each of its attempts. An AWS_ENDPOINT_URL means a
    server that stands in for AWS: buckets are then part of the path.
    """
    style: Any = {"addressing_style": "path"} if os.environ.get("AWS_ENDPOINT_URL") else {}
    settings = Config(
        connect_timeout=2,
        read_timeout=patience,
        retries={"mode": "standard", "total_max_attempts": attempts},
        s3=style,
    )
    core: Any = botocore.session.get_session()
    # Credentials are looked up anew for each client; the services' descriptions, megabytes of them, are read once.
    core.register_component("data_loader", _descriptions())
    session: Any = boto3.session.Session(botocore_session=core)
    return session.client(service, region_name=region, config=settings)


@cache
def _descriptions() -> Any:
    return botocore.loaders.create_loader()


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Turn botocore's errors into ours: who did not answer, or what was answered."""
    address = os.environ.get("AWS_ENDPOINT_URL", "its AWS endpoint")
    try:
        yield
    except NoCredentialsError:
        raise ProviderFailed(
            f"{service}: there are no AWS credentials",
            remedy="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        ) from None
    except EndpointConnectionError as error:
        raise Unreachable(service, address, cause="connection refused or no such host", remedy=_REMEDY) from error
    except (ConnectionError, HTTPClientError) as error:
        raise Unreachable(service, address, cause=type(error).__name__, remedy=_REMEDY) from error
    except ClientError as error:
        answer, operation = error.response.get("Error", {}), error.operation_name
        cause = f"{answer.get('Code', 'unknown')}: {answer.get('Message', '')}"
        raise ProviderFailed(f"{service}: {operation} failed", where=address, cause=cause) from None
    except BotoCoreError as error:
        raise ProviderFailed(f"{service} could not be asked", where=address, cause=str(error)) from None


def account(region: str) -> str:
    """Number of the account that the credentials belong to.

    A run asks for it before anything else, so it is impatient: `Unreachable` within 5 seconds.
    """
    with translated("AWS STS"):
        return str(client("sts", region, attempts=1, patience=4).get_caller_identity()["Account"])
