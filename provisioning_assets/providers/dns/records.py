"""RRsets as an engagement declares them, in the form in which every provider shows them."""

from provisioning_assets.plan import Attributes
from provisioning_assets.spec.sections import Dns, Record


def desired_rrsets(section: Dns) -> dict[str, Attributes]:
    """Address (`<name> <type>`) to attributes."""
    return {f"{absolute(record.name, section.zone)} {record.type}": _attributes(record) for record in section.records}


def absolute(name: str, zone: str) -> str:
    """A name of the zone without the last dot, in lower case; `@` is the zone itself."""
    if name == "@":
        return zone.lower()
    bare = name.rstrip(".").lower()
    return bare if name.endswith(".") or bare == zone or bare.endswith(f".{zone}") else f"{bare}.{zone}".lower()


def _attributes(record: Record) -> Attributes:
    if record.alias is not None:
        return {"alias": record.alias.rstrip(".").lower()}
    return {"ttl": record.ttl, "values": sorted(record.values)}
