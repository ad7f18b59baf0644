"""The JSON Schema of `engagement.yaml`, so that editors complete and check it while people write."""

import json

from provisioning_assets.plan import Json
from provisioning_assets.spec.engagement import EngagementFile

_PLACEHOLDER = {"type": "string", "pattern": r"\$\{\w+\}"}
_TYPED = ("boolean", "integer", "number")


def engagement_schema() -> dict[str, Json]:
    """The schema, from the models; a number or a choice may also be written as `${name}`."""
    schema = EngagementFile.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "engagement.yaml"
    return schema


def as_text() -> str:
    """The schema as `docs/engagement.schema.json` holds it."""
    return json.dumps(engagement_schema(), indent=2, ensure_ascii=False) + "\n"
