"""The published JSON Schema is the models', and says of the example what the loader says."""

import json

import jsonschema

from provisioning_assets.engagement.document import Document
from provisioning_assets.engagement.schema import as_text, engagement_schema
from tests.support.repository import REPOSITORY

PUBLISHED = REPOSITORY / "docs" / "engagement.schema.json"


def test_the_published_schema_is_current() -> None:
    remedy = "run: python -m provisioning_assets.engagement.schema > docs/engagement.schema.json"
    assert PUBLISHED.read_text(encoding="utf-8") == as_text(), remedy


def test_the_example_satisfies_it_and_a_wrong_key_does_not() -> None:
    checker = jsonschema.Draft202012Validator(json.loads(as_text()))
    content = Document(REPOSITORY / "engagements" / "demo_shop" / "engagement.yaml", "").content
    assert list(checker.iter_errors(content)) == []
    assert list(checker.iter_errors(content | {"klient": "x"})) != []


def test_a_placeholder_may_stand_for_a_number() -> None:
    record = engagement_schema()["$defs"]["Record"] | {"$defs": engagement_schema()["$defs"]}
    checker = jsonschema.Draft202012Validator(record)
    assert checker.is_valid({"name": "www", "type": "A", "ttl": "${ttl}"})
    assert not checker.is_valid({"name": "www", "type": "A", "ttl": "60"})
