"""The table of all keys of `engagement.yaml`, from the models: the reference part of `docs/engagement-file.md`.

`python -m provisioning_assets.engagement.reference docs/engagement-file.md` brings that part of the page up to date.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from provisioning_assets.backends import catalogue
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement.models import EngagementFile
from provisioning_assets.engagement.sections import LABEL, NAME, PART

BEGIN, END = "<!-- keys: begin -->\n", "<!-- keys: end -->\n"
_NAMES = {
    NAME: "name (lower case, digits, `_`)",
    PART: "name (lower case, digits, single `_`)",
    LABEL: "name (lower case, digits, `-`)",
}
_PERIODS = {"date-time": "date with time and offset", "duration": "period, such as `P90D`"}
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "names with values",
}
_PRODUCTS = {each.settings.__name__: each.name for each in catalogue.PRODUCTS}


def keys() -> str:
    """Every key with its kind, default and meaning, in Markdown: a heading and a table for each key of the top."""
    schema = EngagementFile.model_json_schema(by_alias=True)
    definitions, required = schema["$defs"], schema["required"]
    top = schema["properties"].items()
    plain = [(name, value) for name, value in top if not _below(name, value, definitions)]
    parts = [
        "### The engagement",
        _table(_row(name, value, definitions, needed=name in required) for name, value in plain),
    ]
    for name, value in top:
        if below := _below(name, value, definitions):
            parts += [f"### `{name}`", _meaning(value, definitions), _table(_rows(below, definitions))]
    return "\n\n".join(parts) + "\n"


def current(page: str) -> str:
    """The page with its reference part as the models have it; `ValueError` when the page has no such part."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no part between {BEGIN.strip()} and {END.strip()}")
    return f"{before}{begin}\n{keys()}\n{end}{after}"


def _below(path: str, value: dict[str, Json], definitions: dict[str, Json]) -> list[tuple[str, dict[str, Json]]]:
    """Path and definition of the models that a key holds: itself, each item of a list, each value of a mapping."""
    if _products(value):
        return []
    if "$ref" in value:
        model = definitions[value["$ref"].rpartition("/")[2]]
        return [(path, model)] if "properties" in model else []
    if "items" in value:
        return _below(f"{path}[]", value["items"], definitions)
    for named in value.get("patternProperties", {}).values():
        return _below(f"{path}.NAME", named, definitions)
    forms = [found for form in value.get("anyOf", ()) for found in _below(path, form, definitions)]
    return forms if len(forms) == 1 else [(path, {**model, "required": []}) for path, model in forms]


def _products(value: dict[str, Json]) -> list[str]:
    """Names of the models of the products among which a key chooses."""
    forms = value.get("anyOf", ())
    own = [name for form in forms if (name := form.get("$ref", "").rpartition("/")[2]) in _PRODUCTS]
    return own or [name for form in forms for name in _products(form)]


def _rows(models: list[tuple[str, dict[str, Json]]], definitions: dict[str, Json]) -> Iterator[str]:
    for path, model in models:
        for name, value in model["properties"].items():
            yield _row(f"{path}.{name}", value, definitions, needed=name in model.get("required", ()))
            yield from _rows_of_products(f"{path}.{name}", value, definitions)
            yield from _rows(_below(f"{path}.{name}", value, definitions), definitions)


def _rows_of_products(path: str, value: dict[str, Json], definitions: dict[str, Json]) -> Iterator[str]:
    """The keys that each product has beside its name."""
    for name in _products(value):
        model = definitions[name]
        for key, each in model["properties"].items():
            if key != "name":
                needed, of = key in model.get("required", ()), f"Of `{_PRODUCTS[name]}`. "
                yield _row(f"{path}.{key}", each, definitions, needed=needed, of=of)


def _row(path: str, value: dict[str, Json], definitions: dict[str, Json], *, needed: bool, of: str = "") -> str:
    default = value.get("default")
    if isinstance(default, dict) and _products(value):
        default = default["name"]
    shown = "required" if needed else "" if default in (None, [], {}) else f"`{json.dumps(default).strip(chr(34))}`"
    return f"| `{path}` | {_kind(value)} | {shown} | {of}{_meaning(value, definitions)} |"


def _table(rows: Iterator[str]) -> str:
    return "\n".join(["| key | kind | default | meaning |", "|---|---|---|---|", *rows])


def _kind(value: dict[str, Json]) -> str:
    products = [_PRODUCTS[name] for name in _products(value)]
    if products or "enum" in value or "const" in value:
        return " or ".join(f"`{each}`" for each in products or value.get("enum", [value.get("const")]))
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_kind(form) for form in value["anyOf"] if form.get("type") != "null"))
    if "items" in value:
        return f"list of {_kind(value['items'])}"
    if "$ref" in value:
        return "any value" if value["$ref"].endswith("/JsonValue") else "keys below"
    word = (
        _NAMES.get(value.get("pattern", ""))
        or _PERIODS.get(value.get("format", ""))
        or _WORDS.get(value.get("type", ""), "any value")
    )
    if "minimum" in value and "maximum" in value:
        return f"{word}, {value['minimum']} to {value['maximum']}"
    return word


def _meaning(value: dict[str, Json], definitions: dict[str, Json]) -> str:
    """What the key's own docstring says; pydantic leaves it out where the model's says the same."""
    model = definitions.get(value.get("$ref", "").rpartition("/")[2], {})
    return " ".join(value.get("description", model.get("description", "")).split()).replace("|", "\\|")


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(current(page.read_text(encoding="utf-8")), encoding="utf-8")
