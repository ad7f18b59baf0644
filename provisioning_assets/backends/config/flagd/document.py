"""A flag document of flagd: our values as flags in it, and everything else left as it was.

https://flagd.dev/reference/flag-definitions/
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from provisioning_assets.backends.config import documents
from provisioning_assets.backends.config.documents import Document, NoDocument
from provisioning_assets.core.plan import Attributes, Json

_SCHEMA = "https://flagd.dev/schema/v0/flags.json"
_STATES = {"ENABLED", "DISABLED"}
_MARK = "provisioning"
"""In the metadata of a flag of ours: the prefix from which it comes."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of a document, as its entries."""

    document: Document

    def read(self, prefix: str) -> dict[str, Attributes]:
        """Every flag; those of others are unmanaged."""
        return {f"{prefix}/{name}": attributes(prefix, found) for name, found in self.document["flags"].items()}

    def keeper(self, name: str) -> str | None:
        """The prefix that its metadata names."""
        return kept_by(self.document["flags"].get(name, {}))

    def put(self, prefix: str, name: str, value: str) -> None:
        """A flag that has this value for everybody."""
        self.document["flags"][name] = flag(prefix, value)

    def drop(self, name: str) -> None:
        """Delete it."""
        del self.document["flags"][name]


def empty() -> Document:
    """A document without flags."""
    return {"$schema": _SCHEMA, "flags": {}}


def parsed(content: bytes) -> Document:
    """The document. Whatever a client of flagd would refuse, or writing it again would change, raises `NoDocument`."""
    found = documents.parsed(content)
    if not isinstance(found.get("flags"), dict):
        raise NoDocument("it has no object `flags`")
    for name, flag in found["flags"].items():
        if not isinstance(flag, dict) or flag.get("state") not in _STATES or not _variants(flag):
            raise NoDocument(f"`{name}` is no flag: it needs a `state` and `variants`")
    return found


def flag(prefix: str, text: str) -> Document:
    """A flag that has this value for everybody: true and false, numbers as JSON writes them, else texts."""
    value = documents.typed(text)
    if isinstance(value, bool):
        variants, default = {"on": True, "off": False}, "on" if value else "off"
    else:
        variants, default = {"value": value}, "value"
    return {"state": "ENABLED", "variants": variants, "defaultVariant": default, "metadata": {_MARK: prefix}}


def kept_by(found: Document) -> str | None:
    """The prefix from which a flag comes; None for a flag that is not of our making."""
    metadata = found.get("metadata")
    mark = metadata.get(_MARK) if isinstance(metadata, dict) else None
    return mark if isinstance(mark, str) else None


def attributes(prefix: str, found: Document) -> Attributes:
    """What a flag holds: ours its value, another's all of it."""
    if kept_by(found) != prefix:
        whole = json.dumps(found, ensure_ascii=False, sort_keys=True)
        return {"value": whole, "otherwise": ["somebody else keeps it"], "unmanaged": True}
    default = found.get("defaultVariant")
    if not isinstance(default, str) or default not in found["variants"]:
        return {"value": "", "otherwise": ["it has no default variant"]}
    value = documents.text(found["variants"][default])
    return {"value": value, "otherwise": list(_otherwise(found, flag(prefix, value)))}


def _otherwise(found: Document, wanted: Mapping[str, Json]) -> Iterator[str]:
    if found.get("targeting"):
        yield "it has targeting rules"
    if found["state"] != wanted["state"]:
        yield f"its state is {found['state']}"
    # As text: Python takes 0 for false, and 600.0 for 600.
    if json.dumps(found["variants"], sort_keys=True) != json.dumps(wanted["variants"], sort_keys=True):
        yield f"it has other variants: {', '.join(found['variants'])}"
    if found["metadata"] != wanted["metadata"]:
        yield "it has more metadata"
    if more := found.keys() - wanted.keys() - {"targeting"}:
        yield f"it has more keys: {', '.join(sorted(more))}"


def _variants(flag: Document) -> bool:
    return isinstance(flag.get("variants"), dict) and bool(flag["variants"])
