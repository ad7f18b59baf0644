"""SSM Parameter Store: one String parameter per key.

https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from provisioning_assets.backends import aws
from provisioning_assets.core.plan import Action, Attributes, Change
from provisioning_assets.errors import ApplyFailed, ProviderFailed

LARGEST = 4096
"""Largest size of a standard parameter, in bytes."""

THROTTLED = 60
"""Seconds for which a throttled write is repeated. An account may write three parameters a second, too few for
botocore's own three attempts; more of those would also be made at a server that is not there.
"""


class Ssm(aws.OnAws):
    """The parameters of a region."""

    def read(self, prefix: str) -> Mapping[str, Attributes]:
        """Every parameter below the prefix; secure ones are not decrypted."""
        with self._aws.translated("SSM"):
            pages = self._ssm.get_paginator("get_parameters_by_path").paginate(Path=prefix, Recursive=True)
            return {found["Name"]: {"value": found["Value"]} for page in pages for found in page["Parameters"]}

    def write(self, changes: Sequence[Change]) -> None:
        """Put or delete each parameter; `ApplyFailed` names the key that was refused."""
        for change in changes:
            try:
                with self._aws.translated("SSM"):
                    _when_allowed(self._write, change)
            except ProviderFailed as error:
                raise ApplyFailed(error.what, where=change.address, cause=error.cause, remedy=error.remedy) from error

    def _write(self, change: Change) -> None:
        if change.action is Action.DELETE:
            with suppress(self._ssm.exceptions.ParameterNotFound):  # somebody else deleted it first
                self._ssm.delete_parameter(Name=change.address)
            return
        value = str((change.after or {})["value"])
        size = len(value.encode())
        if not 0 < size <= LARGEST:
            raise ProviderFailed(
                "the value does not fit a standard parameter",
                cause=f"{size} bytes; 1 to {LARGEST} are allowed",
                remedy="split the value, or keep it in a bucket and configure its address",
            )
        self._ssm.put_parameter(Name=change.address, Value=value, Type="String", Overwrite=True)

    @property
    def _ssm(self) -> Any:
        return self._aws.client("ssm")


_when_allowed = Retrying(
    retry=retry_if_exception(
        lambda error: isinstance(error, ClientError) and error.response["Error"]["Code"] == "ThrottlingException"
    ),
    wait=wait_random_exponential(max=5),
    stop=stop_after_delay(THROTTLED),
    reraise=True,
)
