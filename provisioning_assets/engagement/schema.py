"""The JSON Schema of `engagement.yaml`, so that editors complete and check it while people write.

`python -m provisioning_assets.engagement.schema` prints it; `docs/engagement.schema.json` holds it.
"""

import inspect
import json
import sys

from pydantic import BaseModel

from provisioning_assets.backends import catalogue
from provisioning_assets.core.kinds import Kind
from provisioning_assets.core.plan import Json
from provisioning_assets.engagement import sections
from provisioning_assets.engagement.models import EngagementFile

_PLACEHOLDER = {"type": "string", "pattern": r"\$\{\w+\}"}


def engagement_schema() -> dict[str, Json]:
    """The schema, from the models; in the sections, `${name}` may stand wherever a certain text or number is asked."""
    schema = EngagementFile.model_json_schema(by_alias=True)
    filled = {name for name, model in inspect.getmembers(sections, _is_model) if model.__module__ == sections.__name__}
    products = {each.settings.__name__: each.kind for each in catalogue.PRODUCTS}
    for name, definition in schema["$defs"].items():
        properties = definition.get("properties", {})
        if name in products:  # the name of a product is written out
            definition["required"] = ["name", *definition.get("required", [])]
            del properties["name"]["default"]
        if name in filled or products.get(name, Kind.STORE) is not Kind.STORE:
            opened = {
                key: value if name in products and key == "name" else _open(value) for key, value in properties.items()
            }
            definition["properties"] = opened
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "engagement.yaml"}


def as_text() -> str:
    """The schema as its file holds it."""
    return json.dumps(engagement_schema(), indent=2, ensure_ascii=False) + "\n"


def _is_model(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseModel)


def _open(value: dict[str, Json]) -> dict[str, Json]:
    """The same, or a placeholder; what any text satisfies stays as it is."""
    if value.get("type") == "array":
        return {**value, "items": _open(value["items"])}
    if "anyOf" in value:  # an optional one; a name of a product has no type here
        forms = [_open(each) if {"type", "anyOf"} & each.keys() else each for each in value["anyOf"]]
        return {**value, "anyOf": forms}
    if not {"enum", "const", "pattern", "minimum", "maximum"} & value.keys():
        return value
    told = {"title", "description", "default"} & value.keys()
    asked = {key: each for key, each in value.items() if key not in told}
    return {key: value[key] for key in sorted(told)} | {"anyOf": [asked, _PLACEHOLDER]}


if __name__ == "__main__":
    sys.stdout.write(as_text())
