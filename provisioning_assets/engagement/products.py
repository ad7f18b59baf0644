"""A product's settings in an engagement file: its bare name, or a mapping with its name and its own keys."""

from typing import Annotated, Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from provisioning_assets.backends import catalogue
from provisioning_assets.backends.backend import IDENTITY, Settings
from provisioning_assets.backends.product import Product
from provisioning_assets.core.kinds import Capability, Kind
from provisioning_assets.core.plan import Json

BARE, FULL = "bare:", "product:"
"""How the steps begin that pydantic puts into the place of an error: the form that was read."""


class Choice:
    """One product of a kind, by the settings models of the catalogue; one that has a capability, where it needs it."""

    def __init__(self, kind: Kind, requires: Capability | None = None) -> None:
        self.kind = kind
        self.requires = requires

    @property
    def products(self) -> list[Product]:
        """Those that can be chosen."""
        return [each for each in catalogue.of_kind(self.kind) if self.requires not in each.lacks]

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Each product in both forms; the form is told apart before it is read, so that errors name one."""
        choices: dict[Any, CoreSchema] = {}
        for each in self.products:
            choices[FULL + each.name] = handler.generate_schema(each.settings)
            choices[BARE + each.name] = core_schema.no_info_before_validator_function(
                _named, handler.generate_schema(each.settings)
            )
        return core_schema.tagged_union_schema(choices, discriminator=_form)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Json]:
        """The same for editors, which then complete each product's keys."""
        forms = [handler(choice) for name, choice in schema["choices"].items() if str(name).startswith(FULL)]
        alone = [each.name for each in self.products if not needs(each.settings)]
        return {"anyOf": [*([{"enum": alone}] if alone else []), *forms]}


def choice_of(field: FieldInfo) -> Choice | None:
    """The choice that a field is, whether or not it may be left empty (`StoreSettings | None`)."""
    marks = [*field.metadata, *(mark for part in get_args(field.annotation) for mark in get_args(part))]
    return next((mark for mark in marks if isinstance(mark, Choice)), None)


def needs(settings: type[Settings]) -> list[str]:
    """The keys that a product's settings cannot do without."""
    return [name for name, field in settings.model_fields.items() if field.is_required()]


def identity_keys(settings: type[Settings]) -> set[str]:
    """The keys that say where a product is, and stay out of digests."""
    return {name for name, field in settings.model_fields.items() if IDENTITY in field.metadata}


def _form(written: Any) -> str | None:
    if isinstance(written, str):
        return BARE + written
    name = written.get("name") if isinstance(written, dict) else getattr(written, "name", None)
    return FULL + name if isinstance(name, str) else None


def _named(name: Any) -> Any:
    return {"name": name} if isinstance(name, str) else name


EngineSettings = Annotated[Settings, Choice(Kind.INFRASTRUCTURE)]
DnsSettings = Annotated[Settings, Choice(Kind.DNS)]
CertificatesSettings = Annotated[Settings, Choice(Kind.CERTIFICATES)]
CopiesSettings = Annotated[Settings, Choice(Kind.COPIES)]
SecretsSettings = Annotated[Settings, Choice(Kind.SECRETS)]
ConfigSettings = Annotated[Settings, Choice(Kind.CONFIG)]
MonitoringSettings = Annotated[Settings, Choice(Kind.MONITORING)]
StoreSettings = Annotated[Settings, Choice(Kind.STORE)]
StateSettings = Annotated[Settings, Choice(Kind.STORE, Capability.ENGINE_STATE)]
