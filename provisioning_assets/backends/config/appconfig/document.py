"""A hosted document of AppConfig: an object of JSON with a member for each key, as clients read it.

One member more, `provisioning`, says which of them are ours: the names below each prefix.
"""

import json
from dataclasses import dataclass

from provisioning_assets.backends.config import documents
from provisioning_assets.backends.config.documents import Document, NoDocument
from provisioning_assets.backends.config.settings import AppConfig
from provisioning_assets.core.plan import Attributes, Json
from provisioning_assets.errors import ApplyFailed

(MARK,) = AppConfig.reserved_keys


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a document, as its entries."""

    document: Document

    def read(self, prefix: str) -> dict[str, Attributes]:
        """Every member but the mark; those of others are unmanaged."""
        ours = set(self._marked.get(prefix, ()))
        return {f"{prefix}/{name}": _attributes(value, ours=name in ours) for name, value in self.document.items()
                if name != MARK}  # fmt: skip

    def keeper(self, name: str) -> str | None:
        """The prefix that is marked as its."""
        return next((prefix for prefix, names in self._marked.items() if name in names), None)

    def put(self, prefix: str, name: str, value: str) -> None:
        """Write a member, and mark it."""
        if name == MARK:
            raise ApplyFailed(
                "this key is the document's own", where=f"{prefix}/{name}", remedy="give it another name in the files"
            )
        self.document[name] = documents.typed(value)
        self._mark(prefix, {*self._marked.get(prefix, ()), name})

    def drop(self, name: str) -> None:
        """Delete a member, and its mark."""
        del self.document[name]
        for prefix, names in list(self._marked.items()):
            self._mark(prefix, {*names} - {name})

    @property
    def _marked(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = self.document.get(MARK, {})
        return found

    def _mark(self, prefix: str, names: set[str]) -> None:
        marked = {**self._marked, prefix: sorted(names)}
        self.document[MARK] = {each: marked[each] for each in sorted(marked) if marked[each]}


def parsed(content: bytes) -> Document:
    """The document; `NoDocument` where writing it again would change what others keep in it."""
    found = documents.parsed(content)
    marked = found.get(MARK, {})
    if not isinstance(marked, dict) or not all(isinstance(names, list) for names in marked.values()):
        raise NoDocument(f"its `{MARK}` does not list names by prefix")
    return found


def _attributes(value: Json, *, ours: bool) -> Attributes:
    text = documents.text(value)
    if not ours:
        return {"value": text, "otherwise": ["somebody else keeps it"], "unmanaged": True}
    # As JSON: Python takes 0 for false, and 600.0 for 600.
    same = json.dumps(documents.typed(text)) == json.dumps(value)
    return {"value": text, "otherwise": [] if same else ["it is written as another type of JSON"]}
