"""Our errors as Dagster shows them."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from provisioning_assets.errors import ProvisioningError, internal

EXIT_CODE = "exit code"
"""Metadata of a failure: the exit code of the command line."""


@contextmanager
def in_our_words(address: str) -> Iterator[None]:
    """Turn whatever a step raises into a failure of our own, without the context of the original error."""
    try:
        yield
    except ProvisioningError as error:
        problem = error
    except Exception as error:  # noqa: BLE001 - see `internal`
        problem = internal(address, error)
    else:
        return
    raise failure(problem) from None


def failure(error: ProvisioningError) -> dg.Failure:
    """Our error as Dagster shows it: the text for people, its parts as metadata."""
    return dg.Failure(
        description=str(error),
        metadata={**error.parts, EXIT_CODE: error.exit_code},
        allow_retries=False,
    )
