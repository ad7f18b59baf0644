"""Flags as clients of OpenFeature read them, with the evaluator of the flagd provider."""

from collections.abc import Mapping
from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.provider import AbstractProvider, Metadata

from provisioning_assets.core.plan import Attributes

PREFIX = "/shop/staging/config"

THEIRS = {
    "state": "ENABLED",
    "variants": {"red": "#f00", "blue": "#00f"},
    "defaultVariant": "red",
    "targeting": {"if": [{"ends_with": [{"var": "email"}, "@shop.example"]}, "blue", None]},
    "metadata": {"team": "web"},
}
WITH_THEIRS = {
    "$schema": "https://flagd.dev/schema/v0/flags.json",
    "flags": {"theirs": THEIRS},
    "$evaluators": {"staff": {"ends_with": [{"var": "email"}, "@shop.example"]}},
    "metadata": {"version": "17"},
}


def values(desired: Mapping[str, str]) -> dict[str, Attributes]:
    """Keys below the prefix with these values."""
    return {f"{PREFIX}/{name}": {"value": value, "otherwise": []} for name, value in desired.items()}


class Reads(AbstractProvider):
    """A provider that evaluates a document in this process, as that of flagd does."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self._core = FlagdCore()
        self._core.set_flags(document)

    def get_metadata(self) -> Metadata:
        return Metadata("document")

    def resolve_boolean_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:
        return self._core.resolve_boolean_value(flag_key, default_value, evaluation_context)

    def resolve_string_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:
        return self._core.resolve_string_value(flag_key, default_value, evaluation_context)

    def resolve_integer_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:
        return self._core.resolve_integer_value(flag_key, default_value, evaluation_context)

    def resolve_float_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:
        return self._core.resolve_float_value(flag_key, default_value, evaluation_context)

    def resolve_object_details(self, flag_key: str, default_value: Any, evaluation_context: Any = None) -> Any:
        return self._core.resolve_object_value(flag_key, default_value, evaluation_context)


def client(document: bytes) -> OpenFeatureClient:
    """A client that reads this document."""
    api.set_provider_and_wait(Reads(document.decode()))
    return api.get_client()
