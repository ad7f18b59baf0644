"""The JSON Schema of `engagement.yaml`, so that editors complete and check it while people write.

`python -m provisioning_assets.engagement.schema` prints it; `docs/engagement.schema.json` holds it.
"""

import inspect
import json
import sys

from pydantic import BaseModel

from provisioning_assets.core.plan import Json
from provisioning_assets.engagement import sections
from provisioning_assets.engagement.models import EngagementFile

_PLACEHOLDER = {"type": "string", "pattern": r"\$\{\w+\}"}


def engagement_schema() -> dict[str, Json]:
    """The schema, from the models; in the sections, `${name}` may stand wherever a certain text or number is asked."""
    schema = EngagementFile.model_json_schema(by_alias=True)
    filled = {name for name, _ in inspect.getmembers(sections, _is_model)}
    for name, definition in schema["$defs"].items():
        if name in filled:
            properties = definition["properties"]
            definition["properties"] = {key: _open(value) for key, value in properties.items()}
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
    if not {"enum", "const", "pattern", "minimum", "maximum"} & value.keys():
        return value
    told = {"title", "description", "default"} & value.keys()
    asked = {key: each for key, each in value.items() if key not in told}
    return {key: value[key] for key in sorted(told)} | {"anyOf": [asked, _PLACEHOLDER]}


if __name__ == "__main__":
    sys.stdout.write(as_text())
