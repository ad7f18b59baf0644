"""What a template says, with the references in it resolved as far as the stack tells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioning_assets.core.plan import Json


@dataclass(frozen=True, slots=True)
class Resolved:
    """A stack's template, and the physical id of each of its resources."""

    template: Mapping[str, Json]
    physical: Mapping[str, str]
    """Logical id to physical id."""
    stack_id: str

    def of_type(self, *types: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
        """Physical id and properties of each live resource of a type."""
        for logical, each in self.template.get("Resources", {}).items():
            if each.get("Type") in types and logical in self.physical:
                yield self.physical[logical], each.get("Properties", {})

    def text(self, value: Json) -> str | None:
        """A value as a text; None where only CloudFormation knows it."""
        if isinstance(value, str | int):
            return str(value)
        match value:
            case {"Ref": str(name)}:
                return self._pseudo.get(name) or self.physical.get(name)
            case {"Fn::GetAtt": [str(logical), str(attribute)]}:
                return self._attribute(logical, attribute)
            case {"Fn::Join": [str(between), [*parts]]}:
                known = [text for part in parts if (text := self.text(part)) is not None]
                return between.join(known) if len(known) == len(parts) else None
        return None

    def _attribute(self, logical: str, name: str) -> str | None:
        """An attribute that the template itself gives, or that is the physical id."""
        if name in {"GroupId", "Id"}:
            return self.physical.get(logical)
        told = self.template["Resources"].get(logical, {}).get("Properties", {}).get(name)
        return told if isinstance(told, str) else None

    def texts(self, values: Json) -> list[str | None]:
        """The same for each of a list."""
        return [self.text(each) for each in values] if isinstance(values, Sequence) else []

    @property
    def _pseudo(self) -> Mapping[str, str]:
        _, partition, _, region, account, name = self.stack_id.split(":", 5)
        return {
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": name.split("/")[1],
        }
