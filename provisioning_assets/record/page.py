"""A page of the ledger: what one append wrote, and how it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated

import rfc8785
from pydantic import Discriminator, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from provisioning_assets.core.plan import Json
from provisioning_assets.errors import ProvisioningError
from provisioning_assets.record.entries import Entry

FIRST = "sha256:"
"""What the first page holds in place of the digest of the page before it."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one append wrote."""

    number: int
    previous: str
    at: datetime
    run: str
    entries: tuple[Annotated[Entry, Discriminator("kind")], ...]


_PAGE = TypeAdapter(Page)


def written(page: Page) -> bytes:
    """The page as it is stored, read back by its model first: what could not be read later is never appended."""
    try:
        content = rfc8785.dumps(_PAGE.dump_python(page, mode="json", warnings=False))
        again = rfc8785.dumps(_PAGE.dump_python(_PAGE.validate_json(content), mode="json"))
        # Pydantic writes a number that is none as null, and nobody would see that it was there.
        if again == content and _finite(_PAGE.dump_python(page, warnings=False)):
            return content
    except (PydanticSerializationError, ValidationError, rfc8785.CanonicalizationError, TypeError, ValueError):
        pass
    kinds = ", ".join(getattr(entry, "kind", type(entry).__name__) for entry in page.entries)
    raise ProvisioningError(
        "an entry was not recorded: it could not be read back",
        cause=f"a page with {kinds} is not what its model says",
        remedy="a check or an asset answers something that is no JSON: mend it, then run again",
    )


def parsed(content: bytes) -> Page:
    """A page from what `written` made; pydantic's error for anything else."""
    return _PAGE.validate_json(content)


def _finite(value: Json) -> bool:
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    return not isinstance(value, float) or isfinite(value)


def can_be_recorded(entry: Entry) -> bool:
    """Whether an entry could be read back after it was appended."""
    try:
        written(Page(1, FIRST, datetime.now(UTC), "", (entry,)))
    except ProvisioningError:
        return False
    return True
