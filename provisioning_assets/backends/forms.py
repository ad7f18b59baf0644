"""Forms of texts in an engagement file: judged where they are written, and told in words."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from provisioning_assets.core.plan import Json


@dataclass(frozen=True, slots=True)
class Form:
    """Marks a text (`Annotated[str, Form(r"[0-9]{12}", "12 digits")]`) that has to be like this, from end to end."""

    pattern: str
    words: str
    """What people are told where a text is not like it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The text, judged."""
        return core_schema.no_info_after_validator_function(self._judged, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Json]:
        """The same for editors."""
        return {**handler(schema), "pattern": f"^({self.pattern})$"}

    def _judged(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise PydanticCustomError("form", "{expected}", {"expected": self.words})
        return text
